//! Paths that system calls act on: `fs.path.*`.
//!
//! | event | name | source | target |
//! |---|---|---|---|
//! | mkdir(at), rmdir, unlink(at), (l)chown, fchownat, (f)chmod(at), umount(2), quotactl, open(at)(2) | path | | |
//! | fchmod, fchown | `fd.name` | | |
//! | rename(at)(2), mount | | first path | second path |
//! | link(at), symlink(at) | | the new name | what it points to |
//!
//! Only for calls that returned 0; for the opening ones the descriptor must not be -1, whatever else it is.

use super::EventView;
use super::bound::BoundField;
use super::paths;
use crate::state::FdKind;
use peregrine_compiler::value::Value;
use peregrine_schema::FieldId;
use peregrine_schema::events::code;

/// Which of the paths.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Name,
    Source,
    Target,
}

/// Value of a field of the path class.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField) -> Option<Value<'a>> {
    let (which, raw) = match field.id {
        FieldId::FsPathName => (Which::Name, false),
        FieldId::FsPathNameraw => (Which::Name, true),
        FieldId::FsPathSource => (Which::Source, false),
        FieldId::FsPathSourceraw => (Which::Source, true),
        FieldId::FsPathTarget => (Which::Target, false),
        FieldId::FsPathTargetraw => (Which::Target, true),
        _ => return None,
    };
    if !succeeded(view)? {
        return None;
    }
    let path = raw_path(view, which)?;
    if raw {
        return Some(Value::Str(path));
    }
    let thread = view.thread()?;
    Some(view.text(|out| {
        if path.starts_with(b"/") {
            return paths::concatenate(out, b"", path);
        }
        match view.rec.code {
            // The descriptor's name has been resolved when it was opened.
            code::OPENAT_2_X | code::OPENAT2_X => {
                paths::concatenate(out, b"", view.event_fd().map_or(b"<UNKNOWN>", |fd| &fd.name));
            }
            code::FCHOWNAT_X | code::FCHMODAT_X | code::MKDIRAT_X | code::UNLINKAT_2_X => {
                paths::concatenate(out, &event_directory(view), path);
            }
            code::SYMLINKAT_X if which == Which::Source => paths::concatenate(out, &event_directory(view), path),
            code::SYMLINKAT_X => paths::concatenate(out, b"<UNKNOWN>", path),
            code::RENAMEAT2_X => {
                let dirfd = view.rec.params.int(if which == Which::Target { 3 } else { 1 });
                paths::resolve(view, out, dirfd.unwrap_or(-1), path);
            }
            _ => paths::concatenate(out, view.cwd(thread), path),
        }
    }))
}

fn succeeded(view: &EventView<'_>) -> Option<bool> {
    let result = view.rec.params.int(0)?;
    Some(match view.rec.code {
        code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X => result != -1,
        _ => result == 0,
    })
}

/// The path as given to the system call.
fn raw_path<'a>(view: &EventView<'a>, which: Which) -> Option<&'a [u8]> {
    let names = match view.rec.code {
        code::MKDIR_2_X | code::MKDIRAT_X | code::RMDIR_2_X | code::UNLINK_2_X | code::CHOWN_X | code::LCHOWN_X => {
            ["path", "", ""]
        }
        code::UNLINKAT_2_X | code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X | code::UMOUNT_1_X | code::UMOUNT2_X => {
            ["name", "", ""]
        }
        code::FCHMODAT_X | code::CHMOD_X => ["filename", "", ""],
        code::FCHOWNAT_X => ["pathname", "", ""],
        code::QUOTACTL_X => ["special", "", ""],
        code::FCHMOD_X | code::FCHOWN_X if which == Which::Name => return super::fd::event_name(view),
        code::RENAME_X | code::RENAMEAT_X | code::RENAMEAT2_X => ["", "oldpath", "newpath"],
        code::LINK_2_X | code::LINKAT_2_X => ["", "newpath", "oldpath"],
        code::SYMLINK_X | code::SYMLINKAT_X => ["", "linkpath", "target"],
        code::MOUNT_X => ["", "dev", "dir"],
        _ => return None,
    };
    view.param_text(view.event().param(names[which as usize])?)
}

/// The directory the event's descriptor stands for, with a slash behind it; the current directory does not count.
fn event_directory(view: &EventView<'_>) -> Vec<u8> {
    match view.event_fd() {
        Some(fd) if fd.kind == FdKind::Directory => paths::with_slash(&fd.name),
        _ => b"<UNKNOWN>".to_vec(),
    }
}
