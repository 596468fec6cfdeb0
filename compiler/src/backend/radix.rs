//! A radix tree of byte strings: which of many prefixes, or suffixes, a text has.
//!
//! ```text
//! "/etc/" ── "pam.d/"        a node: label | children by first byte | ids of the strings that end here
//!        └── "s" ── "hadow"
//!               └── "udoers"
//! ```
//!
//! A walk reads each byte of the text at most once, however many strings there are.

/// Strings with ids.
#[derive(Debug)]
pub struct Radix {
    /// Walks from the end: strings are suffixes.
    backwards: bool,
    nodes: Vec<Node>,
    /// Labels, in the order in which a walk reads them.
    labels: Vec<u8>,
}

#[derive(Debug, Default)]
struct Node {
    /// Range of `labels`.
    label: (usize, usize),
    /// Sorted by the first byte of the child's label.
    children: Vec<(u8, usize)>,
    ids: Vec<u32>,
}

impl Radix {
    /// An empty tree of prefixes, or of suffixes.
    pub fn new(backwards: bool) -> Radix {
        Radix { backwards, nodes: vec![Node::default()], labels: Vec::new() }
    }

    /// Adds a string; several ids may have the same.
    pub fn insert(&mut self, string: &[u8], id: u32) {
        let string: Vec<u8> = if self.backwards { string.iter().rev().copied().collect() } else { string.to_vec() };
        let (mut node, mut at) = (0, 0);
        while at < string.len() {
            let Ok(index) = self.child(node, string[at]) else {
                node = self.add_leaf(node, &string[at..]);
                break;
            };
            let child = self.nodes[node].children[index].1;
            let (start, end) = self.nodes[child].label;
            let common = self.labels[start..end].iter().zip(&string[at..]).take_while(|(a, b)| a == b).count();
            if common < end - start {
                self.split(child, common);
            }
            at += common;
            node = child;
        }
        self.nodes[node].ids.push(id);
    }

    /// Appends the ids of all strings that the text begins (or ends) with.
    pub fn walk(&self, text: &[u8], mut found: impl FnMut(&[u32])) {
        let (mut node, mut at) = (0, 0);
        loop {
            let here = &self.nodes[node];
            if !here.ids.is_empty() {
                found(&here.ids);
            }
            let left = text.len() - at;
            if left == 0 || here.children.is_empty() {
                return;
            }
            let next = if self.backwards { text[left - 1] } else { text[at] };
            let Ok(index) = self.child(node, next) else { return };
            let child = here.children[index].1;
            let (start, end) = self.nodes[child].label;
            let label = &self.labels[start..end];
            if label.len() > left {
                return;
            }
            let same = if self.backwards {
                text[left - label.len()..left].iter().rev().eq(label)
            } else {
                text[at..at + label.len()] == *label
            };
            if !same {
                return;
            }
            at += label.len();
            node = child;
        }
    }

    fn child(&self, node: usize, first: u8) -> Result<usize, usize> {
        let children = &self.nodes[node].children;
        if children.len() <= 8 {
            // Short lists are scanned: no mispredicted halving.
            return children.iter().position(|(b, _)| *b == first).ok_or(children.len());
        }
        children.binary_search_by_key(&first, |(b, _)| *b)
    }

    fn add_leaf(&mut self, node: usize, label: &[u8]) -> usize {
        let start = self.labels.len();
        self.labels.extend_from_slice(label);
        let leaf = self.nodes.len();
        self.nodes.push(Node { label: (start, self.labels.len()), ..Node::default() });
        let children = &mut self.nodes[node].children;
        let place = children.partition_point(|(b, _)| *b < label[0]);
        children.insert(place, (label[0], leaf));
        leaf
    }

    /// Puts a node between `node` and its parent, for the first `common` bytes of its label.
    fn split(&mut self, node: usize, common: usize) {
        let (start, end) = self.nodes[node].label;
        let upper = std::mem::take(&mut self.nodes[node]);
        let lower = self.nodes.len();
        let first = self.labels[start + common];
        self.nodes.push(Node { label: (start + common, end), ..upper });
        self.nodes[node] = Node { label: (start, start + common), children: vec![(first, lower)], ids: Vec::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(backwards: bool, strings: &[&str], text: &str) -> Vec<u32> {
        let mut tree = Radix::new(backwards);
        for (id, string) in strings.iter().enumerate() {
            tree.insert(string.as_bytes(), id as u32);
        }
        let mut found = Vec::new();
        tree.walk(text.as_bytes(), |ids| found.extend_from_slice(ids));
        found.sort_unstable();
        found
    }

    #[test]
    fn agrees_with_starts_with_and_ends_with() {
        let strings =
            ["", "/", "/etc/", "/etc/shadow", "/etc/sudoers", "/etc/s", "/etc", "x", "/etc/shadow", "ow", "w"];
        for text in ["", "/", "/etc", "/etc/shadow", "/etc/shadow-", "/etc/sudo", "/etcetera", "x", "xow", "yyy", "w"] {
            let all = |test: &dyn Fn(&str) -> bool| -> Vec<u32> {
                (0..strings.len() as u32).filter(|i| test(strings[*i as usize])).collect()
            };
            assert_eq!(matches(false, &strings, text), all(&|s| text.starts_with(s)), "{text}");
            assert_eq!(matches(true, &strings, text), all(&|s| text.ends_with(s)), "{text}");
        }
    }

    #[test]
    fn many_children() {
        let strings: Vec<String> = (0..64u8).map(|b| format!("{}tail", char::from(b'!' + b))).collect();
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        for (id, string) in strings.iter().enumerate() {
            assert_eq!(matches(false, &strings, string), [id as u32]);
        }
    }
}
