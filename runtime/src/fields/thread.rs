//! Fields of processes and threads: `proc.*`, `thread.*`.
//!
//! Name, executable and arguments are those of the thread that made the event; environment, current directory,
//! descriptors and ancestors are those of its process, found through the leader.

use super::bound::BoundField;
use super::names::CAPABILITIES;
use super::net;
use super::text::Text;
use super::{EventView, Purpose};
use crate::state::{Fd, Image, Thread};
use peregrine_compiler::value::Value;
use peregrine_schema::FieldId;
use peregrine_schema::events::code;

// Bits of the `execve_flags`.
const EXE_WRITABLE: u32 = 1;
const EXE_UPPER_LAYER: u32 = 2;
const EXE_FROM_MEMFD: u32 = 4;
const EXE_LOWER_LAYER: u32 = 8;

/// Ancestors whose environment `proc.aenv[NAME]` searches.
const AENV_LEVELS: usize = 20;

/// Value of a field of the process class.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField, purpose: Purpose) -> Option<Value<'a>> {
    use FieldId::*;
    match field.id {
        ThreadTid => return id(view.rec.tid),
        ThreadExectime => return Some(Value::Uint(exec_time(view, field)?)),
        ThreadTotexectime => return total_exec_time(view, field),
        _ => {}
    }
    let thread = view.thread()?;
    let image: &'a Image = &thread.image;
    let usage = &thread.usage;
    let parent = || view.state.threads.ancestor(thread, 1);
    Some(match field.id {
        ProcName => Value::Str(&image.comm),
        ProcExe => Value::Str(&image.exe),
        ProcExepath => Value::Str(&image.exepath),
        ProcPname => Value::Str(&parent()?.image.comm),
        ProcPexe => Value::Str(&parent()?.image.exe),
        ProcPexepath => Value::Str(&parent()?.image.exepath),
        ProcCmdline => Value::Str(cmdline(image)),
        ProcPcmdline => Value::Str(cmdline(&parent()?.image)),
        ProcArgs => match field.index() {
            None => Value::Str(args(image)),
            Some(n) => Value::Str(image.args.iter().nth(n as usize).unwrap_or_default()),
        },
        ProcAname => return ancestors(view, thread, field, purpose, |t| &t.image.comm),
        ProcAexe => return ancestors(view, thread, field, purpose, |t| &t.image.exe),
        ProcAexepath => return ancestors(view, thread, field, purpose, |t| &t.image.exepath),
        ProcAcmdline => return ancestors(view, thread, field, purpose, |t| cmdline(&t.image)),
        // Without index a text of all, in conditions too.
        ProcAargs => return ancestors(view, thread, field, Purpose::Output, |t| args(&t.image)),
        ProcAenv => return ancestor_env(view, thread, field, purpose),
        ProcApid => return ancestor_pid(view, thread, field, purpose),
        ProcCmdnargs => Value::Uint(image.args.iter().count() as u64),
        ProcCmdlenargs => Value::Uint(image.args.iter().map(|a| a.len() as u64).sum()),
        ProcExeline => view.text(|out| {
            out.bytes(&image.exe);
            out.push(b' ');
            out.bytes(args(image));
        }),
        ProcEnv => match field.key() {
            Some(name) => Value::Str(variable(view, thread, name)),
            None => environment(view, thread),
        },
        ProcCwd => Value::Str(view.state.threads.cwd(thread)),
        ProcLoginshellid => Value::Int(login_shell(view, thread)?),
        ProcTty => Value::Uint(thread.tty.into()),
        ProcPid => return id(thread.pid),
        ProcPpid => return id(parent()?.pid),
        ProcVpid if thread.vpid == -1 => return None,
        ProcVpid => Value::Int(thread.vpid),
        ProcPvpid => Value::Int(view.state.threads.get(thread.ptid)?.vpid),
        ProcSid => Value::Int(thread.sid),
        ProcSname => Value::Str(leader(view, thread, |t| t.sid, true).map_or(b"", |t| &t.image.comm)),
        ProcSidExe => Value::Str(leader(view, thread, |t| t.sid, true).map_or(b"", |t| &t.image.exe)),
        ProcSidExepath => Value::Str(leader(view, thread, |t| t.sid, true).map_or(b"", |t| &t.image.exepath)),
        ProcVpgid => Value::Int(thread.vpgid),
        ProcVpgidName => Value::Str(leader(view, thread, |t| t.vpgid, true).map_or(b"", |t| &t.image.comm)),
        ProcVpgidExe => Value::Str(leader(view, thread, |t| t.vpgid, true).map_or(b"", |t| &t.image.exe)),
        ProcVpgidExepath => Value::Str(leader(view, thread, |t| t.vpgid, true).map_or(b"", |t| &t.image.exepath)),
        ProcPgid => Value::Int(thread.pgid),
        ProcPgidName => Value::Str(leader(view, thread, |t| t.pgid, false).map_or(b"", |t| &t.image.comm)),
        ProcPgidExe => Value::Str(leader(view, thread, |t| t.pgid, false).map_or(b"", |t| &t.image.exe)),
        ProcPgidExepath => Value::Str(leader(view, thread, |t| t.pgid, false).map_or(b"", |t| &t.image.exepath)),
        ProcDuration => Value::Uint(view.rec.ts.wrapping_sub(known(thread.clone_ts)?)),
        ProcPpidDuration => match known(parent()?.clone_ts) {
            Some(start) => Value::Uint(view.rec.ts.wrapping_sub(start)),
            // As in the original, whose case runs on into the next.
            None => Value::Uint(open_fds(view, thread)),
        },
        ProcPidTs => Value::Uint(known(thread.clone_ts)?),
        ProcPpidTs => Value::Uint(view.state.threads.get(thread.ptid)?.clone_ts),
        ProcIsExeWritable => Value::Bool(image.exe_flags & EXE_WRITABLE != 0),
        ProcIsExeUpperLayer => Value::Bool(image.exe_flags & EXE_UPPER_LAYER != 0),
        ProcIsExeLowerLayer => Value::Bool(image.exe_flags & EXE_LOWER_LAYER != 0),
        ProcIsExeFromMemfd => Value::Bool(image.exe_flags & EXE_FROM_MEMFD != 0),
        ProcIsSidLeader => Value::Bool(thread.sid == thread.vpid),
        ProcIsVpgidLeader => Value::Bool(thread.vpgid == thread.vpid),
        ProcIsPgidLeader => Value::Bool(thread.pgid == thread.pid),
        // An inode, printed as a signed number.
        ProcExeIno => Value::Int(known(image.exe_ino)? as i64),
        ProcExeInoCtime => Value::Uint(known(image.exe_ino_ctime)?),
        ProcExeInoMtime => Value::Uint(known(image.exe_ino_mtime)?),
        ProcExeInoCtimeDurationProcStart => Value::Uint(known(image.exe_ino_ctime_duration_clone)?),
        ProcExeInoCtimeDurationPidnsStart => Value::Uint(known(image.exe_ino_ctime_duration_pidns)?),
        ProcPidnsInitStartTs => Value::Uint(known(thread.pidns_init_start_ts)?),
        ThreadCapPermitted => capabilities(view, thread.cap_permitted),
        ThreadCapInheritable => capabilities(view, thread.cap_inheritable),
        ThreadCapEffective => capabilities(view, thread.cap_effective),
        ProcFdopencount => Value::Uint(open_fds(view, thread)),
        ProcFdlimit => Value::Int(fd_limit(view, thread)),
        ProcFdusage => Value::Double(fd_usage(view, thread)),
        ProcVmsize => Value::Uint(usage.vmsize_kb.into()),
        ProcVmrss => Value::Uint(usage.vmrss_kb.into()),
        ProcVmswap => Value::Uint(usage.vmswap_kb.into()),
        ThreadPfmajor => Value::Uint(usage.pfmajor),
        ThreadPfminor => Value::Uint(usage.pfminor),
        ThreadIsmain => Value::Bool(thread.is_main()),
        ThreadVtid if thread.vtid == -1 => return None,
        ThreadVtid => Value::Int(thread.vtid),
        ThreadNametid => view.text(|out| {
            out.bytes(&image.comm);
            out.dec(view.rec.tid);
        }),
        ThreadCgroups => cgroups(view, image)?,
        ThreadCgroup => {
            let (_, path) = cgroup_list(image)?.into_iter().find(|(name, _)| Some(&name[..]) == field.key())?;
            Value::Str(path)
        }
        ProcNthreads => Value::Uint(view.state.threads.thread_count(thread)),
        ProcNchilds => Value::Uint(view.state.threads.follower_count(thread)),
        ThreadCpu => cpu(view, field, &[0, 1])?,
        ThreadCpuUser => cpu(view, field, &[0])?,
        ThreadCpuSystem => cpu(view, field, &[1])?,
        ThreadVmsize => Value::Uint(if thread.is_main() { usage.vmsize_kb.into() } else { 0 }),
        ThreadVmrss => Value::Uint(if thread.is_main() { usage.vmrss_kb.into() } else { 0 }),
        ThreadVmsizeB => Value::Uint(if thread.is_main() { u64::from(usage.vmsize_kb) * 1024 } else { 0 }),
        ThreadVmrssB => Value::Uint(if thread.is_main() { u64::from(usage.vmrss_kb) * 1024 } else { 0 }),
        ProcStdinType => Value::Str(net::type_name(standard_fd(view, 0)?.kind)),
        ProcStdoutType => Value::Str(net::type_name(standard_fd(view, 1)?.kind)),
        ProcStderrType => Value::Str(net::type_name(standard_fd(view, 2)?.kind)),
        ProcStdinName => Value::Str(&standard_fd(view, 0)?.name),
        ProcStdoutName => Value::Str(&standard_fd(view, 1)?.name),
        ProcStderrName => Value::Str(&standard_fd(view, 2)?.name),
        _ => return None,
    })
}

/// A process or thread id; what cannot be one is missing.
fn id<'a>(id: i64) -> Option<Value<'a>> {
    (-1..=i64::from(u32::MAX)).contains(&id).then_some(Value::Int(id))
}

/// 0 stands for unknown.
fn known(number: u64) -> Option<u64> {
    (number != 0).then_some(number)
}

/// Arguments joined with blanks.
fn args(image: &Image) -> &[u8] {
    image.args_joined.get_or_init(|| {
        let mut out = Vec::new();
        image.args.join_into(&mut out);
        out.into()
    })
}

/// Name and arguments joined with blanks.
fn cmdline(image: &Image) -> &[u8] {
    image.cmdline.get_or_init(|| {
        let mut out = Vec::with_capacity(image.comm.len() + 1 + image.args.0.len());
        out.bytes(&image.comm);
        if !image.args.is_empty() {
            out.push(b' ');
            image.args.join_into(&mut out);
        }
        out.into()
    })
}

/// Text of the ancestor with the given index (0 is the process itself); without index a list of all ancestors for
/// a condition, all joined with blanks for an output. Empty texts at the front leave no blank.
fn ancestors<'a>(
    view: &EventView<'a>,
    thread: &'a Thread,
    field: &BoundField,
    purpose: Purpose,
    text: impl Fn(&'a Thread) -> &'a [u8],
) -> Option<Value<'a>> {
    let threads = &view.state.threads;
    if let Some(n) = field.index() {
        return threads.ancestor(thread, u32::try_from(n).ok()?).map(|t| Value::Str(text(t)));
    }
    threads.main(thread)?;
    if purpose == Purpose::Condition {
        return Some(view.list(threads.ancestors(thread).map(|t| Value::Str(text(t)))));
    }
    let joined = view.build(|out| {
        for ancestor in threads.ancestors(thread) {
            if !out.is_empty() {
                out.push(b' ');
            }
            out.bytes(text(ancestor));
        }
    });
    (!joined.is_empty()).then_some(Value::Str(joined))
}

/// Like [`ancestors`]; without index an output shows the process itself.
fn ancestor_pid<'a>(
    view: &EventView<'a>,
    thread: &'a Thread,
    field: &BoundField,
    purpose: Purpose,
) -> Option<Value<'a>> {
    let threads = &view.state.threads;
    match (field.index(), purpose) {
        (Some(n), _) => id(threads.ancestor(thread, u32::try_from(n).ok()?)?.pid),
        (None, Purpose::Output) => id(threads.main(thread)?.pid),
        (None, Purpose::Condition) => {
            threads.main(thread)?;
            Some(view.list(threads.ancestors(thread).map(|t| Value::Int(t.pid))))
        }
    }
}

/// The environment of the process' leader.
fn env_of<'a>(view: &EventView<'a>, thread: &'a Thread) -> &'a Image {
    &view.state.threads.main(thread).unwrap_or(thread).image
}

fn environment<'a>(view: &EventView<'a>, thread: &'a Thread) -> Value<'a> {
    let image = env_of(view, thread);
    Value::Str(image.env_joined.get_or_init(|| {
        let mut out = Vec::new();
        image.env.join_into(&mut out);
        out.into()
    }))
}

/// Value of an environment variable without blanks around it, empty if there is none.
fn variable<'a>(view: &EventView<'a>, thread: &'a Thread, name: &[u8]) -> &'a [u8] {
    let value = env_of(view, thread).env.iter().find_map(|entry| {
        let value = entry.strip_prefix(name)?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    });
    let value = value.unwrap_or_default();
    let start = value.iter().position(|b| *b != b' ').unwrap_or(value.len());
    let end = value.iter().rposition(|b| *b != b' ').map_or(start, |last| last + 1);
    &value[start..end]
}

/// `[NAME]`: the first ancestor that has the variable. `[N]`: the Nth ancestor's environment, 0 the process' own.
/// Without argument: any ancestor's for a condition, the process' own for an output.
fn ancestor_env<'a>(
    view: &EventView<'a>,
    thread: &'a Thread,
    field: &BoundField,
    purpose: Purpose,
) -> Option<Value<'a>> {
    let threads = &view.state.threads;
    let above = |t: &'a Thread| threads.get(t.ptid);
    let main = threads.main(thread);
    match (field.key(), field.index(), purpose) {
        (Some(name), ..) => {
            let chain = std::iter::successors(main.and_then(above), |t| above(t)).take(AENV_LEVELS);
            let found = chain.map(|t| variable(view, t, name)).find(|value| !value.is_empty());
            Some(Value::Str(found.unwrap_or_default()))
        }
        (None, Some(n @ 1..), _) => match main {
            None => Some(Value::Str(b"")),
            Some(main) => {
                let ancestor = std::iter::successors(Some(main), |t| above(t)).nth(usize::try_from(n).ok()?)?;
                Some(environment(view, ancestor))
            }
        },
        (None, None, Purpose::Condition) => {
            main?;
            Some(view.list(threads.ancestors(thread).map(|t| environment(view, t))))
        }
        _ => Some(environment(view, thread)),
    }
}

/// The oldest process of the line from the leader up whose name ends with `sh`.
fn login_shell(view: &EventView<'_>, thread: &Thread) -> Option<i64> {
    let main = view.state.threads.main(thread)?;
    let line = std::iter::once(main).chain(view.state.threads.ancestors(thread));
    line.filter(|t| t.image.comm.ends_with(b"sh")).last().map(|t| t.pid)
}

/// Leader of a session or process group: the thread with that id if ids of the process are those of the table,
/// otherwise the oldest of the ancestors that have the same id in an unbroken line.
fn leader<'a>(
    view: &EventView<'a>,
    thread: &'a Thread,
    group: impl Fn(&Thread) -> i64,
    is_virtual: bool,
) -> Option<&'a Thread> {
    let id = group(thread);
    if id == -1 {
        return None;
    }
    let direct = if is_virtual && thread.in_pid_namespace() { None } else { view.state.threads.get(id) };
    direct.or_else(|| view.state.threads.parents(thread).take_while(|t| group(t) == id).last())
}

fn capabilities<'a>(view: &EventView<'a>, set: u64) -> Value<'a> {
    if set == 0 {
        return Value::Str(b"");
    }
    let names = CAPABILITIES.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
    view.text(|out| out.joined(names.map(|(_, name)| name.as_bytes()), b" "))
}

fn open_fds(view: &EventView<'_>, thread: &Thread) -> u64 {
    view.state.threads.main(thread).map_or(0, |main| view.state.threads.own_fds(main).len() as u64)
}

fn fd_limit(view: &EventView<'_>, thread: &Thread) -> i64 {
    view.state.threads.main(thread).map_or(0, |main| main.usage.fdlimit)
}

/// Percent of the limit.
fn fd_usage(view: &EventView<'_>, thread: &Thread) -> f64 {
    let (open, limit) = (open_fds(view, thread), fd_limit(view, thread));
    match u64::try_from(limit) {
        Err(_) | Ok(0) => 0.0,
        Ok(limit) if open <= limit => open as f64 * 100.0 / limit as f64,
        Ok(_) => 100.0,
    }
}

fn standard_fd<'a>(view: &EventView<'a>, num: i64) -> Option<&'a Fd> {
    view.fd(num)
}

/// Subsystems with their paths, under the names of cgroup v1; `None` if there is none or one lacks a `=`.
fn cgroup_list(image: &Image) -> Option<Vec<(Vec<u8>, &[u8])>> {
    let list = image.cgroups.iter().map(|entry| {
        let equals = memchr::memchr(b'=', entry)?;
        Some((subsystem(&entry[..equals]), &entry[equals + 1..]))
    });
    let list: Vec<_> = list.collect::<Option<_>>()?;
    (!list.is_empty()).then_some(list)
}

fn subsystem(recorded: &[u8]) -> Vec<u8> {
    let name = match memchr::memmem::find(recorded, b"_cgroup") {
        Some(at) => [&recorded[..at], &recorded[at + b"_cgroup".len()..]].concat(),
        None => recorded.to_vec(),
    };
    match &name[..] {
        b"perf" => b"perf_event".to_vec(),
        b"mem" => b"memory".to_vec(),
        b"io" => b"blkio".to_vec(),
        _ => name,
    }
}

fn cgroups<'a>(view: &EventView<'a>, image: &Image) -> Option<Value<'a>> {
    let list = cgroup_list(image)?;
    Some(view.text(|out| {
        for (i, (name, path)) in list.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            out.bytes(name);
            out.push(b'=');
            out.bytes(path);
        }
    }))
}

/// Time since the last switch on the same CPU; 0 for other events than switches.
fn exec_time(view: &EventView<'_>, field: &BoundField) -> Option<u64> {
    if view.rec.code != code::SCHEDSWITCH_6_E {
        return Some(0);
    }
    view.env.remember(field, view.num, |memory| {
        let last = memory.by_key.insert(view.rec.cpu.into(), view.rec.ts);
        Some(last.map_or(0, |last| view.rec.ts.wrapping_sub(last)))
    })
}

/// Sum of the [`exec_time`]s of the thread's switches. Times of CPUs and sums of threads share the memory of the
/// field: CPUs have negative keys.
fn total_exec_time<'a>(view: &EventView<'a>, field: &BoundField) -> Option<Value<'a>> {
    let thread = view.thread()?;
    let total = view.env.remember(field, view.num, |memory| {
        let mut passed = 0;
        if view.rec.code == code::SCHEDSWITCH_6_E {
            let cpu = -1 - i64::from(view.rec.cpu);
            let last = memory.by_key.insert(cpu, view.rec.ts);
            passed = last.map_or(0, |last| view.rec.ts.wrapping_sub(last));
        }
        let total = memory.by_key.entry(thread.tid).or_insert(0);
        *total = total.wrapping_add(passed);
        Some(*total)
    });
    total.map(Value::Uint)
}

/// Hundredths of a CPU used since the thread's previous procinfo event, at most 100; the parameters in `which` are
/// added up. 0 for the first.
fn cpu<'a>(view: &EventView<'a>, field: &BoundField, which: &[usize]) -> Option<Value<'a>> {
    if view.rec.code != code::PROCINFO_E {
        return None;
    }
    let tid = view.thread()?.tid;
    let used = view.env.remember(field, view.num, |memory| {
        let now = which.iter().filter_map(|i| view.rec.params.uint(*i)).fold(0, u64::wrapping_add);
        let last = memory.by_key.insert(tid, now).unwrap_or(0);
        Some(if last == 0 { 0 } else { now.wrapping_sub(last).min(100) })
    });
    used.map(|hundredths| Value::Double(hundredths as f64))
}
