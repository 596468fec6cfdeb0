//! Paths: joining a directory and a path, and removing `.`, `..` and doubled slashes.
//!
//! This is text work, as the original does it: symbolic links are not known, `..` above the root stays there, and only
//! the second path is normalised. Paths are bytes without NUL. A result that could exceed [`MAX_PATH`] bytes becomes
//! [`TOO_LONG`].

/// Longest result, counting the final NUL it has in C.
pub const MAX_PATH: usize = 1024;
/// What stands for a path that is too long.
pub const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/FILENAME_TOO_LONG";

/// Joins `path` to the directory `dir`, which ends in `/`. An absolute or empty `path` is taken alone.
pub fn concatenate(dir: &[u8], path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(dir.len() + path.len() + 1);
    concatenate_into(&mut out, dir, path);
    out
}

/// Like [`concatenate`], into a cleared buffer.
pub fn concatenate_into(out: &mut Vec<u8>, dir: &[u8], path: &[u8]) {
    out.clear();
    if dir.len() + path.len() + 1 > MAX_PATH {
        out.extend_from_slice(TOO_LONG);
        return;
    }
    if path.first().is_some_and(|b| *b != b'/') {
        out.extend_from_slice(dir);
    }
    let at_root = out.is_empty();
    let mut rest = path;
    while let Some(&byte) = rest.first() {
        let at_start = out.last().is_none_or(|b| *b == b'/');
        match (byte, rest) {
            (b'.', [_, b'.', b'/', tail @ ..]) if at_start => {
                rewind(out);
                rest = tail;
            }
            (b'.', [_, b'.']) if at_start => {
                rewind(out);
                rest = &[];
            }
            (b'.', [_, b'/', tail @ ..]) if at_start => rest = tail,
            (b'.', [_]) if at_start => rest = &[],
            (b'/', _) if out.last() == Some(&b'/') || out.is_empty() && !at_root => rest = &rest[1..],
            (b'/', _) => {
                out.push(byte);
                rest = &rest[1..];
            }
            // What begins an ordinary component goes up to and with its slash.
            _ => {
                let end = memchr::memchr(b'/', rest).map_or(rest.len(), |slash| slash + 1);
                out.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
            }
        }
    }
    if out.len() > 1 && out.last() == Some(&b'/') {
        out.pop();
    }
}

/// Whether the path is absolute and [`concatenate`] would leave it as it is, unless it is too long.
pub fn is_normal(path: &[u8]) -> bool {
    // What is neither a dot nor a slash after any slash, and does not end in one, is left alone. Looked at as a whole:
    // most paths are such.
    let Some((_, after)) = path.split_first() else { return false };
    let special =
        path.iter().zip(after).fold(false, |found, (a, b)| found | (*a == b'/' && (*b == b'/' || *b == b'.')));
    if !special && path[0] == b'/' && path[path.len() - 1] != b'/' {
        return true;
    }
    let Some((b'/', mut rest)) = path.split_first() else { return false };
    loop {
        let end = memchr::memchr(b'/', rest);
        if matches!(&rest[..end.unwrap_or(rest.len())], [] | [b'.'] | [b'.', b'.']) {
            return false;
        }
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return true,
        }
    }
}

/// Whether [`concatenate`] leaves the path as it is, whatever directory of at most half of [`MAX_PATH`] it is joined to.
pub fn is_whole(path: &[u8]) -> bool {
    path.len() < MAX_PATH / 2 && is_normal(path)
}

/// Drops the last component. A path of one byte, the root, stays.
fn rewind(out: &mut Vec<u8>) {
    if out.len() <= 1 {
        return;
    }
    out.pop();
    while out.len() > 1 && out.last() != Some(&b'/') {
        out.pop();
    }
    // A relative path rewinds to nothing.
    if out.len() == 1 && out[0] != b'/' {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining() {
        for (dir, path, expected) in [
            ("/a/", "b", "/a/b"),
            ("/a/", "/b", "/b"),
            ("/a/", "", ""),
            ("/a/", "../b", "/b"),
            ("/a/", "../../b", "/b"),
            ("/a/", "./b/.", "/a/b"),
            ("/a/", "b/..", "/a"),
            ("/a/", "b//c/", "/a/b/c"),
            ("/", "..", "/"),
            ("/", ".", "/"),
            ("", "/", "/"),
            ("", "/a/./b/../c", "/a/c"),
            ("/a/", ".b", "/a/.b"),
            ("/a/", "b.", "/a/b."),
            ("/a/", "..b", "/a/..b"),
            ("/a/", "b/../../../c", "/c"),
            ("", "<NA>", "<NA>"),
            ("<UNKNOWN>", "x", "<UNKNOWN>x"),
        ] {
            let got = concatenate(dir.as_bytes(), path.as_bytes());
            assert_eq!(String::from_utf8_lossy(&got), expected, "{dir} + {path}");
            assert!(!is_normal(path.as_bytes()) || path == expected, "{path}");
        }
        assert_eq!(concatenate(&[b'a'; 1000], &[b'b'; 24]), TOO_LONG);
        assert_eq!(concatenate(&[b'/'; 1], &[b'b'; 1022]).len(), 1023);
    }
}
