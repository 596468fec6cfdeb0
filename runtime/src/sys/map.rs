//! Mapping a file into memory.

use std::fs::File;
use std::io;

/// Maps the whole file for reading, front to back.
///
/// What must hold: nobody shortens or rewrites the file while the map lives. Shortening it ends the process
/// with SIGBUS when the lost part is read, as it does for every program that maps files.
#[expect(unsafe_code, reason = "a map's content is only as constant as the file")]
pub(crate) fn map_file(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the map is private to this process, read-only, and lives as long as the returned value. That the
    // file keeps its content is the caller's condition above; captures are appended to, not rewritten.
    let map = unsafe { memmap2::Mmap::map(file)? };
    // Only advice: a kernel that refuses it reads the same bytes a little later.
    let _ = map.advise(memmap2::Advice::Sequential);
    Ok(map)
}
