//! The forms of a capture that runs need: plain, gzip, and with one event only.

use anyhow::{Context as _, bail};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

/// A capture in its forms.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// File name without extensions.
    pub(crate) name: String,
    /// Plain.
    pub(crate) raw: PathBuf,
    /// Gzip.
    pub(crate) gzip: PathBuf,
    /// Plain, only up to the first event: a capture must have one.
    pub(crate) start: PathBuf,
    /// Number of event blocks.
    pub(crate) events: u64,
}

const EVENT_BLOCKS: [u32; 6] = [0x204, 0x208, 0x216, 0x217, 0x221, 0x222];

/// Makes the forms in `folder`.
pub(crate) fn prepare(path: &Path, folder: &Path) -> anyhow::Result<Prepared> {
    let file_name = path.file_name().and_then(|n| n.to_str()).context("no file name")?;
    let name = file_name.split('.').next().unwrap_or(file_name).to_owned();
    let raw = folder.join(format!("{name}.scap"));
    let gzip = folder.join(format!("{name}.scap.gz"));
    let start = folder.join(format!("{name}.start.scap"));
    let mut bytes = Vec::new();
    let mut file = BufReader::new(File::open(path)?);
    if file_name.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    } else {
        file.read_to_end(&mut bytes)?;
    }
    let (start_end, events) = scan(&bytes)?;
    std::fs::write(&raw, &bytes)?;
    std::fs::write(&start, &bytes[..start_end])?;
    let mut encoder = flate2::write::GzEncoder::new(BufWriter::new(File::create(&gzip)?), flate2::Compression::fast());
    encoder.write_all(&bytes)?;
    encoder.finish()?.flush()?;
    Ok(Prepared { name, raw, gzip, start, events })
}

/// Where the first event block ends, and how many there are.
fn scan(bytes: &[u8]) -> anyhow::Result<(usize, u64)> {
    let word = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    let (mut at, mut start_end, mut events) = (0, None, 0);
    while let (Some(kind), Some(length)) = (word(at), word(at + 4)) {
        if length < 12 {
            bail!("block of {length} bytes at offset {at}");
        }
        if EVENT_BLOCKS.contains(&kind) {
            start_end.get_or_insert(at + length as usize);
            events += 1;
        }
        at += length as usize;
    }
    Ok((start_end.unwrap_or(bytes.len()).min(bytes.len()), events))
}
