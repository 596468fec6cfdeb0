//! Rules for a command: from files or compiled, with what the command line says about them.

use super::{Format, RuleMatching, RuleOptions};
use crate::alert::AlertFormat;
use crate::compiled::{self, CompiledFile};
use crate::live::rules::Generation;
use crate::replay::Options;
use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use peregrine_compiler::aot::Source;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::{Priority, RuleSet};
use peregrine_compiler::ir::Program;
use peregrine_compiler::load::{self, Choice, Extra, ExtraOutput, Loaded, Loader, Match, Selection};
use peregrine_compiler::report::{printable, text};
use std::io::{IsTerminal as _, Read as _, Write as _, stderr};
use std::path::{Path, PathBuf};

/// Peregrine's own rules.
const OWN_RULES: &str = include_str!("../../../rules/peregrine_rules.yaml");

/// `--enable` and `--disable` in the order in which they were given.
pub(super) fn switches(matches: Option<&clap::ArgMatches>) -> Vec<Selection> {
    let mut found = Vec::new();
    let Some(matches) = matches else { return Vec::new() };
    for (id, enable) in [("enable", true), ("disable", false)] {
        let (Some(indices), Some(values)) = (matches.indices_of(id), matches.get_many::<String>(id)) else { continue };
        found.extend(indices.zip(values).map(|(at, value)| {
            let choice = match value.strip_prefix("tag:") {
                Some(tag) => Choice::Tag(tag.to_owned()),
                None => Choice::Rule(value.clone()),
            };
            (at, Selection { enable, choice })
        }));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, selection)| selection).collect()
}

/// Rules from text or from a compiled file.
pub(super) enum Rules {
    Loaded(Box<Loaded>),
    Compiled(Box<CompiledFile>),
}

impl Rules {
    pub(super) fn load(options: &RuleOptions, switches: &[Selection]) -> anyhow::Result<Rules> {
        let (compiled, texts): (Vec<&PathBuf>, Vec<&PathBuf>) =
            options.rules.iter().partition(|path| compiled::is_compiled(path));
        if let Some(path) = texts.iter().find(|path| path.extension().is_some_and(|e| e == "pgr")) {
            bail!("{}: this is no compiled rule file, or its beginning is damaged", path.display());
        }
        let [compiled] = compiled[..] else {
            if compiled.len() > 1 {
                bail!("one compiled rule file at a time: build one from all rule files with `rulec build`");
            }
            return Ok(Rules::Loaded(Box::new(load_rules(options, switches)?)));
        };
        if !switches.is_empty() || options.priority.is_some() || !options.append_field.is_empty() {
            bail!("what rules a compiled file holds is decided when it is built: give these options to `rulec build`");
        }
        let file = CompiledFile::open(compiled)?;
        let mut sources = Vec::new();
        for path in rule_files(&texts)? {
            let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
            sources.push(Source::new(&path.display().to_string(), &bytes));
        }
        file.built_from(&sources)?;
        Ok(Rules::Compiled(Box::new(file)))
    }

    pub(super) fn set(&self) -> &RuleSet {
        match self {
            Rules::Loaded(loaded) => &loaded.rules,
            Rules::Compiled(file) => &file.compiled.rules,
        }
    }

    pub(super) fn program(&self) -> Program {
        match self {
            Rules::Loaded(loaded) => Program::new(&loaded.rules),
            Rules::Compiled(file) => file.compiled.program.clone(),
        }
    }

    /// The rules for live events.
    pub(super) fn generation(self, options: &RuleOptions) -> anyhow::Result<Generation> {
        let matching = matching(options);
        let matcher = self.matcher(matching.engine)?;
        let rules = match self {
            Rules::Loaded(loaded) => loaded.rules,
            Rules::Compiled(file) => file.compiled.rules,
        };
        Ok(Generation::new(rules, matcher, matching))
    }

    pub(super) fn matcher(&self, engine: EngineKind) -> anyhow::Result<Matcher> {
        Ok(match self {
            Rules::Loaded(loaded) => Matcher::new(engine, &loaded.rules)?,
            Rules::Compiled(file) => file.matcher(engine)?,
        })
    }
}

fn load_rules(options: &RuleOptions, switches: &[Selection]) -> anyhow::Result<Loaded> {
    let fields = options
        .append_field
        .iter()
        .map(|field| ExtraOutput { to: Match::default(), what: Extra::Field(field.clone()) });
    let mut loader = Loader::new(load::Options {
        extra: fields.collect(),
        min_priority: options.priority.unwrap_or(Priority::Debug),
        selection: switches.to_vec(),
        ..load::Options::default()
    });
    if options.rules.is_empty() {
        loader.add_file("peregrine_rules.yaml (built in)", OWN_RULES.as_bytes());
    }
    for file in rule_files(&options.rules)? {
        let bytes = read_rules(&file).with_context(|| file.display().to_string())?;
        loader.add_file(&file.display().to_string(), &bytes);
    }
    let loaded = loader.finish();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let colours = stderr().is_terminal() && !no_color;
    for diagnostic in text::distinct(&loaded.results) {
        let _ = writeln!(stderr(), "{}\n", text::render(diagnostic, &loaded.sources, colours));
    }
    if !loaded.successful() {
        bail!("the rules are not valid");
    }
    for selection in &loaded.idle_selections {
        let option = if selection.enable { "enable" } else { "disable" };
        let choice = selection.choice.to_string();
        let _ = writeln!(stderr(), "warning: no rule fits --{option} {}", printable(&choice));
    }
    Ok(loaded)
}

/// A rule file, or as much of it as the loader needs to refuse it.
fn read_rules(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(load::MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Files as given; directories give their *.yml and *.yaml files in order of name.
pub(super) fn rule_files(paths: &[impl AsRef<Path>]) -> anyhow::Result<Vec<PathBuf>> {
    let is_rule_file = |p: &Path| p.is_file() && p.extension().is_some_and(|e| e == "yml" || e == "yaml");
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
            let mut inside: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
            inside.retain(|p| is_rule_file(p));
            if inside.is_empty() {
                bail!("{} holds no .yml or .yaml files", path.display());
            }
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

/// How events are matched and alerts written.
pub(super) fn matching(options: &RuleOptions) -> Options {
    Options {
        engine: options.engine.into(),
        all_matches: options.rule_matching == RuleMatching::All,
        format: AlertFormat {
            json: options.format == Format::Json,
            iso_8601: options.time_iso_8601,
            utc_offset: local_offset(),
            hostname: hostname(),
        },
    }
}

/// Seconds between UTC and the local time of now.
pub(super) fn local_offset() -> i64 {
    i64::from(TimeZone::system().to_offset(jiff::Timestamp::now()).seconds())
}

/// `FALCO_HOSTNAME`, or the name of this machine.
pub(super) fn hostname() -> String {
    std::env::var("FALCO_HOSTNAME")
        .unwrap_or_else(|_| rustix::system::uname().nodename().to_string_lossy().into_owned())
}
