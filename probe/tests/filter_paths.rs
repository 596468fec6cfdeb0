//! Filters that ask for the path of a descriptor: they drop by the path that stands behind the event, and by nothing else.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod common;

use common::{Record, call, own_tid};
use peregrine_compiler::kernel::eval::passes;
use peregrine_compiler::kernel::{End, KernelPlan, KernelView, Kind, Number, Protocol, Source};
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::descriptor::{Descriptor, DescriptorKind, What};
use peregrine_probe::live::{Options, Probe};
use std::ffi::CString;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

fn plan(condition: &str) -> KernelPlan {
    let mut loader = Loader::new(LoadOptions::default());
    let rule =
        format!("- {{rule: r, desc: d, priority: NOTICE, output: o, condition: \"evt.type = lseek and {condition}\"}}");
    loader.add_file("rule.yaml", rule.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.results.iter().all(|result| result.errors.is_empty()));
    KernelPlan::new(&loaded.rules)
}

/// A record as the plan sees it, by the descriptor behind it.
struct View<'r>(&'r Record, Option<Descriptor<'r>>);

impl<'r> View<'r> {
    fn new(record: &'r Record) -> View<'r> {
        View(record, record.ring().descriptors().next())
    }

    /// Where user space has no other name for it.
    fn path(&self) -> Option<&'r [u8]> {
        use DescriptorKind::{Block, Character, Directory, Fifo, Regular};
        match self.1 {
            Some(Descriptor {
                kind: Regular | Directory | Character | Block | Fifo,
                what: What::File { path, .. },
                ..
            }) => Some(path).filter(|path| path.first() == Some(&b'/')),
            _ => None,
        }
    }
}

impl KernelView for View<'_> {
    fn number(&self, of: Number) -> Option<i128> {
        (of == Number::Result).then(|| self.0.signed("res").into())
    }

    fn text(&self, source: Source) -> Option<&[u8]> {
        self.path().filter(|_| source == Source::Descriptor)
    }

    fn kind(&self) -> Option<Kind> {
        match self.1?.kind {
            DescriptorKind::Inet => Some(Kind::Ipv4),
            DescriptorKind::Inet6 => Some(Kind::Ipv6),
            DescriptorKind::Fifo => Some(Kind::Pipe),
            DescriptorKind::Regular if self.path().is_some() => Some(Kind::File),
            DescriptorKind::Directory => Some(Kind::Directory),
            DescriptorKind::Unix => Some(Kind::Unix),
            // There is one such here.
            DescriptorKind::OtherSocket => Some(Kind::Netlink),
            _ => None,
        }
    }

    fn protocol(&self) -> Option<Protocol> {
        None
    }

    fn ends(&self, _end: End) -> Option<Vec<(Vec<u8>, u16)>> {
        None
    }

    fn image(&self, _bit: u32) -> Option<bool> {
        None
    }
}

#[expect(unsafe_code, reason = "a descriptor from a number")]
fn made(number: libc::c_long, arguments: &[u64]) -> OwnedFd {
    let fd = call(number, arguments);
    assert!(fd >= 0, "{number}: {fd}");
    // SAFETY: the kernel has just given it, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

/// Whether a descriptor leads to a file system in memory.
fn in_memory(fd: i64) -> bool {
    let mut told = [0_i64; size_of::<libc::statfs>().div_ceil(8)];
    let answer = call(libc::SYS_fstatfs, &[fd.cast_unsigned(), told.as_mut_ptr().addr() as u64]);
    answer == 0 && told[0] == libc::TMPFS_MAGIC
}

/// Descriptors of every kind.
fn opened(folder: &std::path::Path) -> Vec<OwnedFd> {
    let mut all: Vec<OwnedFd> = Vec::new();
    let paths =
        ["/etc/passwd", "/etc/hosts", "/etc", "/", "/dev/zero", "/proc/self/status", "/usr/share", "/usr/bin/env"];
    all.extend(paths.iter().filter_map(|path| File::open(path).ok()).map(OwnedFd::from));
    for name in ["a.conf", "b.log", "gone"] {
        all.push(File::create(folder.join(name)).unwrap().into());
    }
    fs::remove_file(folder.join("gone")).unwrap();
    // Paths around what the filter has room for, and names of the longest.
    for length in [20, 180, 200, 210, 220, 254, 255] {
        all.push(File::create(folder.join("x".repeat(length))).unwrap().into());
    }
    let deep = folder.join(["d"; 110].join("/"));
    fs::create_dir_all(&deep).unwrap();
    all.push(File::create(deep.join("deep.conf")).unwrap().into());
    let fifo = CString::new(folder.join("fifo").to_str().unwrap()).unwrap();
    let text = |text: &std::ffi::CStr| text.as_ptr().addr() as u64;
    assert_eq!(call(libc::SYS_mknodat, &[u64::MAX, text(&fifo), u64::from(libc::S_IFIFO | 0o600), 0]), 0);
    all.push(File::options().read(true).write(true).open(folder.join("fifo")).unwrap().into());
    let (reader, writer) = std::io::pipe().unwrap();
    all.extend([reader.into(), writer.into()]);
    for name in [c"hidden", c"/etc/hidden"] {
        all.push(made(libc::SYS_memfd_create, &[text(name), 0]));
    }
    all.push(made(libc::SYS_eventfd2, &[0, 0]));
    all.push(made(libc::SYS_epoll_create1, &[0]));
    all.push(made(libc::SYS_pidfd_open, &[std::process::id().into(), 0]));
    all.push(made(libc::SYS_socket, &[libc::AF_NETLINK as u64, libc::SOCK_RAW as u64, 0]));
    all.push(made(libc::SYS_openat, &[u64::MAX, text(c"/etc/passwd"), libc::O_PATH as u64]));
    let (one, other) = UnixStream::pair().unwrap();
    all.extend([one.into(), other.into(), UnixListener::bind(folder.join("socket")).unwrap().into()]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    all.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap().into());
    all.extend([listener.into(), UdpSocket::bind("127.0.0.1:0").unwrap().into()]);
    all.extend(UdpSocket::bind("[::1]:0").map(OwnedFd::from));
    all
}

#[test]
fn only_what_the_plan_does_not_pass_is_dropped() {
    let conditions = [
        "fd.name startswith /etc/",
        "not fd.name startswith /etc",
        "fd.name in (/etc/passwd, /dev/zero, /)",
        "fd.name endswith .conf",
        "not fd.name endswith .conf",
        "fd.name contains /d/d/",
        "fd.name pmatch (/etc, /usr/share)",
        "not fd.name pmatch (/dev, /proc)",
        "fd.name glob /etc/*wd",
        "fd.directory = /etc",
        "fd.directory in (/dev, /usr/share)",
        "not fd.directory = /etc",
        "fd.filename = passwd",
        "not fd.filename endswith .conf",
        "fd.name icontains HID",
        "fd.name startswith hidden",
        "(fd.name startswith /etc/ or evt.rawres >= 0)",
        "(fd.name startswith /etc/ or fd.type = directory)",
        "(fd.name startswith /etc/ or fd.type = directory) and proc.name = nobody",
        "(fd.name startswith /etc/ or proc.name = nobody)",
    ];
    let folder = tempfile::tempdir().unwrap();
    let opened = opened(folder.path());
    let (mut marked, mut could) = (0, Vec::new());
    for condition in conditions {
        let plan = plan(condition);
        let options = Options { ring_bytes: 1 << 20, shadow: Some(1), descriptors: true, ..Options::default() };
        let mut probe = match Probe::load(|_| false, Some(&plan), options) {
            Ok(probe) => probe,
            Err(e) => return common::skipped(&e.to_string()),
        };
        assert!(probe.refused().is_empty() && probe.unfiltered().is_empty(), "{:?}", probe.unfiltered());
        probe.attach().unwrap();
        for fd in &opened {
            for whence in [0, 99] {
                call(libc::SYS_lseek, &[fd.as_raw_fd() as u64, 0, whence]);
            }
        }
        call(libc::SYS_lseek, &[u64::MAX, 0, 0]);
        call(libc::SYS_lseek, &[1 << 20, 0, 0]);
        probe.detach();
        let mut records = Vec::new();
        for ring in probe.rings() {
            records.extend(ring.batch().iter().map(Record::parse));
        }
        records.retain(|record| record.tid == own_tid());
        assert_eq!(records.len(), 2 * opened.len() + 2, "{condition}");
        for record in &records {
            let view = View::new(record);
            let right = passes(plan.event(record.event.code), &view);
            let shadowed = record.ring().shadowed;
            let shown = String::from_utf8_lossy(view.path().unwrap_or_default());
            assert!(!(right && shadowed), "{condition}: would be lost: {:?} {shown}", view.1);
            marked += usize::from(shadowed);
            // It leaves open what has a longer path, what user space may take for a file, and where a file may be one that
            // lies in memory only, which has no directory.
            let open = view.path().is_some_and(|path| path.len() > 255)
                || matches!(view.kind(), Some(Kind::Pipe | Kind::Directory))
                || (!condition.contains("fd.name") && view.1.is_some_and(|read| in_memory(read.number)));
            if !right && !shadowed && !open {
                could.push(format!("{condition}: {:?} {shown}", view.1));
            }
        }
    }
    println!("{marked} marked; could have been: {could:#?}");
    assert!(marked > 400);
    assert!(could.is_empty());
}
