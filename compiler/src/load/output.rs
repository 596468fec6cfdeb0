//! Outputs of rules: what the configuration adds to them, and checking them.

use super::collect::{Rule, Sink};
use super::{ExtraOutput, Match, Options};
use crate::check::{CheckError, CheckWarning, Checker, WarningKind};
use crate::hir::{ExtraField, ExtraValue, Piece, Template};
use crate::report::Code;
use crate::span::Mapped;
use std::collections::BTreeMap;

/// Once stood for several fields of the container; now it is dropped.
const CONTAINER_INFO: &str = "%container.info";

/// A checked output.
pub(super) struct Output {
    pub(super) template: Template,
    pub(super) extra_fields: Vec<ExtraField>,
}

/// What came of an output.
pub(super) enum Outcome {
    /// It is good.
    Done(Output),
    /// It names something unknown and the rule asks to be left out then.
    Skip,
    /// It is wrong, which has been reported.
    Failed,
}

/// Adds what the configuration asks for and checks the result.
pub(super) fn compile(rule: &Rule, options: &Options, checker: &mut Checker, sink: &mut Sink) -> Outcome {
    let text = with_extra(rule, options, sink);
    let template = match checker.template(text.text(), 0) {
        Ok((template, warnings)) => {
            warn(rule, &text, &warnings, sink);
            template
        }
        Err(error) if rule.skip_if_unknown_filter && error.kind.may_be_skipped() => {
            let span = text.span(error.at.range.clone());
            sink.warn(rule.output_context.diagnostic_at(Code::UnknownFilter, error.message, span));
            return Outcome::Skip;
        }
        Err(error) => {
            report(rule, &text, error, sink);
            return Outcome::Failed;
        }
    };
    let mut extra_fields = BTreeMap::new();
    for extra in options.extra.iter().filter(|extra| applies(&extra.to, rule)) {
        for (key, format) in extra_formats(extra) {
            let text = from_configuration(rule, &format);
            match checker.template(&format, 0) {
                Ok((template, warnings)) => {
                    warn(rule, &text, &warnings, sink);
                    extra_fields.insert(key, extra_value(template, extra));
                }
                Err(error) => {
                    report(rule, &text, error, sink);
                    return Outcome::Failed;
                }
            }
        }
    }
    let extra_fields = extra_fields.into_iter().map(|(key, value)| ExtraField { key, value }).collect();
    Outcome::Done(Output { template, extra_fields })
}

/// The output with the texts that the configuration appends.
fn with_extra(rule: &Rule, options: &Options, sink: &mut Sink) -> Mapped {
    let mut text = rule.output.clone();
    for extra in options.extra.iter().filter(|extra| applies(&extra.to, rule)) {
        if let ExtraOutput { what: super::Extra::Text(format), .. } = extra {
            text.push_mapped(&from_configuration(rule, &format!(" {format}")));
        }
    }
    if !text.text().contains(CONTAINER_INFO) {
        return text;
    }
    let message = "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. \
                   The container plugin will automatically add required fields to the output message.";
    let mut rest = Mapped::new();
    let mut from = 0;
    while let Some(found) = text.text()[from..].find(CONTAINER_INFO) {
        let range = from + found..from + found + CONTAINER_INFO.len();
        if from == 0 {
            let span = text.span(range.clone());
            sink.warn(rule.context.diagnostic_at(Code::DeprecatedItem, message, span));
        }
        rest.push_mapped(&text.slice(from..range.start));
        from = range.end;
    }
    rest.push_mapped(&text.slice(from..text.len()));
    rest
}

/// Whether an addition is meant for a rule.
fn applies(to: &Match, rule: &Rule) -> bool {
    (to.source.is_empty() || to.source == rule.source)
        && (to.rule.is_empty() || to.rule == rule.name)
        && to.tags.iter().all(|tag| rule.tags.contains(tag))
}

/// Text that no rule file holds: places point at the rule's output.
fn from_configuration(rule: &Rule, format: &str) -> Mapped {
    let mut text = Mapped::new();
    text.push_for(format, rule.output_context.span());
    text
}

fn extra_formats(extra: &ExtraOutput) -> Vec<(String, String)> {
    match &extra.what {
        super::Extra::Text(_) => Vec::new(),
        super::Extra::Field(field) => vec![(field.clone(), format!("%{field}"))],
        super::Extra::Formatted(key, format) => vec![(key.clone(), format.clone())],
    }
}

/// A raw field keeps its type if it is one token; anything else is text.
fn extra_value(template: Template, extra: &ExtraOutput) -> ExtraValue {
    match (&extra.what, template.pieces.as_slice()) {
        (super::Extra::Field(_), [Piece::Token(token)]) => ExtraValue::Typed(token.clone()),
        _ => ExtraValue::Text(template),
    }
}

fn warn(rule: &Rule, text: &Mapped, warnings: &[CheckWarning], sink: &mut Sink) {
    for warning in warnings {
        let span = text.span(warning.at.range.clone());
        let code = match warning.kind {
            WarningKind::DeprecatedField(_) => Code::DeprecatedItem,
            WarningKind::UnsafeNa => Code::UnsafeNaCheck,
            WarningKind::Condition => Code::CompileConditionWarning,
        };
        let mut diagnostic = rule.output_context.diagnostic_at(code, warning.message.clone(), span);
        if let WarningKind::DeprecatedField(field) = warning.kind {
            diagnostic.deprecated_field = Some(field);
        }
        sink.warn(diagnostic);
    }
}

fn report(rule: &Rule, text: &Mapped, error: CheckError, sink: &mut Sink) {
    let span = text.span(error.at.range.clone());
    let mut diagnostic = rule.output_context.diagnostic_at(Code::CompileOutput, error.message, span);
    let token = text.text().get(error.at.range).unwrap_or_default();
    if error.kind.may_be_skipped() && !token.is_empty() {
        diagnostic.help = Some(format!("'{token}' is neither a field nor a transformer of fields"));
    }
    sink.error(diagnostic);
}
