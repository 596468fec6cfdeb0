//! Captures, and the forms in which runs need them: plain, gzip, and with one event only.
//!
//! Without a choice of the user's, the bundled captures are used, named `corpus/NAME`, and those of the folder that
//! `PEREGRINE_SHARED` names, named by their files. Captures of fewer than [`LEAST`] events are left out then: divided
//! by so few events, the time of starting drowns everything else.

use anyhow::{Context as _, ensure};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

/// Least number of events of a capture that is measured without being named.
pub const LEAST: u64 = 10_000;

/// A capture to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What it is called in results.
    pub name: String,
    /// Plain or gzip.
    pub path: PathBuf,
}

impl Chosen {
    /// A file, called by its name without extensions behind `prefix`.
    pub fn new(prefix: &str, path: &Path) -> anyhow::Result<Chosen> {
        let file = path.file_name().and_then(|n| n.to_str()).with_context(|| path.display().to_string())?;
        let stem = file.split('.').next().unwrap_or(file);
        Ok(Chosen { name: format!("{prefix}{stem}"), path: path.to_owned() })
    }
}

/// The shared captures, then the bundled ones, each by name.
pub fn usual() -> anyhow::Result<Vec<Chosen>> {
    let shared = peregrine_tests::shared::shared().map(|folder| ("", folder.join("captures")));
    let mut folders = Vec::from_iter(shared);
    folders.push(("corpus/", crate::rules::repository().join("corpus")));
    let mut found = Vec::new();
    for (prefix, folder) in folders {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_file() && path.file_name().is_some_and(|n| n.to_string_lossy().contains(".scap")) {
                found.push(Chosen::new(prefix, &path)?);
            }
        }
    }
    found.sort_by(|a, b| (a.name.contains('/'), &a.name).cmp(&(b.name.contains('/'), &b.name)));
    Ok(found)
}

/// A capture in its forms.
#[derive(Debug)]
pub struct Prepared {
    /// What it is called.
    pub name: String,
    /// Plain.
    pub raw: PathBuf,
    /// Gzip.
    pub gzip: PathBuf,
    /// Plain, only up to the first event: a capture must have one.
    pub start: PathBuf,
    /// Number of event blocks.
    pub events: u64,
    /// Size of the plain form.
    pub bytes: u64,
}

/// Block types of events.
pub(crate) const EVENT_BLOCKS: [u32; 6] = [0x204, 0x208, 0x216, 0x217, 0x221, 0x222];

/// Makes the forms in `folder`; `None` if the capture has fewer than `least` events.
pub fn prepare(chosen: &Chosen, folder: &Path, least: u64) -> anyhow::Result<Option<Prepared>> {
    let context = || chosen.path.display().to_string();
    let bytes = read(&chosen.path).with_context(context)?;
    let (start_end, events) = scan(&bytes).with_context(context)?;
    if events < least {
        return Ok(None);
    }
    let stem = chosen.name.replace('/', "-");
    let form = |ending: &str| folder.join(format!("{stem}{ending}"));
    let (raw, gzip, start) = (form(".scap"), form(".scap.gz"), form(".start.scap"));
    std::fs::write(&raw, &bytes)?;
    std::fs::write(&start, &bytes[..start_end])?;
    let mut encoder = flate2::write::GzEncoder::new(BufWriter::new(File::create(&gzip)?), flate2::Compression::fast());
    encoder.write_all(&bytes)?;
    encoder.finish()?.flush()?;
    Ok(Some(Prepared { name: chosen.name.clone(), raw, gzip, start, events, bytes: bytes.len() as u64 }))
}

/// The plain bytes of a capture, which may be compressed.
pub fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    } else {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Where the first event block ends, and how many there are.
fn scan(bytes: &[u8]) -> anyhow::Result<(usize, u64)> {
    let word = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    let (mut at, mut start_end, mut events) = (0, None, 0);
    while let (Some(kind), Some(length)) = (word(at), word(at + 4)) {
        ensure!(length >= 12, "block of {length} bytes at offset {at}");
        if EVENT_BLOCKS.contains(&kind) {
            start_end.get_or_insert(at + length as usize);
            events += 1;
        }
        at += length as usize;
    }
    Ok((start_end.unwrap_or(bytes.len()).min(bytes.len()), events))
}
