//! What generated rules are made of: shares counted over the three upstream files of system call rules
//! (`falco_rules.yaml`, `falco-incubating_rules.yaml`, `falco-sandbox_rules.yaml`), macros and lists followed.
//!
//! Counted there: 93 rules, 315 macros, 118 lists; 15.6 comparisons per rule (median 9), 55 % of them negated; 848
//! of 1449 comparisons are distinct. Weights of comparisons are numbers of occurrences; those that occur once in a
//! way of their own are left out. `regex` does not occur, so it does not here. Names that stand for a DNS request
//! (`fd.sip.name`) are left out, since their meaning depends on the network.

/// What a constant is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constant {
    /// One of these, as they stand; they hold on ordinary events.
    Real(&'static [&'static str]),
    Program,
    Programs,
    /// Beginning, some part, and whole of a command line.
    CommandStart,
    CommandPart,
    Command,
    /// End of a program's path.
    ProgramPath,
    /// Beginning, part, end and whole of a path; several of them.
    PathStart,
    PathPart,
    PathEnd,
    Path,
    Paths,
    Folder,
    Folders,
    FileNames,
    /// `glob` and `pmatch`.
    Glob,
    PathPrefixes,
    /// Whole and parts of an image's name.
    Image,
    ImageStart,
    ImageEnd,
    Images,
    Namespace,
    User,
    Number,
    Port,
    Ports,
    Address,
    Networks,
}

/// A comparison: how often, field, operator, constant.
pub(super) type Row = (u32, &'static str, &'static str, Constant);

/// A share and a range of numbers.
pub(super) type Range = (u32, u32, u32);

/// A kind of rule by what it listens to.
#[derive(Debug)]
pub(super) struct Kind {
    /// Rules of 93.
    pub(super) weight: u32,
    /// Macros or comparisons that choose the events, and how often each is used.
    pub(super) heads: &'static [(u32, &'static str)],
    /// Percent of rules that are about containers, and about the host.
    pub(super) container: u32,
    pub(super) host: u32,
    /// Exceptions of a rule (`and not ...`).
    pub(super) exceptions: &'static [Range],
    /// What rules ask for.
    pub(super) wanted: &'static [Row],
    /// What exceptions ask for.
    pub(super) excepted: &'static [Row],
}

use Constant as C;

const SHELLS: Constant = C::Real(&["(shell_binaries)"]);

pub(super) const KINDS: [Kind; 5] = [
    Kind {
        weight: 39,
        heads: &[(1, "spawned_process")],
        container: 41,
        host: 8,
        exceptions: &[(16, 0, 0), (12, 1, 1), (4, 2, 3), (2, 4, 6), (5, 10, 18)],
        wanted: &[
            (25, "proc.cmdline", "contains", C::CommandPart),
            (20, "proc.args", "contains", C::CommandPart),
            (16, "proc.name", "=", C::Program),
            (15, "proc.name", "in", C::Programs),
            (13, "proc.args", "icontains", C::CommandPart),
            (11, "proc.pcmdline", "contains", C::CommandPart),
            (10, "proc.pexe", "endswith", C::ProgramPath),
            (9, "thread.cap_permitted", "contains", C::Real(&["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE"])),
            (6, "proc.name", "in", SHELLS),
            (6, "proc.pname", "in", C::Programs),
            (5, "proc.vpid", "=", C::Real(&["1"])),
            (4, "proc.args", "startswith", C::CommandStart),
            (4, "proc.aname[2]", "in", C::Programs),
            (4, "proc.aname[3]", "in", C::Programs),
            (3, "container.privileged", "=", C::Real(&["true"])),
            (3, "proc.tty", "!=", C::Real(&["0"])),
            (2, "proc.args", "endswith", C::CommandPart),
            (2, "proc.exe", "startswith", C::PathStart),
            (2, "proc.cwd", "startswith", C::PathStart),
            (2, "user.loginuid", "!=", C::Real(&["-1"])),
            (2, "proc.aname", "in", C::Programs),
            (1, "user.name", "=", C::User),
        ],
        excepted: &[
            (41, "container.image.repository", "endswith", C::ImageEnd),
            (38, "container.image.repository", "startswith", C::ImageStart),
            (20, "proc.cmdline", "startswith", C::CommandStart),
            (14, "container.image.repository", "in", C::Images),
            (13, "proc.pname", "=", C::Program),
            (8, "proc.cmdline", "contains", C::CommandPart),
            (5, "container.image.repository", "=", C::Image),
            (5, "proc.pname", "in", C::Programs),
            (5, "proc.aname[2]", "=", C::Program),
            (5, "k8s.ns.name", "=", C::Namespace),
            (4, "proc.cmdline", "=", C::Command),
            (4, "proc.name", "in", C::Programs),
            (3, "proc.aname[3]", "startswith", C::Program),
            (3, "proc.aname[3]", "=", C::Program),
            (2, "proc.aname", "in", C::Programs),
            (2, "proc.aname[2]", "in", C::Programs),
            (1, "proc.pcmdline", "startswith", C::CommandStart),
            (1, "proc.pexe", "endswith", C::ProgramPath),
        ],
    },
    Kind {
        weight: 23,
        heads: &[(13, "open_write"), (8, "open_read"), (2, "(open_read or open_write)")],
        container: 26,
        host: 9,
        exceptions: &[(3, 0, 0), (8, 1, 1), (2, 2, 2), (4, 3, 4), (3, 5, 8), (2, 15, 24), (1, 60, 120)],
        wanted: &[
            (12, "fd.name", "startswith", C::PathStart),
            (9, "fd.name", "contains", C::PathPart),
            (8, "fd.directory", "in", C::Folders),
            (5, "fd.name", "glob", C::Glob),
            (5, "fd.name", "endswith", C::PathEnd),
            (4, "fd.name", "in", C::Paths),
            (4, "fd.filename", "in", C::FileNames),
            (3, "fd.name", "startswith", C::Real(&["/etc/"])),
            (3, "fd.name", "=", C::Path),
            (2, "thread.cap_effective", "contains", C::Real(&["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"])),
            (2, "proc.name", "=", C::Program),
            (1, "proc.name", "in", C::Programs),
            (1, "proc.pname", "in", C::Programs),
            (1, "user.uid", "=", C::Real(&["0"])),
            (1, "fd.name", "pmatch", C::PathPrefixes),
            (1, "fd.directory", "=", C::Folder),
        ],
        excepted: &[
            (117, "fd.name", "startswith", C::PathStart),
            (76, "proc.name", "=", C::Program),
            (42, "proc.name", "in", C::Programs),
            (26, "proc.cmdline", "contains", C::CommandPart),
            (24, "fd.name", "=", C::Path),
            (19, "proc.cmdline", "startswith", C::CommandStart),
            (17, "proc.pname", "in", C::Programs),
            (16, "fd.directory", "=", C::Folder),
            (13, "proc.aname[2]", "=", C::Program),
            (10, "proc.pname", "=", C::Program),
            (9, "proc.aname[3]", "=", C::Program),
            (7, "proc.cmdline", "=", C::Command),
            (6, "container.image.repository", "endswith", C::ImageEnd),
            (6, "container.image.repository", "contains", C::ImageEnd),
            (5, "fd.name", "in", C::Paths),
            (4, "proc.exe", "endswith", C::ProgramPath),
            (4, "container.image.repository", "=", C::Image),
            (3, "proc.aname[4]", "=", C::Program),
            (3, "proc.args", "contains", C::CommandPart),
            (3, "proc.pcmdline", "startswith", C::CommandStart),
            (3, "proc.aname[2]", "in", C::Programs),
            (2, "proc.aname[3]", "in", C::Programs),
            (2, "fd.name", "contains", C::PathPart),
            (2, "fd.name", "glob", C::Glob),
            (2, "fd.name", "pmatch", C::PathPrefixes),
        ],
    },
    Kind {
        weight: 10,
        heads: &[(4, "outbound"), (4, "inbound_outbound"), (2, "inbound")],
        container: 40,
        host: 0,
        exceptions: &[(5, 0, 0), (2, 1, 1), (3, 2, 3)],
        wanted: &[
            (4, "proc.name", "in", C::Programs),
            (2, "fd.l4proto", "=", C::Real(&["tcp", "udp"])),
            (2, "fd.sip", "=", C::Address),
            (2, "proc.exe", "endswith", C::ProgramPath),
            (2, "fd.sport", "in", C::Ports),
            (1, "k8s.ns.name", "=", C::Namespace),
        ],
        excepted: &[
            (4, "proc.name", "in", C::Programs),
            (2, "proc.name", "=", C::Program),
            (1, "fd.sport", "=", C::Port),
            (1, "fd.sport", "in", C::Ports),
            (2, "k8s.ns.name", "=", C::Namespace),
            (1, "fd.sip", "=", C::Address),
            (1, "fd.snet", "in", C::Networks),
            (2, "container.image.repository", "in", C::Images),
        ],
    },
    Kind {
        weight: 6,
        heads: &[(2, "modify"), (2, "chmod"), (1, "mkdir"), (1, "create_symlink")],
        container: 17,
        host: 0,
        exceptions: &[(2, 0, 0), (1, 1, 1), (3, 2, 4)],
        wanted: &[
            (8, "evt.arg.path", "startswith", C::PathStart),
            (4, "evt.arg.name", "startswith", C::PathStart),
            (4, "evt.arg.oldpath", "startswith", C::PathStart),
            (4, "evt.arg.newpath", "startswith", C::PathStart),
            (2, "evt.arg.target", "in", C::Paths),
            (3, "evt.arg.mode", "contains", C::Real(&["S_IXUSR", "S_ISUID", "S_ISGID"])),
        ],
        excepted: &[
            (6, "proc.cmdline", "contains", C::CommandPart),
            (3, "proc.name", "in", C::Programs),
            (3, "proc.name", "=", C::Program),
            (3, "proc.pname", "in", C::Programs),
            (2, "proc.cmdline", "=", C::Command),
        ],
    },
    Kind {
        weight: 15,
        heads: &[
            (4, "kernel_module_load"),
            (3, "evt.type = ptrace"),
            (2, "dup"),
            (1, "evt.type = setuid"),
            (1, "evt.type = unshare"),
            (1, "evt.type = setns"),
            (1, "evt.type = bpf"),
            (1, "evt.type = connect"),
            (1, "evt.type = socket"),
        ],
        container: 40,
        host: 13,
        exceptions: &[(5, 0, 0), (6, 1, 1), (2, 2, 3), (2, 5, 14)],
        wanted: &[
            (5, "proc.name", "in", C::Programs),
            (3, "proc.exe", "endswith", C::ProgramPath),
            (2, "fd.type", "in", C::Real(&["(ipv4, ipv6)"])),
            (2, "fd.sport", "=", C::Port),
            (1, "fd.sport", "in", C::Ports),
            (2, "evt.rawres", ">=", C::Real(&["0"])),
            (1, "fd.directory", "=", C::Folder),
            (1, "user.uid", "!=", C::Real(&["0"])),
            (1, "thread.cap_effective", "icontains", C::Real(&["sys_module", "sys_admin"])),
            (1, "user.name", "=", C::User),
        ],
        excepted: &[
            (12, "proc.name", "in", C::Programs),
            (10, "user.name", "=", C::User),
            (9, "user.uid", "=", C::Number),
            (6, "proc.name", "=", C::Program),
            (3, "container.image.repository", "in", C::Images),
            (2, "proc.name", "startswith", C::Program),
            (2, "proc.exe", "endswith", C::ProgramPath),
            (2, "proc.cmdline", "contains", C::CommandPart),
            (2, "container.image.repository", "contains", C::ImageEnd),
            (2, "container.image.repository", "endswith", C::ImageEnd),
            (2, "proc.cmdline", "=", C::Command),
        ],
    },
];

/// Parts of a condition that must all hold, besides event and container.
pub(super) const WANTED: [Range; 3] = [(55, 1, 1), (33, 2, 2), (12, 3, 3)];
/// Alternatives of such a part.
pub(super) const ALTERNATIVES: [Range; 4] = [(64, 1, 1), (20, 2, 4), (11, 5, 9), (5, 10, 14)];
/// Comparisons of an exception that is a macro.
pub(super) const EXCEPTION_SIZE: [Range; 6] = [(18, 1, 1), (48, 2, 2), (12, 3, 3), (10, 4, 4), (8, 5, 10), (4, 11, 20)];
/// Programs in a list.
pub(super) const PROGRAM_LIST: [Range; 11] = [
    (5, 1, 1),
    (28, 2, 2),
    (22, 3, 3),
    (17, 4, 4),
    (6, 5, 6),
    (14, 8, 8),
    (15, 9, 13),
    (7, 15, 24),
    (12, 36, 49),
    (1, 67, 67),
    (3, 169, 199),
];
/// Images in a list; many are empty, to be filled by the user.
pub(super) const IMAGE_LIST: [Range; 5] = [(8, 0, 0), (2, 1, 2), (2, 4, 6), (1, 24, 24), (4, 34, 40)];
/// Paths, folders and names of files in a list.
pub(super) const PATH_LIST: [Range; 5] = [(5, 1, 2), (6, 3, 4), (3, 8, 8), (3, 12, 19), (1, 30, 36)];
/// Paths of `pmatch`.
pub(super) const PREFIX_LIST: [Range; 2] = [(1, 1, 2), (2, 8, 12)];
/// Ports in a list.
pub(super) const PORT_LIST: [Range; 3] = [(1, 7, 7), (1, 16, 16), (1, 29, 29)];

/// Percent of exceptions that are a macro to be filled by the user and never hold, and that are one comparison.
pub(super) const TEMPLATES: u32 = 26;
pub(super) const DIRECT: u32 = 26;
/// Percent of uses of an exception's macro that take one defined before, and the same of lists.
pub(super) const MACRO_AGAIN: u32 = 25;
pub(super) const LIST_AGAIN: u32 = 40;
/// Percent of lists of up to four members written in place.
pub(super) const LIST_IN_PLACE: u32 = 60;
/// Percent of rules that are switched off.
pub(super) const DISABLED: u32 = 13;
/// Priorities of 93 rules.
pub(super) const PRIORITIES: [(u32, &str); 5] =
    [(33, "NOTICE"), (29, "WARNING"), (13, "CRITICAL"), (12, "ERROR"), (6, "INFO")];

/// What stands before the first rule: the upstream macros that choose events, and two lists.
pub(super) const PREAMBLE: &str = r#"- required_engine_version: 0.57.0
- list: shell_binaries
  items: [ash, bash, csh, ksh, sh, tcsh, zsh, dash]
- list: rfc_1918_addresses
  items: ['"10.0.0.0/8"', '"172.16.0.0/12"', '"192.168.0.0/16"']
- macro: never_true
  condition: (evt.num=0)
- macro: container
  condition: (container.id != host)
- macro: spawned_process
  condition: (evt.type in (execve, execveat))
- macro: open_write
  condition: (evt.type in (open,openat,openat2) and evt.is_open_write=true and fd.typechar='f' and fd.num>=0)
- macro: open_read
  condition: (evt.type in (open,openat,openat2) and evt.is_open_read=true and fd.typechar='f' and fd.num>=0)
- macro: rename
  condition: (evt.type in (rename, renameat, renameat2))
- macro: remove
  condition: (evt.type in (rmdir, unlink, unlinkat))
- macro: modify
  condition: (rename or remove)
- macro: mkdir
  condition: (evt.type in (mkdir, mkdirat))
- macro: chmod
  condition: (evt.type in (chmod, fchmod, fchmodat))
- macro: create_symlink
  condition: (evt.type in (symlink, symlinkat))
- macro: kernel_module_load
  condition: (evt.type in (init_module, finit_module))
- macro: dup
  condition: (evt.type in (dup, dup2, dup3))
- macro: outbound
  condition: >
    ((evt.type = connect or
      (evt.type in (sendto,sendmsg) and
       fd.l4proto != tcp and fd.connected=false and fd.name_changed=true)) and
     (fd.typechar = 4 or fd.typechar = 6) and
     (fd.ip != "0.0.0.0" and fd.net != "127.0.0.0/8" and not fd.snet in (rfc_1918_addresses)) and
     (evt.rawres >= 0 or evt.res = EINPROGRESS))
- macro: inbound
  condition: >
    (((evt.type in (accept,accept4,listen)) or
      (evt.type in (recvfrom,recvmsg) and
       fd.l4proto != tcp and fd.connected=false and fd.name_changed=true)) and
     (fd.typechar = 4 or fd.typechar = 6) and
     (fd.ip != "0.0.0.0" and fd.net != "127.0.0.0/8") and
     (evt.rawres >= 0 or evt.res = EINPROGRESS))
- macro: inbound_outbound
  condition: >
    (((evt.type in (accept,accept4,listen,connect))) and
     (fd.typechar = 4 or fd.typechar = 6) and
     (fd.ip != "0.0.0.0" and fd.net != "127.0.0.0/8") and
     (evt.rawres >= 0 or evt.res = EINPROGRESS))
"#;
