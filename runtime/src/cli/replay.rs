//! `peregrine replay`: rules over a recorded capture.

use super::{Format, Replay, RuleMatching};
use crate::alert::AlertFormat;
use crate::compiled::{self, CompiledFile};
use crate::fields::Env;
use crate::profile::Profile;
use crate::replay::{self, Detector, Options};
use crate::session::Session;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use peregrine_compiler::aot::Source;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::{Priority, RuleSet};
use peregrine_compiler::ir::Program;
use peregrine_compiler::load::{self, Choice, Extra, ExtraOutput, Loaded, Loader, Match, Selection};
use peregrine_compiler::report::{printable, text};
use std::io::{BufWriter, IsTerminal as _, Read as _, Write as _, stderr, stdout};
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

/// Runs the command.
pub(super) fn run(options: &Replay, switches: &[Selection]) -> anyhow::Result<()> {
    let rules = Rules::load(options, switches)?;
    let mut session = Session::open(&options.capture)?;
    let utc_offset = local_offset();
    let alert_format = AlertFormat {
        json: options.format == Format::Json,
        iso_8601: options.time_iso_8601,
        utc_offset,
        hostname: hostname(),
    };
    let detector_options = Options {
        engine: options.engine.into(),
        all_matches: options.rule_matching == RuleMatching::All,
        format: alert_format,
    };
    let matcher = match options.profile {
        Some(_) => Matcher::measuring(rules.set(), rules.program()),
        None => rules.matcher(detector_options.engine)?,
    };
    let mut detector = Detector::with_matcher(rules.set(), matcher, &detector_options);
    let env = Env::new(std::env::var("FALCO_HOSTNAME").ok().map(String::into_bytes), utc_offset);
    let mut out = BufWriter::new(stdout().lock());
    let mut written = Ok(());
    let result = {
        let mut sink = |alert: &[u8]| {
            if written.is_ok() && options.profile.is_none() {
                written = out.write_all(alert).and_then(|()| out.write_all(b"\n"));
            }
        };
        replay_with_progress(&mut session, &mut detector, &env, &mut sink)
    };
    if let Some(format) = options.profile
        && let Matcher::Interp(interpreter) = detector.matcher()
        && let Some(measured) = interpreter.measurements()
    {
        let profile = Profile::new(rules.set(), interpreter, measured, detector.counts());
        written = written.and(out.write_all(profile.render(format)?.as_bytes()));
    }
    written.and_then(|()| out.flush()).context("cannot write to standard output")?;
    let _ = write!(stderr(), "{}", replay::summary(rules.set(), detector.counts()));
    result.with_context(|| options.capture.display().to_string())
}

/// Steps, each of some events, between two looks at the progress.
const PROGRESS_STEPS: u32 = 1 << 12;

fn replay_with_progress(
    session: &mut Session,
    detector: &mut Detector<'_>,
    env: &Env,
    sink: &mut dyn FnMut(&[u8]),
) -> anyhow::Result<()> {
    if !stderr().is_terminal() {
        return Ok(replay::run(session, detector, env, sink)?);
    }
    session.listen(|code| detector.matcher().listens(code));
    let bar = session.progress().total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {binary_bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    let result = loop {
        let mut go_on = Ok(true);
        for _ in 0..PROGRESS_STEPS {
            go_on = session.step(&mut |event| detector.event(event, env, sink));
            if !matches!(go_on, Ok(true)) {
                break;
            }
        }
        bar.set_position(session.progress().consumed);
        match go_on {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    bar.finish_and_clear();
    result
}

/// Rules from text or from a compiled file.
enum Rules {
    Loaded(Box<Loaded>),
    Compiled(Box<CompiledFile>),
}

impl Rules {
    fn load(options: &Replay, switches: &[Selection]) -> anyhow::Result<Rules> {
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

    fn set(&self) -> &RuleSet {
        match self {
            Rules::Loaded(loaded) => &loaded.rules,
            Rules::Compiled(file) => &file.compiled.rules,
        }
    }

    fn program(&self) -> Program {
        match self {
            Rules::Loaded(loaded) => Program::new(&loaded.rules),
            Rules::Compiled(file) => file.compiled.program.clone(),
        }
    }

    fn matcher(&self, engine: EngineKind) -> anyhow::Result<Matcher> {
        Ok(match self {
            Rules::Loaded(loaded) => Matcher::new(engine, &loaded.rules)?,
            Rules::Compiled(file) => file.matcher(engine)?,
        })
    }
}

fn load_rules(options: &Replay, switches: &[Selection]) -> anyhow::Result<Loaded> {
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
fn rule_files(paths: &[impl AsRef<Path>]) -> anyhow::Result<Vec<PathBuf>> {
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

/// Seconds between UTC and the local time of now.
fn local_offset() -> i64 {
    i64::from(TimeZone::system().to_offset(jiff::Timestamp::now()).seconds())
}

/// `FALCO_HOSTNAME`, or the name of this machine.
fn hostname() -> String {
    std::env::var("FALCO_HOSTNAME")
        .unwrap_or_else(|_| rustix::system::uname().nodename().to_string_lossy().into_owned())
}
