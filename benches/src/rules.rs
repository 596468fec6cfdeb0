//! Rule sets to measure with.
//!
//! Without a choice of the user's: Peregrine's own rules (`own`) and, if `PEREGRINE_SHARED` names a folder, the
//! upstream ones: `stable` is `falco_rules.yaml`, `all` its three files of system call rules.

use anyhow::{Context as _, bail};
use peregrine_compiler::load::{Loaded, Loader, Options};
use std::path::{Path, PathBuf};

/// A named set of rule files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFiles {
    /// What it is called in results.
    pub name: String,
    /// In the order in which they are loaded.
    pub files: Vec<PathBuf>,
}

impl RuleFiles {
    /// Reads `NAME=FILE[,FILE...]`.
    pub fn parse(text: &str) -> Result<RuleFiles, String> {
        let (name, files) = text.split_once('=').ok_or("expected NAME=FILE[,FILE...]")?;
        Ok(RuleFiles { name: name.to_owned(), files: files.split(',').map(PathBuf::from).collect() })
    }

    /// The texts of the files.
    pub fn read(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let read = |file: &PathBuf| {
            let name = file.display().to_string();
            let bytes = std::fs::read(file).with_context(|| name.clone())?;
            Ok((name, bytes))
        };
        self.files.iter().map(read).collect()
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The own rules and the shared ones.
pub fn usual() -> Vec<RuleFiles> {
    let mut sets =
        vec![RuleFiles { name: "own".to_owned(), files: vec![repository().join("rules/peregrine_rules.yaml")] }];
    if let Some(shared) = peregrine_tests::shared::shared() {
        sets.extend(["stable", "all"].map(|name| RuleFiles {
            name: name.to_owned(),
            files: peregrine_tests::shared::upstream_rules(&shared, name),
        }));
    }
    sets
}

/// Loads texts of rule files. Any error is an error here.
pub fn load(texts: &[(String, Vec<u8>)]) -> anyhow::Result<Loaded> {
    let mut loader = Loader::new(Options::default());
    for (name, bytes) in texts {
        loader.add_file(name, bytes);
    }
    let loaded = loader.finish();
    for result in &loaded.results {
        if let Some(error) = result.errors.first() {
            bail!("{}: {}", result.name, error.message);
        }
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests {
    use super::RuleFiles;
    use std::path::PathBuf;

    #[test]
    fn sets_are_named() {
        let set = RuleFiles::parse("all=a.yaml,b/c.yaml").expect("as documented");
        assert_eq!(set.name, "all");
        assert_eq!(set.files, [PathBuf::from("a.yaml"), PathBuf::from("b/c.yaml")]);
        assert!(RuleFiles::parse("a.yaml").is_err());
    }
}
