//! The fields of the `syscall` source: one row per field.
//!
//! Order is lookup and listing order: classes as in [`Class`], fields within a class as they are listed. The
//! class of the container plugin comes last. A field's discriminant is its index in [`FIELDS`].
//!
//! Row: `Id "name" Class Type Format Argument ArgForm [flags] Needs "meaning"`.
//!
//! What must hold: names are unique; `Needs` never claims more than the field needs, since a comparison on an
//! event that lacks the part is decided (false) at compile time. Hence fields of containers need nothing: the
//! asynchronous event that announces a container carries them without a thread.

use crate::{ArgForm, ArgKind, Class, Field, FieldFlags, Format, Needs, Type};

/// Number of fields.
pub const FIELD_COUNT: usize = 294;

macro_rules! fields {
    ($($id:ident $name:literal $class:ident $ty:ident $format:ident $arg:ident $form:ident
        [$($flag:ident)*] $needs:ident $doc:literal;)*) => {
        /// Identity of a field; the discriminant is the index in [`FIELDS`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u16)]
        pub enum FieldId {
            $(#[doc = concat!("`", $name, "`: ", $doc)] $id,)*
        }

        /// All fields, in lookup order.
        pub static FIELDS: [Field; FIELD_COUNT] = [$(Field {
            id: FieldId::$id,
            name: $name,
            class: Class::$class,
            ty: Type::$ty,
            format: Format::$format,
            arg: ArgKind::$arg,
            arg_form: ArgForm::$form,
            flags: FieldFlags::NONE$(.or(FieldFlags::$flag))*,
            needs: Needs::$needs,
            doc: $doc,
        },)*];

        /// Finds a field by its exact name, without argument.
        pub fn field_by_name(name: &str) -> Option<&'static Field> {
            let id = match name {
                $($name => FieldId::$id,)*
                _ => return None,
            };
            Some(id.row())
        }
    };
}

impl FieldId {
    /// The row of the field.
    #[inline]
    pub fn row(self) -> &'static Field {
        &FIELDS[self as usize]
    }
}

/// Splits `text` into the field it names and a dotted argument: `evt.arg.fd` is `evt.arg` with `fd`.
/// An exact name wins (`evt.type` is not `evt` with `type`). The argument is not checked and never empty.
pub fn field_with_argument(text: &str) -> Option<(&'static Field, Option<&str>)> {
    if let Some(field) = field_by_name(text) {
        return Some((field, None));
    }
    // Cut at ever earlier dots, so that the longest field name wins.
    text.rmatch_indices('.').find_map(|(dot, _)| {
        let argument = &text[dot + 1..];
        let field = field_by_name(&text[..dot])?;
        (field.flags.has(FieldFlags::DOTTED_ARG) && !argument.is_empty()).then_some((field, Some(argument)))
    })
}

fields! {

    // EvtGeneric
    EvtNum "evt.num" EvtGeneric Uint64 Id None None [] Nothing "Number of the event, counted from 1. Events that only build the initial state of a capture are counted too, so the first one seen may be later.";
    EvtTime "evt.time" EvtGeneric Charbuf Na None None [] Nothing "Local time of day, `HH:MM:SS.nnnnnnnnn`. In JSON an integer, nanoseconds since the epoch.";
    EvtTimeS "evt.time.s" EvtGeneric Charbuf Na None None [] Nothing "Local time of day, `HH:MM:SS`. In JSON an integer, nanoseconds since the epoch.";
    EvtTimeIso8601 "evt.time.iso8601" EvtGeneric Charbuf Na None None [] Nothing "UTC, `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+0000`. In JSON an integer, nanoseconds since the epoch.";
    EvtDatetime "evt.datetime" EvtGeneric Charbuf Na None None [] Nothing "Local date and time, `YYYY-MM-DD HH:MM:SS.nnnnnnnnn`. In JSON an integer, nanoseconds since the epoch.";
    EvtDatetimeS "evt.datetime.s" EvtGeneric Charbuf Na None None [] Nothing "Local date and time, `YYYY-MM-DD HH:MM:SS`. In JSON an integer, nanoseconds since the epoch.";
    EvtRawtime "evt.rawtime" EvtGeneric Abstime Dec None None [] Nothing "Nanoseconds since the epoch.";
    EvtRawtimeS "evt.rawtime.s" EvtGeneric Abstime Dec None None [] Nothing "Seconds since the epoch.";
    EvtRawtimeNs "evt.rawtime.ns" EvtGeneric Abstime PaddedDec None None [] Nothing "Nanoseconds within the second, nine digits.";
    EvtReltime "evt.reltime" EvtGeneric Reltime PaddedDec None None [] Nothing "Nanoseconds since the first event of the capture that is not a meta event.";
    EvtReltimeS "evt.reltime.s" EvtGeneric Reltime Dec None None [] Nothing "Whole seconds of `evt.reltime`.";
    EvtReltimeNs "evt.reltime.ns" EvtGeneric Reltime PaddedDec None None [] Nothing "Nanoseconds within the second of `evt.reltime`, nine digits.";
    EvtPluginname "evt.pluginname" EvtGeneric Charbuf Na None None [] Nothing "Name of the plugin whose id a plugin event carries; missing for other events.";
    EvtPlugininfo "evt.plugininfo" EvtGeneric Charbuf Na None None [] Nothing "The plugin's text for its event; without one, the length and the first 50 bytes of the data.";
    EvtSource "evt.source" EvtGeneric Charbuf Na None None [] Nothing "Source of the event: `syscall`, or that of a plugin. Missing if the plugin is not known.";
    EvtIsAsync "evt.is_async" EvtGeneric Bool Na None None [] Nothing "Whether the event is an asynchronous one, put into the stream by a plugin.";
    EvtAsynctype "evt.asynctype" EvtGeneric Charbuf Na None None [] Nothing "Name of an asynchronous event, e.g. `container`; missing for other events.";
    EvtHostname "evt.hostname" EvtGeneric Charbuf Na None None [] Nothing "Name of the host: the environment's `FALCO_HOSTNAME` if set, else that of the machine or capture.";

    // Evt
    EvtLatency "evt.latency" Evt Reltime Dec None None [DEPRECATED] Nothing "Always 0: enter events are no longer recorded.";
    EvtLatencyS "evt.latency.s" Evt Reltime Dec None None [DEPRECATED] Nothing "Always 0, see `evt.latency`.";
    EvtLatencyNs "evt.latency.ns" Evt Reltime PaddedDec None None [DEPRECATED] Nothing "Always 0, see `evt.latency`.";
    EvtLatencyQuantized "evt.latency.quantized" Evt Uint64 Dec None None [HIDDEN DEPRECATED] Nothing "Always 0, see `evt.latency`.";
    EvtLatencyHuman "evt.latency.human" Evt Charbuf Na None None [DEPRECATED] Nothing "Always `0ns`, see `evt.latency`.";
    EvtDeltatime "evt.deltatime" Evt Reltime Dec None None [LOOKS_BACK] Nothing "Nanoseconds since this very check was last evaluated, which need not be the previous event; 0 the first time.";
    EvtDeltatimeS "evt.deltatime.s" Evt Reltime Dec None None [LOOKS_BACK] Nothing "Whole seconds of `evt.deltatime`.";
    EvtDeltatimeNs "evt.deltatime.ns" Evt Reltime PaddedDec None None [LOOKS_BACK] Nothing "Nanoseconds within the second of `evt.deltatime`, nine digits.";
    EvtOutputtime "evt.outputtime" Evt Charbuf Na None None [PRINT_ONLY] Nothing "Time in the format chosen for outputs.";
    EvtDir "evt.dir" Evt Charbuf Dir None None [DEPRECATED] Nothing "`>` for event types with an even code, `<` for those with an odd one. System calls are `<`.";
    EvtType "evt.type" Evt Charbuf Na None None [] Nothing "Name of the event type. A system call without an event type of its own has its own name, an asynchronous event its name; `pread64` is called `pread`.";
    EvtTypeIs "evt.type.is" Evt Uint32 Na Required Key [DOTTED_ARG] Nothing "`evt.type.is.NAME`: 1 if the event is of this type, else 0.";
    SyscallType "syscall.type" Evt Charbuf Na None None [] Nothing "Like `evt.type`, but missing if the event is not a system call.";
    EvtCategory "evt.category" Evt Charbuf Na None None [] Nothing "Kind of the event: `file`, `net`, `IPC`, `memory`, `process`, `sleep`, `system`, `signal`, `user`, `time`, `wait`, `scheduler`, `internal`, `other` or `unknown`. Reads and writes count by the descriptor: `file`, `net`, `ipc` or `unknown`.";
    EvtCpu "evt.cpu" Evt Int16 Id None None [] Nothing "Number of the processor.";
    EvtArgs "evt.args" Evt Charbuf Na None None [] Nothing "All parameters as `name=raw(resolved)`, separated by blanks; the resolved part only where it says more. Empty for system calls without an event type of their own.";
    EvtArg "evt.arg" Evt Charbuf Na Required IndexOrKey [DOTTED_ARG] Nothing "One parameter as text, by name (`evt.arg.fd`) or number (`evt.arg[0]`), resolved where possible: descriptors with their name, negative results as errno names, flags joined by a bar, absolute paths, names of users and groups.";
    EvtRawarg "evt.rawarg" Evt Dyn Na Required Key [NO_RHS NO_TRANSFORMER DOTTED_ARG] Nothing "One parameter by name (`evt.rawarg.fd`), with the parameter's type and not resolved.";
    EvtInfo "evt.info" Evt Charbuf Na None None [] Nothing "Like `evt.args`; for plugin events like `evt.plugininfo`.";
    EvtBuffer "evt.buffer" Evt Bytebuf Na None None [] Nothing "Bytes read or written, as far as they were recorded.";
    EvtBuflen "evt.buflen" Evt Uint64 Dec None None [] Nothing "Number of bytes read or written, the return value if it is not negative.";
    EvtRes "evt.res" Evt Charbuf Dec None None [] Nothing "`SUCCESS`, or the name of the errno the call returned; missing if the event has no return value.";
    EvtRawres "evt.rawres" Evt Int64 Dec None None [] Nothing "Return value as a number; missing if the event has none.";
    EvtFailed "evt.failed" Evt Bool Na None None [] Nothing "Whether the return value is negative; missing if the event has none.";
    EvtIsIo "evt.is_io" Evt Bool Na None None [] Nothing "Whether the event type reads from or writes to a descriptor.";
    EvtIsIoRead "evt.is_io_read" Evt Bool Na None None [] Nothing "Whether the event type reads from a descriptor.";
    EvtIsIoWrite "evt.is_io_write" Evt Bool Na None None [] Nothing "Whether the event type writes to a descriptor.";
    EvtIoDir "evt.io_dir" Evt Charbuf Na None None [] Nothing "`read` or `write`; missing for event types that do neither.";
    EvtIsWait "evt.is_wait" Evt Bool Na None None [] Nothing "Whether the event type waits.";
    EvtWaitLatency "evt.wait_latency" Evt Reltime Dec None None [DEPRECATED] Nothing "Always 0, see `evt.latency`.";
    EvtIsSyslog "evt.is_syslog" Evt Bool Na None None [] Nothing "Whether the event writes to a descriptor whose name contains `/dev/log`.";
    EvtCount "evt.count" Evt Uint32 Dec None None [] Nothing "Always 1.";
    EvtCountError "evt.count.error" Evt Uint32 Dec None None [] Nothing "1 if the return value is negative, else 0; missing if the event has none.";
    EvtCountErrorFile "evt.count.error.file" Evt Uint32 Dec None None [] Nothing "`evt.count.error` if the descriptor is a file, or the event opens one; else missing.";
    EvtCountErrorNet "evt.count.error.net" Evt Uint32 Dec None None [] Nothing "`evt.count.error` if the descriptor is a socket, or the event connects one; else missing.";
    EvtCountErrorMemory "evt.count.error.memory" Evt Uint32 Dec None None [] Nothing "`evt.count.error` if the event works on memory; else missing.";
    EvtCountErrorOther "evt.count.error.other" Evt Uint32 Dec None None [] Nothing "`evt.count.error` if none of the other three has a value; else missing.";
    EvtCountExit "evt.count.exit" Evt Uint32 Dec None None [] Nothing "1 for event types with an odd code; else missing.";
    EvtCountProcinfo "evt.count.procinfo" Evt Uint32 Dec None None [HIDDEN] Nothing "1 for `procinfo` events of main threads, else 0.";
    EvtCountThreadinfo "evt.count.threadinfo" Evt Uint32 Dec None None [HIDDEN] Nothing "1 for `procinfo` events, else 0.";
    EvtAround "evt.around" Evt Uint64 Dec Required Index [FILTER_ONLY NO_RHS NO_TRANSFORMER] Nothing "`evt.around[T]=D`: whether the event is at most D milliseconds away from T, a value of `evt.rawtime`.";
    EvtAbspath "evt.abspath" Evt Charbuf Na Optional Key [DOTTED_ARG] Nothing "Absolute path of the operation, from directory descriptor and path, for the calls ending in `at` that work on paths and for `openat2` and `open_by_handle_at`. `evt.abspath.src` and `evt.abspath.dst` select one of two paths.";
    EvtBuflenIn "evt.buflen.in" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of reads.";
    EvtBuflenOut "evt.buflen.out" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of writes.";
    EvtBuflenFile "evt.buflen.file" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` if the descriptor is a file.";
    EvtBuflenFileIn "evt.buflen.file.in" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of reads if the descriptor is a file.";
    EvtBuflenFileOut "evt.buflen.file.out" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of writes if the descriptor is a file.";
    EvtBuflenNet "evt.buflen.net" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` if the descriptor is an inet socket.";
    EvtBuflenNetIn "evt.buflen.net.in" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of reads if the descriptor is an inet socket.";
    EvtBuflenNetOut "evt.buflen.net.out" Evt Uint64 Dec None None [HIDDEN] Nothing "`evt.buflen` of writes if the descriptor is an inet socket.";
    EvtIsOpenRead "evt.is_open_read" Evt Bool Na None None [] Nothing "Whether the event opens a file for reading, successfully or not. False for other events.";
    EvtIsOpenWrite "evt.is_open_write" Evt Bool Na None None [] Nothing "Whether the event opens a file for writing, successfully or not. False for other events.";
    EvtInfraDockerName "evt.infra.docker.name" Evt Charbuf Na None None [HIDDEN] Nothing "Name of a container daemon's infrastructure event.";
    EvtInfraDockerContainerId "evt.infra.docker.container.id" Evt Charbuf Na None None [HIDDEN] Nothing "Container id in a container daemon's infrastructure event.";
    EvtInfraDockerContainerName "evt.infra.docker.container.name" Evt Charbuf Na None None [HIDDEN] Nothing "Container name in a container daemon's infrastructure event.";
    EvtInfraDockerContainerImage "evt.infra.docker.container.image" Evt Charbuf Na None None [HIDDEN] Nothing "Image in a container daemon's infrastructure event.";
    EvtIsOpenExec "evt.is_open_exec" Evt Bool Na None None [] Nothing "Whether the event creates a file with an execute bit in its mode. False for other events.";
    EvtIsOpenCreate "evt.is_open_create" Evt Bool Na None None [] Nothing "Whether the event created a file. False for other events.";

    // Process
    ProcExe "proc.exe" Process Charbuf Na None None [IMAGE FIXED] Thread "First element of the command line (`argv[0]`).";
    ProcPexe "proc.pexe" Process Charbuf Na None None [IMAGE] Thread "`proc.exe` of the parent.";
    ProcAexe "proc.aexe" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "`proc.exe` of an ancestor: `[0]` the process itself, `[1]` its parent, and so on. Without index a condition holds if it holds for any ancestor; an output joins all with blanks.";
    ProcExepath "proc.exepath" Process Charbuf Na None None [IMAGE FIXED] Thread "Path of the executable as the kernel resolves it, without the mark of a deleted file.";
    ProcPexepath "proc.pexepath" Process Charbuf Na None None [IMAGE] Thread "`proc.exepath` of the parent.";
    ProcAexepath "proc.aexepath" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "`proc.exepath` of an ancestor, see `proc.aexe`.";
    ProcName "proc.name" Process Charbuf Na None None [IMAGE FIXED] Thread "Name of the thread's command, at most 15 bytes, as set by the last fork or exec. It need not be the name of the executable.";
    ProcPname "proc.pname" Process Charbuf Na None None [IMAGE] Thread "`proc.name` of the parent.";
    ProcAname "proc.aname" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "`proc.name` of an ancestor, see `proc.aexe`.";
    ProcArgs "proc.args" Process Charbuf Na Optional Index [IMAGE FIXED] Thread "Arguments without `argv[0]`, joined with blanks; `[N]` gives the Nth, from 0.";
    ProcAargs "proc.aargs" Process Charbuf Na Optional Index [ANY_OF IMAGE] Thread "`proc.args` of an ancestor, see `proc.aexe`.";
    ProcCmdline "proc.cmdline" Process Charbuf Na None None [IMAGE FIXED] Thread "`proc.name` and `proc.args`, separated by a blank.";
    ProcPcmdline "proc.pcmdline" Process Charbuf Na None None [IMAGE] Thread "`proc.cmdline` of the parent.";
    ProcAcmdline "proc.acmdline" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "`proc.cmdline` of an ancestor, see `proc.aexe`.";
    ProcCmdnargs "proc.cmdnargs" Process Uint64 Dec None None [IMAGE FIXED] Thread "Number of arguments without `argv[0]`.";
    ProcCmdlenargs "proc.cmdlenargs" Process Uint64 Dec None None [IMAGE FIXED] Thread "Bytes of all arguments without `argv[0]`, blanks not counted.";
    ProcExeline "proc.exeline" Process Charbuf Na None None [IMAGE FIXED] Thread "`proc.exe` and `proc.args`, separated by a blank.";
    ProcEnv "proc.env" Process Charbuf Na Optional IndexOrKey [IMAGE FIXED] Thread "Environment, joined with blanks; `[NAME]` gives the value of one variable, empty if it is not set.";
    ProcAenv "proc.aenv" Process Charbuf Na Optional IndexOrKey [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "Environment of an ancestor: `[N]` that of the Nth, `[NAME]` the value of a variable in the nearest ancestor that has it. Without argument, any ancestor.";
    ProcCwd "proc.cwd" Process Charbuf Na None None [IMAGE] Thread "Working directory, with a slash at the end.";
    ProcLoginshellid "proc.loginshellid" Process Int64 Id None None [IMAGE] Thread "Process id of the oldest ancestor whose name ends in `sh`.";
    ProcTty "proc.tty" Process Uint32 Id None None [IMAGE] Thread "Controlling terminal, 0 if there is none.";
    ProcPid "proc.pid" Process Int64 Id None None [IMAGE FIXED] Thread "Process id, as seen by the host.";
    ProcPpid "proc.ppid" Process Int64 Id None None [IMAGE] Thread "Process id of the parent; missing if the parent is not known.";
    ProcApid "proc.apid" Process Int64 Id Optional Index [NO_RHS NO_TRANSFORMER ANY_OF IMAGE] Thread "Process id of an ancestor, see `proc.aexe`. An output without index gives the process' own.";
    ProcVpid "proc.vpid" Process Int64 Id None None [IMAGE FIXED] Thread "Process id, as seen in its own namespace.";
    ProcPvpid "proc.pvpid" Process Int64 Id None None [IMAGE] Thread "`proc.vpid` of the parent.";
    ProcSid "proc.sid" Process Int64 Id None None [IMAGE] Thread "Session id.";
    ProcSname "proc.sname" Process Charbuf Na None None [] Thread "`proc.name` of the session's leader; if it is gone, of the oldest ancestor in the session.";
    ProcSidExe "proc.sid.exe" Process Charbuf Na None None [] Thread "`proc.exe` of the session's leader, see `proc.sname`.";
    ProcSidExepath "proc.sid.exepath" Process Charbuf Na None None [] Thread "`proc.exepath` of the session's leader, see `proc.sname`.";
    ProcVpgid "proc.vpgid" Process Int64 Id None None [IMAGE] Thread "Process group id, as seen in the process' own namespace.";
    ProcVpgidName "proc.vpgid.name" Process Charbuf Na None None [] Thread "`proc.name` of the leader of the group `proc.vpgid`; if it is gone, of the oldest ancestor in the group.";
    ProcVpgidExe "proc.vpgid.exe" Process Charbuf Na None None [] Thread "`proc.exe` of the leader of the group `proc.vpgid`.";
    ProcVpgidExepath "proc.vpgid.exepath" Process Charbuf Na None None [] Thread "`proc.exepath` of the leader of the group `proc.vpgid`.";
    ProcPgid "proc.pgid" Process Int64 Id None None [IMAGE] Thread "Process group id, as seen by the host.";
    ProcPgidName "proc.pgid.name" Process Charbuf Na None None [] Thread "`proc.name` of the leader of the group `proc.pgid`; if it is gone, of the oldest ancestor in the group.";
    ProcPgidExe "proc.pgid.exe" Process Charbuf Na None None [] Thread "`proc.exe` of the leader of the group `proc.pgid`.";
    ProcPgidExepath "proc.pgid.exepath" Process Charbuf Na None None [] Thread "`proc.exepath` of the leader of the group `proc.pgid`.";
    ProcDuration "proc.duration" Process Reltime Dec None None [] Thread "Nanoseconds since the process started; missing if the start was not seen.";
    ProcPpidDuration "proc.ppid.duration" Process Reltime Dec None None [] Thread "Nanoseconds since the parent started.";
    ProcPidTs "proc.pid.ts" Process Reltime Dec None None [IMAGE] Thread "Start of the process, nanoseconds since the epoch.";
    ProcPpidTs "proc.ppid.ts" Process Reltime Dec None None [IMAGE] Thread "Start of the parent, nanoseconds since the epoch.";
    ProcIsExeWritable "proc.is_exe_writable" Process Bool Na None None [IMAGE FIXED] Thread "Whether the user who started the process may write to its executable.";
    ProcIsExeUpperLayer "proc.is_exe_upper_layer" Process Bool Na None None [IMAGE FIXED] Thread "Whether the executable is in the upper layer of an overlay file system, i.e. was added to or changed in the container.";
    ProcIsExeLowerLayer "proc.is_exe_lower_layer" Process Bool Na None None [IMAGE FIXED] Thread "Whether the executable is in the lower layer of an overlay file system, i.e. comes with the image.";
    ProcIsExeFromMemfd "proc.is_exe_from_memfd" Process Bool Na None None [IMAGE FIXED] Thread "Whether the executable is an anonymous file in memory.";
    ProcIsSidLeader "proc.is_sid_leader" Process Bool Na None None [IMAGE] Thread "Whether the process leads its session.";
    ProcIsVpgidLeader "proc.is_vpgid_leader" Process Bool Na None None [IMAGE] Thread "Whether the process leads its process group, as seen in its own namespace.";
    ProcIsPgidLeader "proc.is_pgid_leader" Process Bool Na None None [IMAGE] Thread "Whether the process leads its process group, as seen by the host.";
    ProcExeIno "proc.exe_ino" Process Int64 Dec None None [IMAGE FIXED] Thread "Inode number of the executable; missing if not known.";
    ProcExeInoCtime "proc.exe_ino.ctime" Process Abstime Dec None None [IMAGE FIXED] Thread "Last change of the executable's inode, nanoseconds since the epoch; missing if not known.";
    ProcExeInoMtime "proc.exe_ino.mtime" Process Abstime Dec None None [IMAGE FIXED] Thread "Last change of the executable's content, nanoseconds since the epoch; missing if not known.";
    ProcExeInoCtimeDurationProcStart "proc.exe_ino.ctime_duration_proc_start" Process Abstime Dec None None [IMAGE] Thread "Nanoseconds from the last change of the executable's inode to the start of the process.";
    ProcExeInoCtimeDurationPidnsStart "proc.exe_ino.ctime_duration_pidns_start" Process Abstime Dec None None [IMAGE] Thread "Nanoseconds from the start of the process id namespace to the last change of the executable's inode, if later.";
    ProcPidnsInitStartTs "proc.pidns_init_start_ts" Process Uint64 Dec None None [IMAGE] Thread "Start of the process id namespace, nanoseconds since the epoch.";
    ThreadCapPermitted "thread.cap_permitted" Process Charbuf Na None None [IMAGE] Thread "Names of the permitted capabilities, joined with blanks.";
    ThreadCapInheritable "thread.cap_inheritable" Process Charbuf Na None None [IMAGE] Thread "Names of the inheritable capabilities, joined with blanks.";
    ThreadCapEffective "thread.cap_effective" Process Charbuf Na None None [IMAGE] Thread "Names of the effective capabilities, joined with blanks.";
    ProcFdopencount "proc.fdopencount" Process Uint64 Dec None None [] Thread "Number of open descriptors.";
    ProcFdlimit "proc.fdlimit" Process Int64 Dec None None [] Thread "Largest number of descriptors the process may open.";
    ProcFdusage "proc.fdusage" Process Double Na None None [] Thread "Open descriptors in percent of the limit.";
    ProcVmsize "proc.vmsize" Process Uint64 Dec None None [] Thread "Virtual memory of the process in KiB.";
    ProcVmrss "proc.vmrss" Process Uint64 Dec None None [] Thread "Resident memory of the process in KiB.";
    ProcVmswap "proc.vmswap" Process Uint64 Dec None None [] Thread "Swapped memory of the process in KiB.";
    ThreadPfmajor "thread.pfmajor" Process Uint64 Dec None None [] Thread "Number of major page faults since the start.";
    ThreadPfminor "thread.pfminor" Process Uint64 Dec None None [] Thread "Number of minor page faults since the start.";
    ThreadTid "thread.tid" Process Int64 Id None None [] Nothing "Thread id, as seen by the host.";
    ThreadIsmain "thread.ismain" Process Bool Na None None [] Thread "Whether the thread is the main thread of its process.";
    ThreadVtid "thread.vtid" Process Int64 Id None None [IMAGE] Thread "Thread id, as seen in its own namespace.";
    ThreadNametid "thread.nametid" Process Charbuf Na None None [HIDDEN IMAGE] Thread "`proc.name` followed by the thread id.";
    ThreadExectime "thread.exectime" Process Reltime Dec None None [LOOKS_BACK] Nothing "Nanoseconds the thread has just run, for `switch` events; else 0.";
    ThreadTotexectime "thread.totexectime" Process Reltime Dec None None [LOOKS_BACK] Thread "Nanoseconds the thread has run, summed over the `switch` events seen.";
    ThreadCgroups "thread.cgroups" Process Charbuf Na None None [IMAGE FIXED] Thread "Control groups as `subsystem=path`, joined with blanks; missing if there are none.";
    ThreadCgroup "thread.cgroup" Process Charbuf Na Required Key [DOTTED_ARG IMAGE] Thread "`thread.cgroup.SUBSYSTEM`: path of the control group of one subsystem.";
    ProcNthreads "proc.nthreads" Process Uint64 Dec None None [] Thread "Number of live threads, the main thread included.";
    ProcNchilds "proc.nchilds" Process Uint64 Dec None None [] Thread "Number of live threads, the main thread excluded.";
    ThreadCpu "thread.cpu" Process Double Na None None [LOOKS_BACK] Thread "Percent of a processor used over the last interval; only for `procinfo` events.";
    ThreadCpuUser "thread.cpu.user" Process Double Na None None [LOOKS_BACK] Thread "Percent of a processor used in user mode, see `thread.cpu`.";
    ThreadCpuSystem "thread.cpu.system" Process Double Na None None [LOOKS_BACK] Thread "Percent of a processor used in kernel mode, see `thread.cpu`.";
    ThreadVmsize "thread.vmsize" Process Uint64 Dec None None [] Thread "Virtual memory in KiB for main threads, 0 for others.";
    ThreadVmrss "thread.vmrss" Process Uint64 Dec None None [] Thread "Resident memory in KiB for main threads, 0 for others.";
    ThreadVmsizeB "thread.vmsize.b" Process Uint64 Dec None None [HIDDEN] Thread "Virtual memory in bytes for main threads, 0 for others.";
    ThreadVmrssB "thread.vmrss.b" Process Uint64 Dec None None [HIDDEN] Thread "Resident memory in bytes for main threads, 0 for others.";
    ProcStdinType "proc.stdin.type" Process Charbuf Na None None [] Thread "`fd.type` of descriptor 0.";
    ProcStdoutType "proc.stdout.type" Process Charbuf Na None None [] Thread "`fd.type` of descriptor 1.";
    ProcStderrType "proc.stderr.type" Process Charbuf Na None None [] Thread "`fd.type` of descriptor 2.";
    ProcStdinName "proc.stdin.name" Process Charbuf Na None None [] Thread "`fd.name` of descriptor 0.";
    ProcStdoutName "proc.stdout.name" Process Charbuf Na None None [] Thread "`fd.name` of descriptor 1.";
    ProcStderrName "proc.stderr.name" Process Charbuf Na None None [] Thread "`fd.name` of descriptor 2.";

    // User
    UserUid "user.uid" User Uint32 Id None None [IMAGE] Thread "User id of the thread.";
    UserName "user.name" User Charbuf Na None None [IMAGE] Thread "Name of the user, in the container's user table if there is one; `<NA>` if not known.";
    UserHomedir "user.homedir" User Charbuf Na None None [IMAGE] Thread "Home directory of the user; `<NA>` if not known.";
    UserShell "user.shell" User Charbuf Na None None [IMAGE] Thread "Login shell of the user; `<NA>` if not known.";
    UserLoginuid "user.loginuid" User Int64 Id None None [IMAGE] Thread "Audit id of the user who logged in, -1 if it was never set.";
    UserLoginname "user.loginname" User Charbuf Na None None [IMAGE] Thread "Name of the user who logged in; `<NA>` if not known.";

    // Group
    GroupGid "group.gid" Group Uint32 Id None None [IMAGE] Thread "Group id of the thread.";
    GroupName "group.name" Group Charbuf Na None None [IMAGE] Thread "Name of the group; `<NA>` if not known.";

    // Fd
    FdNum "fd.num" Fd Int64 Id None None [] Fd "Number of the descriptor; of a new one if the call creates one.";
    FdType "fd.type" Fd Charbuf Dec None None [FILE] Fd "Type of the descriptor: `file`, `directory`, `ipv4`, `ipv6`, `unix`, `pipe`, `event`, `signalfd`, `eventpoll`, `inotify`, `timerfd`, `netlink`, `bpf`, `userfaultfd`, `io_uring`, `memfd` or `pidfd`. Missing if it is not known.";
    FdTypechar "fd.typechar" Fd Charbuf Dec None None [FILE] Fd "Type of the descriptor as one letter: `f` file, `4` and `6` inet socket, `u` unix socket, `p` pipe, and so on; `o` if it is not known.";
    FdName "fd.name" Fd Charbuf Na None None [FILE] Fd "Full name of the descriptor: a path, `client:port->server:port`, `address:port` of a listening socket, or addresses and path of a unix socket. For a failed open the path that was asked for.";
    FdDirectory "fd.directory" Fd Charbuf Na None None [FILE] Fd "Directory part of `fd.name`, for files and directories.";
    FdFilename "fd.filename" Fd Charbuf Na None None [FILE] Fd "Last part of `fd.name`, for files.";
    FdIp "fd.ip" Fd Ipaddr Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END FILE] Fd "Address of either end of a connection.";
    FdCip "fd.cip" Fd Ipaddr Na None None [FILE] Fd "Address of the client.";
    FdSip "fd.sip" Fd Ipaddr Na None None [FILE] Fd "Address of the server.";
    FdLip "fd.lip" Fd Ipaddr Na None None [] Fd "Address of this host or container.";
    FdRip "fd.rip" Fd Ipaddr Na None None [] Fd "Address of the other end.";
    FdPort "fd.port" Fd Port Dec None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END FILE] Fd "Port of either end of a connection.";
    FdCport "fd.cport" Fd Port Dec None None [FILE] Fd "Port of the client.";
    FdSport "fd.sport" Fd Port Dec None None [FILE] Fd "Port of the server, also of a listening socket.";
    FdLport "fd.lport" Fd Port Dec None None [] Fd "Port of this host or container.";
    FdRport "fd.rport" Fd Port Dec None None [] Fd "Port of the other end.";
    FdL4proto "fd.l4proto" Fd Charbuf Na None None [FILE] Fd "Transport protocol of a socket: `tcp`, `udp`, `icmp`, `raw` or `<NA>`.";
    FdSockfamily "fd.sockfamily" Fd Charbuf Na None None [FILE] Fd "Family of a socket: `ip` or `unix`.";
    FdIsServer "fd.is_server" Fd Bool Na None None [] Fd "Whether the process is the server of the connection.";
    FdUid "fd.uid" Fd Charbuf Na None None [] Fd "Thread id directly followed by the number of the descriptor.";
    FdContainername "fd.containername" Fd Charbuf Na None None [] Fd "`container.id` and `fd.name`, separated by a colon.";
    FdContainerdirectory "fd.containerdirectory" Fd Charbuf Na None None [] Fd "`container.id` and `fd.directory`, separated by a colon.";
    FdProto "fd.proto" Fd Port Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END FILE] Fd "Port of either end of a connection; conditions may name the service.";
    FdCproto "fd.cproto" Fd Charbuf Na None None [FILE] Fd "Port of the client.";
    FdSproto "fd.sproto" Fd Charbuf Na None None [FILE] Fd "Port of the server.";
    FdLproto "fd.lproto" Fd Charbuf Na None None [] Fd "Port of this host or container.";
    FdRproto "fd.rproto" Fd Charbuf Na None None [] Fd "Port of the other end.";
    FdNet "fd.net" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END FILE] Fd "Network of either end of a connection.";
    FdCnet "fd.cnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER FILE] Fd "Network of the client.";
    FdSnet "fd.snet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER FILE] Fd "Network of the server.";
    FdLnet "fd.lnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Network of this host or container.";
    FdRnet "fd.rnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Network of the other end.";
    FdConnected "fd.connected" Fd Bool Na None None [FILE] Fd "Whether a TCP or UDP socket is connected.";
    FdNameChanged "fd.name_changed" Fd Bool Na None None [] Fd "Whether this event changed the name of the descriptor.";
    FdCipName "fd.cip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER FILE] Fd "Domain name of the client.";
    FdSipName "fd.sip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER FILE] Fd "Domain name of the server.";
    FdLipName "fd.lip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER FILE] Fd "Domain name of this host or container.";
    FdRipName "fd.rip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER FILE] Fd "Domain name of the other end.";
    FdDev "fd.dev" Fd Int32 Hex None None [] Fd "Device number of the file.";
    FdDevMajor "fd.dev.major" Fd Int32 Dec None None [] Fd "Major device number of the file.";
    FdDevMinor "fd.dev.minor" Fd Int32 Dec None None [] Fd "Minor device number of the file.";
    FdIno "fd.ino" Fd Int64 Dec None None [] Fd "Inode number of the file.";
    FdNameraw "fd.nameraw" Fd Charbuf Na None None [FILE] Fd "Path of the file as the process gave it.";
    FdTypes "fd.types" Fd Charbuf Dec Optional Index [LIST NO_RHS] Fd "Types of all descriptors of the thread, each once; `[N]` only that of descriptor N.";
    FdIsUpperLayer "fd.is_upper_layer" Fd Bool Na None None [] Fd "Whether the file is in the upper layer of an overlay file system.";
    FdIsLowerLayer "fd.is_lower_layer" Fd Bool Na None None [] Fd "Whether the file is in the lower layer of an overlay file system.";

    // FsPath
    FsPathName "fs.path.name" FsPath Charbuf Na None None [] Nothing "Absolute path of a successful operation on one path, e.g. `unlink` or `open`.";
    FsPathNameraw "fs.path.nameraw" FsPath Charbuf Na None None [] Nothing "The same path as the process gave it.";
    FsPathSource "fs.path.source" FsPath Charbuf Na None None [] Nothing "Absolute source path of a successful operation on two paths, e.g. `rename` or `symlink`.";
    FsPathSourceraw "fs.path.sourceraw" FsPath Charbuf Na None None [] Nothing "The same path as the process gave it.";
    FsPathTarget "fs.path.target" FsPath Charbuf Na None None [] Nothing "Absolute target path of a successful operation on two paths, e.g. `rename` or `symlink`.";
    FsPathTargetraw "fs.path.targetraw" FsPath Charbuf Na None None [] Nothing "The same path as the process gave it.";

    // Util
    UtilCnt "util.cnt" Util Uint64 Id None None [LOOKS_BACK] Nothing "Counts its own evaluations.";

    // FdList
    FdlistNums "fdlist.nums" FdList Charbuf Id None None [] Thread "Numbers of the descriptors of `poll` and `ppoll`, joined with commas.";
    FdlistNames "fdlist.names" FdList Charbuf Na None None [] Thread "Names of the descriptors of `poll` and `ppoll`, joined with commas.";
    FdlistCips "fdlist.cips" FdList Charbuf Na None None [] Thread "Client addresses of the descriptors of `poll` and `ppoll`, joined with commas.";
    FdlistSips "fdlist.sips" FdList Charbuf Na None None [] Thread "Server addresses of the descriptors of `poll` and `ppoll`, joined with commas.";
    FdlistCports "fdlist.cports" FdList Charbuf Dec None None [] Thread "Client ports of the descriptors of `poll` and `ppoll`, joined with commas.";
    FdlistSports "fdlist.sports" FdList Charbuf Dec None None [] Thread "Server ports of the descriptors of `poll` and `ppoll`, joined with commas.";

    // Container
    ContainerId "container.id" Container Charbuf Na None None [SUGGESTED IMAGE FIXED] Nothing "First 12 characters of the container's id; `host` outside of containers.";
    ContainerFullId "container.full_id" Container Charbuf Na None None [IMAGE] Nothing "Full id of the container.";
    ContainerName "container.name" Container Charbuf Na None None [SUGGESTED IMAGE] Nothing "Name of the container; `host` outside of containers.";
    ContainerImage "container.image" Container Charbuf Na None None [IMAGE] Nothing "Image of the container with its tag.";
    ContainerImageId "container.image.id" Container Charbuf Na None None [IMAGE] Nothing "Id of the image.";
    ContainerType "container.type" Container Charbuf Na None None [IMAGE] Nothing "Runtime of the container, e.g. `docker`, `containerd`, `cri-o`, `podman`; `host` outside of containers.";
    ContainerPrivileged "container.privileged" Container Bool Na None None [IMAGE] Nothing "Whether the container is privileged.";
    ContainerMounts "container.mounts" Container Charbuf Na None None [IMAGE] Nothing "All mounts as `source:dest:mode:rdwr:propagation`, separated by commas.";
    ContainerMount "container.mount" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "One mount in the same form, by number or by a glob over its source.";
    ContainerMountSource "container.mount.source" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "Source of a mount, by number or by its destination.";
    ContainerMountDest "container.mount.dest" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "Destination of a mount, by number or by its source.";
    ContainerMountMode "container.mount.mode" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "Mode of a mount, by number or by its source.";
    ContainerMountRdwr "container.mount.rdwr" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "Whether a mount is writable, `true` or `false`, by number or by its source.";
    ContainerMountPropagation "container.mount.propagation" Container Charbuf Na Required IndexOrKey [IMAGE] Nothing "Propagation of a mount, by number or by its source.";
    ContainerImageRepository "container.image.repository" Container Charbuf Na None None [SUGGESTED IMAGE] Nothing "Image of the container without tag.";
    ContainerImageTag "container.image.tag" Container Charbuf Na None None [SUGGESTED IMAGE] Nothing "Tag of the image.";
    ContainerImageDigest "container.image.digest" Container Charbuf Na None None [IMAGE] Nothing "Digest of the image, `sha256:…`.";
    ContainerHealthcheck "container.healthcheck" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    ContainerLivenessProbe "container.liveness_probe" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    ContainerReadinessProbe "container.readiness_probe" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    ContainerStartTs "container.start_ts" Container Abstime Dec None None [IMAGE] Nothing "Start of the container, nanoseconds since the epoch.";
    ContainerDuration "container.duration" Container Reltime Dec None None [] Nothing "Nanoseconds since the container started.";
    ContainerIp "container.ip" Container Charbuf Na None None [IMAGE] Nothing "Primary IPv4 address of the container.";
    ContainerCniJson "container.cni.json" Container Charbuf Na None None [IMAGE] Nothing "Result of the network plugin, as JSON.";
    ContainerHostPid "container.host_pid" Container Bool Na None None [IMAGE] Nothing "Whether the container shares the host's process ids.";
    ContainerHostNetwork "container.host_network" Container Bool Na None None [IMAGE] Nothing "Whether the container shares the host's network.";
    ContainerHostIpc "container.host_ipc" Container Bool Na None None [IMAGE] Nothing "Whether the container shares the host's IPC.";
    ContainerLabel "container.label" Container Charbuf Na Required Key [DOTTED_ARG IMAGE] Nothing "One label of the container, `container.label[KEY]` or `container.label.KEY`.";
    ContainerLabels "container.labels" Container Charbuf Na None None [IMAGE] Nothing "Labels of the container as `key:value`, joined with commas, internal ones left out.";
    ProcIsContainerHealthcheck "proc.is_container_healthcheck" Container Bool Na None None [] Nothing "Deprecated, always missing.";
    ProcIsContainerLivenessProbe "proc.is_container_liveness_probe" Container Bool Na None None [] Nothing "Deprecated, always missing.";
    ProcIsContainerReadinessProbe "proc.is_container_readiness_probe" Container Bool Na None None [] Nothing "Deprecated, always missing.";
    K8sPodName "k8s.pod.name" Container Charbuf Na None None [SUGGESTED IMAGE] Nothing "Name of the pod.";
    K8sNsName "k8s.ns.name" Container Charbuf Na None None [SUGGESTED IMAGE] Nothing "Namespace of the pod.";
    K8sPodId "k8s.pod.id" Container Charbuf Na None None [IMAGE] Nothing "Like `k8s.pod.uid`.";
    K8sPodUid "k8s.pod.uid" Container Charbuf Na None None [IMAGE] Nothing "Unique id of the pod.";
    K8sPodSandboxId "k8s.pod.sandbox_id" Container Charbuf Na None None [IMAGE] Nothing "First 12 characters of the id of the pod's sandbox container.";
    K8sPodFullSandboxId "k8s.pod.full_sandbox_id" Container Charbuf Na None None [IMAGE] Nothing "Id of the pod's sandbox container.";
    K8sPodLabel "k8s.pod.label" Container Charbuf Na Required Key [IMAGE] Nothing "One label of the pod, `k8s.pod.label[KEY]`.";
    K8sPodLabels "k8s.pod.labels" Container Charbuf Na None None [IMAGE] Nothing "Labels of the pod as `key:value`, joined with commas.";
    K8sPodIp "k8s.pod.ip" Container Charbuf Na None None [IMAGE] Nothing "Like `container.ip`.";
    K8sPodCniJson "k8s.pod.cni.json" Container Charbuf Na None None [IMAGE] Nothing "Like `container.cni.json`.";
    K8sRcName "k8s.rc.name" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sRcId "k8s.rc.id" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sRcLabel "k8s.rc.label" Container Charbuf Na Required Key [IMAGE] Nothing "Deprecated, always missing.";
    K8sRcLabels "k8s.rc.labels" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sSvcName "k8s.svc.name" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sSvcId "k8s.svc.id" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sSvcLabel "k8s.svc.label" Container Charbuf Na Required Key [IMAGE] Nothing "Deprecated, always missing.";
    K8sSvcLabels "k8s.svc.labels" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sNsId "k8s.ns.id" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sNsLabel "k8s.ns.label" Container Charbuf Na Required Key [IMAGE] Nothing "Deprecated, always missing.";
    K8sNsLabels "k8s.ns.labels" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sRsName "k8s.rs.name" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sRsId "k8s.rs.id" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sRsLabel "k8s.rs.label" Container Charbuf Na Required Key [IMAGE] Nothing "Deprecated, always missing.";
    K8sRsLabels "k8s.rs.labels" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sDeploymentName "k8s.deployment.name" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sDeploymentId "k8s.deployment.id" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
    K8sDeploymentLabel "k8s.deployment.label" Container Charbuf Na Required Key [IMAGE] Nothing "Deprecated, always missing.";
    K8sDeploymentLabels "k8s.deployment.labels" Container Charbuf Na None None [IMAGE] Nothing "Deprecated, always missing.";
}
