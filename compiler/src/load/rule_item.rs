//! Reads rule items. Which of its four shapes a rule has is decided in this order: `override`, the old
//! `append: true`, the old standalone `enabled`, a full definition.

use super::collect::{Rule, Update};
use super::context::{Checked, Context};
use super::decode;
use super::exceptions::{self, Use};
use super::items::{ENABLED_DEPRECATED, Overrides, Reader};
use super::yaml::Node;
use crate::hir::Priority;
use crate::report::{Code, ItemKind};
use crate::span::Mapped;
use std::collections::BTreeSet;

const KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "capture",
    "capture_duration",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "tags",
    "exceptions",
    "override",
    "append",
];
const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

/// What an override does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Append,
    Replace,
}

impl Reader<'_> {
    /// Reads a rule; `None` if it was refused.
    pub(super) fn rule(&mut self, item: &Node) -> Option<()> {
        let unnamed = self.whole.inner(ItemKind::Rule, "", item.span);
        let name = self.sink.keep(decode::text(item, "rule", &unnamed))?;
        let context = self.whole.inner(ItemKind::Rule, name.text(), item.span);
        let source = self.sink.keep(decode::text_or_nothing(item, "source", &context))?;
        let source = source.map(|s| s.text().to_owned()).unwrap_or_default();
        let append = self.append_key(item, &context)?;
        let overrides = Overrides::read(item, APPENDABLE, REPLACEABLE, &context, &self.whole);
        let overrides = self.sink.keep(overrides)?;
        self.sink.keep(overrides.without_append(append, &context))?;
        let definition = ["condition", "output", "desc", "priority"].iter().any(|key| item.get(key).is_some());
        if !overrides.is_empty() {
            self.override_rule(item, name.text(), &source, &overrides, &context)?;
        } else if append {
            self.append_rule(item, name.text(), source, &context)?;
        } else if definition {
            self.define_rule(item, name, &context)?;
        } else {
            self.enable_rule(item, name.text(), &context)?;
        }
        self.unknown_keys(item, KEYS, &context);
        Some(())
    }

    fn enable_rule(&mut self, item: &Node, name: &str, context: &Context) -> Option<()> {
        let enabled = self.sink.keep(decode::bool(item, "enabled", context))?;
        let span = item.entry("enabled").map_or(item.span, |(key, _)| key.span);
        self.sink.warn(context.diagnostic_at(Code::DeprecatedItem, ENABLED_DEPRECATED, span));
        let done = self.collector.enable_rule(name, enabled, context);
        self.sink.keep(done)
    }

    fn append_rule(&mut self, item: &Node, name: &str, source: String, context: &Context) -> Option<()> {
        let mut update = Update { source, ..Update::default() };
        if item.get("condition").is_some() {
            update.condition = Some(self.sink.keep(decode::text(item, "condition", context))?.clone());
        }
        if item.get("exceptions").is_some() {
            update.exceptions = Some(exceptions::read(item, context, Use::Append, self.sink)?);
        }
        let done = self.collector.append_rule(name, update, context);
        self.sink.keep(done)
    }

    fn define_rule(&mut self, item: &Node, name: &Mapped, context: &Context) -> Option<()> {
        // Every key is read before giving up, so that all mistakes of the rule are told at once.
        let sink = &mut *self.sink;
        let condition = sink.keep(decode::text(item, "condition", context));
        let output = sink.keep(decode::text(item, "output", context));
        let desc = sink.keep(decode::text(item, "desc", context));
        let priority = sink.keep(priority(item, context));
        let source = sink.keep(decode::optional_text(item, "source", context));
        let enabled = sink.keep(decode::optional_bool(item, "enabled", context));
        let capture = sink.keep(decode::optional_bool(item, "capture", context));
        let capture_duration = sink.keep(decode::optional_u32(item, "capture_duration", context));
        let warn_evttypes = sink.keep(decode::optional_bool(item, "warn_evttypes", context));
        let skip = sink.keep(decode::optional_bool(item, "skip-if-unknown-filter", context));
        let tags = sink.keep(tags(item, context));
        let exceptions = exceptions::read(item, context, Use::Define, sink);
        let inner = |kind, key| context.inner(kind, "", item.get(key).map_or(item.span, |node| node.span));
        let rule = Rule {
            name: name.text().to_owned(),
            name_span: decode::whole_span(name),
            context: context.clone(),
            condition_context: inner(ItemKind::RuleCondition, "condition"),
            output_context: inner(ItemKind::RuleOutput, "output"),
            index: 0,
            visibility: 0,
            condition: condition?.clone(),
            output: decode::trimmed(output?),
            desc: desc?.text().to_owned(),
            priority: priority?,
            source: source?.map_or("syscall", |s| s.text()).to_owned(),
            unknown_source: false,
            tags: tags?.unwrap_or_default(),
            exceptions: exceptions?,
            enabled: enabled?.unwrap_or(true),
            capture: capture?.unwrap_or(false),
            capture_duration_ms: capture_duration?.unwrap_or(0),
            warn_evttypes: warn_evttypes?.unwrap_or(true),
            skip_if_unknown_filter: skip?.unwrap_or(false),
        };
        self.collector.define_rule(rule, self.options, self.sink)
    }

    /// Appends first, then replacements; then nothing overridable may be left without an override.
    fn override_rule(
        &mut self,
        item: &Node,
        name: &str,
        source: &str,
        overrides: &Overrides,
        context: &Context,
    ) -> Option<()> {
        let defined = |key: &&&str| item.get(key).is_some();
        let mut left: BTreeSet<&str> = APPENDABLE.iter().chain(REPLACEABLE).filter(defined).copied().collect();
        if !overrides.append.is_empty() {
            let update = self.update(item, Operation::Append, &overrides.append, &mut left, source, context)?;
            let done = self.collector.append_rule(name, update, context);
            self.sink.keep(done)?;
        }
        if !overrides.replace.is_empty() {
            let update = self.update(item, Operation::Replace, &overrides.replace, &mut left, source, context)?;
            let done = self.collector.replace_rule(name, update, context);
            self.sink.keep(done)?;
        }
        let mut clean = Some(());
        for key in left {
            let span = item.get(key).map_or(item.span, |node| node.span);
            let message = format!("Unexpected key '{key}': no corresponding entry under 'override' is defined.");
            let at_key = context.inner(ItemKind::Override, key, span);
            self.sink.error(at_key.diagnostic(Code::YamlValidate, message));
            clean = None;
        }
        clean
    }

    /// The values of the overridden keys, in Falco's order.
    fn update(
        &mut self,
        item: &Node,
        operation: Operation,
        keys: &[String],
        left: &mut BTreeSet<&str>,
        source: &str,
        context: &Context,
    ) -> Option<Update> {
        const ORDER: [&str; 11] = [
            "condition",
            "exceptions",
            "output",
            "desc",
            "tags",
            "priority",
            "capture",
            "capture_duration",
            "enabled",
            "warn_evttypes",
            "skip-if-unknown-filter",
        ];
        let word = if operation == Operation::Append { "append" } else { "replace" };
        let usage = if operation == Operation::Append { Use::Append } else { Use::Define };
        let mut update = Update::default();
        for key in ORDER.into_iter().filter(|key| keys.iter().any(|k| k == key)) {
            if !left.remove(key) {
                let message = format!("An {word} override for '{key}' was specified but '{key}' is not defined");
                self.sink.error(context.diagnostic(Code::YamlValidate, message));
                return None;
            }
            let sink = &mut *self.sink;
            match key {
                "condition" => {
                    update.source = source.to_owned();
                    update.condition = Some(sink.keep(decode::text(item, key, context))?.clone());
                }
                "exceptions" => update.exceptions = Some(exceptions::read(item, context, usage, sink)?),
                "output" => update.output = Some(sink.keep(decode::text(item, key, context))?.clone()),
                "desc" => update.desc = Some(sink.keep(decode::text(item, key, context))?.text().to_owned()),
                "tags" => update.tags = sink.keep(tags(item, context))?.or(Some(BTreeSet::new())),
                "priority" => update.priority = Some(sink.keep(priority(item, context))?),
                "capture" => update.capture = Some(sink.keep(decode::bool(item, key, context))?),
                "capture_duration" => {
                    update.capture_duration_ms = Some(sink.keep(decode::u32(item, key, context))?);
                }
                "enabled" => update.enabled = Some(sink.keep(decode::bool(item, key, context))?),
                "warn_evttypes" => update.warn_evttypes = Some(sink.keep(decode::bool(item, key, context))?),
                _ => update.skip_if_unknown_filter = Some(sink.keep(decode::bool(item, key, context))?),
            }
        }
        Some(update)
    }
}

fn priority(item: &Node, context: &Context) -> Checked<Priority> {
    let text = decode::text(item, "priority", context)?;
    let span = item.get("priority").map_or(item.span, |node| node.span);
    Priority::parse(text.text()).ok_or_else(|| {
        let mut error =
            context.inner(ItemKind::RulePriority, "", span).diagnostic(Code::YamlValidate, "Invalid priority");
        let names = Priority::ALL.map(Priority::name).join(", ");
        error.help = Some(format!("priorities are {names}"));
        error
    })
}

fn tags(item: &Node, context: &Context) -> Checked<Option<BTreeSet<String>>> {
    let tags = decode::optional_texts(item, "tags", context)?;
    Ok(tags.map(|tags| tags.iter().map(|tag| tag.text().to_owned()).collect()))
}
