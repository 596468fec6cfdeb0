//! Fields of users and groups: `user.*`, `group.*`.

use super::EventView;
use super::bound::BoundField;
use super::containers;
use super::param::NOT_AVAILABLE;
use crate::state::Thread;
use crate::state::users::{Group, User};
use peregrine_compiler::value::Value;
use peregrine_schema::FieldId;

const ROOT: u32 = 0;

/// A user as the thread's container, or the host, knows it.
pub(super) fn user<'a>(view: &EventView<'a>, thread: &Thread, uid: u32) -> Option<&'a User> {
    view.state.users.user(&thread.image.container_id, uid)
}

/// A group as the thread's container, or the host, knows it.
pub(super) fn group<'a>(view: &EventView<'a>, thread: &Thread, gid: u32) -> Option<&'a Group> {
    view.state.users.group(&thread.image.container_id, gid)
}

/// Value of a field of the classes for users and groups.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField) -> Option<Value<'a>> {
    let thread = view.thread()?;
    let known = user(view, thread, thread.uid);
    let login = || user(view, thread, thread.loginuid);
    Some(match field.id {
        FieldId::UserUid => Value::Uint(thread.uid.into()),
        FieldId::UserName => {
            let announced = containers::announced_user(view, thread);
            Value::Str(announced.unwrap_or_else(|| or_root(known.map(|u| &u.name[..]), thread.uid, b"root")))
        }
        FieldId::UserHomedir => Value::Str(or_root(known.map(|u| &u.home[..]), thread.uid, b"/root")),
        FieldId::UserShell => Value::Str(known.map_or(NOT_AVAILABLE, |u| &u.shell)),
        // Unset is -1, as audit tools have it.
        FieldId::UserLoginuid if thread.loginuid == u32::MAX => Value::Int(-1),
        FieldId::UserLoginuid => Value::Int(thread.loginuid.into()),
        FieldId::UserLoginname => Value::Str(or_root(login().map(|u| &u.name[..]), thread.loginuid, b"root")),
        FieldId::GroupGid => Value::Uint(thread.gid.into()),
        FieldId::GroupName => {
            let known = group(view, thread, thread.gid);
            Value::Str(or_root(known.map(|g| &g.name[..]), thread.gid, b"root"))
        }
        _ => return None,
    })
}

/// What is known, else what everybody knows of the superuser.
fn or_root<'a>(known: Option<&'a [u8]>, id: u32, root: &'a [u8]) -> &'a [u8] {
    known.unwrap_or(if id == ROOT { root } else { NOT_AVAILABLE })
}
