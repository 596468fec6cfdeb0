//! Reads the items of a file into the collector: which kind an item is, which keys it has, what they mean.
//!
//! What must hold: the first mistake found is the one at which Falco stops, with its code; reading goes on
//! after it, so that all mistakes are found. A kind's keys are written once, in its `*_KEYS`.

use super::Options;
use super::collect::{Collector, List, Macro, Named, PluginRequirement, Sink};
use super::context::{Checked, Context};
use super::decode;
use super::version::Version;
use super::yaml::Node;
use crate::report::{Code, ItemKind};
use std::rc::Rc;

pub(super) const APPEND_DEPRECATED: &str = "'append' key is deprecated. Add an 'append' entry (e.g. \
     'condition: append') under 'override' instead.";
pub(super) const ENABLED_DEPRECATED: &str = "The standalone 'enabled' key usage is deprecated. The correct \
     approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').";
const OVERRIDE_AND_APPEND: &str = "Keys 'override' and 'append: true' cannot be used together. Add an 'append' \
     entry (e.g. 'condition: append') under 'override' instead.";

const LIST_KEYS: &[&str] = &["list", "items", "append", "override"];
const MACRO_KEYS: &[&str] = &["macro", "condition", "append", "override"];

/// What an item is read with.
pub(super) struct Reader<'a> {
    pub(super) collector: &'a mut Collector,
    pub(super) options: &'a Options,
    pub(super) sink: &'a mut Sink,
    /// The file.
    pub(super) whole: Context,
}

impl Reader<'_> {
    /// Reads the documents of a file.
    pub(super) fn documents(&mut self, documents: &[Rc<Node>]) {
        for document in documents.iter().filter(|document| !document.is_null()) {
            match document.seq() {
                Some(items) => items.iter().filter(|item| !item.is_null()).for_each(|item| self.item(item)),
                None => {
                    let map = document.map().is_some();
                    let message =
                        if map { "Rules content is not yaml array of objects" } else { "Rules content is not yaml" };
                    self.sink.error(self.whole.diagnostic_at(Code::YamlValidate, message, document.span));
                }
            }
        }
    }

    fn item(&mut self, item: &Node) {
        let context = self.whole.inner(ItemKind::RulesContentItem, "", item.span);
        if item.map().is_none() {
            let message = "Unexpected element type. Each element should be a yaml associative array.";
            self.sink.error(context.diagnostic(Code::YamlValidate, message));
            return;
        }
        let named = [("list", Named::List), ("macro", Named::Macro), ("rule", Named::Rule)];
        if item.get("required_engine_version").is_some() {
            self.required_engine_version(item);
        } else if let Some(plugins) = item.get("required_plugin_versions") {
            self.required_plugin_versions(item, plugins);
        } else if let Some((key, kind)) = named.into_iter().find(|(key, _)| item.get(key).is_some()) {
            let read = match kind {
                Named::List => self.list(item),
                Named::Macro => self.macro_item(item),
                Named::Rule => self.rule(item),
            };
            let name = item.get(key).and_then(|name| name.scalar());
            if let (None, Some(name)) = (read, name) {
                self.collector.broken.insert((kind, name.text().to_owned()));
            }
        } else {
            self.sink.warn(context.diagnostic(Code::UnknownItem, "Unknown top level item"));
        }
    }

    fn required_engine_version(&mut self, item: &Node) {
        const KEY: &str = "required_engine_version";
        let context = self.whole.inner(ItemKind::RequiredEngineVersion, "", item.span);
        let required = engine_version(item, KEY, &context);
        let checked = required.and_then(|version| self.collector.require_engine(version, &context));
        if self.sink.keep(checked).is_some() {
            self.unknown_keys(item, &[KEY], &context);
        }
    }

    fn required_plugin_versions(&mut self, item: &Node, plugins: &Node) {
        const KEY: &str = "required_plugin_versions";
        let context = self.whole.inner(ItemKind::RequiredPluginVersions, "", plugins.span);
        let Some(plugins) = plugins.seq() else {
            let message = "Value of required_plugin_versions must be a sequence";
            self.sink.error(context.diagnostic(Code::YamlValidate, message));
            return;
        };
        for plugin in plugins {
            let read = plugin_requirement(plugin, &context);
            let checked = read.and_then(|requirement| self.collector.require_plugin(requirement));
            self.sink.keep(checked);
        }
        let context = self.whole.inner(ItemKind::RequiredPluginVersions, "", item.span);
        self.unknown_keys(item, &[KEY], &context);
    }

    fn list(&mut self, item: &Node) -> Option<()> {
        let unnamed = self.whole.inner(ItemKind::List, "", item.span);
        let name = self.sink.keep(decode::text(item, "list", &unnamed))?;
        let context = self.whole.inner(ItemKind::List, name.text(), item.span);
        if !is_list_name(name.text()) {
            let message = "List has an invalid name. List names should match a regular expression: \
                           ([^()\"'[:space:]=,]+)";
            let span = decode::whole_span(name);
            self.sink.warn(context.diagnostic_at(Code::InvalidListName, message, span));
        }
        let items = self.sink.keep(decode::texts(item, "items", &context))?;
        let append = self.append_or_override(item, "items", &context)?;
        let list = List { name: name.text().to_owned(), items, context: context.clone(), index: 0, visibility: 0 };
        if append {
            let appended = self.collector.append_list(list);
            self.sink.keep(appended)?;
        } else {
            self.collector.define_list(list);
        }
        self.unknown_keys(item, LIST_KEYS, &context);
        Some(())
    }

    fn macro_item(&mut self, item: &Node) -> Option<()> {
        let unnamed = self.whole.inner(ItemKind::Macro, "", item.span);
        let name = self.sink.keep(decode::text(item, "macro", &unnamed))?;
        let context = self.whole.inner(ItemKind::Macro, name.text(), item.span);
        if !is_macro_name(name.text()) {
            let message = "Macro has an invalid name. Macro names should match a regular expression: \
                           ([a-zA-Z]+[a-zA-Z0-9_]*)";
            let span = decode::whole_span(name);
            self.sink.warn(context.diagnostic_at(Code::InvalidMacroName, message, span));
        }
        let condition = self.sink.keep(decode::text(item, "condition", &context))?.clone();
        let span = item.get("condition").map_or(item.span, |node| node.span);
        let condition_context = context.inner(ItemKind::MacroCondition, "", span);
        let append = self.append_or_override(item, "condition", &context)?;
        let item_name = name.text().to_owned();
        let new =
            Macro { name: item_name, condition, context: context.clone(), condition_context, index: 0, visibility: 0 };
        if append {
            let appended = self.collector.append_macro(new);
            self.sink.keep(appended)?;
        } else {
            self.collector.define_macro(new);
        }
        self.unknown_keys(item, MACRO_KEYS, &context);
        Some(())
    }

    /// Whether a list or macro, whose only value is `key`, adds to an earlier one.
    fn append_or_override(&mut self, item: &Node, key: &str, context: &Context) -> Option<bool> {
        let append = self.append_key(item, context)?;
        let overrides = self.sink.keep(Overrides::read(item, &[key], &[key], context, &self.whole))?;
        self.sink.keep(overrides.without_append(append, context))?;
        Some(append || !overrides.append.is_empty())
    }

    /// The old `append` key.
    pub(super) fn append_key(&mut self, item: &Node, context: &Context) -> Option<bool> {
        let append = self.sink.keep(decode::optional_bool(item, "append", context))?.unwrap_or(false);
        if append {
            let span = item.entry("append").map_or(item.span, |(key, _)| key.span);
            self.sink.warn(context.diagnostic_at(Code::DeprecatedItem, APPEND_DEPRECATED, span));
        }
        Some(append)
    }

    pub(super) fn unknown_keys(&mut self, item: &Node, known: &[&str], context: &Context) {
        for (key, _) in item.map().unwrap_or_default() {
            let Some(text) = self.sink.keep(decode::key_text(key, &self.whole)) else { return };
            if !known.contains(&text.as_str()) {
                let message = format!("Unknown key '{text}'. The key will be ignored.");
                let mut warning = context.diagnostic_at(Code::UnknownKey, message, key.span);
                warning.help = similar(&text, known).map(|known| format!("did you mean '{known}'?"));
                self.sink.warn(warning);
            }
        }
    }
}

/// A number N means 0.N.0.
fn engine_version(item: &Node, key: &str, context: &Context) -> Checked<Version> {
    if let Ok(minor) = decode::u32(item, key, context) {
        return Ok(Version { minor, ..Version::from(peregrine_schema::ENGINE_VERSION) });
    }
    let text = decode::text(item, key, context)?;
    Version::parse(text.text()).ok_or_else(|| {
        let message = format!(
            "Unable to parse engine version '{}' as a semver string. Expected \"x.y.z\" semver format.",
            text.text()
        );
        context.diagnostic_at(Code::YamlValidate, message, decode::whole_span(text))
    })
}

fn plugin_requirement(plugin: &Node, whole: &Context) -> Checked<PluginRequirement> {
    const ENTRY: ItemKind = ItemKind::RequiredPluginVersionsEntry;
    const ALTERNATIVE: ItemKind = ItemKind::RequiredPluginVersionsAlternative;
    let error = |context: &Context, message: &str| Err(context.diagnostic(Code::YamlValidate, message));
    let unnamed = whole.inner(ENTRY, "", plugin.span);
    if plugin.map().is_none() {
        return error(&unnamed, "Plugin version must be a mapping");
    }
    let name = decode::text(plugin, "name", &unnamed)?.text().to_owned();
    let context = whole.inner(ENTRY, &name, plugin.span);
    let version = decode::text(plugin, "version", &context)?.text().to_owned();
    let mut alternatives = vec![(name, version)];
    if let Some(nodes) = plugin.get("alternatives") {
        let Some(nodes) = nodes.seq() else {
            return error(&context, "Value of plugin version alternatives must be a sequence");
        };
        for node in nodes {
            let unnamed = context.inner(ALTERNATIVE, "", node.span);
            if node.map().is_none() {
                return error(&unnamed, "Plugin version alternative must be a mapping");
            }
            let name = decode::text(node, "name", &unnamed)?.text().to_owned();
            let named = context.inner(ALTERNATIVE, &name, node.span);
            let version = decode::text(node, "version", &named)?.text().to_owned();
            alternatives.push((name, version));
        }
    }
    Ok(PluginRequirement { alternatives, context })
}

/// The keys named under `override`.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) append: Vec<String>,
    pub(super) replace: Vec<String>,
}

impl Overrides {
    /// Reads `override`; `append` and `replace` are the keys that allow the one and the other.
    pub(super) fn read(
        item: &Node,
        append: &[&str],
        replace: &[&str],
        context: &Context,
        whole: &Context,
    ) -> Checked<Overrides> {
        let mut overrides = Overrides::default();
        let Some(node) = item.get("override") else { return Ok(overrides) };
        let context = context.inner(ItemKind::Override, "", item.span);
        if node.seq().is_some_and(|items| !items.is_empty()) {
            return Err(whole.diagnostic_at(Code::Validate, "bad conversion: override must be a mapping", node.span));
        }
        for (key_node, value) in node.map().unwrap_or_default() {
            let key = decode::key_text(key_node, whole)?;
            let operation = decode::key_text(value, whole)?;
            let at_key = context.inner(ItemKind::Override, &key, key_node.span);
            let (can_append, can_replace) = (append.contains(&key.as_str()), replace.contains(&key.as_str()));
            match (operation.as_str(), can_append, can_replace) {
                ("append", true, _) => overrides.append.push(key),
                ("append", false, _) => {
                    let message = format!("Key '{key}' cannot be appended to, use 'replace' instead");
                    return Err(at_key.diagnostic(Code::YamlValidate, message));
                }
                ("replace", _, true) => overrides.replace.push(key),
                ("replace", _, false) => {
                    let message = format!("Key '{key}' cannot be replaced");
                    return Err(at_key.diagnostic(Code::YamlValidate, message));
                }
                _ => {
                    let mut message =
                        format!("Invalid override operation for key '{key}': '{operation}'. Allowed values are: ");
                    message.push_str(if can_append { "append " } else { "" });
                    message.push_str(if can_replace { "replace " } else { "" });
                    let at_value = context.inner(ItemKind::ValueFor, &key, value.span);
                    return Err(at_value.diagnostic(Code::YamlValidate, message));
                }
            }
        }
        Ok(overrides)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.append.is_empty() && self.replace.is_empty()
    }

    /// `append: true` and `override` exclude each other.
    pub(super) fn without_append(&self, append: bool, context: &Context) -> Checked<()> {
        if append && !self.is_empty() {
            return Err(context.diagnostic(Code::YamlValidate, OVERRIDE_AND_APPEND));
        }
        Ok(())
    }
}

fn is_list_name(name: &str) -> bool {
    let outside =
        |c: char| matches!(c, '(' | ')' | '"' | '\'' | '=' | ',' | ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    !name.contains(outside)
}

fn is_macro_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The known key that a misspelt one is closest to, if it is close.
pub(super) fn similar<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    if key.len() > 64 {
        return None;
    }
    let distance = |a: &str, b: &str| {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let replace = diagonal + usize::from(x != *y);
                diagonal = row[j + 1];
                row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    };
    let best = known.iter().map(|k| (distance(key, k), *k)).min()?;
    (best.0 <= 1 + key.len() / 4).then_some(best.1)
}
