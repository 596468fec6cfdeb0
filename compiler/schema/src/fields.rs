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
    EvtNum "evt.num" EvtGeneric Uint64 Id None None [] Nothing "Event counter of the inspector, starts at 1 (initial state events of a capture file are counted too, so the first delivered event may be >1).";
    EvtTime "evt.time" EvtGeneric Charbuf Na None None [] Nothing "Local wall clock HH:MM:SS.nnnnnnnnn; JSON value is integer ns.";
    EvtTimeS "evt.time.s" EvtGeneric Charbuf Na None None [] Nothing "Local HH:MM:SS; JSON integer ns.";
    EvtTimeIso8601 "evt.time.iso8601" EvtGeneric Charbuf Na None None [] Nothing "UTC YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+0000; JSON integer ns.";
    EvtDatetime "evt.datetime" EvtGeneric Charbuf Na None None [] Nothing "Local YYYY-MM-DD HH:MM:SS.nnnnnnnnn; JSON integer ns.";
    EvtDatetimeS "evt.datetime.s" EvtGeneric Charbuf Na None None [] Nothing "Local YYYY-MM-DD HH:MM:SS; JSON integer ns.";
    EvtRawtime "evt.rawtime" EvtGeneric Abstime Dec None None [] Nothing "Epoch ns.";
    EvtRawtimeS "evt.rawtime.s" EvtGeneric Abstime Dec None None [] Nothing "Epoch seconds.";
    EvtRawtimeNs "evt.rawtime.ns" EvtGeneric Abstime PaddedDec None None [] Nothing "Sub-second part, 9 digits padded.";
    EvtReltime "evt.reltime" EvtGeneric Reltime PaddedDec None None [] Nothing "Ns since the first non-meta event of the capture (printed padded).";
    EvtReltimeS "evt.reltime.s" EvtGeneric Reltime Dec None None [] Nothing "Whole seconds of reltime.";
    EvtReltimeNs "evt.reltime.ns" EvtGeneric Reltime PaddedDec None None [] Nothing "Sub-second part of reltime.";
    EvtPluginname "evt.pluginname" EvtGeneric Charbuf Na None None [] Nothing "Name of the plugin whose id is in a pluginevent; else missing.";
    EvtPlugininfo "evt.plugininfo" EvtGeneric Charbuf Na None None [] Nothing "Plugin's event_to_string (fallback \"datalen=N data=...\", 50 bytes, \"<binary>\").";
    EvtSource "evt.source" EvtGeneric Charbuf Na None None [] Nothing "\"syscall\" or plugin event source; missing if unknown.";
    EvtIsAsync "evt.is_async" EvtGeneric Bool Na None None [] Nothing "True only for asyncevent.";
    EvtAsynctype "evt.asynctype" EvtGeneric Charbuf Na None None [] Nothing "Async event name (e.g. container); else missing.";
    EvtHostname "evt.hostname" EvtGeneric Charbuf Na None None [] Nothing "FALCO_HOSTNAME env if set, else machine info hostname.";

    // Evt
    EvtLatency "evt.latency" Evt Reltime Dec None None [DEPRECATED] Nothing "Always 0 since enter events are gone.";
    EvtLatencyS "evt.latency.s" Evt Reltime Dec None None [DEPRECATED] Nothing "0.";
    EvtLatencyNs "evt.latency.ns" Evt Reltime PaddedDec None None [DEPRECATED] Nothing "0.";
    EvtLatencyQuantized "evt.latency.quantized" Evt Uint64 Dec None None [HIDDEN DEPRECATED] Nothing "0.";
    EvtLatencyHuman "evt.latency.human" Evt Charbuf Na None None [DEPRECATED] Nothing "\"0ns\".";
    EvtDeltatime "evt.deltatime" Evt Reltime Dec None None [] Nothing "Ns since the previous evaluation of this very check (not since the previous event); first evaluation 0.";
    EvtDeltatimeS "evt.deltatime.s" Evt Reltime Dec None None [] Nothing "Seconds part, same caveat.";
    EvtDeltatimeNs "evt.deltatime.ns" Evt Reltime PaddedDec None None [] Nothing "Ns part, same caveat.";
    EvtOutputtime "evt.outputtime" Evt Charbuf Na None None [PRINT_ONLY] Nothing "Time in the -t style format of the inspector (print only).";
    EvtDir "evt.dir" Evt Charbuf Dir None None [DEPRECATED] Nothing "\">\" for enter-coded events, \"<\" for exit-coded (kept from event code parity).";
    EvtType "evt.type" Evt Charbuf Na None None [] Nothing "Event name; for generic events the syscall name; for async events the async name. \"pread64\" syscall has evt.type \"pread\".";
    EvtTypeIs "evt.type.is" Evt Uint32 Na Required Key [DOTTED_ARG] Nothing "Evt.type.is.NAME or [NAME]: 1 if the event is of that type else 0; NAME must exist.";
    SyscallType "syscall.type" Evt Charbuf Na None None [] Nothing "Same as evt.type for syscalls only, else missing.";
    EvtCategory "evt.category" Evt Charbuf Na None None [] Nothing "File net IPC memory process sleep system signal user time processing wait scheduler internal other unknown syscall tracepoint plugin meta; for IO events by fd: file, net, ipc or unknown.";
    EvtCpu "evt.cpu" Evt Int16 Id None None [] Nothing "CPU number (u16).";
    EvtArgs "evt.args" Evt Charbuf Na None None [] Nothing "All params `name=raw(resolved)` blank separated; resolved part only if it differs/nonempty; empty for generic events. FD: `fd=4(<4t>name)`, flags `flags=65(O_RDONLY|O_CLOEXEC)`, errno `res=-2(ENOENT)`, relative path `name=x(/cwd/x)`.";
    EvtArg "evt.arg" Evt Charbuf Na Required IndexOrKey [DOTTED_ARG] Nothing "Evt.arg.NAME / [NAME] / [N]: resolved text if any, else the raw text. FD → `<f>/path` etc.; errno name on negative res; path params give the **absolute** path when resolvable; flags as A|B; uid/gid as user/group name. Unknown name is a compile error, index out of range is missing.";
    EvtRawarg "evt.rawarg" Evt Dyn Na Required Key [NO_RHS NO_TRANSFORMER DOTTED_ARG] Nothing "Same by name only, typed by the param (PT_DYN). Compile-time type comes from the first/longest matching param of that name over all events; runtime type from the event. Numeric `in` never matches (bug). Path params are raw.";
    EvtInfo "evt.info" Evt Charbuf Na None None [] Nothing "Same as evt.args (plugin events: plugininfo).";
    EvtBuffer "evt.buffer" Evt Bytebuf Na None None [] Nothing "Data bytes of IO events (param \"data\"), subject to snaplen (default 80).";
    EvtBuflen "evt.buflen" Evt Uint64 Dec None None [] Nothing "Byte count of IO: return value when >=0.";
    EvtRes "evt.res" Evt Charbuf Dec None None [] Nothing "\"SUCCESS\" or errno name (ENOENT...) from the res/fd return param; missing if the event has none.";
    EvtRawres "evt.rawres" Evt Int64 Dec None None [] Nothing "Return value as number.";
    EvtFailed "evt.failed" Evt Bool Na None None [] Nothing "Return value < 0; missing if the event has no return value (generic, enter, non-syscall).";
    EvtIsIo "evt.is_io" Evt Bool Na None None [] Nothing "Event flags READS_FROM_FD or WRITES_TO_FD.";
    EvtIsIoRead "evt.is_io_read" Evt Bool Na None None [] Nothing "READS_FROM_FD.";
    EvtIsIoWrite "evt.is_io_write" Evt Bool Na None None [] Nothing "WRITES_TO_FD.";
    EvtIoDir "evt.io_dir" Evt Charbuf Na None None [] Nothing "\"read\" / \"write\"; missing for other events.";
    EvtIsWait "evt.is_wait" Evt Bool Na None None [] Nothing "EF_WAITS.";
    EvtWaitLatency "evt.wait_latency" Evt Reltime Dec None None [DEPRECATED] Nothing "0 for wait events.";
    EvtIsSyslog "evt.is_syslog" Evt Bool Na None None [] Nothing "Writes to an fd whose name contains /dev/log; false otherwise.";
    EvtCount "evt.count" Evt Uint32 Dec None None [] Nothing "1.";
    EvtCountError "evt.count.error" Evt Uint32 Dec None None [] Nothing "1 if return value < 0 else 0; missing without return value.";
    EvtCountErrorFile "evt.count.error.file" Evt Uint32 Dec None None [] Nothing "Error on a file event/fd.";
    EvtCountErrorNet "evt.count.error.net" Evt Uint32 Dec None None [] Nothing "Error on a network event/fd.";
    EvtCountErrorMemory "evt.count.error.memory" Evt Uint32 Dec None None [] Nothing "Error on a memory event.";
    EvtCountErrorOther "evt.count.error.other" Evt Uint32 Dec None None [] Nothing "Error of another kind.";
    EvtCountExit "evt.count.exit" Evt Uint32 Dec None None [] Nothing "1 for exit events.";
    EvtCountProcinfo "evt.count.procinfo" Evt Uint32 Dec None None [HIDDEN] Nothing "1 for procinfo of main threads, else 0.";
    EvtCountThreadinfo "evt.count.threadinfo" Evt Uint32 Dec None None [HIDDEN] Nothing "1 for procinfo, else 0.";
    EvtAround "evt.around" Evt Uint64 Dec Required Index [FILTER_ONLY NO_RHS NO_TRANSFORMER] Nothing "Evt.around[T]=D: |ts-T| <= D ms.";
    EvtAbspath "evt.abspath" Evt Charbuf Na Optional Key [DOTTED_ARG] Nothing "Absolute path from dirfd+name for renameat/renameat2, symlinkat, openat(2), open_by_handle_at, linkat, unlinkat, mkdirat, fchmodat, fchownat; .src/.dst suffix selects; other events missing.";
    EvtBuflenIn "evt.buflen.in" Evt Uint64 Dec None None [HIDDEN] Nothing "Buflen of input IO.";
    EvtBuflenOut "evt.buflen.out" Evt Uint64 Dec None None [HIDDEN] Nothing "Buflen of output IO.";
    EvtBuflenFile "evt.buflen.file" Evt Uint64 Dec None None [HIDDEN] Nothing "Buflen if fd is a file.";
    EvtBuflenFileIn "evt.buflen.file.in" Evt Uint64 Dec None None [HIDDEN] Nothing "Input, file.";
    EvtBuflenFileOut "evt.buflen.file.out" Evt Uint64 Dec None None [HIDDEN] Nothing "Output, file.";
    EvtBuflenNet "evt.buflen.net" Evt Uint64 Dec None None [HIDDEN] Nothing "Buflen if fd is a network socket.";
    EvtBuflenNetIn "evt.buflen.net.in" Evt Uint64 Dec None None [HIDDEN] Nothing "Input, net.";
    EvtBuflenNetOut "evt.buflen.net.out" Evt Uint64 Dec None None [HIDDEN] Nothing "Output, net.";
    EvtIsOpenRead "evt.is_open_read" Evt Bool Na None None [] Nothing "Open/openat/openat2/open_by_handle_at with read access bit (PPM_O_RDONLY=1); false (present) on all other events, return code not checked.";
    EvtIsOpenWrite "evt.is_open_write" Evt Bool Na None None [] Nothing "Same with PPM_O_WRONLY=2 (RDWR=3 sets both).";
    EvtInfraDockerName "evt.infra.docker.name" Evt Charbuf Na None None [HIDDEN] Nothing "Docker infra event name.";
    EvtInfraDockerContainerId "evt.infra.docker.container.id" Evt Charbuf Na None None [HIDDEN] Nothing "As above.";
    EvtInfraDockerContainerName "evt.infra.docker.container.name" Evt Charbuf Na None None [HIDDEN] Nothing "As above.";
    EvtInfraDockerContainerImage "evt.infra.docker.container.image" Evt Charbuf Na None None [HIDDEN] Nothing "As above.";
    EvtIsOpenExec "evt.is_open_exec" Evt Bool Na None None [] Nothing "Creat, or open* with O_CREAT/O_TMPFILE, and mode has any x bit.";
    EvtIsOpenCreate "evt.is_open_create" Evt Bool Na None None [] Nothing "Open* with PPM_O_F_CREATED set by the driver, or O_TMPFILE with ret >= 0.";

    // Process
    ProcExe "proc.exe" Process Charbuf Na None None [] Thread "Argv[0] (4096 max); \"<NA>\" for unknown threads.";
    ProcPexe "proc.pexe" Process Charbuf Na None None [] Thread "Parent's exe.";
    ProcAexe "proc.aexe" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Ancestor exe; [N]: N=0 self, 1 parent...; no index: any ancestor (filter) / joined (output).";
    ProcExepath "proc.exepath" Process Charbuf Na None None [] Thread "Kernel resolved path of the executable (trusted_exepath), \" (deleted)\" stripped; fallback /proc/PID/exe.";
    ProcPexepath "proc.pexepath" Process Charbuf Na None None [] Thread "Parent's exepath.";
    ProcAexepath "proc.aexepath" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Ancestor exepath, see aexe.";
    ProcName "proc.name" Process Charbuf Na None None [] Thread "Comm (15 bytes) as of last clone/execve//proc scan; not the exe basename.";
    ProcPname "proc.pname" Process Charbuf Na None None [] Thread "Parent's comm.";
    ProcAname "proc.aname" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Ancestor comm; no index excludes self.";
    ProcArgs "proc.args" Process Charbuf Na Optional Index [] Thread "Arguments after argv[0] joined with blank; [N] gives Nth (0-based, excl. argv[0]), out of range → \"\".";
    ProcAargs "proc.aargs" Process Charbuf Na Optional Index [ANY_OF] Thread "Ancestor args; [N]; without index the comparison uses ancestors.";
    ProcCmdline "proc.cmdline" Process Charbuf Na None None [] Thread "Comm + \" \" + args.";
    ProcPcmdline "proc.pcmdline" Process Charbuf Na None None [] Thread "Parent's cmdline.";
    ProcAcmdline "proc.acmdline" Process Charbuf Na Optional Index [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Ancestor cmdline.";
    ProcCmdnargs "proc.cmdnargs" Process Uint64 Dec None None [] Thread "Number of args.";
    ProcCmdlenargs "proc.cmdlenargs" Process Uint64 Dec None None [] Thread "Sum of arg lengths.";
    ProcExeline "proc.exeline" Process Charbuf Na None None [] Thread "Exe + \" \" + args.";
    ProcEnv "proc.env" Process Charbuf Na Optional IndexOrKey [] Thread "Environment joined with blanks; [NAME] value trimmed, \"\" when absent (exists!).";
    ProcAenv "proc.aenv" Process Charbuf Na Optional IndexOrKey [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Env of ancestors: no arg any ancestor; [N] meant as Nth ancestor but filters match any ancestor; [NAME] first non-empty among ancestors (max 20).";
    ProcCwd "proc.cwd" Process Charbuf Na None None [] Thread "Working directory with trailing \"/\".";
    ProcLoginshellid "proc.loginshellid" Process Int64 Id None None [] Thread "Pid of the oldest ancestor whose comm ends with \"sh\".";
    ProcTty "proc.tty" Process Uint32 Id None None [] Thread "Controlling tty, 0 none.";
    ProcPid "proc.pid" Process Int64 Id None None [] Thread "Tgid.";
    ProcPpid "proc.ppid" Process Int64 Id None None [] Thread "Parent's pid; missing if parent unknown.";
    ProcApid "proc.apid" Process Int64 Id Optional Index [NO_RHS NO_TRANSFORMER ANY_OF] Thread "Ancestor pid; no index: filter any ancestor, output own pid; `in` without index never matches.";
    ProcVpid "proc.vpid" Process Int64 Id None None [] Thread "Pid in its pid ns (missing if -1).";
    ProcPvpid "proc.pvpid" Process Int64 Id None None [] Thread "Parent's vpid.";
    ProcSid "proc.sid" Process Int64 Id None None [] Thread "Session id.";
    ProcSname "proc.sname" Process Charbuf Na None None [] Thread "Comm of session leader: thread with tid==sid (only if not in a pid ns), else oldest contiguous ancestor with same sid, else \"\".";
    ProcSidExe "proc.sid.exe" Process Charbuf Na None None [] Thread "Exe of it.";
    ProcSidExepath "proc.sid.exepath" Process Charbuf Na None None [] Thread "Exepath of it.";
    ProcVpgid "proc.vpgid" Process Int64 Id None None [] Thread "Process group id in pid ns.";
    ProcVpgidName "proc.vpgid.name" Process Charbuf Na None None [] Thread "Comm of group leader by vpgid.";
    ProcVpgidExe "proc.vpgid.exe" Process Charbuf Na None None [] Thread "Exe of it.";
    ProcVpgidExepath "proc.vpgid.exepath" Process Charbuf Na None None [] Thread "Exepath of it.";
    ProcPgid "proc.pgid" Process Int64 Id None None [] Thread "Process group id, host ns.";
    ProcPgidName "proc.pgid.name" Process Charbuf Na None None [] Thread "Comm of group leader by pgid.";
    ProcPgidExe "proc.pgid.exe" Process Charbuf Na None None [] Thread "Exe of it.";
    ProcPgidExepath "proc.pgid.exepath" Process Charbuf Na None None [] Thread "Exepath of it.";
    ProcDuration "proc.duration" Process Reltime Dec None None [] Thread "Evt.ts - clone_ts of the thread's process; missing if clone_ts is 0.";
    ProcPpidDuration "proc.ppid.duration" Process Reltime Dec None None [] Thread "Same for parent.";
    ProcPidTs "proc.pid.ts" Process Reltime Dec None None [] Thread "Clone timestamp.";
    ProcPpidTs "proc.ppid.ts" Process Reltime Dec None None [] Thread "Parent's clone timestamp.";
    ProcIsExeWritable "proc.is_exe_writable" Process Bool Na None None [] Thread "Execve flag EXE_WRITABLE.";
    ProcIsExeUpperLayer "proc.is_exe_upper_layer" Process Bool Na None None [] Thread "Execve flag: executable in overlayfs upper layer.";
    ProcIsExeLowerLayer "proc.is_exe_lower_layer" Process Bool Na None None [] Thread "Execve flag: lower layer.";
    ProcIsExeFromMemfd "proc.is_exe_from_memfd" Process Bool Na None None [] Thread "Execve flag: memfd executable.";
    ProcIsSidLeader "proc.is_sid_leader" Process Bool Na None None [] Thread "Sid == vpid.";
    ProcIsVpgidLeader "proc.is_vpgid_leader" Process Bool Na None None [] Thread "Vpgid == vpid.";
    ProcIsPgidLeader "proc.is_pgid_leader" Process Bool Na None None [] Thread "Pgid == pid.";
    ProcExeIno "proc.exe_ino" Process Int64 Dec None None [] Thread "Inode of the executable; missing if 0.";
    ProcExeInoCtime "proc.exe_ino.ctime" Process Abstime Dec None None [] Thread "Ctime ns; missing if 0.";
    ProcExeInoMtime "proc.exe_ino.mtime" Process Abstime Dec None None [] Thread "Mtime ns; missing if 0.";
    ProcExeInoCtimeDurationProcStart "proc.exe_ino.ctime_duration_proc_start" Process Abstime Dec None None [] Thread "Clone_ts - ctime when ctime set and earlier.";
    ProcExeInoCtimeDurationPidnsStart "proc.exe_ino.ctime_duration_pidns_start" Process Abstime Dec None None [] Thread "Ctime - pidns start when later.";
    ProcPidnsInitStartTs "proc.pidns_init_start_ts" Process Uint64 Dec None None [] Thread "Start ts of the pid namespace; missing if 0.";
    ThreadCapPermitted "thread.cap_permitted" Process Charbuf Na None None [] Thread "Blank separated CAP_* names (41 known), \"\" if none.";
    ThreadCapInheritable "thread.cap_inheritable" Process Charbuf Na None None [] Thread "Same.";
    ThreadCapEffective "thread.cap_effective" Process Charbuf Na None None [] Thread "Same.";
    ProcFdopencount "proc.fdopencount" Process Uint64 Dec None None [] Thread "Open fds of the process.";
    ProcFdlimit "proc.fdlimit" Process Int64 Dec None None [] Thread "RLIMIT_NOFILE.";
    ProcFdusage "proc.fdusage" Process Double Na None None [] Thread "Open/limit ratio.";
    ProcVmsize "proc.vmsize" Process Uint64 Dec None None [] Thread "KB (main thread).";
    ProcVmrss "proc.vmrss" Process Uint64 Dec None None [] Thread "KB.";
    ProcVmswap "proc.vmswap" Process Uint64 Dec None None [] Thread "KB.";
    ThreadPfmajor "thread.pfmajor" Process Uint64 Dec None None [] Thread "Major faults.";
    ThreadPfminor "thread.pfminor" Process Uint64 Dec None None [] Thread "Minor faults.";
    ThreadTid "thread.tid" Process Int64 Id None None [] Nothing "Tid.";
    ThreadIsmain "thread.ismain" Process Bool Na None None [] Thread "Tid == pid.";
    ThreadVtid "thread.vtid" Process Int64 Id None None [] Thread "Tid in pid ns.";
    ThreadNametid "thread.nametid" Process Charbuf Na None None [HIDDEN] Thread "Comm followed by tid.";
    ThreadExectime "thread.exectime" Process Reltime Dec None None [] Nothing "Last on-CPU ns, switch events only.";
    ThreadTotexectime "thread.totexectime" Process Reltime Dec None None [] Nothing "Accumulated on-CPU ns.";
    ThreadCgroups "thread.cgroups" Process Charbuf Na None None [] Thread "`subsys=path` joined with blanks; missing if none.";
    ThreadCgroup "thread.cgroup" Process Charbuf Na Required Key [DOTTED_ARG] Thread "Thread.cgroup.SUBSYS path.";
    ProcNthreads "proc.nthreads" Process Uint64 Dec None None [] Thread "Live threads incl. leader.";
    ProcNchilds "proc.nchilds" Process Uint64 Dec None None [] Thread "Live non-leader threads.";
    ThreadCpu "thread.cpu" Process Double Na None None [] Thread "CPU % last second (procinfo).";
    ThreadCpuUser "thread.cpu.user" Process Double Na None None [] Thread "User part.";
    ThreadCpuSystem "thread.cpu.system" Process Double Na None None [] Thread "System part.";
    ThreadVmsize "thread.vmsize" Process Uint64 Dec None None [] Thread "KB, main thread else 0.";
    ThreadVmrss "thread.vmrss" Process Uint64 Dec None None [] Thread "KB.";
    ThreadVmsizeB "thread.vmsize.b" Process Uint64 Dec None None [HIDDEN] Thread "Bytes.";
    ThreadVmrssB "thread.vmrss.b" Process Uint64 Dec None None [HIDDEN] Thread "Bytes.";
    ProcStdinType "proc.stdin.type" Process Charbuf Na None None [] Thread "Fd.type of fd 0.";
    ProcStdoutType "proc.stdout.type" Process Charbuf Na None None [] Thread "Fd.type of fd 1.";
    ProcStderrType "proc.stderr.type" Process Charbuf Na None None [] Thread "Fd.type of fd 2.";
    ProcStdinName "proc.stdin.name" Process Charbuf Na None None [] Thread "Fd.name of fd 0.";
    ProcStdoutName "proc.stdout.name" Process Charbuf Na None None [] Thread "Fd.name of fd 1.";
    ProcStderrName "proc.stderr.name" Process Charbuf Na None None [] Thread "Fd.name of fd 2.";

    // User
    UserUid "user.uid" User Uint32 Id None None [] Thread "Uid of the thread.";
    UserName "user.name" User Charbuf Na None None [] Thread "Name of uid in host/container user table; uid 0 \"root\", else \"<NA>\".";
    UserHomedir "user.homedir" User Charbuf Na None None [] Thread "Home; \"<NA>\" if unknown.";
    UserShell "user.shell" User Charbuf Na None None [] Thread "Shell; \"<NA>\" if unknown.";
    UserLoginuid "user.loginuid" User Int64 Id None None [] Thread "Audit uid, -1 if unset.";
    UserLoginname "user.loginname" User Charbuf Na None None [] Thread "Its name or \"<NA>\".";

    // Group
    GroupGid "group.gid" Group Uint32 Id None None [] Thread "Gid.";
    GroupName "group.name" Group Charbuf Na None None [] Thread "Group name, gid 0 \"root\", else \"<NA>\".";

    // Fd
    FdNum "fd.num" Fd Int64 Id None None [] Fd "Fd number of the event (return value for creating calls); fd class fields need an event that creates/uses/destroys an fd.";
    FdType "fd.type" Fd Charbuf Dec None None [] Fd "File directory ipv4 ipv6 unix pipe event signalfd eventpoll inotify timerfd netlink bpf userfaultfd io_uring memfd pidfd; missing if fd unknown.";
    FdTypechar "fd.typechar" Fd Charbuf Dec None None [] Fd "F 4 6 d p u e s l i t n b u r m P o X.";
    FdName "fd.name" Fd Charbuf Na None None [] Fd "Path, or \"cip:cport->sip:sport\", server \"ip:port\", unix \"%x->%x path\"; for open-family without fdinfo (e.g. failed open) the resolved path param; \"\" when fd unknown.";
    FdDirectory "fd.directory" Fd Charbuf Na None None [] Fd "Dirname of fd.name for files/dirs; \"/\" when name is empty.";
    FdFilename "fd.filename" Fd Charbuf Na None None [] Fd "Basename, files only.";
    FdIp "fd.ip" Fd Ipaddr Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END] Fd "Either end address.";
    FdCip "fd.cip" Fd Ipaddr Na None None [] Fd "Client address; needs known client/server role.";
    FdSip "fd.sip" Fd Ipaddr Na None None [] Fd "Server address.";
    FdLip "fd.lip" Fd Ipaddr Na None None [] Fd "Local address by interface/container ip table.";
    FdRip "fd.rip" Fd Ipaddr Na None None [] Fd "Remote address.";
    FdPort "fd.port" Fd Port Dec None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END] Fd "Either end port.";
    FdCport "fd.cport" Fd Port Dec None None [] Fd "Client port.";
    FdSport "fd.sport" Fd Port Dec None None [] Fd "Server port (also server sockets).";
    FdLport "fd.lport" Fd Port Dec None None [] Fd "Local port.";
    FdRport "fd.rport" Fd Port Dec None None [] Fd "Remote port.";
    FdL4proto "fd.l4proto" Fd Charbuf Na None None [] Fd "Tcp udp icmp raw \"<NA>\".";
    FdSockfamily "fd.sockfamily" Fd Charbuf Na None None [] Fd "Ip / unix.";
    FdIsServer "fd.is_server" Fd Bool Na None None [] Fd "Role is server.";
    FdUid "fd.uid" Fd Charbuf Na None None [] Fd "Tid immediately followed by fd number.";
    FdContainername "fd.containername" Fd Charbuf Na None None [] Fd "Container.id:fd.name.";
    FdContainerdirectory "fd.containerdirectory" Fd Charbuf Na None None [] Fd "Container.id:fd.directory.";
    FdProto "fd.proto" Fd Port Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END] Fd "Either end service (port).";
    FdCproto "fd.cproto" Fd Charbuf Na None None [] Fd "Client port as service name only if resolution is on (Falco off → number).";
    FdSproto "fd.sproto" Fd Charbuf Na None None [] Fd "Same for server.";
    FdLproto "fd.lproto" Fd Charbuf Na None None [] Fd "Same for local.";
    FdRproto "fd.rproto" Fd Charbuf Na None None [] Fd "Same for remote.";
    FdNet "fd.net" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER EITHER_END] Fd "Either end in CIDR; `in` tests only the first value.";
    FdCnet "fd.cnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Client in CIDR.";
    FdSnet "fd.snet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Server in CIDR.";
    FdLnet "fd.lnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Local in CIDR.";
    FdRnet "fd.rnet" Fd Ipnet Na None None [FILTER_ONLY NO_RHS NO_TRANSFORMER] Fd "Remote in CIDR.";
    FdConnected "fd.connected" Fd Bool Na None None [] Fd "TCP/UDP socket connected; missing without fdinfo.";
    FdNameChanged "fd.name_changed" Fd Bool Na None None [] Fd "This event changed the fd's name.";
    FdCipName "fd.cip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER] Fd "DNS name of client ip (async resolver).";
    FdSipName "fd.sip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER] Fd "DNS name of server ip; filter compares against the resolved set of the given name.";
    FdLipName "fd.lip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER] Fd "As above.";
    FdRipName "fd.rip.name" Fd Charbuf Na None None [NO_RHS NO_TRANSFORMER] Fd "As above.";
    FdDev "fd.dev" Fd Int32 Hex None None [] Fd "Device number.";
    FdDevMajor "fd.dev.major" Fd Int32 Dec None None [] Fd "(dev & 0xfff00) >> 8.";
    FdDevMinor "fd.dev.minor" Fd Int32 Dec None None [] Fd "(dev & 0xff) or'ed with ((dev >> 12) & 0xfff00).";
    FdIno "fd.ino" Fd Int64 Dec None None [] Fd "Inode.";
    FdNameraw "fd.nameraw" Fd Charbuf Na None None [] Fd "Unresolved path.";
    FdTypes "fd.types" Fd Charbuf Dec Optional Index [LIST NO_RHS] Fd "All fd types of the thread, deduplicated; [N] only fd N.";
    FdIsUpperLayer "fd.is_upper_layer" Fd Bool Na None None [] Fd "Overlayfs upper flag at open.";
    FdIsLowerLayer "fd.is_lower_layer" Fd Bool Na None None [] Fd "Overlayfs lower flag at open.";

    // FsPath
    FsPathName "fs.path.name" FsPath Charbuf Na None None [] Nothing "Path of the operation made absolute; event table below.";
    FsPathNameraw "fs.path.nameraw" FsPath Charbuf Na None None [] Nothing "Same, unresolved.";
    FsPathSource "fs.path.source" FsPath Charbuf Na None None [] Nothing "Source path.";
    FsPathSourceraw "fs.path.sourceraw" FsPath Charbuf Na None None [] Nothing "Unresolved.";
    FsPathTarget "fs.path.target" FsPath Charbuf Na None None [] Nothing "Target path.";
    FsPathTargetraw "fs.path.targetraw" FsPath Charbuf Na None None [] Nothing "Unresolved.";

    // Util
    UtilCnt "util.cnt" Util Uint64 Id None None [] Nothing "Counter incremented at every evaluation.";

    // FdList
    FdlistNums "fdlist.nums" FdList Charbuf Id None None [] Thread "Comma separated fd numbers of poll params.";
    FdlistNames "fdlist.names" FdList Charbuf Na None None [] Thread "Names.";
    FdlistCips "fdlist.cips" FdList Charbuf Na None None [] Thread "Client ips.";
    FdlistSips "fdlist.sips" FdList Charbuf Na None None [] Thread "Server ips.";
    FdlistCports "fdlist.cports" FdList Charbuf Dec None None [] Thread "Client ports.";
    FdlistSports "fdlist.sports" FdList Charbuf Dec None None [] Thread "Server ports.";

    // Container
    ContainerId "container.id" Container Charbuf Na None None [SUGGESTED] Nothing "First 12 chars of id; `host` for host processes.";
    ContainerFullId "container.full_id" Container Charbuf Na None None [] Nothing "Full id.";
    ContainerName "container.name" Container Charbuf Na None None [SUGGESTED] Nothing "Name; `host` on host.";
    ContainerImage "container.image" Container Charbuf Na None None [] Nothing "Image with tag.";
    ContainerImageId "container.image.id" Container Charbuf Na None None [] Nothing "Image id.";
    ContainerType "container.type" Container Charbuf Na None None [] Nothing "Docker cri-o containerd podman ... ; `host`.";
    ContainerPrivileged "container.privileged" Container Bool Na None None [] Nothing "Flag.";
    ContainerMounts "container.mounts" Container Charbuf Na None None [] Nothing "`src:dst:mode:rdwr:prop` items, comma separated (help text says space).";
    ContainerMount "container.mount" Container Charbuf Na Required IndexOrKey [] Nothing "[N] or [path or glob]: one mount, same format.";
    ContainerMountSource "container.mount.source" Container Charbuf Na Required IndexOrKey [] Nothing "[N] or [dest].";
    ContainerMountDest "container.mount.dest" Container Charbuf Na Required IndexOrKey [] Nothing "[N] or [source].";
    ContainerMountMode "container.mount.mode" Container Charbuf Na Required IndexOrKey [] Nothing "[N]/[source].";
    ContainerMountRdwr "container.mount.rdwr" Container Charbuf Na Required IndexOrKey [] Nothing "[N]/[source], true/false.";
    ContainerMountPropagation "container.mount.propagation" Container Charbuf Na Required IndexOrKey [] Nothing "[N]/[source].";
    ContainerImageRepository "container.image.repository" Container Charbuf Na None None [SUGGESTED] Nothing "Repository.";
    ContainerImageTag "container.image.tag" Container Charbuf Na None None [SUGGESTED] Nothing "Tag.";
    ContainerImageDigest "container.image.digest" Container Charbuf Na None None [] Nothing "Sha256:...";
    ContainerHealthcheck "container.healthcheck" Container Charbuf Na None None [] Nothing "Deprecated, never extracted.";
    ContainerLivenessProbe "container.liveness_probe" Container Charbuf Na None None [] Nothing "Deprecated, never.";
    ContainerReadinessProbe "container.readiness_probe" Container Charbuf Na None None [] Nothing "Deprecated, never.";
    ContainerStartTs "container.start_ts" Container Abstime Dec None None [] Nothing "= thread pidns_init_start_ts.";
    ContainerDuration "container.duration" Container Reltime Dec None None [] Nothing "Evt.ts - start_ts.";
    ContainerIp "container.ip" Container Charbuf Na None None [] Nothing "Primary IPv4.";
    ContainerCniJson "container.cni.json" Container Charbuf Na None None [] Nothing "CNI result text.";
    ContainerHostPid "container.host_pid" Container Bool Na None None [] Nothing "Flag.";
    ContainerHostNetwork "container.host_network" Container Bool Na None None [] Nothing "Flag.";
    ContainerHostIpc "container.host_ipc" Container Bool Na None None [] Nothing "Flag.";
    ContainerLabel "container.label" Container Charbuf Na Required Key [DOTTED_ARG] Nothing "[key] (`.key` also).";
    ContainerLabels "container.labels" Container Charbuf Na None None [] Nothing "`k:v` joined with \", \"; skips keys starting annotation. / io.kubernetes.";
    ProcIsContainerHealthcheck "proc.is_container_healthcheck" Container Bool Na None None [] Nothing "Deprecated, never.";
    ProcIsContainerLivenessProbe "proc.is_container_liveness_probe" Container Bool Na None None [] Nothing "Deprecated, never.";
    ProcIsContainerReadinessProbe "proc.is_container_readiness_probe" Container Bool Na None None [] Nothing "Deprecated, never.";
    K8sPodName "k8s.pod.name" Container Charbuf Na None None [SUGGESTED] Nothing "Label io.kubernetes.pod.name.";
    K8sNsName "k8s.ns.name" Container Charbuf Na None None [SUGGESTED] Nothing "Label io.kubernetes.pod.namespace.";
    K8sPodId "k8s.pod.id" Container Charbuf Na None None [] Nothing "Legacy = uid.";
    K8sPodUid "k8s.pod.uid" Container Charbuf Na None None [] Nothing "Label io.kubernetes.pod.uid.";
    K8sPodSandboxId "k8s.pod.sandbox_id" Container Charbuf Na None None [] Nothing "12 chars of sandbox id.";
    K8sPodFullSandboxId "k8s.pod.full_sandbox_id" Container Charbuf Na None None [] Nothing "Sandbox id.";
    K8sPodLabel "k8s.pod.label" Container Charbuf Na Required Key [] Nothing "[key] pod sandbox label.";
    K8sPodLabels "k8s.pod.labels" Container Charbuf Na None None [] Nothing "Joined.";
    K8sPodIp "k8s.pod.ip" Container Charbuf Na None None [] Nothing "= container.ip.";
    K8sPodCniJson "k8s.pod.cni.json" Container Charbuf Na None None [] Nothing "= container.cni.json.";
    K8sRcName "k8s.rc.name" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRcId "k8s.rc.id" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRcLabel "k8s.rc.label" Container Charbuf Na Required Key [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRcLabels "k8s.rc.labels" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sSvcName "k8s.svc.name" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sSvcId "k8s.svc.id" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sSvcLabel "k8s.svc.label" Container Charbuf Na Required Key [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sSvcLabels "k8s.svc.labels" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sNsId "k8s.ns.id" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sNsLabel "k8s.ns.label" Container Charbuf Na Required Key [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sNsLabels "k8s.ns.labels" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRsName "k8s.rs.name" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRsId "k8s.rs.id" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRsLabel "k8s.rs.label" Container Charbuf Na Required Key [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sRsLabels "k8s.rs.labels" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sDeploymentName "k8s.deployment.name" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sDeploymentId "k8s.deployment.id" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sDeploymentLabel "k8s.deployment.label" Container Charbuf Na Required Key [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
    K8sDeploymentLabels "k8s.deployment.labels" Container Charbuf Na None None [] Nothing "Deprecated, never extracted (k8smeta plugin replaces it).";
}
