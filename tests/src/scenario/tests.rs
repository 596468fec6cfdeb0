//! The scenario reader on its own; the rules' cases run in `tests/rules.rs`.

use super::*;
use peregrine_runtime::capture::{Capture, Item};

const SMALL: &str = "
rule: R
cases:
  - name: one
    processes:
      - {pid: 100, exe: /usr/bin/a-very-long-program, container: abc, fds: {0: '10.0.0.1:1->10.0.0.2:2', 5: /etc/hosts}}
    events:
      - {by: 100, openat: {name: /etc/shadow, flags: O_RDONLY|O_CLOEXEC}, match: true}
      - {at: 5.000000001, by: 101, fork: {ptid: 100}}
      - {by: 101, execve: {exe: sh, trusted_exepath: /bin/dash, args: [-c, id]}}
";

fn param<'a>(step: &'a Step, name: &str) -> &'a [u8] {
    &step.params[step.event.param(name).unwrap()]
}

#[test]
fn events_are_filled_in() {
    let cases = RuleCases::parse(SMALL).unwrap();
    let [open, fork, exec] = &cases.cases[0].events[..] else { panic!() };
    assert_eq!(open.event.id, "OPENAT_2_X");
    assert_eq!((open.ts, open.matches), (BEGIN + STEP, true));
    assert_eq!(param(open, "flags"), 0x1001_u32.to_le_bytes());
    assert_eq!(param(open, "fd"), 3_i64.to_le_bytes());
    assert_eq!(param(open, "dirfd"), (-100_i64).to_le_bytes());
    assert_eq!((fork.ts, fork.matches), (BEGIN + 5_000_000_001, false));
    assert_eq!(param(fork, "ptid"), 100_i64.to_le_bytes());
    assert_eq!(param(fork, "comm"), b"a-very-long-pro\0");
    assert_eq!(param(exec, "comm"), b"dash\0");
    assert_eq!(param(exec, "exe"), b"sh\0");
    assert_eq!(param(exec, "args"), b"-c\0id\0");
    assert!(param(exec, "cgroups").starts_with(b"cpuset=/docker/abc000"));
}

#[test]
fn a_case_is_a_readable_capture() {
    let cases = RuleCases::parse(SMALL).unwrap();
    let mut capture = Capture::from_bytes(&cases.cases[0].capture().unwrap());
    let (mut metadata, mut events) = (0, 0);
    while let Some(item) = capture.next().unwrap() {
        match item {
            Item::Metadata(_) => metadata += 1,
            Item::Event(record) => {
                assert_eq!(record.params.count(), record.event().params.len());
                events += 1;
            }
            Item::Restart => panic!("one section"),
        }
    }
    assert_eq!(events, 3);
    assert!(metadata >= 3);
}

#[test]
fn mistakes_are_named() {
    let replaced = |from: &str, to: &str| {
        let error = RuleCases::parse(&SMALL.replace(from, to)).unwrap_err();
        format!("{error:#}")
    };
    assert!(replaced("openat:", "opn:").contains("no event is called opn"));
    assert!(replaced("name: /etc", "path: /etc").contains("openat has no parameter path"));
    assert!(replaced("O_CLOEXEC", "O_CLOEXE").contains("no flag O_CLOEXE"));
    assert!(replaced("by: 101, execve", "by: 102, execve").contains("there is no process 102"));
    assert!(replaced("at: 5.000000001", "at: 0").contains("times must grow"));
    assert!(replaced("ptid: 100", "uid: 0").contains("`ptid` is missing"));
}

#[test]
fn differences_go_both_ways() {
    let cases = RuleCases::parse(SMALL).unwrap();
    let wrong = check(&cases, &mut |_| Ok(vec![Hit { rule: "R".into(), ts: BEGIN + 5_000_000_001 }])).unwrap();
    let text: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        ["rule \"R\" does not match event 1 (openat) of \"one\"", "rule \"R\" matches event 2 (fork) of \"one\"",]
    );
    let right = check(&cases, &mut |_| Ok(vec![Hit { rule: "R".into(), ts: BEGIN + STEP }])).unwrap();
    assert!(right.is_empty());
}
