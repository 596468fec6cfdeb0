//! Compiled rule files (`rulec build`): opened, checked, mapped.
//!
//! The file's code is mapped from the file itself, so that this works where memory may not be made executable. Like a
//! program, such a file decides what the process does: one that others than its owner may write is refused.

use crate::sys::map;
use peregrine_compiler::aot::{self, Compiled, ReadError, Source};
use peregrine_compiler::backend::EngineKind;
use peregrine_compiler::backend::Matcher;
use peregrine_compiler::backend::interp::Interpreter;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// An open compiled file.
#[derive(Debug)]
pub struct CompiledFile {
    path: PathBuf,
    file: File,
    /// What it holds.
    pub compiled: Compiled,
}

/// Why a compiled file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CompiledError {
    /// It cannot be read or mapped.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// It is not right.
    #[error("{}: {error}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ReadError,
    },
    /// Others may change it.
    #[error("{}: others than its owner may write the file, and its code would be run; `chmod go-w` it", .0.display())]
    Writable(PathBuf),
    /// A rule file has changed since it was built.
    #[error("{}: built from another version of {name}; build it again with `rulec build`", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// The rule file.
        name: String,
    },
}

/// Whether a file begins as a compiled file does.
pub fn is_compiled(path: &Path) -> bool {
    let mut start = [0; aot::MAGIC.len()];
    File::open(path).and_then(|mut f| f.read_exact(&mut start)).is_ok() && aot::is_compiled(&start)
}

impl CompiledFile {
    /// Opens and checks a file.
    pub fn open(path: &Path) -> Result<CompiledFile, CompiledError> {
        let io = |error| CompiledError::Io { path: path.to_owned(), error };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.permissions().mode() & 0o022 != 0 {
            return Err(CompiledError::Writable(path.to_owned()));
        }
        let bytes = map::map_file(&file).map_err(io)?;
        let compiled = aot::read(&bytes).map_err(|error| CompiledError::Refused { path: path.to_owned(), error })?;
        Ok(CompiledFile { path: path.to_owned(), file, compiled })
    }

    /// Checks that it was built from these versions of rule files; they are told apart by name.
    pub fn built_from(&self, sources: &[Source]) -> Result<(), CompiledError> {
        let known = &self.compiled.sources;
        match sources.iter().find(|source| !known.contains(source)) {
            Some(stale) => Err(CompiledError::Stale { path: self.path.clone(), name: stale.name.clone() }),
            None => Ok(()),
        }
    }

    /// A matcher for its rules.
    pub fn matcher(&self, engine: EngineKind) -> Result<Matcher, CompiledError> {
        Ok(match engine {
            EngineKind::Jit => Matcher::Jit(
                map::map_compiled(&self.file, &self.compiled)
                    .map_err(|error| CompiledError::Io { path: self.path.clone(), error })?,
            ),
            EngineKind::Interp => {
                Matcher::Interp(Interpreter::new(&self.compiled.rules, self.compiled.program.clone()))
            }
            EngineKind::Oracle => Matcher::Oracle(self.compiled.rules.clone()),
        })
    }
}
