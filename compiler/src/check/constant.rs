//! Constants: from the text of a rule to a value of the field's type.
//!
//! Numbers are read as `sscanf` reads them: white space before, a sign, digits, nothing behind; what does not
//! fit 64 bits becomes the largest value, what does not fit the type is cut to its width, and a negative
//! number of an unsigned type wraps. Texts are at most 255 bytes long and hold no NUL.

use super::events::is_event_name;
use super::operand::Info;
use super::{ErrorKind, regex_to_rust, services};
use crate::hir::{Const, Op};
use crate::syntax::ast::CheckOp;
use crate::syntax::lexer::hex_byte;
use peregrine_schema::{FieldId, Type};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest text or buffer, with the NUL that ends it in the reference engine.
const MAX_SIZE: usize = 256;

/// Why a text is no constant of the type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConstError {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

fn error(message: String) -> ConstError {
    ConstError { kind: ErrorKind::Other, message }
}

type Parsed = Result<Const, ConstError>;

/// Parses the constant `text` on the right of `op`, with `lhs` on the left.
pub(super) fn parse(op: CheckOp, lhs: &Info, text: &[u8]) -> Parsed {
    if matches!(op, CheckOp::Scalar(Op::Bcontains | Op::Bstartswith, _)) {
        return hex(text);
    }
    let raw_argument = lhs.field == Some(FieldId::EvtRawarg);
    let value = if lhs.ty == Type::Bytebuf && !raw_argument { buffer(text) } else { typed(lhs.ty, text) }?;
    match lhs.field {
        Some(FieldId::EvtType) => event_name(text)?,
        Some(FieldId::EvtAround) if !matches!(op, CheckOp::Scalar(Op::Eq, _)) => {
            return Err(error("evt.around supports only '=' comparison operator".into()));
        }
        _ => {}
    }
    if matches!(op, CheckOp::Scalar(Op::Regex, _)) {
        regex_to_rust(text).map_err(|message| error(format!("invalid regex pattern: {message}")))?;
    }
    Ok(value)
}

/// Constants of `evt.type` must be names of event types, whatever the operator.
fn event_name(text: &[u8]) -> Result<(), ConstError> {
    let known = std::str::from_utf8(text).is_ok_and(is_event_name);
    if known {
        return Ok(());
    }
    let message = format!("unknown event type {}", shown(text));
    Err(ConstError { kind: ErrorKind::UnknownEventType, message })
}

fn hex(text: &[u8]) -> Parsed {
    let pairs = text.chunks(2).map(hex_byte);
    let Some(bytes) = pairs.collect::<Option<Vec<u8>>>() else {
        let message = "filter error: bcontains and bstartswith operator support hex strings only";
        return Err(error(message.into()));
    };
    buffer(&bytes)
}

fn buffer(bytes: &[u8]) -> Parsed {
    if bytes.len() >= MAX_SIZE {
        return Err(error("filter parameter too long (byte buf)".into()));
    }
    Ok(Const::Bytes(bytes.to_vec()))
}

fn typed(ty: Type, bytes: &[u8]) -> Parsed {
    if bytes.contains(&0) {
        return Err(error("filter error: filter value cannot contain a NUL byte (\\x00)".into()));
    }
    if matches!(ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath) {
        return string(bytes);
    }
    // Of the other types no constant has anything but ASCII; what is lost here only shows in messages.
    let text = shown(bytes);
    let text = text.as_str();
    let signed = || parse_signed(text).ok_or_else(|| error(format!("{text} is not a valid number")));
    let unsigned = || parse_unsigned(text).ok_or_else(|| error(format!("{text} is not a valid number")));
    Ok(match ty {
        Type::Int8 => Const::Int(i64::from(signed()? as i8)),
        Type::Int16 => Const::Int(i64::from(signed()? as i16)),
        Type::Int32 | Type::Double => Const::Int(i64::from(signed()? as i32)),
        Type::Int64 | Type::Fd | Type::Errno | Type::Pid => Const::Int(signed()?),
        Type::Uint8 | Type::Flags8 | Type::Enumflags8 => Const::Uint(u64::from(unsigned()? as u8)),
        Type::Uint16 | Type::Flags16 | Type::Enumflags16 => Const::Uint(u64::from(unsigned()? as u16)),
        Type::Uint32 | Type::Flags32 | Type::Enumflags32 | Type::Mode | Type::Uid | Type::Gid => {
            Const::Uint(u64::from(unsigned()? as u32))
        }
        Type::Uint64 | Type::Reltime | Type::Abstime => Const::Uint(unsigned()?),
        Type::Port => port(text)?,
        Type::Bool => match text {
            "true" => Const::Bool(true),
            "false" => Const::Bool(false),
            _ => return Err(error(format!("filter error: unrecognized boolean value {text}"))),
        },
        Type::Ipaddr if text.contains('.') => ipv4(text)?,
        Type::Ipaddr => ipv6(text)?,
        Type::Ipnet if text.contains('.') => ipv4_net(text)?,
        Type::Ipnet => ipv6_net(text)?,
        _ => return Err(error(format!("wrong parameter type {}", ty as u8))),
    })
}

fn string(bytes: &[u8]) -> Parsed {
    let size = bytes.len() + 1;
    if size > MAX_SIZE {
        let message = format!("filter parameter too long (used={size}, available={MAX_SIZE}):{}", shown(bytes));
        return Err(error(message));
    }
    Ok(Const::Str(bytes.to_vec()))
}

fn port(text: &str) -> Parsed {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        if text.is_empty() {
            return Ok(Const::Uint(0));
        }
        // Beyond 31 bits the reference engine dies of an exception of its own.
        let number: i32 = text.parse().map_err(|_| error(format!("{text} is not a valid number")))?;
        return Ok(Const::Uint(u64::from(number as u16)));
    }
    match services::port(text) {
        Some(port) => Ok(Const::Uint(u64::from(port))),
        None => Err(error(format!("unrecognized protocol {text}"))),
    }
}

fn ipv4(text: &str) -> Parsed {
    let address: Ipv4Addr = text.parse().map_err(|_| error(format!("unrecognized IPv4 address {text}")))?;
    Ok(Const::Ip(address.octets().to_vec()))
}

fn ipv6(text: &str) -> Parsed {
    let address: Ipv6Addr = text.parse().map_err(|_| error(format!("unrecognized IPv6 address {text}")))?;
    Ok(Const::Ip(address.octets().to_vec()))
}

/// The prefix length as read from the text, cut to 8 bits.
fn prefix_len(text: &str) -> Result<u8, ConstError> {
    let line = text.split('\n').next().unwrap_or("");
    let number = parse_unsigned(line).ok_or_else(|| error(format!("{line} is not a valid number")))?;
    Ok(number as u8)
}

fn ipv4_net(text: &str) -> Parsed {
    let Some((address, mask)) = text.split_once('/') else {
        return Err(error(format!("unrecognized IP network {text}")));
    };
    let address: Ipv4Addr = address.parse().map_err(|_| error(format!("unrecognized IP address {text}")))?;
    let len = prefix_len(mask)?;
    if len > 32 {
        return Err(error(format!("invalid netmask {mask}")));
    }
    Ok(Const::Net(address.octets().to_vec(), len))
}

fn ipv6_net(text: &str) -> Parsed {
    let Some((address, mask)) = text.split_once('/') else {
        return Err(error(format!("invalid v6 netmask: {text}")));
    };
    let address: Ipv6Addr = address.parse().map_err(|_| error(format!("unrecognized IPv6 address {text}")))?;
    let len = prefix_len(mask)?;
    if len == 0 || len > 128 {
        return Err(error(format!("invalid v6 netmask {mask}")));
    }
    Ok(Const::Net(address.octets().to_vec(), len))
}

/// Bytes as text, for messages.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sign and magnitude of a decimal number; too large a magnitude is `None` inside.
fn decimal(text: &str) -> Option<(bool, Option<u64>)> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let negative = text.starts_with('-');
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((negative, digits.parse().ok()))
}

/// A signed number; beyond 64 bits the nearest one that fits.
pub(super) fn parse_signed(text: &str) -> Option<i64> {
    let (negative, magnitude) = decimal(text)?;
    let magnitude = magnitude.unwrap_or(u64::MAX);
    Some(match (negative, i64::try_from(magnitude)) {
        (false, magnitude) => magnitude.unwrap_or(i64::MAX),
        (true, magnitude) => magnitude.map_or(i64::MIN, |m| -m),
    })
}

/// An unsigned number; negative ones wrap, beyond 64 bits the largest one.
pub(super) fn parse_unsigned(text: &str) -> Option<u64> {
    let (negative, magnitude) = decimal(text)?;
    Some(match magnitude {
        None => u64::MAX,
        Some(magnitude) if negative => magnitude.wrapping_neg(),
        Some(magnitude) => magnitude,
    })
}
