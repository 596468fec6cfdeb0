//! The scan of `/proc`, over trees made for the purpose and over the real one.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::capture::*;
use peregrine_runtime::procfs::*;
use peregrine_runtime::state::State;
use std::collections::BTreeMap;
use std::path::Path;

mod made;
mod real;

/// What a scan told.
#[derive(Debug, Default)]
struct Told {
    machine: Vec<MachineInfo>,
    interfaces: Vec<Interface>,
    users: Users,
    processes: BTreeMap<i64, Process>,
    fds: BTreeMap<i64, Vec<FdEntry>>,
    all: Vec<Metadata>,
    counts: Counts,
}

impl Told {
    fn add(&mut self, item: &Metadata) {
        self.all.push(item.clone());
        match item.clone() {
            Metadata::Machine(machine) => self.machine.push(machine),
            Metadata::Interfaces(list) => self.interfaces = list,
            Metadata::Users(users) => self.users = users,
            Metadata::Process(p) => assert!(self.processes.insert(p.tid, p).is_none(), "told twice"),
            Metadata::Fds(list) => {
                assert!(self.processes.contains_key(&list.tid), "descriptors before their process");
                assert!(self.fds.insert(list.tid, list.fds).is_none(), "told twice");
            }
        }
    }

    fn snapshot(options: Options) -> Told {
        let mut told = Told::default();
        told.counts = Scanner::open(options).unwrap().snapshot(&mut |item| told.add(item)).unwrap();
        told
    }

    fn process(options: Options, pid: i64) -> Told {
        let mut told = Told::default();
        told.counts = Scanner::open(options).unwrap().process(pid, &mut |item| told.add(item));
        told
    }

    fn fd(&self, pid: i64, fd: i64) -> Option<&FdEntry> {
        self.fds[&pid].iter().find(|f| f.fd == fd)
    }
}

fn own() -> i64 {
    i64::from(std::process::id())
}

fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

fn file_info(entry: &FdEntry) -> (u32, &[u8], u32) {
    match &entry.info {
        FdInfo::File { open_flags, name, dev } => (*open_flags, name, *dev),
        other => panic!("no file: {other:?}"),
    }
}

/// Through a capture: the same facts but those that none can hold, and the same state.
fn written_and_read(told: &Told) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.scap.gz");
    let mut writer = Writer::create(&path, Compression::of(&path)).unwrap();
    for item in &told.all {
        writer.metadata(item).unwrap();
    }
    let event = peregrine_tests::scap::Scap::empty().event(1, own(), 3, &[]).bytes();
    writer.raw_event(0, 0, &event[10..36]).unwrap();
    writer.finish().unwrap();
    let mut capture = Capture::open(&path).unwrap();
    let (mut direct, mut replayed) = (State::default(), State::default());
    for item in &told.all {
        let mut expected = item.clone();
        if let Metadata::Process(p) = &mut expected {
            p.clone_ts = 0;
        }
        match capture.next().unwrap() {
            Some(Item::Metadata(read)) => {
                assert_eq!(*read, expected);
                direct.load(item);
                replayed.load(&read);
            }
            other => panic!("no metadata: {other:?}"),
        }
    }
    direct.loaded();
    replayed.loaded();
    for (tid, p) in &told.processes {
        let (one, two) = (direct.threads.get(*tid).unwrap(), replayed.threads.get(*tid).unwrap());
        assert_eq!((&*one.image.comm, &*one.image.exe), (&p.comm[..], &p.exe[..]));
        assert_eq!((&one.image.exepath, &one.image.args.0), (&two.image.exepath, &two.image.args.0));
        assert_eq!((&one.image.container_id, &one.cwd), (&two.image.container_id, &two.cwd));
        assert_eq!((one.pid, one.clone_ts, two.clone_ts), (p.pid, p.clone_ts, 0));
        let fds = |state: &State| {
            let thread = state.threads.get(*tid).unwrap();
            let mut fds: Vec<_> = state
                .threads
                .own_fds(thread)
                .iter()
                .map(|(n, fd)| (n, fd.kind as u8, fd.name.clone(), fd.ino))
                .collect();
            fds.sort();
            fds
        };
        let told = told.fds.get(tid).map_or(0, Vec::len);
        assert_eq!((fds(&direct).len(), fds(&replayed)), (told, fds(&direct)));
    }
    assert!(matches!(capture.next(), Ok(Some(Item::Event(_)))));
}
