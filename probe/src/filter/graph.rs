//! The graph of a filter with what is known put in: constants vanish, the rest is as it was.
//!
//! What must hold: members of a node stand before it, here as in the plan.

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
        Graph { nodes, root }
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
        let mut wanted = vec![false; self.nodes.len()];
        wanted[self.root] = true;
        let mut leaves = Vec::new();
        for (at, node) in self.nodes.iter().enumerate().rev().filter(|(at, _)| *at <= self.root) {
            if !wanted[at] {
                continue;
            }
            match node {
                Simple::Constant(_) => {}
                Simple::Leaf(atom, _) => leaves.push(*atom),
                Simple::All(members) | Simple::Any(members) => members.iter().for_each(|m| wanted[*m] = true),
            }
        }
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
