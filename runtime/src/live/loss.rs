//! When losses are told: as Falco does it (`syscall_event_drops`).
//!
//! Each second the events lost since the last look are compared with those that came. Beyond a share of them an alert is
//! due, if a bucket of tokens has one left; tokens come back slowly, so that a node in trouble is not flooded.

use peregrine_probe::live::Losses;
use peregrine_probe::program::Loss;
use peregrine_schema::{EVENTS, Effect};
use std::time::{Duration, Instant};

/// When to tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Share of events lost, 0 to 1, beyond which they are told.
    pub share: f64,
    /// Tokens per second.
    pub rate: f64,
    /// Most tokens.
    pub burst: f64,
}

impl Default for Thresholds {
    /// Falco's: a tenth, one in thirty seconds.
    fn default() -> Thresholds {
        Thresholds { share: 0.1, rate: 0.03333, burst: 1.0 }
    }
}

/// Losses of some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Events that came.
    pub events: u64,
    /// Events that did not.
    pub total: u64,
    /// Those that found no room in a ring, by event code.
    pub full: Vec<(u16, u64)>,
    /// Runs of programs that the kernel left out.
    pub skipped: u64,
    /// All others.
    pub other: u64,
}

/// Watches losses.
#[derive(Debug)]
pub struct Watcher {
    thresholds: Thresholds,
    tokens: f64,
    last: Instant,
    losses: Losses,
    events: u64,
}

impl Watcher {
    /// Begins now, with nothing lost.
    pub fn new(thresholds: Thresholds, now: Instant) -> Watcher {
        Watcher { thresholds, tokens: thresholds.burst, last: now, losses: Losses::default(), events: 0 }
    }

    /// Looks at what was counted since the start; gives the losses since the last look that gave some, if they are to be
    /// told.
    pub fn look(&mut self, losses: &Losses, events: u64, now: Instant) -> Option<Lost> {
        let elapsed = now.duration_since(self.last);
        if elapsed < Duration::from_secs(1) {
            return None;
        }
        self.last = now;
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.thresholds.rate).min(self.thresholds.burst);
        let lost = between(&self.losses, losses, self.events, events);
        let share = lost.total as f64 / (lost.total + lost.events).max(1) as f64;
        if lost.total == 0 || share <= self.thresholds.share {
            (self.losses, self.events) = (losses.clone(), events);
            return None;
        }
        // What cannot be told now is told with the next.
        if self.tokens < 1.0 {
            return None;
        }
        self.tokens -= 1.0;
        (self.losses, self.events) = (losses.clone(), events);
        Some(lost)
    }
}

fn between(before: &Losses, after: &Losses, events_before: u64, events: u64) -> Lost {
    let of = |losses: &Losses, loss: Loss, code: u16| {
        losses.counted.iter().find(|(l, c, _)| (*l, *c) == (loss, code)).map_or(0, |(.., count)| *count)
    };
    let mut lost = Lost { events: events.saturating_sub(events_before), ..Lost::default() };
    lost.skipped = after.skipped.saturating_sub(before.skipped);
    for (loss, code, count) in &after.counted {
        let new = count.saturating_sub(of(before, *loss, *code));
        match loss {
            Loss::RingFull if new > 0 => lost.full.push((*code, new)),
            _ => lost.other += new,
        }
    }
    lost.total = lost.skipped + lost.other + lost.full.iter().map(|(_, count)| count).sum::<u64>();
    lost
}

impl Lost {
    /// The message and the fields of Falco's alert: all are texts.
    pub fn alert(&self) -> (String, Vec<(&'static str, String)>) {
        let full = |test: &dyn Fn(Effect, u16) -> bool| {
            let of = |code: u16| EVENTS.get(usize::from(code)).is_some_and(|event| test(event.effect, code));
            self.full.iter().filter(|(code, _)| of(*code)).map(|(_, count)| count).sum::<u64>()
        };
        let name =
            |code: u16, name: &str| EVENTS.get(usize::from(code)).is_some_and(|event| event.name.starts_with(name));
        let directory = |code: u16| {
            ["rename", "unlink", "mkdir", "rmdir", "symlink", "link", "chdir", "chmod"].iter().any(|n| name(code, n))
        };
        let class = |effect: Effect, code: u16| match effect {
            Effect::Clone => "n_drops_buffer_clone_fork_exit",
            Effect::Execve => "n_drops_buffer_execve_exit",
            Effect::Connect => "n_drops_buffer_connect_exit",
            Effect::Open | Effect::Creat | Effect::OpenByHandleAt => "n_drops_buffer_open_exit",
            Effect::Close => "n_drops_buffer_close_exit",
            Effect::ProcExit => "n_drops_buffer_proc_exit",
            _ if directory(code) => "n_drops_buffer_dir_file_exit",
            _ => "n_drops_buffer_other_interest_exit",
        };
        let total: u64 = self.full.iter().map(|(_, count)| count).sum();
        let mut fields = vec![
            ("ebpf_enabled", "1".to_owned()),
            ("n_evts", self.events.to_string()),
            ("n_drops", self.total.to_string()),
            ("n_drops_buffer_total", total.to_string()),
        ];
        for kind in [
            "n_drops_buffer_clone_fork_exit",
            "n_drops_buffer_execve_exit",
            "n_drops_buffer_connect_exit",
            "n_drops_buffer_open_exit",
            "n_drops_buffer_dir_file_exit",
            "n_drops_buffer_other_interest_exit",
            "n_drops_buffer_close_exit",
            "n_drops_buffer_proc_exit",
        ] {
            fields.push((kind, full(&|effect, code| class(effect, code) == kind).to_string()));
        }
        fields.push(("n_drops_scratch_map", "0".to_owned()));
        fields.push(("n_drops_page_faults", "0".to_owned()));
        fields.push(("n_drops_bug", (self.skipped + self.other).to_string()));
        (format!("{} system calls dropped in last second.", self.total), fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_schema::events::code;

    fn losses(full: u64) -> Losses {
        let counted = vec![(Loss::RingFull, code::OPENAT_2_X, full), (Loss::TooLong, code::EXECVE_19_X, 1)];
        Losses { counted, skipped: 2, images: 0 }
    }

    #[test]
    fn losses_are_told_beyond_a_share_and_not_too_often() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut watcher = Watcher::new(Thresholds::default(), begin);
        // Not even a second.
        assert_eq!(watcher.look(&losses(100), 0, begin), None);
        // A small share.
        assert_eq!(watcher.look(&losses(1), 1000, at(1)), None);
        let lost = watcher.look(&losses(501), 1500, at(2)).expect("half of them were lost");
        assert_eq!((lost.events, lost.total, lost.full.clone()), (500, 500, vec![(code::OPENAT_2_X, 500)]));
        // Too soon, and told later.
        assert_eq!(watcher.look(&losses(1001), 2000, at(3)), None);
        let lost = watcher.look(&losses(1001), 2000, at(40)).expect("tokens came back");
        assert_eq!(lost.total, 500);
    }

    #[test]
    fn fields_of_the_alert() {
        let lost = between(&Losses::default(), &losses(7), 0, 3);
        let (message, fields) = lost.alert();
        assert_eq!(message, "10 system calls dropped in last second.");
        let value = |name| fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str());
        assert_eq!(value("n_drops_buffer_open_exit"), Some("7"));
        assert_eq!(value("n_drops_buffer_total"), Some("7"));
        assert_eq!(value("n_drops_bug"), Some("3"));
        assert_eq!(value("n_drops"), Some("10"));
        let parts = fields.iter().filter(|(name, _)| name.ends_with("_exit"));
        assert_eq!(parts.map(|(_, v)| v.parse::<u64>().unwrap_or(1000)).sum::<u64>(), 7);
    }
}
