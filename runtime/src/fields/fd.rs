//! Fields of the descriptor an event works on: `fd.*`.
//!
//! All need an event that creates, uses or closes a descriptor, and a thread. The number, the type letter and the
//! name (for opening system calls, from the path) exist even if the descriptor is not known.

use super::EventView;
use super::bound::BoundField;
use super::files::{File, Files, Kind};
use super::net::{self, End};
use super::param;
use super::paths;
use super::text::Text;
use crate::state::{Fd, FdKind, L4, Role, Thread};
use peregrine_compiler::value::{FactsKey, Value};
use peregrine_schema::events::code;
use peregrine_schema::{EventFlags, FieldId};

const HANDLES_FD: EventFlags = EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD);

/// Value of a field of the descriptor class.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField) -> Option<Value<'a>> {
    use FieldId::*;
    if !view.event().flags.any(HANDLES_FD) {
        return None;
    }
    let thread = view.thread()?;
    let num = view.cur.fd.unwrap_or(-1);
    if field.id == FdNum {
        return Some(Value::Int(num));
    }
    let known = descriptor(view, num);
    match field.id {
        FdName => return Some(Value::Str(name(view, known)?)),
        FdNameraw => return Some(Value::Str(raw_name(view, known)?)),
        FdDirectory => return Some(Value::Str(directory(view, known)?)),
        FdContainername => return Some(in_container(view, thread, name(view, known)?)),
        FdContainerdirectory => return Some(in_container(view, thread, directory(view, known)?)),
        FdTypechar => return Some(Value::Str(type_char(view, known))),
        FdTypes => return types(view, thread, field),
        FdUid => {
            return Some(view.text(|out| {
                out.dec(thread.tid);
                out.dec(num);
            }));
        }
        _ => {}
    }
    let fd = known?;
    Some(match field.id {
        FdType => Value::Str(net::type_name(fd.kind)),
        FdFilename => Value::Str(file_name(fd)?),
        FdIp | FdNet => either_end(view, fd, |end| end.ip.value(view))?,
        FdPort | FdProto => either_end(view, fd, |end| Value::Uint(end.port.into()))?,
        FdCip | FdCnet => client(fd)?.ip.value(view),
        FdSip | FdSnet => server(fd)?.ip.value(view),
        FdLip | FdLnet => local(view, fd, true)?.ip.value(view),
        FdRip | FdRnet => local(view, fd, false)?.ip.value(view),
        FdCport => Value::Uint(client(fd)?.port.into()),
        FdSport => Value::Uint(server_port(fd)?.into()),
        FdLport => Value::Uint(local(view, fd, true)?.port.into()),
        FdRport => Value::Uint(local(view, fd, false)?.port.into()),
        FdCproto if fd.role == Role::None => return None,
        // Ports have no names here; what has a role but is no connection gives an empty text.
        FdCproto => protocol(view, client(fd)),
        FdSproto => {
            server_port(fd)?;
            protocol(view, net::ends(fd).map(|(_, server)| server))
        }
        FdLproto => protocol(view, Some(local(view, fd, true)?)),
        FdRproto => protocol(view, Some(local(view, fd, false)?)),
        FdL4proto => Value::Str(match fd.l4proto() {
            L4::Tcp => b"tcp",
            L4::Udp => b"udp",
            L4::Icmp => b"icmp",
            L4::Raw => b"raw",
            L4::Unknown | L4::Na => param::NOT_AVAILABLE,
        }),
        FdSockfamily if net::is_inet(fd) => Value::Str(b"ip"),
        FdSockfamily if fd.kind == FdKind::UnixSock => Value::Str(b"unix"),
        FdIsServer => Value::Bool(match net::ends(fd) {
            Some((_, dest)) => net::is_local(view, dest.ip),
            None => matches!(fd.kind, FdKind::Ipv4ServSock | FdKind::Ipv6ServSock),
        }),
        FdConnected => Value::Bool(fd.connected),
        FdNameChanged => Value::Bool(view.cur.fd_name_changed),
        FdDev => Value::Int(i64::from(fd.dev as i32)),
        FdDevMajor => Value::Int(i64::from((fd.dev & 0xfff00) >> 8)),
        FdDevMinor => Value::Int(i64::from(fd.dev & 0xff | fd.dev >> 12 & 0xfff00)),
        FdIno => Value::Int(fd.ino as i64),
        FdIsUpperLayer => Value::Bool(fd.upper_layer),
        FdIsLowerLayer => Value::Bool(fd.lower_layer),
        // Names of addresses are not looked up: what they are now says nothing about the time of the event.
        _ => return None,
    })
}

/// The descriptor of the event: as the state found it, else the one of that number after the event.
fn descriptor<'a>(view: &EventView<'a>, num: i64) -> Option<&'a Fd> {
    view.event_fd().or_else(|| view.fd(num))
}

/// The number of what decides the fields with `FILE`, if it can be told without putting a name together.
#[inline]
pub(super) fn file(view: &EventView<'_>, files: &mut Files) -> Option<FactsKey> {
    if !view.event().flags.any(HANDLES_FD) {
        return None;
    }
    let thread = view.thread()?;
    match descriptor(view, view.cur.fd.unwrap_or(-1)) {
        Some(fd) => files.of(fd),
        None => unopened(view, thread, files),
    }
}

/// The same for what could not be opened.
fn unopened<'a>(view: &EventView<'a>, thread: &'a Thread, files: &mut Files) -> Option<FactsKey> {
    if !matches!(view.rec.code, code::OPENAT_2_X | code::OPENAT2_X) {
        return None;
    }
    let raw = view.param_text(2).filter(|_| view.rec.params.get(2) != Some(b""))?;
    let name = match view.rec.params.int(1)? {
        _ if raw.starts_with(b"/") => b"",
        paths::AT_FDCWD => view.cwd(thread),
        _ => return None,
    };
    files.key(File { kind: Kind::Unopened(view.rec.code), name, raw, socket: None })
}

/// `fd.name`.
pub(super) fn event_name<'a>(view: &EventView<'a>) -> Option<&'a [u8]> {
    if !view.event().flags.any(HANDLES_FD) {
        return None;
    }
    view.thread()?;
    name(view, descriptor(view, view.cur.fd.unwrap_or(-1)))
}

fn name<'a>(view: &EventView<'a>, known: Option<&'a Fd>) -> Option<&'a [u8]> {
    match known {
        Some(fd) => Some(&fd.name),
        None => name_from_params(view, false),
    }
}

fn raw_name<'a>(view: &EventView<'a>, known: Option<&'a Fd>) -> Option<&'a [u8]> {
    let name = match known {
        Some(fd) => &fd.name_raw[..],
        None => name_from_params(view, true)?,
    };
    // Looked at as a whole: that is faster than a search for texts that are so short.
    let after = name.get(1..).unwrap_or_default();
    if !name.iter().zip(after).fold(false, |found, (a, b)| found | (*a == b'/' && *b == b'/')) {
        return Some(name);
    }
    Some(view.build(|out| {
        for byte in name {
            if *byte != b'/' || out.last() != Some(&b'/') {
                out.push(*byte);
            }
        }
    }))
}

/// What an unknown descriptor would be called: the path of an opening system call, the address of a connecting one.
/// Several fields ask for it: it is put together once per event.
fn name_from_params<'a>(view: &EventView<'a>, raw: bool) -> Option<&'a [u8]> {
    *view.names[usize::from(raw)].get_or_init(|| make_name_from_params(view, raw))
}

fn make_name_from_params<'a>(view: &EventView<'a>, raw: bool) -> Option<&'a [u8]> {
    if !view.event().is_exit() {
        return None;
    }
    match view.rec.code {
        code::OPEN_X | code::CREAT_X | code::ACCEPT_5_X | code::ACCEPT4_6_X | code::CONNECT_X
            if view.param_count() > 1 =>
        {
            Some(view.build(|out| param::render_best(view, 1, out)))
        }
        code::OPENAT_2_X | code::OPENAT2_X => {
            let path = view.param_text(2).filter(|_| view.rec.params.get(2) != Some(b""))?;
            if raw {
                return Some(path);
            }
            let dirfd = view.rec.params.int(1)?;
            if crate::state::paths::is_whole(path) {
                return Some(path);
            }
            Some(view.build(|out| paths::resolve(view, out, dirfd, path)))
        }
        code::OPEN_BY_HANDLE_AT_X => view.param_text(3),
        _ => Some(b""),
    }
}

/// The part of the name before the last slash, for files and unknown descriptors; the whole name of directories.
fn directory<'a>(view: &EventView<'a>, known: Option<&'a Fd>) -> Option<&'a [u8]> {
    let name = name(view, known)?;
    match known.map(|fd| fd.kind) {
        None | Some(FdKind::File | FdKind::FileV2) => Some(match memchr::memrchr(b'/', name) {
            None | Some(0) => b"/",
            Some(at) if at == name.len() - 1 => name,
            Some(at) => &name[..at],
        }),
        Some(FdKind::Directory) => Some(name),
        Some(_) => None,
    }
}

/// The part of a file's name behind the last slash.
fn file_name(fd: &Fd) -> Option<&[u8]> {
    if !matches!(fd.kind, FdKind::File | FdKind::FileV2) {
        return None;
    }
    Some(match memchr::memrchr(b'/', &fd.name) {
        None => b"/",
        Some(at) if at == fd.name.len() - 1 => &fd.name,
        Some(at) => &fd.name[at + 1..],
    })
}

fn in_container<'a>(view: &EventView<'a>, thread: &Thread, text: &[u8]) -> Value<'a> {
    view.text(|out| {
        out.bytes(&thread.image.container_id);
        out.push(b':');
        out.bytes(text);
    })
}

/// The letter of the type; of unknown descriptors, of what the event would create.
fn type_char(view: &EventView<'_>, known: Option<&Fd>) -> &'static [u8] {
    let letter = match known {
        Some(fd) => net::type_char(fd.kind),
        None => match view.rec.code | 1 {
            code::OPENAT_2_X | code::OPENAT2_X | code::CREAT_X => b'f',
            code::SOCKET_X | code::ACCEPT_5_X | code::ACCEPT4_6_X => b'4',
            code::PIPE_X | code::PIPE2_X => b'p',
            code::EVENTFD_X | code::EVENTFD2_X => b'e',
            code::SIGNALFD_X | code::SIGNALFD4_X => b's',
            code::TIMERFD_CREATE_X => b't',
            code::INOTIFY_INIT_X | code::INOTIFY_INIT1_X => b'i',
            _ => b'o',
        },
    };
    const LETTERS: &[u8; 128] = &{
        let mut letters = [0; 128];
        let mut i = 0;
        while i < letters.len() {
            letters[i] = i as u8;
            i += 1;
        }
        letters
    };
    std::slice::from_ref(&LETTERS[usize::from(letter) % LETTERS.len()])
}

/// Types of all descriptors of the process, each once, in order of the lowest number; with an index, of that one.
fn types<'a>(view: &EventView<'a>, thread: &'a Thread, field: &BoundField) -> Option<Value<'a>> {
    if let Some(num) = field.index() {
        let fd = view.fd(i64::try_from(num).ok()?)?;
        return Some(view.list([Value::Str(net::type_name(fd.kind))]));
    }
    let mut names: Vec<&'static [u8]> = Vec::new();
    for (_, fd) in view.state.threads.fds(thread)?.iter() {
        let name = net::type_name(fd.kind);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(view.list(names.into_iter().map(Value::Str)))
}

/// Both ends of a connection whatever the role, or the address of a server socket.
fn either_end<'a>(view: &EventView<'a>, fd: &Fd, part: impl Fn(&End) -> Value<'a>) -> Option<Value<'a>> {
    match net::ends(fd) {
        Some((source, dest)) => Some(view.list([part(&source), part(&dest)])),
        None => net::bound_end(fd).map(|end| view.list([part(&end)])),
    }
}

fn client(fd: &Fd) -> Option<End> {
    if fd.role == Role::None { None } else { net::ends(fd).map(|(client, _)| client) }
}

fn server(fd: &Fd) -> Option<End> {
    if fd.role == Role::None {
        return None;
    }
    net::ends(fd).map(|(_, server)| server).or_else(|| net::bound_end(fd))
}

/// Unlike the address, the port of a server socket does not need the role.
fn server_port(fd: &Fd) -> Option<u16> {
    server(fd).or_else(|| net::bound_end(fd)).map(|end| end.port)
}

/// The local or the remote end of a connection: the client is local if its address is the machine's.
fn local(view: &EventView<'_>, fd: &Fd, want_local: bool) -> Option<End> {
    let client_end = client(fd)?;
    let (_, server_end) = net::ends(fd)?;
    Some(if net::is_local(view, client_end.ip) == want_local { client_end } else { server_end })
}

fn protocol<'a>(view: &EventView<'a>, end: Option<End>) -> Value<'a> {
    match end {
        Some(end) => view.text(|out| out.udec(end.port.into())),
        None => Value::Str(b""),
    }
}
