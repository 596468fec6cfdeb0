//! Time as the records have it: nanoseconds since the epoch, by the clock since boot.
//!
//! What must hold: whoever compares times with those of records asks the [`Clock`] that their programs were made with.
//! The time of day may be set while they run, and then another's start of the system differs.

use rustix::time::{ClockId, clock_gettime};

/// Readings of the clocks.
const BOOT_READINGS: usize = 16;

/// The clock of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When the system started, nanoseconds since the epoch: what the clock since boot lacked to the time of day when
    /// this was made.
    pub boot_time: u64,
}

impl Clock {
    /// Compares the clocks.
    #[expect(clippy::new_without_default, reason = "no two are the same")]
    pub fn new() -> Clock {
        let one = || {
            let since_boot = nanoseconds(ClockId::Boottime);
            nanoseconds(ClockId::Realtime).wrapping_sub(since_boot)
        };
        // The smallest of a few, since time passes between the two.
        Clock { boot_time: (0..BOOT_READINGS).map(|_| one()).min().unwrap_or_default() }
    }

    /// The time. Costs some 50 ns, from any thread.
    pub fn now(self) -> u64 {
        self.boot_time.wrapping_add(nanoseconds(ClockId::Boottime))
    }
}

fn nanoseconds(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
