//! What the loader has to say about rule files, and the forms in which it is printed.
//!
//! - [`codes`]: the kinds of errors and warnings, named as Falco names them;
//! - [`diagnostic`]: one error or warning with its places;
//! - [`text`]: for people, with the lines of the file; [`summary`]: Falco's one line per file;
//! - [`json`]: the object `falco -V` prints; [`sarif`]: for code review tools.
//!
//! Renderers only read: they do no I/O, and give the same text for the same input.

pub mod codes;
pub mod diagnostic;
pub mod json;
pub mod sarif;
pub mod snippet;
pub mod summary;
pub mod text;

pub use codes::{Code, Severity};
pub use diagnostic::{Diagnostic, ItemKind, Location, Related, Source, Sources, Spot};

#[cfg(test)]
mod tests;
