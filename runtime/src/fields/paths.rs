//! Directories that relative paths start from.

use super::EventView;
use super::text::Text;

/// The descriptor that stands for the current directory.
pub(super) const AT_FDCWD: i64 = -100;

/// Appends `path` joined to the directory `dir` and normalised.
pub(super) fn concatenate(out: &mut Vec<u8>, dir: &[u8], path: &[u8]) {
    out.bytes(&crate::state::paths::concatenate(dir, path));
}

/// Appends `path` joined to the directory of the descriptor `dirfd`; what is not known reads `<UNKNOWN>`.
pub(super) fn resolve(view: &EventView<'_>, out: &mut Vec<u8>, dirfd: i64, path: &[u8]) {
    if path.starts_with(b"/") {
        return concatenate(out, b".", path);
    }
    match (view.thread(), dirfd) {
        (Some(thread), AT_FDCWD) => concatenate(out, view.cwd(thread), path),
        (Some(_), _) => match view.fd(dirfd) {
            Some(fd) => concatenate(out, &with_slash(&fd.name), path),
            None => concatenate(out, b"<UNKNOWN>", path),
        },
        (None, _) => concatenate(out, b"<UNKNOWN>", path),
    }
}

/// A directory's name with a slash behind it; an empty name stays empty.
pub(super) fn with_slash(name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if name.is_empty() || name.ends_with(b"/") { b"" } else { b"/" };
    [name, slash].concat()
}
