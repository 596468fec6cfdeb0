//! The line a diagnostic is about, with a caret below it, in the form of Falco's results.

/// Most bytes of a line that are shown.
const WIDTH: usize = 160;

/// The line of `text` around the byte `offset`, at most [`WIDTH`] bytes of it, and a caret.
pub fn snippet(text: &str, offset: usize) -> String {
    const NOTHING: &str = "<No context available>\n";
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return NOTHING.to_owned();
    }
    // A place behind a dangling key may lie past the end, or on the line break.
    let mut at = offset;
    while at > 0 && (at >= bytes.len() || bytes[at] == b'\n') {
        at = at.min(bytes.len()) - 1;
    }
    let half = WIDTH / 2;
    let mut from = at;
    while from > 0 && bytes[from] != b'\n' && at - from < half {
        from -= 1;
    }
    let mut to = at;
    while to < bytes.len() - 1 && bytes[to] != b'\n' && to - at < half {
        to += 1;
    }
    let (cut_front, cut_back) = (at - from >= half, to - at >= half);
    if bytes[from] == b'\n' {
        from += 1;
    }
    if to > 0 && bytes[to] == b'\n' {
        to -= 1;
    }
    if to < from {
        return NOTHING.to_owned();
    }
    let mut line = bytes[from..=to].to_vec();
    if cut_front && line.len() >= 3 {
        line[..3].copy_from_slice(b"...");
    }
    if cut_back && line.len() >= 3 {
        let end = line.len();
        line[end - 3..].copy_from_slice(b"...");
    }
    let caret = at.saturating_sub(from);
    format!("{}\n{}^\n", String::from_utf8_lossy(&line), " ".repeat(caret))
}
