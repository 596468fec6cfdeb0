//! Versions of three numbers, as rule files require them of the engine and of plugins.

use std::fmt;

/// `major.minor.patch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Default)]
pub struct Version {
    /// Changes are not compatible.
    pub major: u32,
    /// Additions.
    pub minor: u32,
    /// Corrections.
    pub patch: u32,
}

impl Version {
    /// Reads three numbers with points between them; what follows is ignored (`1.2.3-rc1`).
    pub fn parse(text: &str) -> Option<Version> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let (patch, _) = number(rest.strip_prefix('.')?)?;
        Some(Version { major, minor, patch })
    }

    /// Whether something of this version does for who requires `required`.
    pub fn satisfies(self, required: Version) -> bool {
        self.major == required.major && self >= required
    }
}

impl From<(u32, u32, u32)> for Version {
    fn from((major, minor, patch): (u32, u32, u32)) -> Version {
        Version { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A number at the start of a text, blanks and a plus sign allowed before it, and what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let version = |t| Version::parse(t).map(|v| v.to_string());
        assert_eq!(version("0.63.0x").as_deref(), Some("0.63.0"));
        assert_eq!(version("1.2.3-rc1+5").as_deref(), Some("1.2.3"));
        for bad in ["", "0.5", "abc", "1..2", "1.2.x", "-1.0.0"] {
            assert_eq!(version(bad), None, "{bad}");
        }
        let of = |t| Version::parse(t).expect("a version");
        assert!(of("0.63.0").satisfies(of("0.26.0")));
        assert!(!of("0.63.0").satisfies(of("0.64.0")));
        assert!(!of("1.0.0").satisfies(of("0.1.0")));
    }
}
