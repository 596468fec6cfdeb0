//! The graph of a filter with what is known put in: constants vanish, the rest is as it was.
//!
//! What must hold: members of a node stand before it, here as in the plan; the root leads to every node, so that graphs
//! that ask the same in the same order are equal.

use peregrine_compiler::kernel::{Filter, Node};

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Simple {
    /// Passes or not.
    Constant(bool),
    /// The atom of this number passes, plain or negated.
    Leaf(usize, bool),
    /// All of them.
    All(Vec<usize>),
    /// Any of them.
    Any(Vec<usize>),
}

/// A graph of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Simple>,
    pub(crate) root: usize,
}

/// Leaves that may be written, those of shared nodes as often as they are used.
const LEAVES: usize = 2000;
/// A shared node with fewer leaves is written again.
const FEW: usize = 4;

impl Graph {
    /// The graph of a filter; `known` tells which atoms pass or not, plain or negated, without being asked.
    pub(crate) fn new(filter: &Filter, known: impl Fn(usize, bool) -> Option<bool>) -> Graph {
        let mut nodes: Vec<Simple> = Vec::with_capacity(filter.nodes.len());
        // Where each node has gone: one with a single member is that member.
        let mut places = Vec::with_capacity(filter.nodes.len());
        for node in &filter.nodes {
            let leaf = |atom: u32, holds| {
                let atom = atom as usize;
                known(atom, holds).map_or(Simple::Leaf(atom, holds), Simple::Constant)
            };
            let simple = match node {
                Node::Atom(atom) => leaf(*atom, true),
                Node::NotAtom(atom) => leaf(*atom, false),
                Node::All(members) => joined(&nodes, members.iter().map(|m| places[m.0 as usize]), true),
                Node::Any(members) => joined(&nodes, members.iter().map(|m| places[m.0 as usize]), false),
            };
            match simple {
                Simple::All(one) | Simple::Any(one) if one.len() == 1 => places.push(one[0]),
                simple => {
                    nodes.push(simple);
                    places.push(nodes.len() - 1);
                }
            }
        }
        let root = places[filter.root.0 as usize];
        Graph { nodes, root }.without_others()
    }

    /// Which nodes the root leads to.
    fn wanted(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.nodes.len()];
        wanted[self.root] = true;
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if let (true, Simple::All(members) | Simple::Any(members)) = (wanted[at], node) {
                members.iter().for_each(|m| wanted[*m] = true);
            }
        }
        wanted
    }

    /// The same without nodes that the root does not lead to.
    fn without_others(mut self) -> Graph {
        let wanted = self.wanted();
        let mut places = Vec::with_capacity(self.nodes.len());
        let mut left = 0;
        for wanted in &wanted {
            places.push(left);
            left += usize::from(*wanted);
        }
        let mut at = 0..;
        self.nodes.retain(|_| at.next().is_some_and(|at| wanted[at]));
        for node in &mut self.nodes {
            if let Simple::All(members) | Simple::Any(members) = node {
                members.iter_mut().for_each(|m| *m = places[*m]);
            }
        }
        self.root = places[self.root];
        self
    }

    /// Whether it passes everything or nothing.
    pub(crate) fn constant(&self) -> Option<bool> {
        match self.nodes[self.root] {
            Simple::Constant(passes) => Some(passes),
            _ => None,
        }
    }

    /// The leaves that the root leads to.
    pub(crate) fn leaves(&self) -> Vec<usize> {
        let leaf = |node: &Simple| if let Simple::Leaf(atom, _) = node { Some(*atom) } else { None };
        let mut leaves: Vec<usize> = self.nodes.iter().filter_map(leaf).collect();
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// The nodes that are to be answered once, before the root, ascending: none, unless there are very many leaves.
    pub(crate) fn shared(&self) -> Vec<usize> {
        let mut leaves = vec![0_usize; self.nodes.len()];
        let mut uses = vec![0_usize; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            leaves[at] = match node {
                Simple::All(members) | Simple::Any(members) => {
                    members.iter().for_each(|m| uses[*m] += 1);
                    members.iter().fold(0, |sum, m| sum.saturating_add(leaves[*m]))
                }
                _ => 1,
            };
        }
        if leaves[self.root] <= LEAVES {
            return Vec::new();
        }
        (0..self.root).filter(|at| uses[*at] > 1 && leaves[*at] >= FEW).collect()
    }
}

fn joined(nodes: &[Simple], members: impl Iterator<Item = usize>, all: bool) -> Simple {
    let mut left = Vec::new();
    for member in members {
        match nodes[member] {
            Simple::Constant(passes) if passes == all => {}
            Simple::Constant(_) => return Simple::Constant(!all),
            _ if left.contains(&member) => {}
            _ => left.push(member),
        }
    }
    match (left.is_empty(), all) {
        (true, _) => Simple::Constant(all),
        (false, true) => Simple::All(left),
        (false, false) => Simple::Any(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_compiler::kernel::{Atom, NodeId};

    /// What is known of the second atom changes nothing that is asked.
    #[test]
    fn equal_questions_are_equal_graphs() {
        let atoms = (0..3).map(Atom::Image).collect();
        let nodes = vec![
            Node::Atom(0),
            Node::Atom(1),
            Node::NotAtom(2),
            Node::Any(vec![NodeId(1), NodeId(2)]),
            Node::All(vec![NodeId(0), NodeId(3)]),
        ];
        let filter = Filter { root: NodeId(4), nodes, atoms, texts: Vec::new(), rules: Vec::new(), weakened: false };
        let second_holds = Graph::new(&filter, |atom, holds| (atom == 1).then_some(holds));
        let third_does_not = Graph::new(&filter, |atom, holds| (atom != 0).then_some(!holds || atom == 1));
        assert_eq!(second_holds, third_does_not);
        assert_eq!(second_holds, Graph { nodes: vec![Simple::Leaf(0, true)], root: 0 });
        let all = Graph::new(&filter, |_, _| None);
        assert_eq!((all.nodes.len(), all.leaves()), (5, vec![0, 1, 2]));
    }
}
