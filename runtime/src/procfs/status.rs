//! The texts `status`, `stat` and `limits` of a thread.
//!
//! A name in `stat` may hold anything, also `)` and newlines: it ends at the last `)`. The names in `status` are
//! escaped by the kernel, so a line is a line. Numbers of processes are those of the pid namespace of the `/proc` that
//! is read, the *inner* ones those of the thread's own. Memory in KiB, times in ticks since boot.

use super::read::{decimal, digits, signed, words};

/// What `status` tells.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Status<'a> {
    pub tgid: i64,
    pub ppid: i64,
    /// Effective user and group.
    pub uid: u32,
    pub gid: u32,
    /// User and group for access to files.
    pub fsuid: u32,
    pub fsgid: u32,
    /// Further groups, in decimal.
    pub groups: &'a [u8],
    pub cap_inheritable: u64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub vmsize_kb: u32,
    pub vmrss_kb: u32,
    pub vmswap_kb: u32,
    /// Inner thread id, process id and process group, if the kernel tells them.
    pub inner_tid: Option<i64>,
    pub inner_pid: Option<i64>,
    pub inner_pgid: Option<i64>,
    /// In a pid namespace below that of `/proc`.
    pub nested: bool,
}

impl Status<'_> {
    /// Reads the text; `None` if it lacks what every kernel writes.
    pub(super) fn parse(text: &[u8]) -> Option<Status<'_>> {
        let mut status = Status::default();
        let mut found = 0;
        for line in text.split(|b| *b == b'\n') {
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let value = &line[colon + 1..];
            let first = || words(value).next().unwrap_or_default();
            let id = |i| words(value).nth(i).and_then(decimal).map(|n| n as u32);
            let kib = || decimal(first()).map_or(0, |n| n.min(u64::from(u32::MAX)) as u32);
            let caps = || digits(first(), 16).unwrap_or(0);
            match &line[..colon] {
                b"Tgid" => (status.tgid, found) = (signed(first())?, found | 1),
                b"PPid" => (status.ppid, found) = (signed(first())?, found | 2),
                b"Uid" => (status.uid, status.fsuid, found) = (id(1)?, id(3)?, found | 4),
                b"Gid" => (status.gid, status.fsgid, found) = (id(1)?, id(3)?, found | 8),
                b"Groups" => status.groups = value,
                b"CapInh" => status.cap_inheritable = caps(),
                b"CapPrm" => status.cap_permitted = caps(),
                b"CapEff" => status.cap_effective = caps(),
                b"VmSize" => status.vmsize_kb = kib(),
                b"VmRSS" => status.vmrss_kb = kib(),
                b"VmSwap" => status.vmswap_kb = kib(),
                b"NSpid" => {
                    status.inner_tid = words(value).last().and_then(signed);
                    status.nested = words(value).nth(1).is_some();
                }
                b"NStgid" => status.inner_pid = words(value).last().and_then(signed),
                b"NSpgid" => status.inner_pgid = words(value).last().and_then(signed),
                _ => {}
            }
        }
        (found == 0b1111).then_some(status)
    }

    /// Whether the group gives access to files of group `gid`.
    pub(super) fn in_group(&self, gid: u32) -> bool {
        self.fsgid == gid || words(self.groups).any(|g| decimal(g) == Some(u64::from(gid)))
    }
}

/// What `stat` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat<'a> {
    pub tid: i64,
    pub comm: &'a [u8],
    /// `R`, `S`, `Z`, ...
    pub state: u8,
    pub pgid: i64,
    pub sid: i64,
    pub tty: u32,
    /// `PF_*`.
    pub flags: u64,
    pub minor_faults: u64,
    pub major_faults: u64,
    pub threads: u64,
    pub start: u64,
}

/// `PF_KTHREAD`.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl Stat<'_> {
    /// Reads the text; `None` if it is not one.
    pub(super) fn parse(text: &[u8]) -> Option<Stat<'_>> {
        let open = memchr::memchr(b'(', text)?;
        let close = memchr::memrchr(b')', text)?;
        let comm = text.get(open + 1..close)?;
        let mut fields = words(text.get(close + 1..)?.trim_ascii_end());
        let state = *fields.next()?.first()?;
        let mut skip = |n: usize| fields.nth(n);
        Some(Stat {
            tid: signed(text.get(..open)?.trim_ascii())?,
            comm,
            state,
            pgid: signed(skip(1)?)?,
            sid: signed(skip(0)?)?,
            tty: signed(skip(0)?)? as u32,
            flags: decimal(skip(1)?)?,
            minor_faults: decimal(skip(0)?)?,
            major_faults: decimal(skip(1)?)?,
            threads: decimal(skip(7)?)?,
            start: decimal(skip(1)?)?,
        })
    }

    /// Whether it never runs a program.
    pub(super) fn is_kernel(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }

    /// Whether it has exited: it has no memory and no descriptors any more.
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// The limit of open descriptors in `limits`; -1 if it is not there or there is none.
pub(super) fn descriptor_limit(limits: &[u8]) -> i64 {
    const NAME: &[u8] = b"Max open files";
    let line = limits.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(NAME));
    line.and_then(|l| signed(words(l).next()?)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const TAIL: &str = "S 1 20 30 34816 40 4194304 50 0 60 0 1 2 3 4 20 0 7 0 80 9 10 11 12";

    #[test]
    fn names_in_stat_hold_anything() {
        for name in ["sh", "a) S 9 9", ")", "", "(((", "new\nline", "tmux: client"] {
            let text = format!("42 ({name}) {TAIL}\n");
            let stat = Stat::parse(text.as_bytes()).expect("stat");
            assert_eq!((stat.tid, stat.comm), (42, name.as_bytes()));
            assert_eq!((stat.state, stat.pgid, stat.sid, stat.tty), (b'S', 20, 30, 34816));
            assert_eq!((stat.flags, stat.minor_faults, stat.major_faults), (4_194_304, 50, 60));
            assert_eq!((stat.threads, stat.start), (7, 80));
        }
    }

    #[test]
    fn what_is_no_stat() {
        for text in
            ["", "42", "42 (x", "42 )x( S", "42 (x)", "42 (x) S 1 2", "42 (x) S a b c d e f g h i j k l m n o p q"]
        {
            assert_eq!(Stat::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn status_of_a_nested_process() {
        let text = b"Name:\tx\nTgid:\t100\nPid:\t101\nPPid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n\
            NStgid:\t100\t20\t3\nNSpid:\t101\t21\t4\nNSpgid:\t100\t20\t5\nVmSize:\t  123 kB\nVmRSS:\t 45 kB\n\
            VmSwap:\t 6 kB\nCapInh:\t0000000000000001\nCapPrm:\t00000000000000ff\nCapEff:\t0000000000000f00\n";
        let s = Status::parse(text).expect("status");
        assert_eq!((s.tgid, s.ppid, s.uid, s.fsuid, s.gid, s.fsgid), (100, 1, 2, 4, 6, 8));
        assert_eq!((s.inner_pid, s.inner_tid, s.inner_pgid, s.nested), (Some(3), Some(4), Some(5), true));
        assert_eq!((s.vmsize_kb, s.vmrss_kb, s.vmswap_kb), (123, 45, 6));
        assert_eq!((s.cap_inheritable, s.cap_permitted, s.cap_effective), (1, 255, 0xf00));
        assert!(s.in_group(8) && s.in_group(10) && !s.in_group(1));
        assert_eq!(Status::parse(b"Tgid:\t1\nPPid:\t0\nUid:\t0\t0\nGid:\t0\t0\t0\t0\n"), None);
        assert_eq!(Status::parse(b"Name:\tx\n"), None);
    }

    #[test]
    fn limits() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max open files            1024                 4096                 files     \n";
        assert_eq!(descriptor_limit(text), 1024);
        assert_eq!(descriptor_limit(b"Max open files            unlimited  unlimited files\n"), -1);
        assert_eq!(descriptor_limit(b""), -1);
    }
}
