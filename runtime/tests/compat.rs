//! `peregrine run` watches a 32-bit program: rules and filters say the same of it as of any other.
//!
//! Needs what `run.rs` needs, and a kernel of x86_64 that runs 32-bit programs; elsewhere it says that it is skipped.

#![cfg(target_arch = "x86_64")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod support;

use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{path, peregrine, permitted};

/// How often the program opens the file that no rule is about.
const TIMES: u32 = 1000;
/// Where the program lies in its memory.
const BASE: u32 = 0x0804_8000;

/// A 32-bit program that opens `often`, [`TIMES`] times, and then `once`:
///
/// ```text
/// mov esi, TIMES   1: open(often)   mov ebx, eax   close   dec esi   jnz 1b   open(once)   exit(0)
/// ```
fn program(often: &Path, once: &Path) -> Vec<u8> {
    const HEADERS: u32 = 52 + 32;
    const CODE: u32 = 5 + 16 + 2 + 7 + 3 + 16 + 9;
    let texts = [often, once].map(|path| [path.as_os_str().as_encoded_bytes(), &[0]].concat());
    let at = BASE + HEADERS + CODE;
    let load = |opcode: u8, value: u32| [&[opcode][..], &value.to_le_bytes()].concat();
    let call = |number: u32| [load(0xb8, number), vec![0xcd, 0x80]].concat();
    let open = |path: u32| [load(0xbb, path), vec![0x31, 0xc9, 0x31, 0xd2], call(5)].concat();
    let turn = [open(at), vec![0x89, 0xc3], call(6)].concat();
    let back = (-(turn.len() as i8 + 3)).cast_unsigned();
    let exit = [vec![0x31, 0xdb], call(1)].concat();
    let code = [load(0xbe, TIMES), turn, vec![0x4e, 0x75, back], open(at + texts[0].len() as u32), exit].concat();
    assert_eq!(code.len(), CODE as usize);
    let body = [code, texts.concat()].concat();
    let size = HEADERS + body.len() as u32;
    let halves = |of: &[u16]| of.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<u8>>();
    let words = |of: &[u32]| of.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let header = [
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        halves(&[2, 3]),
        words(&[1, BASE + HEADERS, 52, 0, 0]),
        halves(&[52, 32, 1, 0, 0, 0]),
    ];
    let segment = words(&[1, 0, BASE, BASE, size, size, 5, 0x1000]);
    [header.concat(), segment, body].concat()
}

/// Waits for something, at most a minute.
fn wait_for(what: &str, look: impl Fn() -> bool) {
    let begin = Instant::now();
    while !look() {
        assert!(begin.elapsed() < Duration::from_secs(60), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn files_that_a_32_bit_program_opens() {
    if !permitted() {
        return;
    }
    let below = PathBuf::from(path("compat"));
    let _ = fs::remove_dir_all(&below);
    fs::create_dir_all(&below).unwrap();
    let [often, once, trigger, rules, alerts, said] =
        ["often", "once", "trigger", "rules.yaml", "alerts", "said"].map(|name| below.join(name));
    [&often, &once].iter().for_each(|file| drop(File::create(file).unwrap()));
    fs::write(&trigger, program(&often, &once)).unwrap();
    fs::set_permissions(&trigger, fs::Permissions::from_mode(0o755)).unwrap();
    if let Err(error) = Command::new(&trigger).status() {
        return eprintln!("skipped: this kernel runs no 32-bit programs: {error}");
    }
    let output = "%evt.type %fd.name %fd.ino %proc.exepath %evt.is_open_read";
    let rule = format!(
        "- rule: once\n  desc: d\n  condition: evt.type = open and fd.name = {}\n  output: \"{output}\"\n  priority: INFO\n",
        once.display()
    );
    fs::write(&rules, rule).unwrap();
    let [rules, out] = [&rules, &alerts].map(|path| path.to_str().unwrap());
    let mut command = peregrine(&["run", "-r", rules, "--format", "json"]);
    let stdio = |path: &Path| Stdio::from(File::create(path).unwrap());
    let mut watching = command.stdout(stdio(Path::new(out))).stderr(stdio(&said)).spawn().unwrap();
    wait_for("the program to watch", || fs::read_to_string(&said).is_ok_and(|said| said.contains("watching:")));
    assert!(Command::new(&trigger).status().unwrap().success());
    // After every event of the trigger has been read.
    std::thread::sleep(Duration::from_millis(500));
    let pid = nix::unistd::Pid::from_raw(watching.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(watching.wait().unwrap().success());
    let (alerts, said) = (fs::read_to_string(&alerts).unwrap(), fs::read_to_string(&said).unwrap());
    let alerts: Vec<Value> = alerts.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(alerts.len(), 1, "{alerts:#?}\n{said}");
    let field = |name: &str| &alerts[0]["output_fields"][name];
    let texts = ["evt.type", "fd.name", "proc.exepath"].map(|name| field(name).as_str().unwrap().to_owned());
    assert_eq!(texts, ["open".to_owned(), once.display().to_string(), trigger.display().to_string()]);
    assert_eq!(
        (field("fd.ino"), field("evt.is_open_read")),
        (&fs::metadata(&once).unwrap().ino().into(), &true.into())
    );
    assert!(said.contains(", 0 lost"), "{said}");
    let dropped = said.lines().find_map(|line| line.split(" read, ").nth(1)?.split(' ').next()?.parse::<u32>().ok());
    assert!(dropped.is_some_and(|dropped| dropped >= TIMES), "{said}");
}
