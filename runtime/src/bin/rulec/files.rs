//! Rule files named on the command line.

use anyhow::{Context, Result, bail};
use clap::Args;
use peregrine_compiler::aot::Source;
use peregrine_compiler::load::{Loaded, Loader, MAX_FILE, Options};
use peregrine_compiler::report::text;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What the loader is told about the world.
#[derive(Debug, Args)]
pub(super) struct World {
    /// A further event source that rules may name
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// A loaded plugin, for required_plugin_versions (the container plugin is known)
    #[arg(long = "plugin", value_name = "NAME:VERSION", value_parser = plugin)]
    plugins: Vec<(String, String)>,
}

fn plugin(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, version)) if !name.is_empty() => Ok((name.to_owned(), version.to_owned())),
        _ => Err("expected NAME:VERSION".to_owned()),
    }
}

impl World {
    pub(super) fn options(&self) -> Options {
        let mut options = Options::default();
        options.sources.extend(self.sources.iter().cloned());
        options.plugins.extend(self.plugins.iter().cloned());
        options
    }
}

/// Loads files and the rule files of directories.
pub(super) fn load(world: &World, paths: &[PathBuf]) -> Result<Loaded> {
    Ok(load_with(world.options(), paths)?.0)
}

/// Loads files and the rule files of directories, and tells which.
pub(super) fn load_with(options: Options, paths: &[PathBuf]) -> Result<(Loaded, Vec<Source>)> {
    let mut loader = Loader::new(options);
    let mut sources = Vec::new();
    for path in paths {
        for file in rule_files(path)? {
            let bytes = read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.to_string_lossy();
            loader.add_file(&name, &bytes);
            sources.push(Source::new(&name, &bytes));
        }
    }
    Ok((loader.finish(), sources))
}

/// A file, or as much of it as the loader needs to refuse it.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file was refused; says why on standard error.
pub(super) fn refused(loaded: &Loaded) -> bool {
    let mut err = std::io::stderr().lock();
    for diagnostic in text::distinct(&loaded.results).filter(|d| d.is_error()) {
        // Nothing is left to be told if standard error is gone too.
        let _ = writeln!(err, "{}\n", text::render(diagnostic, &loaded.sources, super::colours(&err)));
    }
    !loaded.successful()
}

/// The file itself, or the `.yml` and `.yaml` files of a directory in the order of their names.
fn rule_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let file = entry.with_context(|| format!("cannot read {}", path.display()))?.path();
        let yaml = file.extension().is_some_and(|e| e == "yml" || e == "yaml");
        if yaml && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        bail!("{} holds no .yml or .yaml files", path.display());
    }
    files.sort();
    Ok(files)
}
