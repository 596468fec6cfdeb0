//! Which operators a type takes, and which computed right sides a left side takes.

use super::operand::Info;
use crate::hir::{ListOp, Modifier, Op};
use crate::syntax::ast::CheckOp;
use crate::syntax::print::{list_op_name, op_name};
use peregrine_schema::{FieldFlags, Type};

/// Groups of types that take the same operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Numeric,
    Bool,
    Text,
    Buffer,
    Address,
    None,
}

fn group(ty: Type) -> Group {
    match ty {
        Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => Group::Numeric,
        Type::Uint8 | Type::Uint16 | Type::Uint32 | Type::Uint64 => Group::Numeric,
        Type::Errno | Type::Fd | Type::Pid | Type::SyscallId | Type::Sigtype => Group::Numeric,
        Type::Reltime | Type::Abstime | Type::Port | Type::Double | Type::Mode => Group::Numeric,
        Type::Flags8 | Type::Flags16 | Type::Flags32 => Group::Numeric,
        Type::Enumflags8 | Type::Enumflags16 | Type::Enumflags32 => Group::Numeric,
        Type::Bool => Group::Bool,
        Type::Charbuf | Type::Fspath | Type::Fsrelpath => Group::Text,
        Type::Bytebuf => Group::Buffer,
        Type::Ipv4addr | Type::Ipv6addr | Type::Ipaddr => Group::Address,
        Type::Ipv4net | Type::Ipv6net | Type::Ipnet => Group::Address,
        // Among them user and group ids. `evt.rawarg.uid` and `gid` get by as the plain numbers they were in
        // old events.
        _ => Group::None,
    }
}

/// Whether a list of this type can be tested.
fn list_of(ty: Type) -> bool {
    matches!(ty, Type::Charbuf | Type::Uint64 | Type::Reltime | Type::Abstime | Type::Bool | Type::Ipaddr | Type::Ipnet)
}

/// Whether the operator may be used on the left side.
pub(super) fn operator(op: CheckOp, lhs: &Info) -> Result<(), String> {
    if op == CheckOp::Exists {
        return Ok(());
    }
    let name = bare_name(op);
    if lhs.list {
        let fits = matches!(op, CheckOp::List(ListOp::In | ListOp::Intersects));
        return match (list_of(lhs.ty), fits) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("'{name}' operator not supported list filters")),
            (false, _) => Err(format!("list filters are not supported for type '{}'", lhs.ty.name())),
        };
    }
    let kind = group(lhs.ty);
    if takes(kind, op) {
        return Ok(());
    }
    Err(match (kind, op) {
        (Group::Numeric | Group::Bool, _) => format!("'{name}' operator not supported for numeric filters"),
        (Group::Text, _) => format!("'{name}' operator not supported for string filters"),
        (Group::Buffer, _) => format!("'{name}' operator not supported for buffer filters"),
        (Group::Address, CheckOp::Scalar(_, Some(_))) => {
            format!("'{name}' with modifier not supported for ip address and network filters")
        }
        (Group::Address, _) => format!("'{name}' operator not supported for ip address and network filters"),
        (Group::None, _) => format!("'{name}' operator not supported for type '{}'", lhs.ty.name()),
    })
}

fn takes(group: Group, op: CheckOp) -> bool {
    use Op::{Bcontains, Bstartswith, Contains, Endswith, Eq, Ge, Gt, Le, Lt, Ne, Startswith};
    match op {
        CheckOp::Exists => true,
        CheckOp::List(ListOp::Pmatch) => group == Group::Text,
        CheckOp::List(ListOp::In | ListOp::Intersects) => group != Group::None,
        CheckOp::Scalar(op, _) => match group {
            Group::Numeric => matches!(op, Eq | Ne | Lt | Le | Gt | Ge),
            Group::Bool | Group::Address => matches!(op, Eq | Ne),
            Group::Text => !matches!(op, Bcontains | Bstartswith),
            Group::Buffer => matches!(op, Eq | Ne | Contains | Startswith | Endswith | Bcontains | Bstartswith),
            Group::None => false,
        },
    }
}

/// Name of the operator without its modifier.
fn bare_name(op: CheckOp) -> &'static str {
    match op {
        CheckOp::Exists => "exists",
        CheckOp::Scalar(op, _) => op_name(op),
        CheckOp::List(op) => list_op_name(op),
    }
}

/// Whether the right side may be compared with the left side; both are fields or transformers.
pub(super) fn right_side(op: CheckOp, lhs: &Info, rhs: &Info) -> Result<(), String> {
    let refused = match op {
        CheckOp::List(ListOp::Pmatch) => Some("PMATCH"),
        CheckOp::Scalar(Op::Regex, None::<Modifier>) => Some("REGEX"),
        _ => None,
    };
    if let Some(name) = refused {
        return Err(format!("operator '{name}' doesn't support right-hand side fields"));
    }
    if matches!(lhs.ty, Type::Ipnet | Type::Ipv4net | Type::Ipv6net) {
        return Err("field type 'IPNET' doesn't support right-hand side fields".into());
    }
    if lhs.flags.has(FieldFlags::NO_RHS) {
        return Err(format!("field '{}' doesn't support right-hand side fields", lhs.name));
    }
    if rhs.flags.has(FieldFlags::NO_RHS) {
        return Err(format!("field '{}' can't be used as a right-hand side field", rhs.name));
    }
    if (lhs.ty, lhs.list) != (rhs.ty, rhs.list) {
        let list = |info: &Info| if info.list { " (list)" } else { "" };
        return Err(format!(
            "field '{}' has type '{}{}' while the right-hand side field '{}' has incompatible type '{}{}'",
            lhs.name,
            lhs.ty.name(),
            list(lhs),
            rhs.name,
            rhs.ty.name(),
            list(rhs)
        ));
    }
    Ok(())
}
