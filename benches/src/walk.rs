//! The floor: what it takes to step over the blocks of a capture and to touch every cache line of them.
//!
//! No reader of a mapped file can do less. The file is mapped as the reader maps it; nothing is checked beyond what
//! keeps the steps inside the file, and nothing is understood but lengths and, for the count, types of blocks.

use crate::captures::EVENT_BLOCKS;
use anyhow::Context as _;
use std::path::Path;

/// Bytes of a cache line.
const LINE: usize = 64;

/// What a walk saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Blocks.
    pub blocks: u64,
    /// Blocks of events among them.
    pub events: u64,
    /// Made of a byte of every cache line, so that none can be left out.
    pub mixed: u64,
}

/// Maps a plain capture and walks over it.
pub fn file(path: &Path) -> anyhow::Result<Walked> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let map = peregrine_runtime::capture::map(&file)?;
    Ok(bytes(&map))
}

/// Walks over the blocks of a plain capture in memory. Stops at a block that is not whole.
pub fn bytes(bytes: &[u8]) -> Walked {
    let mut walked = Walked::default();
    let mut rest = bytes;
    while let Some((head, _)) = rest.split_first_chunk::<8>() {
        let kind = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some((block, behind)) = rest.split_at_checked(length) else { break };
        if length < head.len() {
            break;
        }
        // The header was touched above.
        let mut line = LINE;
        while line < block.len() {
            walked.mixed = walked.mixed.wrapping_add(u64::from(block[line]));
            line += LINE;
        }
        walked.blocks += 1;
        walked.events += u64::from(EVENT_BLOCKS.contains(&kind));
        rest = behind;
    }
    walked
}

#[cfg(test)]
mod tests {
    use super::{Walked, bytes};
    use crate::{captures, rules};
    use peregrine_runtime::capture::{Capture, Item};

    #[test]
    fn counts_the_events_that_the_reader_gives() {
        for name in ["first-look", "tiny"] {
            let path = rules::repository().join("corpus").join(format!("{name}.scap.gz"));
            let plain = captures::read(&path).expect("the bundled capture is there");
            let mut capture = Capture::from_bytes(&plain);
            let mut events = 0;
            while let Some(item) = capture.next().expect("whole") {
                events += u64::from(matches!(item, Item::Event(_)));
            }
            let walked = bytes(&plain);
            assert_eq!(walked.events, events, "{name}");
            assert!(walked.blocks > walked.events, "a capture begins with blocks of other types");
        }
    }

    #[test]
    fn ends_at_a_block_that_is_not_whole() {
        let block = |kind: u32, length: u32| [kind.to_le_bytes(), length.to_le_bytes()].concat();
        assert_eq!(bytes(&[]), Walked::default());
        assert_eq!(bytes(&block(0x216, 9)).blocks, 0);
        assert_eq!(bytes(&block(0x216, 0)).blocks, 0, "a length that leads nowhere");
        let two = [block(0x216, 8), block(0x202, 8)].concat();
        assert_eq!(bytes(&two), Walked { blocks: 2, events: 1, mixed: 0 });
    }
}
