//! Places in rule files, and texts put together from several places.
//!
//! A condition is seldom a contiguous piece of a file: appends join it, exceptions extend it, lists are
//! substituted into it. [`Mapped`] is such a text together with the file position of every byte, so that a
//! token found at any offset can be reported where the user wrote it.

/// A rule file by number, in the order given to the loader.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A range of bytes of a rule file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// A range of a file.
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        Span { file, start: start as u32, end: end as u32 }
    }

    /// No place: rules made by programs (tests, generators).
    pub const NONE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };
}

impl Default for Span {
    fn default() -> Span {
        Span::NONE
    }
}

/// A text and where each part of it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    text: String,
    /// Ordered by `at`; a piece covers the text from `at` up to the next piece.
    pieces: Vec<MappedPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MappedPiece {
    at: usize,
    span: Span,
    /// The piece equals the bytes of `span` one to one, so offsets inside can be added. Otherwise every
    /// byte of it maps to the whole span.
    exact: bool,
}

impl Mapped {
    /// An empty text.
    pub fn new() -> Mapped {
        Mapped::default()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends text that was written, byte by byte, at `span`.
    pub fn push_exact(&mut self, text: &str, span: Span) {
        self.push(text, span, true);
    }

    /// Appends text that stands for what was written at `span` (escapes, added punctuation).
    pub fn push_for(&mut self, text: &str, span: Span) {
        self.push(text, span, false);
    }

    fn push(&mut self, text: &str, span: Span, exact: bool) {
        if text.is_empty() {
            return;
        }
        self.pieces.push(MappedPiece { at: self.text.len(), span, exact });
        self.text.push_str(text);
    }

    /// Appends another mapped text.
    pub fn push_mapped(&mut self, other: &Mapped) {
        let base = self.text.len();
        self.pieces.extend(other.pieces.iter().map(|p| MappedPiece { at: p.at + base, ..*p }));
        self.text.push_str(&other.text);
    }

    /// The part `range` of the text, with its places.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Mapped {
        let mut out = Mapped::new();
        out.push_part(self, range);
        out
    }

    /// Appends the part `range` of another text, with its places.
    pub fn push_part(&mut self, other: &Mapped, range: std::ops::Range<usize>) {
        let first = other.pieces.partition_point(|piece| piece.at <= range.start).saturating_sub(1);
        for (i, piece) in other.pieces.iter().enumerate().skip(first) {
            if piece.at >= range.end {
                break;
            }
            let end = other.pieces.get(i + 1).map_or(other.text.len(), |p| p.at);
            let (from, to) = (piece.at.max(range.start), end.min(range.end));
            if from >= to {
                continue;
            }
            let span = if piece.exact {
                let start = piece.span.start as usize + (from - piece.at);
                Span::new(piece.span.file, start, start + (to - from))
            } else {
                piece.span
            };
            self.push(&other.text[from..to], span, piece.exact);
        }
    }

    /// Drops everything from byte `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        let pieces = self.pieces.partition_point(|piece| piece.at < len);
        self.pieces.truncate(pieces);
        // The last piece may have been cut; an exact one ends where its text does.
        if let Some(last) = self.pieces.last_mut().filter(|piece| piece.exact) {
            last.span.end = last.span.end.min(last.span.start + (len - last.at) as u32);
        }
    }

    /// Where the bytes `range` of the text were written: the place of the first byte, extended to the last
    /// one if both lie in one piece. Empty ranges and the end of the text give the nearest place.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let Some(last) = self.pieces.len().checked_sub(1) else { return Span::NONE };
        let index = self.pieces.partition_point(|p| p.at <= range.start).saturating_sub(1).min(last);
        let piece = &self.pieces[index];
        if !piece.exact {
            return piece.span;
        }
        let piece_end = self.pieces.get(index + 1).map_or(self.text.len(), |p| p.at);
        let start = piece.span.start as usize + (range.start.min(piece_end) - piece.at);
        let end = piece.span.start as usize + (range.end.clamp(range.start, piece_end.max(range.start)) - piece.at);
        Span::new(piece.span.file, start, end.max(start))
    }
}
