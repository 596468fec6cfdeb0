//! Which rules take part, and in which order, after all files are loaded.
//!
//! Rules start in order of definition, switched on or off by their `enabled` key. Selections are applied in
//! order; a rule that was off and is switched on goes to the end. Rules below the least severity allowed are
//! off and stay off.

use super::{Options, Origin};
use crate::hir::{Rule, RuleSet};

/// Switches rules on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// On or off.
    pub enable: bool,
    /// Which rules.
    pub choice: Choice,
}

/// Some rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Those whose name matches, `*` standing for any text, see [`matches_wildcard`].
    Rule(String),
    /// Those with the tag.
    Tag(String),
}

impl Choice {
    fn includes(&self, rule: &Rule) -> bool {
        match self {
            Choice::Rule(pattern) => matches_wildcard(pattern, &rule.name),
            Choice::Tag(tag) => rule.tags.contains(tag),
        }
    }
}

/// Whether a name matches a pattern: without `*` it must equal it; otherwise each part between stars is
/// looked for from the left and never moved again, so `*rule` does not match `rule rule`.
pub fn matches_wildcard(pattern: &str, name: &str) -> bool {
    let Some((start, mut pattern)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(start) else { return false };
    loop {
        pattern = pattern.trim_start_matches('*');
        if pattern.is_empty() {
            return true;
        }
        let end = pattern.find('*').unwrap_or(pattern.len());
        let Some(found) = rest.find(&pattern[..end]) else { return false };
        rest = &rest[found + end..];
        pattern = &pattern[end..];
        if pattern.is_empty() {
            return rest.is_empty();
        }
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Choice::Rule(pattern) => f.write_str(pattern),
            Choice::Tag(tag) => write!(f, "tag:{tag}"),
        }
    }
}

/// Applies least severity and selections; gives the selections that no rule fits.
pub(super) fn apply(options: &Options, rules: &mut RuleSet, origins: &mut Vec<Origin>) -> Vec<Selection> {
    let idle = |selection: &&Selection| !rules.rules.iter().any(|rule| selection.choice.includes(rule));
    let idle = options.selection.iter().filter(idle).cloned().collect();
    let mut all: Vec<(Rule, Origin)> = rules.rules.drain(..).zip(origins.drain(..)).collect();
    let allowed = |rule: &Rule| rule.priority <= options.min_priority;
    for (rule, _) in &mut all {
        rule.enabled &= allowed(rule);
    }
    for selection in &options.selection {
        let mut moved = Vec::new();
        let mut kept = Vec::with_capacity(all.len());
        for (mut rule, origin) in all {
            if !selection.choice.includes(&rule) || !allowed(&rule) || rule.enabled == selection.enable {
                kept.push((rule, origin));
                continue;
            }
            rule.enabled = selection.enable;
            if selection.enable { moved.push((rule, origin)) } else { kept.push((rule, origin)) }
        }
        kept.extend(moved);
        all = kept;
    }
    (rules.rules, *origins) = all.into_iter().unzip();
    idle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name) in [
            ("*", ""),
            ("**", "x"),
            ("test rule", "test rule"),
            ("test*", "test rule"),
            ("*hello*****world*", "come on hello this world"),
            ("*hello*****world", "come on hello this world"),
            ("hello*world*", "hello new world yes"),
            ("*ule", "rule"),
        ] {
            assert!(matches_wildcard(pattern, name), "{pattern:?} {name:?}");
        }
        for (pattern, name) in
            [("test", "test rule"), ("hello*world", "hello new world yes"), ("*rule", "rule rule"), ("", "x")]
        {
            assert!(!matches_wildcard(pattern, name), "{pattern:?} {name:?}");
        }
    }
}
