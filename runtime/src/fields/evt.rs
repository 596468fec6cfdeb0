//! Fields of the event itself: `evt.*`, `syscall.type`, `util.cnt`.

use super::bound::{BoundArg, BoundField};
use super::param;
use super::paths;
use super::text::Text;
use super::time;
use super::{EventView, Purpose};
use crate::state::{Fd, FdKind};
use peregrine_compiler::value::Value;
use peregrine_schema::derived::{self, open_flag::*};
use peregrine_schema::events::code;
use peregrine_schema::{Category, EventFlags, FieldId, Origin, syscalls};

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Bits of modes that allow execution, as recorded.
const S_IXUGO: u64 = 0x40 | 0x8 | 0x1;

/// Value of a field of the classes for all events and for system calls.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField, purpose: Purpose) -> Option<Value<'a>> {
    use FieldId::*;
    let ts = view.rec.ts;
    let event = view.event();
    let flags = event.flags;
    Some(match field.id {
        EvtNum => Value::Uint(view.num),
        EvtTime => local_time(view, false, true),
        EvtTimeS => local_time(view, false, false),
        EvtDatetime => local_time(view, true, true),
        EvtDatetimeS => local_time(view, true, false),
        EvtTimeIso8601 => view.text(|out| {
            time::iso8601(out, ts);
            out.bytes(b"+0000");
        }),
        EvtOutputtime => local_time(view, false, true),
        EvtRawtime => Value::Uint(ts),
        EvtRawtimeS => Value::Uint(ts / SECOND),
        EvtRawtimeNs => Value::Uint(ts % SECOND),
        EvtReltime => Value::Uint(relative_time(view)),
        EvtReltimeS => Value::Uint(relative_time(view) / SECOND),
        EvtReltimeNs => Value::Uint(relative_time(view) % SECOND),
        EvtPluginname => Value::Str(&plugin(view)?.name),
        EvtPlugininfo => plugin_info(view)?,
        EvtSource => Value::Str(source(view)?),
        EvtIsAsync => Value::Bool(event.origin == Origin::Meta),
        EvtAsynctype => match event.origin {
            Origin::Meta => Value::Str(name(view)?),
            _ => return None,
        },
        EvtHostname => Value::Str(view.env.hostname.as_deref().unwrap_or(&view.state.machine.hostname)),
        EvtLatency | EvtLatencyS | EvtLatencyNs | EvtLatencyQuantized | EvtWaitLatency => Value::Uint(0),
        EvtLatencyHuman => Value::Str(b"0ns"),
        EvtDeltatime => Value::Uint(time_since_last(view, field)?),
        EvtDeltatimeS => Value::Uint(time_since_last(view, field)? / SECOND),
        EvtDeltatimeNs => Value::Uint(time_since_last(view, field)? % SECOND),
        EvtDir => Value::Str(if event.is_exit() { b"<" } else { b">" }),
        EvtType => Value::Str(name(view)?),
        EvtTypeIs => match &field.arg {
            BoundArg::Codes(codes) => Value::Uint(codes.contains(view.rec.code).into()),
            _ => return None,
        },
        SyscallType if event.origin == Origin::Syscall => Value::Str(name(view)?),
        SyscallType => return None,
        EvtCategory => Value::Str(category(view)),
        // Recorded without sign, but the field has one.
        EvtCpu => Value::Int(i64::from(view.rec.cpu as i16)),
        EvtArgs | EvtInfo => args(view),
        EvtArg => arg(view, field)?,
        EvtRawarg => param::typed(view, field.param(view.rec.code)?)?,
        EvtBuffer => buffer(view, purpose)?,
        EvtBuflen => buffer_length(view, &[Category::IoRead, Category::IoWrite, Category::IoOther], |_| true)?,
        EvtBuflenIn => buffer_length(view, &[Category::IoRead], |_| true)?,
        EvtBuflenOut => buffer_length(view, &[Category::IoWrite], |_| true)?,
        EvtBuflenFile => {
            buffer_length(view, &[Category::IoRead, Category::IoWrite, Category::IoOther], is_regular_file)?
        }
        EvtBuflenFileIn => buffer_length(view, &[Category::IoRead], is_regular_file)?,
        EvtBuflenFileOut => buffer_length(view, &[Category::IoWrite], is_regular_file)?,
        EvtBuflenNet => {
            buffer_length(view, &[Category::IoRead, Category::IoWrite, Category::IoOther], super::net::is_inet)?
        }
        EvtBuflenNetIn => buffer_length(view, &[Category::IoRead], super::net::is_inet)?,
        EvtBuflenNetOut => buffer_length(view, &[Category::IoWrite], super::net::is_inet)?,
        EvtRes => match view.result()? {
            0.. => Value::Str(b"SUCCESS"),
            _ => view.text(|out| param::render_best(view, 0, out)),
        },
        EvtRawres => Value::Int(view.result()?),
        EvtFailed => Value::Bool(view.result()? < 0),
        EvtIsIo => Value::Bool(flags.any(EventFlags::READS_FROM_FD.or(EventFlags::WRITES_TO_FD))),
        EvtIsIoRead => Value::Bool(flags.has(EventFlags::READS_FROM_FD)),
        EvtIsIoWrite => Value::Bool(flags.has(EventFlags::WRITES_TO_FD)),
        EvtIoDir if flags.has(EventFlags::WRITES_TO_FD) => Value::Str(b"write"),
        EvtIoDir if flags.has(EventFlags::READS_FROM_FD) => Value::Str(b"read"),
        EvtIoDir => return None,
        EvtIsWait => Value::Bool(flags.has(EventFlags::WAITS)),
        EvtIsSyslog => Value::Bool(
            flags.has(EventFlags::WRITES_TO_FD)
                && view.event_fd().is_some_and(|fd| memchr::memmem::find(&fd.name, b"/dev/log").is_some()),
        ),
        EvtCount => Value::Uint(1),
        EvtCountError => Value::Uint((view.result()? < 0).into()),
        EvtCountErrorFile | EvtCountErrorNet | EvtCountErrorMemory | EvtCountErrorOther => error_count(view, field.id)?,
        EvtCountExit if event.is_exit() => Value::Uint(1),
        EvtCountExit => return None,
        EvtCountProcinfo => {
            let leader = view.thread().is_some_and(|t| t.is_main());
            Value::Uint((view.rec.code == code::PROCINFO_E && leader).into())
        }
        EvtCountThreadinfo => Value::Uint((view.rec.code == code::PROCINFO_E).into()),
        // The distance in milliseconds, rounded up: `evt.around[T] = D` holds if it is at most D.
        EvtAround => Value::Uint(ts.abs_diff(field.index()?).div_ceil(MILLISECOND)),
        EvtAbspath => absolute_path(view, field.key())?,
        EvtIsOpenRead => Value::Bool(open_flags(view).is_some_and(|f| f & O_RDONLY != 0)),
        EvtIsOpenWrite => Value::Bool(open_flags(view).is_some_and(|f| f & O_WRONLY != 0)),
        EvtIsOpenExec => Value::Bool(creates_executable(view)),
        EvtIsOpenCreate => Value::Bool(creates_file(view)),
        EvtInfraDockerName | EvtInfraDockerContainerId | EvtInfraDockerContainerName | EvtInfraDockerContainerImage => {
            infrastructure(view, field.id)?
        }
        UtilCnt => Value::Uint(view.env.remember(field, view.num, |memory| {
            memory.last += 1;
            Some(memory.last)
        })?),
        _ => return None,
    })
}

fn local_time<'a>(view: &EventView<'a>, date: bool, nanos: bool) -> Value<'a> {
    view.text(|out| time::local(out, view.rec.ts, view.env.utc_offset, date, nanos))
}

fn relative_time(view: &EventView<'_>) -> u64 {
    view.rec.ts.wrapping_sub(view.first_ts)
}

fn time_since_last(view: &EventView<'_>, field: &BoundField) -> Option<u64> {
    let ts = view.rec.ts;
    view.env.remember(field, view.num, |memory| {
        let last = std::mem::replace(&mut memory.last, ts);
        Some(if last == 0 { 0 } else { ts.wrapping_sub(last) })
    })
}

/// `evt.type`: generic events are called like the system call, asynchronous ones like their name parameter.
fn name<'a>(view: &EventView<'a>) -> Option<&'a [u8]> {
    match view.rec.code {
        code::GENERIC_X => {
            let number = u16::try_from(view.rec.params.uint(0)?).ok()?;
            let native = view.rec.params.uint(1).and_then(|n| u16::try_from(n).ok());
            // 0: a system call that the writer of the capture did not know.
            let known = if number == 0 { native.and_then(native_syscall) } else { None };
            known.or_else(|| syscalls::syscall_name(number)).map(str::as_bytes)
        }
        code::ASYNCEVENT_E => view.param_text(1),
        _ => Some(view.event().name.as_bytes()),
    }
}

/// Name of a system call by its number on this machine's architecture.
fn native_syscall(number: u16) -> Option<&'static str> {
    let native = |s: &syscalls::Syscall| if cfg!(target_arch = "aarch64") { s.aarch64 } else { s.x86_64 };
    syscalls::SYSCALLS.iter().find(|s| native(s) == Some(number)).map(|s| s.name)
}

fn category(view: &EventView<'_>) -> &'static [u8] {
    use FdKind::*;
    match view.event().category {
        Category::Unknown => b"unknown",
        Category::Other => b"other",
        Category::File => b"file",
        Category::Net => b"net",
        Category::Ipc => b"IPC",
        Category::Wait => b"wait",
        Category::Signal => b"signal",
        Category::Sleep => b"sleep",
        Category::Time => b"time",
        Category::Process => b"process",
        Category::Scheduler => b"scheduler",
        Category::Memory => b"memory",
        Category::User => b"user",
        Category::System => b"system",
        Category::Internal => b"internal",
        Category::IoRead | Category::IoWrite | Category::IoOther => match view.event_fd().map(|fd| fd.kind) {
            Some(File | FileV2 | Directory) => b"file",
            Some(Ipv4Sock | Ipv6Sock | Ipv4ServSock | Ipv6ServSock) => b"net",
            Some(Fifo | UnixSock | Event | SignalFd | Inotify | Userfaultfd) => b"ipc",
            _ => b"unknown",
        },
    }
}

/// All parameters as `name=raw` or `name=raw(resolved)`.
fn args<'a>(view: &EventView<'a>) -> Value<'a> {
    if view.rec.code == code::GENERIC_X {
        return Value::Str(b"");
    }
    view.text(|out| {
        let mut resolved = view.env.take_buffer();
        for (index, param) in view.event().params[..view.param_count()].iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.bytes(param.name.as_bytes());
            out.push(b'=');
            resolved.clear();
            param::render(view, index, out, &mut resolved);
            if !resolved.is_empty() {
                out.push(b'(');
                out.bytes(&resolved);
                out.push(b')');
            }
        }
        view.env.give_back(resolved);
    })
}

fn arg<'a>(view: &EventView<'a>, field: &BoundField) -> Option<Value<'a>> {
    let index = field.param(view.rec.code).filter(|index| *index < view.param_count())?;
    Some(view.text(|out| param::render_best(view, index, out)))
}

fn buffer<'a>(view: &EventView<'a>, purpose: Purpose) -> Option<Value<'a>> {
    let index = view.event().param("data").filter(|index| *index < view.param_count())?;
    let bytes = view.rec.params.get(index)?;
    if purpose == Purpose::Condition {
        // An empty buffer has no value to compare.
        return (!bytes.is_empty()).then_some(Value::Bytes(bytes));
    }
    Some(view.text(|out| {
        param::render_best(view, index, out);
        param::cut_buffer(out, 0);
    }))
}

fn buffer_length<'a>(view: &EventView<'a>, categories: &[Category], wanted: impl Fn(&Fd) -> bool) -> Option<Value<'a>> {
    let fd = view.event_fd()?;
    if !categories.contains(&view.event().category) || !wanted(fd) {
        return None;
    }
    u64::try_from(view.result()?).ok().map(Value::Uint)
}

fn is_regular_file(fd: &Fd) -> bool {
    matches!(fd.kind, FdKind::File | FdKind::FileV2)
}

/// Errors by what they are about: the descriptor if known, otherwise the system call.
fn error_count<'a>(view: &EventView<'a>, id: FieldId) -> Option<Value<'a>> {
    let is_memory = view.event().category == Category::Memory;
    let (file, net) = match view.event_fd() {
        Some(fd) => (
            is_regular_file(fd) || fd.kind == FdKind::Directory,
            super::net::is_inet(fd) || fd.kind == FdKind::UnixSock,
        ),
        None => (
            is_open(view.rec.code) || view.rec.code == code::CREAT_X,
            matches!(view.rec.code, code::ACCEPT_5_X | code::ACCEPT4_6_X | code::CONNECT_X),
        ),
    };
    let other = !file && !net && (view.event_fd().is_some() || !is_memory);
    let counts = match id {
        FieldId::EvtCountErrorFile => file,
        FieldId::EvtCountErrorNet => net,
        FieldId::EvtCountErrorMemory => is_memory,
        _ => other,
    };
    if counts { Some(Value::Uint((view.result()? < 0).into())) } else { None }
}

fn is_open(code: u16) -> bool {
    matches!(code, code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X | code::OPEN_BY_HANDLE_AT_X)
}

/// Flags of an opening system call.
fn open_flags(view: &EventView<'_>) -> Option<u32> {
    view.rec.params.uint(derived::open_flags(view.rec.code)?).map(|flags| flags as u32)
}

fn creates_executable(view: &EventView<'_>) -> bool {
    let mode = match view.rec.code {
        code::CREAT_X => 2,
        code::OPEN_X => 3,
        code::OPENAT_2_X | code::OPENAT2_X => 4,
        _ => return false,
    };
    let creates = view.rec.code == code::CREAT_X || open_flags(view).is_some_and(|f| f & (O_TMPFILE | O_CREAT) != 0);
    creates && view.rec.params.uint(mode).is_some_and(|mode| mode & S_IXUGO != 0)
}

fn creates_file(view: &EventView<'_>) -> bool {
    open_flags(view).is_some_and(|flags| {
        flags & O_F_CREATED != 0 || flags & O_TMPFILE != 0 && view.result().is_some_and(|result| result >= 0)
    })
}

/// Path of an `*at` system call made absolute; `which` is `src`, `dst` or nothing (the source, if there are two).
fn absolute_path<'a>(view: &EventView<'a>, which: Option<&[u8]>) -> Option<Value<'a>> {
    let thread = view.thread()?;
    let target = which == Some(b"dst");
    let (dirfd, path) = match view.rec.code {
        code::RENAMEAT_X | code::RENAMEAT2_X if target => ("newdirfd", "newpath"),
        code::RENAMEAT_X | code::RENAMEAT2_X => ("olddirfd", "oldpath"),
        code::SYMLINKAT_X => ("linkdirfd", "linkpath"),
        code::OPENAT_2_X | code::OPENAT2_X | code::UNLINKAT_2_X => ("dirfd", "name"),
        code::LINKAT_2_X if target => ("newdir", "newpath"),
        code::LINKAT_2_X => ("olddir", "oldpath"),
        code::MKDIRAT_X => ("dirfd", "path"),
        code::FCHMODAT_X => ("dirfd", "filename"),
        code::FCHOWNAT_X => ("dirfd", "pathname"),
        code::OPEN_BY_HANDLE_AT_X => {
            let path = view.param_text(3).filter(|_| view.result().is_some_and(|fd| fd > 0))?;
            return Some(view.text(|out| paths::concatenate(out, b"", path)));
        }
        _ => return None,
    };
    let dirfd = view.rec.params.int(view.event().param(dirfd)?)?;
    let path_index = view.event().param(path)?;
    let path = view.param_text(path_index).filter(|_| view.rec.params.get(path_index) != Some(b""))?;
    Some(view.text(|out| {
        if path.starts_with(b"/") {
            paths::concatenate(out, b".", path);
        } else if dirfd == paths::AT_FDCWD {
            paths::concatenate(out, view.cwd(thread), path);
        } else {
            // A slash is added even to a name that ends in one.
            let name = view.fd(dirfd).map_or(&b"<UNKNOWN>"[..], |fd| &fd.name);
            paths::concatenate(out, &[name, b"/"].concat(), path);
        }
    }))
}

fn plugin<'a>(view: &EventView<'a>) -> Option<&'a super::Plugin> {
    if view.rec.code != code::PLUGINEVENT_E {
        return None;
    }
    let id = view.rec.params.uint(0)?;
    view.env.plugins.iter().find(|p| u64::from(p.id) == id)
}

/// Bytes of a plugin event that are shown.
const PLUGIN_DATA_SHOWN: usize = 50;

fn plugin_info<'a>(view: &EventView<'a>) -> Option<Value<'a>> {
    plugin(view)?;
    let data = view.rec.params.get(1)?;
    let shown = &data[..data.len().min(PLUGIN_DATA_SHOWN)];
    Some(view.text(|out| {
        out.fmt(format_args!("datalen={} data=", data.len()));
        if shown.iter().all(|b| matches!(b, 0x20..=0x7e)) {
            out.bytes(shown);
            if data.len() > PLUGIN_DATA_SHOWN {
                out.bytes(b"...");
            }
        } else {
            out.bytes(b"<binary>");
        }
    }))
}

/// Event source: that of the plugin for plugin events and for asynchronous events of plugins.
fn source<'a>(view: &EventView<'a>) -> Option<&'a [u8]> {
    let id = match view.rec.code {
        code::PLUGINEVENT_E | code::ASYNCEVENT_E => view.rec.params.uint(0)?,
        _ => 0,
    };
    if id == 0 {
        return Some(b"syscall");
    }
    view.env.plugins.iter().find(|p| u64::from(p.id) == id).map(|p| &p.source[..])
}

/// Part of the description of an infrastructure event: `Event: start; ID: 0123...; name: x; Image: y`.
fn infrastructure<'a>(view: &EventView<'a>, id: FieldId) -> Option<Value<'a>> {
    if view.rec.code != code::INFRASTRUCTURE_EVENT_E {
        return None;
    }
    let key: &[u8] = match id {
        FieldId::EvtInfraDockerName => b"Event",
        FieldId::EvtInfraDockerContainerId => b"ID",
        FieldId::EvtInfraDockerContainerName => b"name",
        _ => b"Image",
    };
    let description = view.param_text(2)?;
    let part = description.split(|b| *b == b';').map(<[u8]>::trim_ascii).find(|part| part.starts_with(key))?;
    let colon = memchr::memchr(b':', part)?;
    let rest = &part[colon + 1..];
    let value = rest[..memchr::memchr(b':', rest).unwrap_or(rest.len())].trim_ascii();
    const SHORT_ID: usize = 12;
    Some(Value::Str(match id {
        FieldId::EvtInfraDockerContainerId => &value[..value.len().min(SHORT_ID)],
        FieldId::EvtInfraDockerContainerImage => match memchr::memchr(b'@', value) {
            Some(at) => value[..at].trim_ascii(),
            // An image named by its digest alone: the colon belongs to it.
            None if memchr::memmem::find(value, b"sha256").is_some() => rest.trim_ascii(),
            None => value,
        },
        _ => value,
    }))
}
