//! The descriptors of a poll: `fdlist.*`, each a text with commas.

use super::EventView;
use super::bound::BoundField;
use super::net::{self, End};
use super::param::{self, NOT_AVAILABLE};
use super::text::Text;
use crate::state::Fd;
use peregrine_compiler::value::Value;
use peregrine_schema::FieldId;
use peregrine_schema::events::code;

/// Value of a field of the poll class.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField) -> Option<Value<'a>> {
    if !matches!(view.rec.code, code::POLL_X | code::PPOLL_X) {
        return None;
    }
    let list = view.rec.params.get(1)?;
    view.thread()?;
    let text = view.build(|out| {
        for (num, _) in param::fd_list(list) {
            let start = out.len();
            if start > 0 {
                out.push(b',');
            }
            if !push(out, field.id, num, view.fd(num)) {
                out.truncate(start);
            }
        }
    });
    (!text.is_empty()).then_some(Value::Str(text))
}

/// Appends one descriptor; `false` if it has no such part and is left out.
fn push(out: &mut Vec<u8>, id: FieldId, num: i64, fd: Option<&Fd>) -> bool {
    let source = || fd.and_then(net::ends).map(|(source, _)| source);
    let dest = || fd.and_then(net::ends).map(|(_, dest)| dest);
    match id {
        FieldId::FdlistNums => out.dec(num),
        FieldId::FdlistNames => out.bytes(fd.map(|fd| &fd.name[..]).filter(|n| !n.is_empty()).unwrap_or(NOT_AVAILABLE)),
        FieldId::FdlistCips => return push_end(source(), |end| out.ip(end.ip.bytes())),
        FieldId::FdlistSips => return push_end(dest().or_else(|| net::bound_end(fd?)), |end| out.ip(end.ip.bytes())),
        FieldId::FdlistCports => return push_end(source(), |end| out.udec(end.port.into())),
        FieldId::FdlistSports => return push_end(dest(), |end| out.udec(end.port.into())),
        _ => return false,
    }
    true
}

fn push_end(end: Option<End>, write: impl FnOnce(End)) -> bool {
    end.map(write).is_some()
}
