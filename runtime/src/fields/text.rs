//! Writing numbers, addresses and buffers into text.

use crate::state::net::v6_text;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::Write as _;
use std::net::Ipv4Addr;

/// Appending to a buffer; never fails.
pub(crate) trait Text {
    /// Bytes as they are.
    fn bytes(&mut self, bytes: &[u8]);
    /// Formatted text.
    fn fmt(&mut self, args: std::fmt::Arguments<'_>);
    /// Decimal.
    fn dec(&mut self, number: i64);
    /// Decimal.
    fn udec(&mut self, number: u64);
    /// Decimal, zero-padded to `width` digits.
    fn padded(&mut self, number: u64, width: usize);
    /// An address of 4 or 16 bytes.
    fn ip(&mut self, ip: &[u8]);
    /// Parts with `separator` between them.
    fn joined<'t>(&mut self, parts: impl IntoIterator<Item = &'t [u8]>, separator: &[u8]);
}

impl Text for Vec<u8> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn fmt(&mut self, args: std::fmt::Arguments<'_>) {
        self.write_fmt(args).expect("writing to memory succeeds");
    }

    fn dec(&mut self, number: i64) {
        self.fmt(format_args!("{number}"));
    }

    fn udec(&mut self, number: u64) {
        self.fmt(format_args!("{number}"));
    }

    fn padded(&mut self, number: u64, width: usize) {
        self.fmt(format_args!("{number:0width$}"));
    }

    fn ip(&mut self, ip: &[u8]) {
        if let Ok(v4) = <[u8; 4]>::try_from(ip) {
            self.fmt(format_args!("{}", Ipv4Addr::from(v4)));
        } else if let Ok(v6) = <[u8; 16]>::try_from(ip) {
            self.bytes(v6_text(v6).as_bytes());
        }
    }

    fn joined<'t>(&mut self, parts: impl IntoIterator<Item = &'t [u8]>, separator: &[u8]) {
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                self.bytes(separator);
            }
            self.bytes(part);
        }
    }
}

/// A byte buffer with a dot for every byte that does not print.
pub(super) fn dots(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.iter().map(|b| if matches!(b, 0x20..=0x7e) { *b } else { b'.' }));
}

/// A byte buffer as base64, padded.
pub(super) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
}

/// A number with six significant digits as C's `%g` writes it.
pub(super) fn six_digits(out: &mut Vec<u8>, number: f64) {
    if number == 0.0 {
        return out.push(b'0');
    }
    let exponential = format!("{number:.5e}");
    let (digits, exponent) = exponential.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if (-4..6).contains(&exponent) {
        let decimals = (5 - exponent) as usize;
        let fixed = format!("{number:.decimals$}");
        out.bytes(trim_zeros(&fixed).as_bytes());
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.fmt(format_args!("{}e{sign}{:02}", trim_zeros(digits), exponent.abs()));
    }
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn addresses() {
        assert_eq!(with(|o| o.ip(&[10, 0, 2, 15])), "10.0.2.15");
        let mut ip = [0u8; 16];
        ip[15] = 1;
        assert_eq!(with(|o| o.ip(&ip)), "::1");
        ip[12] = 1;
        assert_eq!(with(|o| o.ip(&ip)), "::1.0.0.1");
        ip[10] = 0xff;
        ip[11] = 0xff;
        assert_eq!(with(|o| o.ip(&ip)), "::ffff:1.0.0.1");
        let ip = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4];
        assert_eq!(with(|o| o.ip(&ip)), "2001:db8::4");
        assert_eq!(with(|o| o.ip(&[1, 2])), "");
    }

    #[test]
    fn buffers() {
        assert_eq!(with(|o| dots(o, b"a\0\x7f\xffz")), "a...z");
        assert_eq!(with(|o| base64(o, b"hello")), "aGVsbG8=");
        assert_eq!(with(|o| base64(o, b"hell")), "aGVsbA==");
        assert_eq!(with(|o| base64(o, b"hel")), "aGVs");
        assert_eq!(with(|o| base64(o, b"")), "");
    }

    #[test]
    fn significant_digits() {
        for (number, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (1.234_567_8, "1.23457"),
            (123_456.7, "123457"),
            (1_234_567.0, "1.23457e+06"),
            (0.000_1, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (999_999.5, "1e+06"),
        ] {
            assert_eq!(with(|o| six_digits(o, number)), text);
        }
    }
}
