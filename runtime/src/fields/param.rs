//! Parameters of an event: typed values (`evt.rawarg`) and text (`evt.arg`, `evt.args`).
//!
//! A parameter has a raw text (`-2`, `65`, `data/x`) and, for some types and values, a resolved one (`ENOENT`,
//! `O_RDONLY|O_CLOEXEC`, `/srv/data/x`). Descriptors, users and paths are resolved with the state after the
//! event. An empty text parameter reads `<NA>`, other empty parameters print `<NA>` or `NULL` by type and have
//! no value.

use super::EventView;
use super::names;
use super::net;
use super::paths::{AT_FDCWD, concatenate, with_slash};
use super::text::{self, Text};
use super::time;
use super::users;
use crate::record::Params;
use crate::state::net::{SockAddr, SockTuple, family};
use crate::state::{L4, Thread};
use peregrine_compiler::value::Value;
use peregrine_schema::derived::Reading;
use peregrine_schema::{Format, Param, Type, syscalls};

/// Text of an empty text parameter.
pub(super) const NOT_AVAILABLE: &[u8] = b"<NA>";

/// A text parameter: `<NA>` if empty or recorded as `(NULL)` by old writers, otherwise up to the first NUL.
pub(super) fn text(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.is_empty() || bytes == b"(NULL)\0" {
        return Some(NOT_AVAILABLE);
    }
    Some(&bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())])
}

/// Whether an empty parameter of this type prints as zero.
pub(super) fn is_number(ty: Type) -> bool {
    use Type::*;
    !matches!(ty, None | Bytebuf | Sockaddr | Socktuple | Fdlist | Dyn | Charbufarray | CharbufPairArray | Sigset)
        && !is_text(ty)
}

/// A parameter whose text depends on its number and the type of the event alone.
pub(super) fn flags_of(view: &EventView<'_>, index: usize) -> Option<u32> {
    use Type::*;
    let param = view.event().params.get(index)?;
    let flags = matches!(param.ty, Flags8 | Flags16 | Flags32 | Enumflags8 | Enumflags16 | Enumflags32 | Mode);
    flags.then(|| view.rec.params.uint(index)).flatten().and_then(|n| u32::try_from(n).ok())
}

fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath)
}

/// Value of parameter `index` by its type.
pub(super) fn typed<'a>(view: &EventView<'a>, index: usize) -> Option<Value<'a>> {
    use Type::*;
    let param = view.event().params.get(index)?;
    let params = &view.rec.params;
    let bytes = params.get(index)?;
    match param.ty {
        Charbuf | Fspath | Fsrelpath => text(bytes).map(Value::Str),
        _ if bytes.is_empty() => Option::None,
        Bool => params.uint(index).map(|v| Value::Bool(v != 0)),
        Double => params.uint(index).map(|v| Value::Double(f64::from_bits(v))),
        Ipv4addr | Ipv6addr | Ipaddr | Ipv4net | Ipv6net | Ipnet => Some(Value::Ip(bytes)),
        Bytebuf | Sockaddr | Socktuple | Fdlist | Dyn | Charbufarray | CharbufPairArray => Some(Value::Bytes(bytes)),
        ty => match ty.reading()? {
            Reading::Signed => params.int(index).map(Value::Int),
            _ => params.uint(index).map(Value::Uint),
        },
    }
}

/// Appends the raw and the resolved text of parameter `index`, which the event must have.
pub(super) fn render(view: &EventView<'_>, index: usize, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
    let Some(param) = view.event().params.get(index) else { return };
    let bytes = view.rec.params.get(index).unwrap_or_default();
    if bytes.is_empty() && !is_text(param.ty) {
        use Type::*;
        let null = matches!(param.ty, Bytebuf | Socktuple | Fdlist | Charbufarray | CharbufPairArray | Dyn);
        return raw.bytes(if null { b"NULL" } else { NOT_AVAILABLE });
    }
    match param.ty {
        Type::Dyn => {
            match bytes.split_first().and_then(|(row, rest)| Some((param.dynamic.get(usize::from(*row))?, rest))) {
                Some((inner, rest)) => Renderer { view, param, ty: inner.ty, bytes: rest }.render(raw, resolved),
                None => raw.bytes(b"INVALID DYNAMIC PARAMETER"),
            }
        }
        ty => Renderer { view, param, ty, bytes }.render(raw, resolved),
    }
}

/// Appends the resolved text of a parameter, or the raw text if nothing is resolved.
pub(super) fn render_best(view: &EventView<'_>, index: usize, out: &mut Vec<u8>) {
    let mut resolved = view.env.take_buffer();
    let start = out.len();
    render(view, index, out, &mut resolved);
    if !resolved.is_empty() {
        out.truncate(start);
        out.bytes(&resolved);
    }
    view.env.give_back(resolved);
}

/// A byte buffer in the configured form.
pub(super) fn buffer(view: &EventView<'_>, bytes: &[u8], out: &mut Vec<u8>) {
    if view.env.base64 { text::base64(out, bytes) } else { text::dots(out, bytes) }
}

/// Longest printed buffer that is not cut; of a longer one, a byte less is left.
const LONGEST_BUFFER: usize = 1022;

/// Cuts a printed buffer that begins at `start`.
pub(super) fn cut_buffer(out: &mut Vec<u8>, start: usize) {
    if out.len() - start > LONGEST_BUFFER {
        out.truncate(start + LONGEST_BUFFER - 1);
    }
}

/// A parameter being rendered. `ty` is that of the value, for dynamic parameters not that of `param`, which
/// decides the number format and the flag names all the same.
struct Renderer<'v, 'a> {
    view: &'v EventView<'a>,
    param: &'static Param,
    ty: Type,
    bytes: &'v [u8],
}

impl<'a> Renderer<'_, 'a> {
    fn uint(&self) -> u64 {
        Params::new(&(self.bytes.len() as u16).to_le_bytes(), self.bytes, 2).uint(0).unwrap_or(0)
    }

    fn int(&self) -> i64 {
        Params::new(&(self.bytes.len() as u16).to_le_bytes(), self.bytes, 2).int(0).unwrap_or(0)
    }

    fn render(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        use Type::*;
        match self.ty {
            // Numbers below 64 bits are printed as C's int, so unsigned 32-bit ones may come out negative.
            Int8 | Int16 | Int32 => self.number(raw, self.int(), self.int() as u32 as u64),
            Uint8 | Uint16 | Uint32 => self.number(raw, i64::from(self.uint() as i32), self.uint()),
            Int64 | Uint64 => self.number(raw, self.int(), self.int() as u64),
            Errno => {
                raw.dec(self.int());
                resolved.bytes(names::errno(self.int()).unwrap_or_default().as_bytes());
            }
            Fd | Fd32 => self.descriptor(raw, resolved),
            Pid | Pid32 => {
                raw.dec(self.int());
                if let Some(thread) = self.view.state.threads.get(self.int()) {
                    resolved.bytes(&thread.image.comm);
                }
            }
            Charbuf => raw.bytes(text(self.bytes).unwrap_or_default()),
            Fspath | Fsrelpath => self.path(raw, resolved),
            Bytebuf => buffer(self.view, self.bytes, raw),
            Sockaddr => self.socket(raw, SockAddr::parse(self.bytes).map(SockAddr::text), b"SOCKADDR"),
            Socktuple => self.socket(raw, SockTuple::parse(self.bytes).map(SockTuple::text), b"SOCKTUPLE"),
            Fdlist => self.descriptors(raw),
            SyscallId => {
                raw.udec(self.uint());
                let name = u16::try_from(self.uint()).ok().and_then(syscalls::syscall_name);
                resolved.bytes(name.unwrap_or_default().as_bytes());
            }
            Sigtype => {
                raw.udec(self.uint());
                resolved.bytes(names::signal(self.uint() as u8).unwrap_or_default().as_bytes());
            }
            Reltime if self.uint() == u64::MAX => raw.bytes(b"none"),
            Reltime => {
                raw.udec(self.uint());
                text::six_digits(resolved, self.uint() as f64 / 1e9);
                resolved.push(b's');
            }
            // Unlike the time of the event, with the zone's offset of that time.
            Abstime => time::local(raw, self.uint(), self.view.env.offset_at(self.uint()), true, true),
            Flags8 | Flags16 | Flags32 => self.flags(raw, resolved),
            Enumflags8 | Enumflags16 | Enumflags32 => self.enumeration(raw, resolved),
            Mode => self.mode(raw, resolved),
            Uid => self.owner(raw, resolved, |thread, id| users::user(self.view, thread, id).map(|u| &u.name[..])),
            Gid => self.owner(raw, resolved, |thread, id| users::group(self.view, thread, id).map(|g| &g.name[..])),
            Sigset => self.signals(raw),
            None | Port | L4proto | Sockfamily | Bool | Ipv4addr | Double | Charbufarray | CharbufPairArray
            | Ipv4net | Ipv6addr | Ipv6net | Ipaddr | Ipnet | Dyn => raw.bytes(b"(n.a.)"),
        }
    }

    fn number(&self, out: &mut Vec<u8>, decimal: i64, bits: u64) {
        match self.param.format {
            Format::Oct if bits == 0 => out.push(b'0'),
            Format::Oct => out.fmt(format_args!("0{bits:o}")),
            Format::Hex => out.fmt(format_args!("{bits:X}")),
            Format::PaddedDec => out.fmt(format_args!("{decimal:09}")),
            Format::Na | Format::Dec | Format::Id | Format::Dir => out.dec(decimal),
        }
    }

    fn descriptor(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        let num = self.int();
        raw.dec(num);
        if self.view.thread().is_none() {
            return;
        }
        if num == AT_FDCWD {
            resolved.bytes(b"AT_FDCWD");
        } else if num < 0 {
            resolved.bytes(names::errno(num).unwrap_or_default().as_bytes());
        } else if let Some(fd) = self.view.fd(num) {
            resolved.push(b'<');
            resolved.push(net::type_char(fd.kind));
            if net::is_inet(fd) {
                match fd.l4proto() {
                    L4::Tcp => resolved.push(b't'),
                    L4::Udp => resolved.push(b'u'),
                    L4::Icmp => resolved.push(b'i'),
                    L4::Raw => resolved.push(b'r'),
                    L4::Unknown | L4::Na => {}
                }
            }
            resolved.push(b'>');
            resolved.bytes(&fd.name);
        }
    }

    /// The path as given; if relative, also joined with the directory it starts from.
    fn path(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        let path = text(self.bytes).unwrap_or_default();
        raw.bytes(path);
        let Some(thread) = self.view.thread() else { return };
        if path.is_empty() || path == NOT_AVAILABLE || path[0] == b'/' {
            return;
        }
        let dirfd = match self.param.dirfd.map(usize::from) {
            Some(index) if self.view.event().params.get(index).is_some_and(|p| p.ty == Type::Fd) => {
                self.view.rec.params.int(index)
            }
            _ => None,
        };
        match dirfd {
            None | Some(AT_FDCWD) => concatenate(resolved, self.view.cwd(thread), path),
            Some(num) => {
                let directory = self.view.fd(num).map_or(&b""[..], |fd| &fd.name);
                concatenate(resolved, &with_slash(directory), path);
            }
        }
    }

    fn socket(&self, out: &mut Vec<u8>, text: Option<Vec<u8>>, kind: &[u8]) {
        match (text, self.bytes.first()) {
            (Some(text), _) => out.bytes(&text),
            (None, Some(&family::UNIX)) => out.bytes(b"INVALID PATH"),
            (None, Some(&family::INET)) => out.bytes(b"INVALID IPv4"),
            (None, Some(&family::INET6)) => out.bytes(b"INVALID IPv6"),
            (None, _) => {
                out.bytes(b"INVALID ");
                out.bytes(kind);
            }
        }
    }

    /// `fd:<type><events>` of each member of a poll list.
    fn descriptors(&self, out: &mut Vec<u8>) {
        if self.view.thread().is_none() {
            return;
        }
        for (i, (num, events)) in fd_list(self.bytes).enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            let kind = self.view.fd(num).map_or('?', |fd| char::from(net::type_char(fd.kind)));
            out.fmt(format_args!("{}:{kind}{:x}", num as u64, i32::from(events)));
        }
    }

    /// Names of all bits set, in table order; names whose bits an earlier one took are left out.
    fn flags(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        let all = self.uint() as u32;
        let mut left = all;
        raw.udec(all.into());
        for flag in self.param.flags {
            let matches = match flag.value {
                0 => all == 0,
                bits => left & bits == bits,
            };
            if matches {
                left &= !flag.value;
                push_name(resolved, flag.name);
                if flag.value == all {
                    break;
                }
            }
        }
    }

    /// All names of the value.
    fn enumeration(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        let value = self.uint() as u32;
        raw.udec(value.into());
        for flag in self.param.flags.iter().filter(|f| f.value == value) {
            push_name(resolved, flag.name);
        }
    }

    /// Names of all bits set up to a name that is the whole value.
    fn mode(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>) {
        let all = self.uint() as u32;
        let mut left = all;
        self.number(raw, i64::from(all as i32), all.into());
        for flag in self.param.flags {
            if flag.value == all {
                return push_name(resolved, flag.name);
            }
            if flag.value != 0 && left & flag.value == flag.value {
                left &= !flag.value;
                push_name(resolved, flag.name);
            }
        }
    }

    fn owner(&self, raw: &mut Vec<u8>, resolved: &mut Vec<u8>, name: impl Fn(&'a Thread, u32) -> Option<&'a [u8]>) {
        let id = self.uint() as u32;
        // Printed as C's int.
        raw.dec(i64::from(id as i32));
        if id == u32::MAX {
            return resolved.bytes(b"<NONE>");
        }
        let name = self.view.thread().and_then(|thread| name(thread, id));
        resolved.bytes(name.filter(|n| !n.is_empty()).unwrap_or(NOT_AVAILABLE));
    }

    fn signals(&self, out: &mut Vec<u8>) {
        let set = self.uint() as u32;
        let names = (0..32).filter(|bit| set >> bit & 1 == 1).filter_map(|bit| names::signal(bit as u8 + 1));
        out.joined(names.map(str::as_bytes), b" ");
    }
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    if !out.is_empty() {
        out.push(b'|');
    }
    out.bytes(name.as_bytes());
}

/// Members of a poll list: descriptor and events.
pub(super) fn fd_list(bytes: &[u8]) -> impl Iterator<Item = (i64, i16)> {
    let (count, members) = bytes.split_at_checked(2).unwrap_or_default();
    let count = <[u8; 2]>::try_from(count).map_or(0, u16::from_le_bytes);
    members.chunks_exact(10).take(usize::from(count)).map(|member| {
        let (num, events) = member.split_at(8);
        (
            i64::from_le_bytes(num.try_into().expect("eight bytes")),
            i16::from_le_bytes(events.try_into().expect("two bytes")),
        )
    })
}
