//! Alerts on their way out: a bounded queue, one thread, the outputs.
//!
//! ```text
//! workers ─► queue ─► sorted by time until no worker can come with an earlier one ─► outputs, in order
//! ```
//!
//! What must hold: no worker waits for an output; an alert that finds no room is counted. An alert is held back no longer
//! than [`PATIENCE`], whatever the workers do.

use super::worker::Shared;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Alerts that the queue holds.
pub(super) const QUEUE: usize = 16_384;
/// How long an alert is held back to be sorted.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often alerts are looked at that are held back.
const PAUSE: Duration = Duration::from_millis(5);

/// An alert.
#[derive(Debug, PartialEq, Eq)]
pub struct Alert {
    /// Time of its event, nanoseconds since the epoch.
    pub ts: u64,
    /// Ring of the event.
    pub ring: usize,
    /// The alert without its line end.
    pub line: Box<[u8]>,
}

/// Where alerts go.
pub struct Outputs(Vec<Output>);

/// One of them.
struct Output {
    name: String,
    to: To,
    /// Alerts that it has not taken, since it last took one.
    missing: u64,
}

enum To {
    Standard,
    File(File),
}

/// An output does not work.
#[derive(Debug, thiserror::Error)]
#[error("cannot write alerts to {name}: {reason}")]
pub struct OutputError {
    name: String,
    reason: String,
}

impl Output {
    /// Writes whole lines, as far as it can. Behind a line that broke off the next one begins anew.
    fn write(&mut self, lines: &[Box<[u8]>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        if self.missing > 0 {
            bytes.push(b'\n');
        }
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        match &mut self.to {
            To::Standard => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush())
            }
            To::File(file) => file.write_all(&bytes),
        }
    }

    /// Writes lines; what goes wrong is told once, until it goes well again. Whether the output is there still.
    fn take(&mut self, lines: &[Box<[u8]>]) -> bool {
        match self.write(lines) {
            Ok(()) if self.missing > 0 => {
                let _ = writeln!(io::stderr(), "{} works again; {} alerts are missing there", self.name, self.missing);
                self.missing = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.missing == 0 {
                    let _ = writeln!(io::stderr(), "error: cannot write alerts to {}: {error}", self.name);
                }
                self.missing += lines.len() as u64;
                return error.kind() != io::ErrorKind::BrokenPipe;
            }
        }
        true
    }
}

impl Outputs {
    /// Standard output, and a file to which alerts are appended.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn new(standard: bool, file: Option<&Path>) -> Result<Outputs, OutputError> {
        let mut outputs = Vec::new();
        if standard {
            outputs.push(Output { name: "standard output".to_owned(), to: To::Standard, missing: 0 });
        }
        if let Some(path) = file {
            let name = path.display().to_string();
            match OpenOptions::new().append(true).create(true).open(path) {
                Ok(file) => outputs.push(Output { name, to: To::File(file), missing: 0 }),
                Err(error) => return Err(OutputError { name, reason: error.to_string() }),
            }
        }
        Ok(Outputs(outputs))
    }

    /// Writes lines to all outputs. One that fails does not keep the others from theirs; one that nobody reads any more
    /// goes, and when all have gone there is nothing left to do.
    fn write(&mut self, lines: &[Box<[u8]>]) -> Result<(), OutputError> {
        let before = self.0.len();
        self.0.retain_mut(|output| output.take(lines));
        if before > 0 && self.0.is_empty() {
            return Err(OutputError { name: "any output".to_owned(), reason: "nobody reads them any more".to_owned() });
        }
        Ok(())
    }

    /// Writes the alerts of a queue until all who fill it have gone.
    pub(super) fn run(mut self, queue: Receiver<Alert>, shared: &Arc<Shared>) -> Result<(), OutputError> {
        let mut held = BTreeMap::new();
        let mut count = 0;
        loop {
            let received = if held.is_empty() {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(PAUSE)
            };
            let now = Instant::now();
            let mut hold = |alert: Alert| {
                count += 1_u64;
                // By time, ring and number.
                held.insert((alert.ts, alert.ring, count), (now, alert.line));
            };
            let ended = match received {
                Ok(alert) => {
                    hold(alert);
                    queue.try_iter().take(QUEUE).for_each(hold);
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            let done = shared.order.all_done();
            let mut lines = Vec::new();
            while let Some(first) = held.first_entry() {
                let ready = ended || first.key().0 <= done || now.duration_since(first.get().0) > PATIENCE;
                if !ready {
                    break;
                }
                lines.push(first.remove().1);
            }
            if !lines.is_empty() {
                self.write(&lines)?;
            }
            if ended {
                for Output { name, missing, .. } in self.0.iter().filter(|output| output.missing > 0) {
                    let _ = writeln!(io::stderr(), "error: {missing} alerts are missing in {name}");
                }
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Box<[u8]>> {
        texts.iter().map(|text| text.as_bytes().into()).collect()
    }

    #[test]
    fn an_output_that_fails_is_kept_and_counted() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return eprintln!("skipped: no {}", full.display());
        }
        let mut outputs = Outputs::new(false, Some(full)).expect("opened");
        outputs.write(&lines(&["one", "two"])).expect("others go on");
        outputs.write(&lines(&["three"])).expect("others go on");
        assert_eq!(outputs.0[0].missing, 3);
        // It works again.
        let path = std::env::temp_dir().join(format!("peregrine-outputs-{}", std::process::id()));
        outputs.0[0].to = To::File(File::create(&path).expect("a file"));
        outputs.write(&lines(&["four"])).expect("written");
        outputs.write(&lines(&["five"])).expect("written");
        let written = std::fs::read_to_string(&path).expect("readable");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!((outputs.0[0].missing, &*written), (0, "\nfour\nfive\n"));
    }

    #[test]
    fn an_output_that_nobody_reads_goes() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let to = To::File(File::from(std::os::fd::OwnedFd::from(writer)));
        let mut outputs = Outputs(vec![Output { name: "a pipe".to_owned(), to, missing: 0 }]);
        let error = outputs.write(&lines(&["one"])).expect_err("none is left");
        assert!(error.to_string().contains("nobody reads"), "{error}");
        // None was asked for.
        Outputs(Vec::new()).write(&lines(&["one"])).expect("nothing to do");
    }
}
