//! Whole programs at work: servers under the load generators that come with them, a compiler, a shell.
//!
//! What must hold: servers listen on this machine alone, on ports that are free, keep their files in the folder of the
//! measurement, and end with it. What is not installed is left out, with a sentence.

use crate::live::results::{Load, LoadRound, LoadUnder};
use crate::live::watcher::{Watcher, count_calls};
use crate::live::{Live, Rules};
use anyhow::{Context as _, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// A program ready to work. It works for about so many seconds and tells how many units it has done.
struct Ready {
    work: Box<dyn Fn(u32) -> anyhow::Result<f64>>,
    /// Ends with this value.
    _server: Option<Server>,
}

/// How to make one ready, with the programs that it needs, in their order, and a folder of its own.
type Prepare = fn(&[PathBuf], &Path) -> anyhow::Result<Ready>;

/// Name, what is counted, programs, how.
const LOADS: [(&str, &str, &[&str], Prepare); 5] = [
    ("nginx", "requests", &["nginx", "wrk"], nginx),
    ("redis", "requests", &["redis-server", "redis-benchmark"], redis),
    ("pg", "transactions", &["initdb", "postgres", "pgbench"], postgres),
    ("compile", "files", &["make", "cc"], compiler),
    ("shell", "scripts", &["sh", "ls", "grep", "wc", "cat", "tr", "date", "rm"], shell),
];

/// Their names.
pub fn names() -> [&'static str; LOADS.len()] {
    LOADS.map(|load| load.0)
}

impl Live<'_> {
    /// Runs those that are chosen (none: all) and installed under each watcher in turn; with sentences about what is
    /// not installed.
    pub(super) fn loads(&mut self, rules: &Rules, chosen: &[String]) -> anyhow::Result<(Vec<Load>, Vec<String>)> {
        let (mut found, mut left_out) = (Vec::new(), Vec::new());
        let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|one| one == name);
        for (what, unit, programs, prepare) in LOADS.into_iter().filter(|load| wanted(load.0)) {
            let missing: Vec<&str> = programs.iter().copied().filter(|name| find(name).is_none()).collect();
            if !missing.is_empty() {
                left_out.push(format!("{what}: not installed: {}", missing.join(", ")));
                continue;
            }
            let paths: Vec<PathBuf> = programs.iter().filter_map(|name| find(name)).collect();
            let folder = self.folder.path().join(what);
            std::fs::create_dir(&folder)?;
            (self.say)(&format!("{what}, preparing"));
            let ready = prepare(&paths, &folder).with_context(|| what.to_owned())?;
            let (units, calls) = count_calls(|| (ready.work)(self.amounts.load_seconds.max(1)))?;
            let under = self.load(what, &ready, rules)?;
            let calls_per_unit = calls as f64 / units;
            found.push(Load { what: what.to_owned(), unit: unit.to_owned(), calls_per_unit, under });
        }
        Ok((found, left_out))
    }

    fn load(&mut self, what: &str, ready: &Ready, rules: &Rules) -> anyhow::Result<Vec<LoadUnder>> {
        let seconds = self.amounts.load_seconds.max(1);
        let under = |w: &Watcher| LoadUnder { watcher: w.name().to_owned(), rounds: Vec::new() };
        let mut found: Vec<LoadUnder> = self.watchers.iter().map(under).collect();
        for round in 0..self.amounts.load_rounds.max(1) {
            for number in self.turns(round) {
                let said = format!("{what}, round {}, {}", round + 1, found[number].watcher);
                let watching = self.start(number, rules, &said)?;
                let (own, begin) = (watching.cpu()?, Instant::now());
                let units = (ready.work)(seconds).with_context(|| said.clone())?;
                let seconds = begin.elapsed().as_secs_f64();
                self.catch_up(&watching)?;
                let own_seconds = watching.cpu()?.saturating_sub(own).as_secs_f64();
                ensure!(units > 0.0, "{said}: nothing was done");
                found[number].rounds.push(LoadRound { units, seconds, own_seconds, seen: watching.stop()? });
            }
        }
        Ok(found)
    }
}

/// Where a program lies: with the newest PostgreSQL, in `PATH`, or among what administrators run.
fn find(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin"))))
        .collect();
    versions.sort();
    let versions = versions.into_iter().rev().map(|(_, path)| path);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = versions.chain(std::env::split_paths(&path)).chain(["/usr/sbin".into()]);
    folders.map(|folder: PathBuf| folder.join(name)).find(|path| path.is_file())
}

/// A server, which ends with this value.
struct Server(Child);

impl Server {
    /// Starts it; returns when it can be reached.
    fn start(command: &mut Command, port: u16) -> anyhow::Result<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Server(command.spawn().with_context(|| format!("{command:?}"))?);
        let begin = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.0.try_wait()? {
                anyhow::bail!("{command:?} ended: {status}");
            }
            ensure!(begin.elapsed() < PATIENCE, "{command:?} cannot be reached");
            std::thread::sleep(PAUSE);
        }
        Ok(server)
    }
}

impl Server {
    /// Asks it to end, and waits for that; nothing if it does not.
    fn end(&mut self) -> Option<()> {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).ok()?);
        // To PostgreSQL: without waiting for clients.
        kill(pid, Signal::SIGINT).ok()?;
        let begin = Instant::now();
        while self.0.try_wait().ok()?.is_none() {
            if begin.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(PAUSE);
        }
        Some(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.end().is_none() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// A port that nobody listens on.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Runs a command to its end and gives what it prints.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output.stderr));
    Ok(text(&output.stdout))
}

/// The number before or behind some words in a line of a text.
fn number(text: &str, words: &str) -> anyhow::Result<f64> {
    let line = text.lines().find(|line| line.contains(words)).with_context(|| format!("no `{words}` in:\n{text}"))?;
    let (before, behind) = line.split_once(words).unwrap_or((line, ""));
    let found = [before, behind].iter().find_map(|part| part.trim().split(' ').next()?.parse().ok());
    found.with_context(|| format!("no number: {line}"))
}

/// A small file, asked for by twenty connections that stay.
fn nginx(programs: &[PathBuf], folder: &Path) -> anyhow::Result<Ready> {
    let [server, generator] = programs else { anyhow::bail!("two programs") };
    let (port, place) = (free_port()?, folder.display());
    std::fs::write(folder.join("index.html"), "peregrine\n".repeat(60))?;
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {place}/{name};\n"))
        .collect();
    let settings = format!(
        "daemon off;\nuser root;\nworker_processes 1;\npid {place}/pid;\nerror_log {place}/error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{\naccess_log {place}/access.log;\n{temporary}\
         server {{ listen 127.0.0.1:{port}; root {place}; }}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, settings)?;
    let mut command = Command::new(server);
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(&file);
    let server = Server::start(&mut command, port)?;
    let generator = generator.clone();
    let work = move |seconds: u32| {
        let mut command = Command::new(&generator);
        command.args(["-t", "1", "-c", "20", "-d", &format!("{seconds}s")]);
        number(&output(command.arg(format!("http://127.0.0.1:{port}/index.html")))?, "requests in")
    };
    Ok(Ready { work: Box::new(work), _server: Some(server) })
}

/// Values set and got by twenty clients, nothing saved.
fn redis(programs: &[PathBuf], folder: &Path) -> anyhow::Result<Ready> {
    let [server, generator] = programs else { anyhow::bail!("two programs") };
    let port = free_port()?;
    let mut command = Command::new(server);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(folder);
    let server = Server::start(&mut command, port)?;
    let generator = generator.clone();
    let ask = move |count: f64| {
        let mut command = Command::new(&generator);
        command.args(["-p", &port.to_string(), "-c", "20", "-t", "set,get", "-q", "-n", &format!("{count:.0}")]);
        output(&mut command).map(drop)
    };
    // It takes a number of requests for each of the two, not a time.
    const FIRST: f64 = 10_000.0;
    ask(FIRST)?;
    let begin = Instant::now();
    ask(FIRST)?;
    let in_a_second = FIRST / begin.elapsed().as_secs_f64();
    let work = move |seconds: u32| {
        let count = (in_a_second * f64::from(seconds)).round();
        ask(count)?;
        Ok(2.0 * count)
    };
    Ok(Ready { work: Box::new(work), _server: Some(server) })
}

/// The transactions of TPC-B by four clients. Nothing is forced to disk, whose speed would hide all else.
fn postgres(programs: &[PathBuf], folder: &Path) -> anyhow::Result<Ready> {
    let [make, server, generator] = programs else { anyhow::bail!("three programs") };
    let port = free_port()?;
    // It refuses to run as root.
    let user = User::from_name("postgres")?.context("no user postgres")?;
    std::os::unix::fs::chown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    let as_user = |program: &Path| {
        let mut command = Command::new(program);
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).current_dir(folder);
        command
    };
    let data = folder.join("data");
    output(as_user(make).arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "--no-sync"]))?;
    let mut command = as_user(server);
    command.arg("-D").arg(&data).arg("-k").arg(folder).args(["-p", &port.to_string()]);
    command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    let server = Server::start(&mut command, port)?;
    let generator = generator.clone();
    let ask = move |arguments: &[&str]| {
        let mut command = Command::new(&generator);
        command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres"]);
        output(command.args(arguments).arg("postgres"))
    };
    // It takes connections before it answers them.
    let begin = Instant::now();
    while let Err(error) = ask(&["-i", "-q", "-s", "2"]) {
        ensure!(begin.elapsed() < PATIENCE, "{error:#}");
        std::thread::sleep(PAUSE);
    }
    let work = move |seconds: u32| {
        let seconds = seconds.to_string();
        let text = ask(&["-n", "-c", "4", "-j", "2", "-T", &seconds])?;
        number(&text, "number of transactions actually processed:")
    };
    Ok(Ready { work: Box::new(work), _server: Some(server) })
}

/// Does the same again until so many seconds are over; each time so many units.
fn again(seconds: u32, units: f64, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let (begin, mut done) = (Instant::now(), 0.0);
    while begin.elapsed() < Duration::from_secs(u64::from(seconds)) {
        work()?;
        done += units;
    }
    Ok(done)
}

/// Small files of C, two at a time.
fn compiler(programs: &[PathBuf], folder: &Path) -> anyhow::Result<Ready> {
    let [make, compiler] = programs else { anyhow::bail!("two programs") };
    const FILES: u32 = 8;
    let mut objects = String::new();
    for number in 0..FILES {
        let text = format!(
            "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n\
             int f{number}(int n) {{ char b[64]; snprintf(b, sizeof b, \"%d\", n); return (int)strlen(b); }}\n"
        );
        std::fs::write(folder.join(format!("f{number}.c")), text)?;
        objects += &format!(" f{number}.o");
    }
    let compiler = compiler.display();
    std::fs::write(folder.join("Makefile"), format!("all:{objects}\n%.o: %.c\n\t{compiler} -O1 -c -o $@ $<\n"))?;
    let (make, folder) = (make.clone(), folder.to_owned());
    let work = move |seconds: u32| {
        again(seconds, f64::from(FILES), || {
            output(Command::new(&make).current_dir(&folder).args(["-B", "-j2"])).map(drop)
        })
    };
    Ok(Ready { work: Box::new(work), _server: None })
}

/// What scripts do: short programs, pipes, substitutions, files.
const SCRIPT: &str = "\
for i in 1 2 3 4 5; do
    ls -l . | grep script | wc -l > count
    cat count script > copy
    words=$(cat copy | tr a-z A-Z)
    [ \"$(date +%s)\" -gt 0 ] && (cd /; echo \"$words\") > big
    rm -f copy big count
done
";

fn shell(programs: &[PathBuf], folder: &Path) -> anyhow::Result<Ready> {
    let shell = programs.first().context("a program")?.clone();
    std::fs::write(folder.join("script"), SCRIPT)?;
    let folder = folder.to_owned();
    let work = move |seconds: u32| {
        again(seconds, 1.0, || output(Command::new(&shell).current_dir(&folder).arg("script")).map(drop))
    };
    Ok(Ready { work: Box::new(work), _server: None })
}

#[cfg(test)]
mod tests {
    use super::{find, number};

    #[test]
    fn numbers_stand_before_or_behind() {
        let text = "Running\n  81234 requests in 2.00s, 66.1MB read\nnumber of transactions actually processed: 1800\n";
        assert_eq!(number(text, "requests in").ok(), Some(81234.0));
        assert_eq!(number(text, "number of transactions actually processed:").ok(), Some(1800.0));
        assert!(number(text, "tps").is_err());
    }

    #[test]
    fn programs_are_found() {
        assert!(find("sh").is_some());
        assert_eq!(find("peregrine-no-such-program"), None);
    }
}
