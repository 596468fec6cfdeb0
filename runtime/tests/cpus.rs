//! CPUs that come and go while `peregrine run` watches. Takes one away from the machine for some seconds.
//!
//! Needs what `run.rs` needs, and a CPU that can be taken away; elsewhere it says that it is skipped and why.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod support;

use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{path, peregrine, permitted};

/// The CPU that comes and goes.
const CPU: usize = 1;
/// How often a file is opened there each time.
const TIMES: usize = 100;

/// Puts it back whatever happens.
struct Switch(PathBuf);

impl Switch {
    fn new() -> Result<Switch, String> {
        let path = PathBuf::from(format!("/sys/devices/system/cpu/cpu{CPU}/online"));
        match fs::read_to_string(&path) {
            Ok(state) if state.trim() == "1" => {}
            Ok(state) => return Err(format!("{} is {}", path.display(), state.trim())),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
        let switch = Switch(path);
        switch.turn("0").map_err(|error| format!("{}: {error}", switch.0.display()))?;
        Ok(switch)
    }

    fn turn(&self, state: &str) -> std::io::Result<()> {
        fs::write(&self.0, state)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = self.turn("1");
    }
}

fn wait_for(what: &str, look: impl Fn() -> bool) {
    let begin = Instant::now();
    while !look() {
        assert!(begin.elapsed() < Duration::from_secs(60), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Opens a file on the CPU.
fn open_there(file: &Path) {
    std::thread::scope(|scope| {
        let opens = || {
            let mut set = CpuSet::new();
            set.set(CPU);
            sched_setaffinity(None, &set).unwrap();
            (0..TIMES).for_each(|_| drop(File::open(file).unwrap()));
        };
        scope.spawn(opens).join().unwrap();
    });
}

/// The CPUs on which the thread of this name may run.
fn allowed(pid: u32, name: &str) -> Option<String> {
    fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten().find_map(|task| {
        let comm = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok().filter(|_| comm.trim() == name)?;
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:\t")).map(str::to_owned)
    })
}

#[test]
fn cpus_come_and_go() {
    if !permitted() {
        return;
    }
    let switch = match Switch::new() {
        Ok(switch) => switch,
        Err(why) => return eprintln!("skipped: no CPU can be taken away: {why}"),
    };
    let below = PathBuf::from(path("cpus"));
    let _ = fs::remove_dir_all(&below);
    fs::create_dir_all(&below).unwrap();
    let [file, rules, alerts, said] = ["file", "rules.yaml", "alerts", "said"].map(|name| below.join(name));
    File::create(&file).unwrap();
    let rule = "- rule: there\n  desc: d\n  output: \"%evt.cpu\"\n  priority: INFO\n  condition: evt.type = openat and fd.name = ";
    fs::write(&rules, format!("{rule}{}\n", file.display())).unwrap();
    let lines = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let stdio = |path: &Path| Stdio::from(File::create(path).unwrap());
    // Begins without the CPU, then with it.
    for begins_with in [false, true] {
        let mut command = peregrine(&["run", "-r", rules.to_str().unwrap()]);
        let mut watching = command.stdout(stdio(&alerts)).stderr(stdio(&said)).spawn().unwrap();
        let pid = watching.id();
        wait_for("the program to watch", || lines(&said).contains("watching:"));
        let worker = format!("ring-{CPU}");
        assert_eq!(allowed(pid, &worker).is_some(), begins_with);
        if begins_with {
            wait_for("its worker", || allowed(pid, &worker).is_some_and(|cpus| cpus == CPU.to_string()));
            switch.turn("0").unwrap();
            wait_for("the CPU to go", || lines(&said).contains("CPUs at work now: [0"));
        }
        switch.turn("1").unwrap();
        open_there(&file);
        wait_for("all alerts", || lines(&alerts).lines().count() == TIMES);
        let there = format!(" {CPU}");
        assert!(lines(&alerts).lines().all(|line| line.ends_with(&there)), "{}", lines(&alerts));
        if begins_with {
            wait_for("its worker to be back", || allowed(pid, &worker).is_some_and(|cpus| cpus == CPU.to_string()));
        }
        wait_for("the CPU to be seen", || lines(&said).contains("CPUs at work now: [0, 1"));
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), nix::sys::signal::Signal::SIGINT).unwrap();
        assert!(watching.wait().unwrap().success());
        assert!(lines(&said).contains(", 0 lost"), "{}", lines(&said));
    }
}
