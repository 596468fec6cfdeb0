//! Where the time of matching goes: by rule and by predicate, as text, JSON and SVG.
//!
//! Predicates and the extraction of their fields are counted and timed by the interpreter ([`Measurements`]). The time
//! of a predicate that several rules share is divided evenly among them, and that of a field among its predicates, so
//! that the rules' times add up to all.

use crate::replay::Counts;
use peregrine_compiler::backend::interp::Interpreter;
use peregrine_compiler::backend::measure::{Measurements, SAMPLE};
use peregrine_compiler::hir::{Expr, Predicate, RuleSet};
use peregrine_compiler::ir::cost::lifetime;
use peregrine_compiler::print::With;
use peregrine_compiler::report::printable;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Form of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ProfileFormat {
    /// A table of the costliest rules and predicates
    Text,
    /// Everything; `rulec build --profile` reads it
    Json,
    /// A picture: bars of the costliest rules and predicates
    Svg,
}

/// Lines of a table or picture.
const SHOWN: usize = 25;

/// A profile.
#[derive(Debug, Serialize)]
pub struct Profile {
    /// Events that some rule could match.
    pub events: u64,
    /// One event of so many was timed.
    pub sample: u64,
    /// Costliest first.
    pub rules: Vec<RuleLine>,
    /// Costliest first.
    pub predicates: Vec<PredicateLine>,
    /// Costliest first.
    pub fields: Vec<FieldLine>,
}

/// The extraction of a field.
#[derive(Debug, Serialize)]
pub struct FieldLine {
    /// Name and argument.
    pub field: String,
    /// Nanoseconds of one extraction.
    pub nanoseconds: f64,
    /// Nanoseconds of all extractions.
    pub total_nanoseconds: f64,
}

/// A rule.
#[derive(Debug, Serialize)]
pub struct RuleLine {
    /// Name.
    pub rule: String,
    /// Matches.
    pub hits: u64,
    /// Nanoseconds of its share of its predicates, all events together.
    pub nanoseconds: f64,
}

/// A predicate.
#[derive(Debug, Serialize)]
pub struct PredicateLine {
    /// In the condition language.
    pub predicate: String,
    /// How long its answer is kept.
    pub lifetime: &'static str,
    /// Rules that have it.
    pub rules: usize,
    /// Tests.
    pub evaluated: u64,
    /// Tests that held.
    pub held: u64,
    /// Nanoseconds of one test, its fields being there.
    pub nanoseconds: f64,
    /// Nanoseconds of all tests.
    pub total_nanoseconds: f64,
}

impl Profile {
    /// What an interpreter has measured of its rules.
    pub fn new(rules: &RuleSet, interpreter: &Interpreter, measured: &Measurements, counts: &Counts) -> Profile {
        let predicates = &interpreter.program().predicates;
        let ids: HashMap<&Predicate, usize> = predicates.iter().enumerate().map(|(i, p)| (p, i)).collect();
        let of_rule: Vec<Vec<usize>> = rules
            .rules
            .iter()
            .map(|r| {
                let mut found = Vec::new();
                if r.enabled {
                    collect(&r.condition, &ids, &mut found);
                }
                found.sort_unstable();
                found.dedup();
                found
            })
            .collect();
        let mut sharing = vec![0_usize; predicates.len()];
        of_rule.iter().flatten().for_each(|p| sharing[*p] += 1);
        // By field: timed tests of predicates that need it.
        let mut users = vec![0_u64; rules.fields.len()];
        for (i, _) in predicates.iter().enumerate() {
            measured.slots(i).iter().for_each(|slot| users[*slot as usize] += measured.predicate(i).timed);
        }
        let fields = |p: usize| -> f64 {
            let timed = measured.predicate(p).timed as f64;
            let field = |slot: &u32| measured.extraction(*slot as usize) * timed / users[*slot as usize].max(1) as f64;
            measured.slots(p).iter().map(field).sum()
        };
        let share = |p: &usize| (measured.predicate(*p).total() + fields(*p)) / sharing[*p].max(1) as f64;
        let mut rule_lines: Vec<RuleLine> = rules
            .rules
            .iter()
            .zip(&of_rule)
            .zip(&counts.by_rule)
            .filter(|((rule, _), _)| rule.enabled)
            .map(|((rule, predicates), hits)| RuleLine {
                rule: rule.name.clone(),
                hits: *hits,
                nanoseconds: predicates.iter().map(share).sum(),
            })
            .collect();
        rule_lines.sort_by(|a, b| b.nanoseconds.total_cmp(&a.nanoseconds).then_with(|| a.rule.cmp(&b.rule)));
        let mut predicate_lines: Vec<PredicateLine> = predicates
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let tally = measured.predicate(i);
                PredicateLine {
                    predicate: With(&rules.fields, p).to_string(),
                    lifetime: lifetime(rules, p).name(),
                    rules: sharing[i],
                    evaluated: tally.evaluated,
                    held: tally.held,
                    nanoseconds: tally.mean(),
                    total_nanoseconds: tally.total(),
                }
            })
            .collect();
        predicate_lines.sort_by(|a, b| {
            b.total_nanoseconds.total_cmp(&a.total_nanoseconds).then_with(|| a.predicate.cmp(&b.predicate))
        });
        let mut field_lines: Vec<FieldLine> = rules
            .fields
            .iter()
            .enumerate()
            .filter(|(slot, _)| measured.field(*slot).timed > 0)
            .map(|(slot, field)| FieldLine {
                field: field.to_string(),
                nanoseconds: measured.field(slot).mean(),
                total_nanoseconds: measured.extraction(slot),
            })
            .collect();
        field_lines
            .sort_by(|a, b| b.total_nanoseconds.total_cmp(&a.total_nanoseconds).then_with(|| a.field.cmp(&b.field)));
        Profile {
            events: measured.events(),
            sample: SAMPLE,
            rules: rule_lines,
            predicates: predicate_lines,
            fields: field_lines,
        }
    }

    /// The profile in a form.
    pub fn render(&self, format: ProfileFormat) -> serde_json::Result<String> {
        Ok(match format {
            ProfileFormat::Text => self.text(),
            ProfileFormat::Json => serde_json::to_string_pretty(self)? + "\n",
            ProfileFormat::Svg => self.svg(),
        })
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{} events tested, every {}th timed\n", self.events, self.sample);
        let _ = writeln!(out, "{:>12} {:>9}  rule", "ms", "hits");
        for line in self.rules.iter().take(SHOWN) {
            let _ = writeln!(out, "{:>12.3} {:>9}  {}", line.nanoseconds / 1e6, line.hits, shortened(&line.rule, 200));
        }
        let _ = writeln!(
            out,
            "\n{:>12} {:>8} {:>11} {:>11} {:>5} {:<10}  predicate",
            "ms", "ns each", "tests", "held", "rules", "lifetime"
        );
        for line in self.predicates.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "{:>12.3} {:>8.1} {:>11} {:>11} {:>5} {:<10}  {}",
                line.total_nanoseconds / 1e6,
                line.nanoseconds,
                line.evaluated,
                line.held,
                line.rules,
                line.lifetime,
                shortened(&line.predicate, 100)
            );
        }
        let _ = writeln!(out, "\n{:>12} {:>8}  field", "ms", "ns each");
        for line in self.fields.iter().take(SHOWN) {
            let _ = writeln!(out, "{:>12.3} {:>8.1}  {}", line.total_nanoseconds / 1e6, line.nanoseconds, line.field);
        }
        out
    }

    fn svg(&self) -> String {
        let rules = self.rules.iter().take(SHOWN).map(|l| (l.rule.as_str(), l.nanoseconds));
        let predicates = self.predicates.iter().take(SHOWN).map(|l| (l.predicate.as_str(), l.total_nanoseconds));
        let mut body = String::new();
        let below = bars(&mut body, "Rules", rules, 30);
        let below = bars(&mut body, "Predicates", predicates, below + 30);
        let fields = self.fields.iter().take(SHOWN).map(|l| (l.field.as_str(), l.total_nanoseconds));
        let end = bars(&mut body, "Fields", fields, below + 30);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1100\" height=\"{end}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
        )
    }
}

/// Draws bars under a title from `top` on; gives where they end.
fn bars<'l>(out: &mut String, title: &str, lines: impl Iterator<Item = (&'l str, f64)>, top: u32) -> u32 {
    const LONGEST: f64 = 460.0;
    let lines: Vec<(&str, f64)> = lines.filter(|(_, ns)| *ns > 0.0).collect();
    if lines.is_empty() {
        return top;
    }
    let most = lines.iter().map(|(_, ns)| *ns).fold(1.0, f64::max);
    let _ = writeln!(
        out,
        "<text x=\"10\" y=\"{top}\" font-size=\"15\" font-weight=\"bold\">{title}, ms of matching</text>"
    );
    let mut y = top + 10;
    for (name, ns) in lines {
        let width = ns / most * LONGEST;
        let _ = writeln!(out, "<rect x=\"500\" y=\"{y}\" width=\"{width:.1}\" height=\"14\" fill=\"#2f6f9f\"/>");
        let _ = writeln!(
            out,
            "<text x=\"494\" y=\"{}\" text-anchor=\"end\">{}</text>",
            y + 12,
            escaped(&shortened(name, 72))
        );
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{:.2}</text>", 505.0 + width, y + 12, ns / 1e6);
        y += 18;
    }
    y + 12
}

fn shortened(text: &str, most: usize) -> String {
    let text = &*printable(text).replace('\n', " ");
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    start + "…"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn collect(expr: &Expr, ids: &HashMap<&Predicate, usize>, found: &mut Vec<usize>) {
    match expr {
        Expr::And(members) | Expr::Or(members) => members.iter().for_each(|m| collect(m, ids, found)),
        Expr::Not(inner) => collect(inner, ids, found),
        Expr::Test(test) => found.extend(ids.get(&test.predicate)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            events: 32,
            sample: SAMPLE,
            rules: vec![RuleLine { rule: "a <b> & c".to_owned(), hits: 2, nanoseconds: 2e6 }],
            predicates: vec![PredicateLine {
                predicate: "proc.name = \"x\"".to_owned(),
                lifetime: "image",
                rules: 1,
                evaluated: 10,
                held: 3,
                nanoseconds: 2e5,
                total_nanoseconds: 2e6,
            }],
            fields: vec![FieldLine { field: "proc.name".to_owned(), nanoseconds: 7.0, total_nanoseconds: 70.0 }],
        }
    }

    #[test]
    fn forms() {
        let text = profile().render(ProfileFormat::Text).unwrap();
        assert!(text.contains("2.000         2  a <b> & c"), "{text}");
        let svg = profile().render(ProfileFormat::Svg).unwrap();
        assert!(svg.contains("a &lt;b&gt; &amp; c") && svg.contains("width=\"460.0\""), "{svg}");
    }

    #[test]
    fn the_compiler_reads_what_is_written() {
        let json = profile().render(ProfileFormat::Json).unwrap();
        let read = peregrine_compiler::ir::cost::Profile::from_json(json.as_bytes()).unwrap();
        let measured = read.predicates["proc.name = \"x\""];
        assert_eq!((read.fields["proc.name"].times, read.fields["proc.name"].nanoseconds), (10.0, 7.0));
        assert_eq!((measured.evaluated, measured.held, measured.nanoseconds), (10, 3, 2e5));
    }
}
