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

/// Text from outside for a terminal: control characters but the line break are shown instead of obeyed.
pub fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && c != '\n';
    if !text.contains(obeyed) {
        return text.into();
    }
    let shown = |c: char| if obeyed(c) { c.escape_default().to_string() } else { c.into() };
    text.chars().map(shown).collect::<String>().into()
}

#[cfg(test)]
mod tests;
