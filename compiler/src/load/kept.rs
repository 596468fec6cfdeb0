//! What the compilation after one file leaves for the next, so that the rules of a file are compiled once and not
//! again with every file that follows.
//!
//! What must hold: what is taken from here is what compiling would give. A macro or rule is taken if it was not
//! touched, and if the lists that its text may name are the same lists with the same items. Rules are only taken
//! if all macros were, and from the first one on that is not, none are, because fields are numbered in the order
//! of their use. New macros cannot change what is kept: every name in it is resolved, or there would have been an
//! error, and then nothing is kept.

use super::compile::{Built, Text};
use super::lists::Lists;
use crate::check::Checker;
use crate::report::Diagnostic;
use crate::syntax::ast::Expr;
use std::sync::Arc;

/// A macro, compiled.
#[derive(Debug, Default)]
pub(super) struct KeptMacro {
    pub(super) visibility: u32,
    /// Lists that its text may name.
    pub(super) reach: Vec<usize>,
    pub(super) text: Text,
    /// The condition with the names of macros in it.
    pub(super) parsed: Option<Arc<Expr>>,
    /// The condition without them.
    pub(super) expanded: Option<Arc<Expr>>,
    /// Macros that were put in.
    pub(super) resolved: Vec<usize>,
}

/// A rule, compiled.
#[derive(Debug, Default)]
pub(super) struct KeptRule {
    pub(super) visibility: u32,
    /// Lists that its text may name.
    pub(super) reach: Vec<usize>,
    /// Lists that were put in.
    pub(super) lists: Vec<usize>,
    /// Macros that were put in.
    pub(super) resolved: Vec<usize>,
    /// What was said about it.
    pub(super) warnings: Vec<Diagnostic>,
    /// Number of fields in use once it was compiled.
    pub(super) fields: usize,
    /// `None` if it was left out.
    pub(super) built: Option<Arc<Built>>,
}

/// Everything that was compiled without an error.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) checker: Checker,
    lists: Lists,
    macros: Vec<KeptMacro>,
    rules: Vec<KeptRule>,
    /// Whether each list is another one now.
    changed: Vec<bool>,
    /// Macros taken.
    taken: usize,
}

impl Kept {
    pub(super) fn new(checker: Checker, lists: Lists, macros: Vec<KeptMacro>, rules: Vec<KeptRule>) -> Kept {
        Kept { checker, lists, macros, rules, changed: Vec::new(), taken: 0 }
    }

    /// Compares the lists with those of now.
    pub(super) fn begin(&mut self, lists: &Lists) {
        let pairs = self.lists.flat.iter().zip(&lists.flat);
        self.changed = pairs.map(|(old, new)| old.name != new.name || old.items != new.items).collect();
    }

    fn same(&self, old: &[usize], new: &[usize]) -> bool {
        old == new && new.iter().all(|list| self.changed.get(*list) == Some(&false))
    }

    /// Text and condition of a macro, if it is what it was.
    pub(super) fn take_macro(&mut self, index: usize, visibility: u32, reach: &[usize]) -> Option<(Text, Arc<Expr>)> {
        let item = self.macros.get(index)?;
        if item.visibility != visibility || !self.same(&item.reach, reach) {
            return None;
        }
        self.taken += 1;
        let item = self.macros.get_mut(index)?;
        let mut text = std::mem::take(&mut item.text);
        text.macros.clear();
        Some((text, item.parsed.take()?))
    }

    /// Whether all macros were taken.
    pub(super) fn macros_are_intact(&self) -> bool {
        self.taken == self.macros.len()
    }

    /// The condition of a macro with all macros put in, and which these were, if all macros are what they were.
    pub(super) fn take_expanded(&mut self, index: usize) -> Option<(Arc<Expr>, Vec<usize>)> {
        if !self.macros_are_intact() {
            return None;
        }
        let item = self.macros.get_mut(index)?;
        Some((item.expanded.take()?, std::mem::take(&mut item.resolved)))
    }

    /// A rule, if it is what it was.
    pub(super) fn take_rule(&mut self, position: usize, visibility: u32, reach: &[usize]) -> Option<KeptRule> {
        let rule = self.rules.get(position)?;
        let same = rule.visibility == visibility && self.same(&rule.reach, reach);
        same.then(|| std::mem::take(&mut self.rules[position]))
    }
}
