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
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
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
pub struct Outputs {
    standard: bool,
    file: Option<(PathBuf, BufWriter<File>)>,
}

/// An output does not work.
#[derive(Debug, thiserror::Error)]
#[error("cannot write alerts to {name}")]
pub struct OutputError {
    name: String,
    source: io::Error,
}

impl Outputs {
    /// Standard output, and a file to which alerts are appended.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn new(standard: bool, file: Option<&Path>) -> Result<Outputs, OutputError> {
        let open = |path: &Path| {
            let opened = OpenOptions::new().append(true).create(true).open(path);
            let opened = opened.map_err(|source| OutputError { name: path.display().to_string(), source })?;
            Ok((path.to_owned(), BufWriter::new(opened)))
        };
        Ok(Outputs { standard, file: file.map(open).transpose()? })
    }

    fn write(&mut self, lines: &[Box<[u8]>]) -> Result<(), OutputError> {
        if self.standard {
            let mut out = io::stdout().lock();
            let written = lines.iter().try_for_each(|line| out.write_all(line).and_then(|()| out.write_all(b"\n")));
            written
                .and_then(|()| out.flush())
                .map_err(|source| OutputError { name: "standard output".into(), source })?;
        }
        if let Some((path, file)) = &mut self.file {
            let written = lines.iter().try_for_each(|line| file.write_all(line).and_then(|()| file.write_all(b"\n")));
            written
                .and_then(|()| file.flush())
                .map_err(|source| OutputError { name: path.display().to_string(), source })?;
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
                return Ok(());
            }
        }
    }
}
