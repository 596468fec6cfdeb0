//! Rule sets for tests.

use peregrine_compiler::check::Checker;
use peregrine_compiler::check::events;
use peregrine_compiler::hir::{EventSet, Priority, Rule, RuleSet, Template};
use peregrine_compiler::span::Span;
use peregrine_compiler::syntax::parse_condition;

/// A rule set of bare conditions, named as given.
pub fn from_conditions<'a>(conditions: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<RuleSet, String> {
    let mut checker = Checker::new();
    let mut rules = Vec::new();
    for (name, text) in conditions {
        let tree = parse_condition(text, 0, 1000).map_err(|e| format!("{name}: {text}: {}", e.message))?;
        let (condition, _) =
            checker.condition(&tree, &|_| Span::NONE).map_err(|e| format!("{name}: {text}: {}", e.message))?;
        let events: EventSet = events::event_set(&tree).map_err(|e| format!("{name}: {}", e.message))?;
        rules.push(Rule {
            name: name.to_owned(),
            desc: String::new(),
            source: "syscall".to_owned(),
            priority: Priority::Notice,
            tags: Vec::new(),
            enabled: true,
            capture: false,
            capture_duration_ms: 0,
            condition,
            condition_text: text.to_owned(),
            events,
            output: Template::default(),
            extra_fields: Vec::new(),
            span: Span::NONE,
        });
    }
    Ok(RuleSet { fields: checker.into_fields(), rules })
}
