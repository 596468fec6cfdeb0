//! Mapping a file into memory.

use peregrine_compiler::aot::Compiled;
use peregrine_compiler::backend::native::Native;
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

/// Maps part of a file executable. `offset` is a multiple of the page size.
///
/// What must hold: as for [`map_file`]; the code in the file is run as it is.
#[expect(unsafe_code, reason = "a map's content is only as constant as the file")]
fn map_code(file: &File, offset: usize, len: usize) -> io::Result<memmap2::Mmap> {
    // SAFETY: the map is private to this process, readable and executable, never writable, and lives as long as the
    // returned value.
    unsafe { memmap2::MmapOptions::new().offset(offset as u64).len(len).map_exec(file) }
}

/// The native code of a compiled file, mapped from the file itself.
#[expect(unsafe_code, reason = "code from a file is run")]
pub(crate) fn map_compiled(file: &File, compiled: &Compiled) -> io::Result<Native> {
    let map = map_code(file, compiled.code.start, compiled.code.len().max(1))?;
    let base = map.as_ptr();
    // SAFETY: the map holds the code of the file from which `compiled` was read, at the start of a page; it is
    // executable and lives in the owner. The digest said that the file is what `build` wrote.
    Ok(unsafe { Native::mapped(compiled, base, Box::new(map)) })
}
