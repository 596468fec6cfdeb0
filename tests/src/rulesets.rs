//! Rule sets of any size that look like the upstream ones, for measuring how things grow and for testing at size.
//!
//! [`generate`] writes the text of a rule file. What rules ask for, how often, with lists of which sizes, and how
//! much they share, is drawn by the shares of [`table`], which were counted over the upstream files; names of
//! programs, paths and images are made up ([`words`]), from vocabularies large enough that rules differ.
//!
//! What must hold:
//! - the same number and seed give the same text, and the text of fewer rules is the beginning of that of more;
//! - the text loads without errors;
//! - a rule has a part that must hold and asks for a made-up name, so on recorded captures rules (nearly) never
//!   match, however many they are. Other parts of it hold on ordinary events: a shell, the host, a file in `/etc`.
//!   Upstream, 5 of 93 rules have no such part;
//! - [`MAX`] rules fit into a rule file; descriptions and outputs are shorter than upstream for that.

mod table;
mod words;

use std::collections::HashSet;
use std::fmt::Write as _;
use table::{Constant, Kind, Range, Row};
use words::Random;

/// Largest number of rules whose text fits into one rule file.
pub const MAX: usize = 10_000;

/// The text of a rule file of `rules` rules.
pub fn generate(rules: usize, seed: u64) -> String {
    let mut writer = Writer {
        random: Random::new(seed),
        text: table::PREAMBLE.to_owned(),
        macros: Vec::new(),
        lists: Vec::new(),
        names: HashSet::new(),
        templates: 0,
    };
    for number in 0..rules {
        writer.rule(number);
    }
    writer.text
}

/// A text being written. Macros and lists are written before the rule that is the first to use them.
struct Writer {
    random: Random,
    text: String,
    /// Names of the macros of exceptions, with the kind of rule they were made for.
    macros: Vec<(String, usize)>,
    /// Names of lists, with what they hold.
    lists: Vec<(String, Constant)>,
    /// Names given to macros and lists.
    names: HashSet<String>,
    /// Macros to be filled by the user so far.
    templates: usize,
}

impl Writer {
    fn rule(&mut self, number: usize) {
        let index = self.kind();
        let kind = &table::KINDS[index];
        let head = self.random.weighted(kind.heads, |row| row.0).1;
        let mut condition = head.to_owned();
        let place = self.random.below(100);
        if place < kind.container {
            condition += "\n    and container";
        } else if place < kind.container + kind.host {
            condition += "\n    and not container";
        }
        for part in self.wanted(kind) {
            let _ = write!(condition, "\n    and {part}");
        }
        for _ in 0..self.number(kind.exceptions) {
            let exception = self.exception(index);
            let _ = write!(condition, "\n    and not {exception}");
        }
        let name = format!("Generated {number} {}", words::segment(&mut self.random));
        let priority = self.random.weighted(&table::PRIORITIES, |row| row.0).1;
        let enabled = if self.random.percent(table::DISABLED) { "  enabled: false\n" } else { "" };
        let object = if kind.wanted.iter().any(|row| row.1.starts_with("fd.")) { "file=%fd.name " } else { "" };
        let _ = write!(
            self.text,
            "- rule: {name}\n  desc: Made up for measurements\n  condition: >\n    {condition}\n{enabled}  output: Generated \
             | {object}evt_type=%evt.type user=%user.name process=%proc.name parent=%proc.pname \
             command=%proc.cmdline\n  priority: {priority}\n  tags: [generated, host, container]\n",
        );
    }

    fn kind(&mut self) -> usize {
        let kinds: [(u32, usize); table::KINDS.len()] = std::array::from_fn(|i| (table::KINDS[i].weight, i));
        self.random.weighted(&kinds, |row| row.0).1
    }

    fn number(&mut self, ranges: &[Range]) -> u32 {
        let (_, least, most) = *self.random.weighted(ranges, |range| range.0);
        self.random.between(least, most)
    }

    /// The parts that must all hold, at least one of them with a made-up name.
    fn wanted(&mut self, kind: &Kind) -> Vec<String> {
        let parts = self.number(&table::WANTED);
        let mut rows: Vec<Row> = (0..parts).map(|_| *self.random.weighted(kind.wanted, |row| row.0)).collect();
        let made_up = |row: &Row| !matches!(row.3, Constant::Real(_));
        if !rows.iter().any(made_up) {
            let choice: Vec<Row> = kind.wanted.iter().copied().filter(made_up).collect();
            rows[parts as usize - 1] = *self.random.weighted(&choice, |row| row.0);
        }
        rows.into_iter().map(|row| self.alternatives(row)).collect()
    }

    /// One comparison, or several of the same kind of which one must hold.
    fn alternatives(&mut self, row: Row) -> String {
        let several = !matches!(row.3, Constant::Real(_)) && row.2 != "in" && row.2 != "pmatch";
        let count = if several { self.number(&table::ALTERNATIVES) } else { 1 };
        let tests: Vec<String> = (0..count).map(|_| self.test(row)).collect();
        if count == 1 { tests.concat() } else { format!("({})", tests.join(" or ")) }
    }

    /// What stands behind `and not`.
    fn exception(&mut self, kind: usize) -> String {
        let choice = self.random.below(100);
        if choice < table::TEMPLATES {
            self.templates += 1;
            let name = format!("user_known_{}", self.templates);
            self.define_macro(&name, "(never_true)");
            return name;
        }
        let rows = table::KINDS[kind].excepted;
        if choice < table::TEMPLATES + table::DIRECT {
            let row = *self.random.weighted(rows, |row| row.0);
            return self.test(row);
        }
        let known: Vec<usize> = (0..self.macros.len()).filter(|i| self.macros[*i].1 == kind).collect();
        if !known.is_empty() && self.random.percent(table::MACRO_AGAIN) {
            let chosen = known[self.random.skewed(known.len() as u32) as usize];
            return self.macros[chosen].0.clone();
        }
        let count = self.number(&table::EXCEPTION_SIZE);
        let all_of = count == 2 && self.random.percent(60);
        let tests: Vec<String> = (0..count)
            .map(|_| {
                let row = *self.random.weighted(rows, |row| row.0);
                self.test(row)
            })
            .collect();
        let name = self.name("running");
        self.define_macro(&name, &format!("({})", tests.join(if all_of { " and " } else { " or " })));
        self.macros.push((name.clone(), kind));
        name
    }

    fn define_macro(&mut self, name: &str, condition: &str) {
        let _ = writeln!(self.text, "- macro: {name}\n  condition: {condition}");
    }

    /// A name that is not taken.
    fn name(&mut self, suffix: &str) -> String {
        let stem = format!("{}_{suffix}", words::segment(&mut self.random));
        let mut name = stem.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{stem}_{number}");
        }
        name
    }

    fn test(&mut self, (_, field, operator, constant): Row) -> String {
        format!("{field} {operator} {}", self.constant(constant))
    }

    fn constant(&mut self, constant: Constant) -> String {
        let members: &[Range] = match constant {
            Constant::Programs => &table::PROGRAM_LIST,
            Constant::Images => &table::IMAGE_LIST,
            Constant::Paths | Constant::Folders | Constant::FileNames => &table::PATH_LIST,
            Constant::PathPrefixes => &table::PREFIX_LIST,
            Constant::Ports => &table::PORT_LIST,
            Constant::Networks => return "(rfc_1918_addresses)".to_owned(),
            _ => return single(&mut self.random, constant),
        };
        let known: Vec<usize> = (0..self.lists.len()).filter(|i| self.lists[*i].1 == constant).collect();
        if !known.is_empty() && self.random.percent(table::LIST_AGAIN) {
            let chosen = known[self.random.skewed(known.len() as u32) as usize];
            return format!("({})", self.lists[chosen].0);
        }
        let count = self.number(members);
        let items: Vec<String> = (0..count).map(|_| single(&mut self.random, constant)).collect();
        let items = items.join(", ");
        // Upstream, empty lists are named: users fill them.
        if (1..=4).contains(&count) && self.random.percent(table::LIST_IN_PLACE) {
            return format!("({items})");
        }
        let name = self.name("items");
        let _ = writeln!(self.text, "- list: {name}\n  items: [{items}]");
        self.lists.push((name.clone(), constant));
        format!("({name})")
    }
}

/// A constant, or a member of a list of such constants.
fn single(random: &mut Random, constant: Constant) -> String {
    const SCRIPTS: [&str; 6] = ["sh -c ", "perl ", "python ", "bash ", "ruby ", ""];
    const REGISTRIES: [&str; 6] = ["docker.io/", "quay.io/", "gcr.io/", "registry.k8s.io/", "public.ecr.aws/", ""];
    match constant {
        Constant::Real(texts) => (*random.choose(texts)).to_owned(),
        Constant::Program | Constant::Programs => words::program(random),
        Constant::CommandStart => format!("\"{}{}\"", random.choose(&SCRIPTS), words::file(random)),
        Constant::CommandPart => match random.below(4) {
            0 => format!("\"--{} \"", words::segment(random)),
            1 => format!("\"{}/{}\"", words::folder(random), words::segment(random)),
            2 => format!("{}.jar", words::segment(random)),
            _ => words::segment(random),
        },
        Constant::Command => {
            format!("\"{}{} --{}\"", random.choose(&SCRIPTS), words::file(random), words::segment(random))
        }
        Constant::ProgramPath => format!("/{}", words::program(random)),
        Constant::PathStart => format!("{}/", words::folder(random)),
        Constant::PathPart => format!("/.{}", words::segment(random)),
        Constant::PathEnd => format!("{}_history", words::segment(random)),
        Constant::Path | Constant::Paths => words::file(random),
        Constant::Folder | Constant::Folders | Constant::PathPrefixes => words::folder(random),
        Constant::FileNames => format!(".{}", words::segment(random)),
        Constant::Glob => match random.below(3) {
            0 => format!("'/home/*/.{}/*'", words::segment(random)),
            1 => format!("'/proc/*/{}'", words::segment(random)),
            _ => format!("'*/{}/*.{}'", words::segment(random), words::segment(random)),
        },
        Constant::Image | Constant::Images => format!("{}{}", random.choose(&REGISTRIES), words::image(random)),
        Constant::ImageStart => format!("{}{}/", random.choose(&REGISTRIES), words::segment(random)),
        Constant::ImageEnd => words::image(random),
        Constant::Namespace => format!("{}-system", words::segment(random)),
        Constant::User => format!("_{}", words::segment(random)),
        // Beyond what a machine's accounts use.
        Constant::Number => random.between(70_000, 90_000).to_string(),
        // Below the ephemeral ports, and none of a usual service.
        Constant::Port | Constant::Ports => random.between(20_000, 30_000).to_string(),
        // TEST-NET-3 and the range for benchmarks: nobody's addresses.
        Constant::Address => format!("\"198.18.{}.{}\"", random.below(256), random.between(1, 254)),
        Constant::Networks => "\"203.0.113.0/24\"".to_owned(),
    }
}

#[cfg(test)]
mod tests;
