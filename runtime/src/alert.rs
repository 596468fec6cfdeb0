//! Alerts as lines of text or JSON, in Falco's form.
//!
//! Text: `TIME: Priority MESSAGE`, escaped as a JSON string without its quotes. JSON: one object, keys sorted:
//! `hostname`, `output`, `output_fields`, `priority`, `rule`, `source`, `tags`, `time`. TIME is the local wall
//! clock, or ISO 8601 in UTC; `time` is UTC.

use crate::fields::{EventView, time};
use crate::format::{field_json, output_fields, render_text, sanitize};
use peregrine_compiler::hir::{ExtraValue, Operand, Priority, Rule};
use serde_json::{Map, Value as Json};

/// Form of alerts.
#[derive(Debug, Clone, Default)]
pub struct AlertFormat {
    /// One JSON object per line instead of text.
    pub json: bool,
    /// ISO 8601 times in UTC instead of the local wall clock.
    pub iso_8601: bool,
    /// Seconds to add to UTC for the local wall clock.
    pub utc_offset: i64,
    /// `hostname` in JSON.
    pub hostname: String,
}

/// Writes alerts.
#[derive(Debug)]
pub struct Alerts {
    format: AlertFormat,
    message: Vec<u8>,
    line: Vec<u8>,
}

impl Alerts {
    /// For a form.
    pub fn new(format: AlertFormat) -> Alerts {
        Alerts { format, message: Vec::new(), line: Vec::new() }
    }

    /// The alert of a rule on an event, without line end. Valid until the next one.
    pub fn render(&mut self, rule: &Rule, event: &EventView<'_>) -> &[u8] {
        self.message.clear();
        if self.format.iso_8601 {
            time::iso8601(&mut self.message, event.time());
            self.message.extend_from_slice(b"+0000");
        } else {
            time::local(&mut self.message, event.time(), self.format.utc_offset, false, true);
        }
        self.message.extend_from_slice(b": ");
        self.message.extend_from_slice(rule.priority.name().as_bytes());
        self.message.push(b' ');
        render_text(&rule.output, event, &mut self.message);
        self.line.clear();
        if self.format.json {
            let alert = Json::Object(self.json(rule, event));
            // Writing to memory does not fail, and maps of strings are JSON.
            let _ = serde_json::to_writer(&mut self.line, &alert);
        } else {
            let quoted = Json::String(sanitize(&self.message).into_owned()).to_string();
            self.line.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        }
        &self.line
    }

    /// An alert of the program itself at a time in ns since the epoch, in Falco's form: rule, what happened, and texts by
    /// name.
    pub fn internal(
        &mut self,
        ts: u64,
        rule: &str,
        priority: Priority,
        what: &str,
        fields: &[(&str, String)],
    ) -> &[u8] {
        self.message.clear();
        if self.format.iso_8601 {
            time::iso8601(&mut self.message, ts);
            self.message.extend_from_slice(b"+0000");
        } else {
            time::local(&mut self.message, ts, self.format.utc_offset, false, true);
        }
        let output = format!("{rule}. {what}");
        self.line.clear();
        let mut utc = Vec::new();
        time::iso8601(&mut utc, ts);
        utc.push(b'Z');
        let quoted = |text: &str| Json::String(text.to_owned());
        if self.format.json {
            let alert = Map::from_iter([
                ("hostname".to_owned(), quoted(&self.format.hostname)),
                ("output".to_owned(), quoted(&output)),
                (
                    "output_fields".to_owned(),
                    Json::Object(fields.iter().map(|(n, v)| ((*n).to_owned(), quoted(v))).collect()),
                ),
                ("priority".to_owned(), quoted(priority.name())),
                ("rule".to_owned(), quoted(rule)),
                ("source".to_owned(), quoted("internal")),
                ("time".to_owned(), quoted(&String::from_utf8_lossy(&utc))),
            ]);
            let _ = serde_json::to_writer(&mut self.line, &Json::Object(alert));
        } else {
            self.line.extend_from_slice(&self.message);
            self.line.extend_from_slice(format!(": {} {output}", priority.name()).as_bytes());
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
            if !fields.is_empty() {
                self.line.extend_from_slice(format!(" ({})", fields.join(" ")).as_bytes());
            }
        }
        &self.line
    }

    fn json(&self, rule: &Rule, event: &EventView<'_>) -> Map<String, Json> {
        let mut fields = Map::new();
        output_fields(&rule.output, event, &mut fields);
        let time_field = if self.format.iso_8601 { "evt.time.iso8601" } else { "evt.time" };
        fields.insert(time_field.to_owned(), Json::from(event.time() as i64));
        for extra in &rule.extra_fields {
            fields.insert(extra.key.clone(), extra_json(&extra.value, event));
        }
        let mut utc = Vec::new();
        time::iso8601(&mut utc, event.time());
        utc.push(b'Z');
        let text = |t: &[u8]| Json::String(sanitize(t).into_owned());
        Map::from_iter([
            ("hostname".to_owned(), Json::from(self.format.hostname.as_str())),
            ("output".to_owned(), text(&self.message)),
            ("output_fields".to_owned(), Json::Object(fields)),
            ("priority".to_owned(), Json::from(rule.priority.name())),
            ("rule".to_owned(), Json::from(rule.name.as_str())),
            ("source".to_owned(), Json::from(rule.source.as_str())),
            ("tags".to_owned(), Json::from(rule.tags.clone())),
            ("time".to_owned(), text(&utc)),
        ])
    }
}

fn extra_json(value: &ExtraValue, event: &EventView<'_>) -> Json {
    match value {
        ExtraValue::Typed(token) => match &token.operand {
            Operand::Field(slot) => field_json(event, *slot as usize),
            Operand::Transform(_) => {
                let mut text = Vec::new();
                let template = peregrine_compiler::hir::Template {
                    pieces: vec![peregrine_compiler::hir::Piece::Token(token.clone())],
                };
                render_text(&template, event, &mut text);
                Json::String(sanitize(&text).into_owned())
            }
        },
        ExtraValue::Text(template) => {
            let mut text = Vec::new();
            render_text(template, event, &mut text);
            Json::String(sanitize(&text).into_owned())
        }
    }
}
