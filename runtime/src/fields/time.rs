//! Times as text.

use super::text::Text;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: u64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// `[YYYY-MM-DD ]HH:MM:SS[.nnnnnnnnn]` of a time in ns, `offset` seconds ahead of UTC.
pub(crate) fn local(out: &mut Vec<u8>, ts: u64, offset: i64, date: bool, nanos: bool) {
    let seconds = (ts / SECOND) as i64 + offset;
    if date {
        write_date(out, seconds.div_euclid(DAY));
        out.push(b' ');
    }
    write_clock(out, seconds.rem_euclid(DAY));
    if nanos {
        out.push(b'.');
        out.padded(ts % SECOND, 9);
    }
}

/// Seconds between UTC and the local time of a zone, at a time in ns.
pub(crate) fn offset(zone: &TimeZone, ts: u64) -> i64 {
    // No time in ns of 64 bits is out of range.
    let at = Timestamp::from_second((ts / SECOND) as i64).unwrap_or(Timestamp::MAX);
    i64::from(zone.to_offset(at).seconds())
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn` in UTC; callers append the zone.
pub(crate) fn iso8601(out: &mut Vec<u8>, ts: u64) {
    let seconds = (ts / SECOND) as i64;
    write_date(out, seconds.div_euclid(DAY));
    out.push(b'T');
    write_clock(out, seconds.rem_euclid(DAY));
    out.push(b'.');
    out.padded(ts % SECOND, 9);
}

fn write_clock(out: &mut Vec<u8>, second_of_day: i64) {
    let s = second_of_day as u64;
    out.padded(s / 3600, 2);
    out.push(b':');
    out.padded(s / 60 % 60, 2);
    out.push(b':');
    out.padded(s % 60, 2);
}

/// Date of a day number (0 is 1970-01-01) in the Gregorian calendar. Years are counted from March so that the leap
/// day comes last; 146,097 days make 400 years.
fn write_date(out: &mut Vec<u8>, day: i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    out.padded(year.max(0) as u64, 4);
    out.push(b'-');
    out.padded(month as u64, 2);
    out.push(b'-');
    out.padded(of_month as u64, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(ts: u64) -> String {
        let mut out = Vec::new();
        iso8601(&mut out, ts);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000000000");
        assert_eq!(iso(1_470_327_477_881_781_397), "2016-08-04T16:17:57.881781397");
        assert_eq!(iso(951_782_400_000_000_000), "2000-02-29T00:00:00.000000000");
        assert_eq!(iso(4_107_542_399_999_999_999), "2100-02-28T23:59:59.999999999");
        assert_eq!(iso(u64::MAX), "2554-07-21T23:34:33.709551615");
    }

    #[test]
    fn the_offset_is_that_of_the_time() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // Noon of 1 January and 1 July 2024, and one second before and at the change on 31 March.
        for (ts, hours) in [(1_704_110_400, 1), (1_719_835_200, 2), (1_711_846_799, 1), (1_711_846_800, 2)] {
            assert_eq!(offset(&zone, ts * SECOND), hours * 3600, "{ts}");
        }
        assert_eq!(offset(&zone, u64::MAX), 2 * 3600);
        assert_eq!(offset(&TimeZone::UTC, 0), 0);
    }

    #[test]
    fn local_time_crosses_midnight() {
        let mut out = Vec::new();
        local(&mut out, 1_470_327_477_000_000_007, 8 * 3600, true, true);
        assert_eq!(out, b"2016-08-05 00:17:57.000000007");
        out.clear();
        local(&mut out, 1_470_327_477_000_000_007, -17 * 3600, false, false);
        assert_eq!(out, b"23:17:57");
    }
}
