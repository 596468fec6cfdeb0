//! Versions of facts: equal versions mean equal values, and ordinary events leave them.

use super::*;
use crate::state::{Facts, Thread};
use std::collections::HashMap;
use std::fmt::Write as _;

const CLONE_THREAD: u32 = 1 << 13;
const CLONE_PARENT: u32 = 1 << 8;

impl Machine {
    pub(super) fn facts(&self, tid: i64) -> Facts {
        self.state.facts(tid).expect("thread exists")
    }

    /// Whether an action gives a thread another version.
    fn changes(&mut self, tid: i64, action: impl FnOnce(&mut Machine)) -> bool {
        let before = self.facts(tid);
        action(self);
        self.facts(tid) != before
    }

    /// Everything about a thread that has the lifetime of an image.
    fn snapshot(&self, tid: i64) -> String {
        let state = &self.state;
        let t = state.threads.get(tid).expect("thread exists");
        let own = |t: &Thread| format!("{} {} {} {} {} {}", t.tid, t.pid, t.ptid, t.vpid, t.clone_ts, t.image.id);
        let mut out = own(t);
        let ids = (t.sid, t.vpgid, t.pgid, t.vtid, t.uid, t.gid, t.loginuid, t.tty);
        let caps = (t.cap_permitted, t.cap_effective, t.cap_inheritable, t.pidns_init_start_ts, t.lastexec_ts);
        let _ = write!(out, "{ids:?} {caps:?} {} {}", text(&t.root), text(state.threads.cwd(t)));
        let _ = write!(out, " {}", text(&state.threads.env(t).0));
        let container = &t.image.container_id;
        let _ = write!(out, " {:?}", state.users.user(container, t.uid));
        let _ = write!(out, " {:?}", state.users.group(container, t.gid));
        let _ = write!(out, " {:?}", state.containers.get(container));
        for ancestor in state.threads.ancestors(t) {
            let _ = write!(out, " | {}", own(ancestor));
        }
        for n in 0..6 {
            let _ = write!(out, " / {:?}", state.threads.ancestor(t, n).map(own));
        }
        let _ = write!(out, " {:?}", state.threads.get(t.ptid).map(own));
        out
    }
}

#[test]
fn ordinary_events_leave_the_version() {
    let mut m = Machine::new();
    assert!(!m.changes(20, |m| {
        m.open(20, 3, "/etc/passwd", 1);
        m.event(20, code::READ_X, &[I(5), B(b"hello"), I(3), U32(5)]);
        m.event(20, code::DUP_X, &[I(4), I(3)]);
        m.event(20, code::CLOSE_X, &[I(0), I(3)]);
        m.event(20, code::BRK_4_X, &[I(0), U32(1), U32(2), U32(3)]);
        m.event(20, code::SETUID_X, &[I(-1), U32(7)]);
    }));
    assert_eq!(m.cur.facts(&m.state), Some(m.facts(20)));
}

#[test]
fn a_leaf_changes_alone() {
    let mut m = Machine::new();
    assert!(!m.changes(10, |m| m.exec(20, "leaf", T("/bin/leaf"))));
    assert!(m.changes(20, |m| m.exec(20, "leaf", T("/bin/leaf"))));
    assert!(m.changes(20, |m| m.event(20, code::CHDIR_X, &[I(0), T("/tmp")])));
    assert!(m.changes(20, |m| m.event(20, code::SETUID_X, &[I(0), U32(7)])));
    assert!(!m.changes(10, |m| m.event(20, code::SETSID_X, &[I(20)])));
}

#[test]
fn a_parent_changes_its_children() {
    let mut m = Machine::new();
    assert!(m.changes(20, |m| m.exec(10, "bash", T("/bin/bash"))));
    assert!(m.changes(20, |m| {
        m.event(10, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
        // Reparented with the next event.
        m.event(1, code::GETGID_X, &[]);
    }));
    assert_eq!(m.ptid(20), 1);
}

#[test]
fn children_come_and_go_unnoticed() {
    let mut m = Machine::new();
    assert!(!m.changes(20, |m| {
        m.clone(20, 30, (20, 10), 0, (20, 20));
        m.exec(30, "child", T("/bin/child"));
        m.event(30, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
        m.event(20, code::GETGID_X, &[]);
    }));
    assert!(m.comm(30).is_none());
    m.ts += 10 * SEC;
    m.clone(20, 30, (20, 10), 0, (20, 20));
    let first = m.facts(30);
    m.event(30, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
    m.event(20, code::GETGID_X, &[]);
    m.ts += 10 * SEC;
    m.clone(20, 31, (20, 10), 0, (20, 20));
    let second = m.facts(31);
    assert_eq!(first.slot, second.slot);
    assert!(first.version < second.version);
}

#[test]
fn threads_depend_on_their_leader() {
    let mut m = Machine::new();
    m.clone(20, 21, (20, 10), CLONE_THREAD, (20, 20));
    m.clone(20, 22, (20, 10), CLONE_THREAD, (20, 20));
    assert!(!m.changes(20, |m| m.event(21, code::SETUID_X, &[I(0), U32(7)])));
    assert!(m.changes(21, |m| m.event(21, code::CHDIR_X, &[I(0), T("/tmp")])));
    assert!(m.changes(22, |m| m.event(20, code::SETUID_X, &[I(0), U32(7)])));
    assert!(!m.changes(22, |m| {
        m.event(21, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
        m.event(20, code::GETGID_X, &[]);
    }));
}

#[test]
fn a_missing_parent_appears() {
    let mut state = State::default();
    state.load(&Metadata::Process(process(20, 20, 10, "app")));
    let before = state.facts(20);
    state.load(&Metadata::Process(process(10, 10, 1, "sh")));
    assert_ne!(state.facts(20), before);
}

#[test]
fn users_and_containers_change_all() {
    let mut m = Machine::new();
    let added = [U32(1000), U32(1000), T("joe"), T("/home/joe"), T("/bin/sh"), T("")];
    assert!(m.changes(20, |m| m.event(1, code::USER_ADDED_E, &added)));
    assert!(m.changes(20, |m| m.event(1, code::GROUP_ADDED_E, &[U32(1000), T("joe"), T("")])));
    let json = r#"{"container": {"id": "32a1026ccb88", "type": 0}}"#;
    assert!(m.changes(20, |m| m.event(1, code::CONTAINER_JSON_2_E, &[T(json)])));
    assert!(m.cur.facts(&m.state).is_none());
}

#[test]
fn versions_go_on_after_a_restart() {
    let mut m = Machine::new();
    m.event(1, code::GROUP_ADDED_E, &[U32(1000), T("joe"), T("")]);
    let before = m.facts(20);
    m.state.restart();
    m.state.load(&Metadata::Process(process(1, 1, 0, "init")));
    m.state.load(&Metadata::Process(process(2, 2, 1, "a")));
    m.state.load(&Metadata::Process(process(20, 20, 2, "b")));
    m.state.loaded();
    assert_eq!(m.facts(20).slot, before.slot);
    assert!(m.facts(20).version > before.version);
}

/// A number below `below`.
fn draw(seed: &mut u64, below: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % below
}

/// One event out of those that change threads, of some of few threads.
fn random_event(m: &mut Machine, seed: &mut u64) {
    const TIDS: u64 = 9;
    let tid = draw(seed, TIDS) as i64;
    let other = draw(seed, TIDS) as i64;
    let third = draw(seed, TIDS) as i64;
    m.ts += draw(seed, 3 * SEC);
    match draw(seed, 16) {
        0 | 1 => m.clone(tid, other, (tid, third), 0, (tid, tid)),
        2 => m.clone(tid, other, (third, 1), CLONE_THREAD, (tid, third)),
        3 => m.clone(tid, 0, (tid, other), [0, CLONE_PARENT][draw(seed, 2) as usize], (tid, tid)),
        4 => m.clone(tid, 0, (other, third), CLONE_THREAD, (tid, other)),
        5 | 6 => m.exec(tid, ["one", "two", "sh"][draw(seed, 3) as usize], T("/bin/x")),
        7 | 8 => m.event(tid, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(other)]),
        9 => m.event(tid, code::SETUID_X, &[I(0), U32(draw(seed, 3) as u32)]),
        10 => m.event(tid, code::SETSID_X, &[I(tid)]),
        11 => m.event(tid, code::CHDIR_X, &[I(0), T(["/a", "b", ".."][draw(seed, 3) as usize])]),
        12 => m.event(tid, code::PRCTL_X, &[I(0), U32(0x24), T(""), I(1)]),
        13 => m.event(tid, code::CAPSET_X, &[I(0), I(1), I(2), I(other)]),
        14 => {
            let uid = U32(draw(seed, 3) as u32);
            m.event(1, code::USER_ADDED_E, &[uid, U32(1), T(["u", "v"][draw(seed, 2) as usize]), T(""), T(""), T("")]);
        }
        _ => m.event(tid, code::GETGID_X, &[]),
    }
}

#[test]
fn equal_versions_mean_equal_values() {
    for mut seed in 1..40_u64 {
        let mut m = if seed % 2 == 0 { Machine::new() } else { Machine { state: State::default(), ..Machine::new() } };
        seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut known: HashMap<Facts, String> = HashMap::new();
        for step in 0..600 {
            random_event(&mut m, &mut seed);
            let tids: Vec<i64> = m.state.threads.iter().map(|t| t.tid).collect();
            for tid in tids {
                let now = m.snapshot(tid);
                let then = known.entry(m.facts(tid)).or_insert_with(|| now.clone());
                assert_eq!(*then, now, "thread {tid} after step {step}");
            }
        }
    }
}
