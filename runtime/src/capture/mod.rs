//! Reading and writing captures (`.scap` files, raw or gzip).
//!
//! [`Capture`] gives, in file order, the [`Metadata`] that precede the events, then the events as
//! [`Record`](crate::record::Record)s, borrowed from the mapped file or from the refilled buffer:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use peregrine_runtime::capture::{Capture, Converted, Converter, Item};
//! let mut capture = Capture::open("capture.scap")?;
//! let mut converter = Converter::new();
//! while let Some(item) = capture.next()? {
//!     match item {
//!         Item::Metadata(metadata) => { /* fill the state */ }
//!         Item::Restart => converter.clear(), // and clear the state
//!         Item::Event(record) => match converter.convert(record)? {
//!             Converted::Pass(record) => { /* takes the next event number */ }
//!             Converted::Dropped => {}
//!         },
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! [`Writer`] writes the same items to a new file, in the newest version of each block; `encode` has their layouts.
//! [`Converter`] brings events of older schemas to the current one. What a block holds is told by `blocks`,
//! events by `event`, metadata by `metadata`; `source` hides how the bytes are stored.
//!
//! What must hold: nothing read from a file makes this code panic, and memory does not grow with lengths that
//! a file claims but with the bytes it has.

mod blocks;
mod convert;
pub mod encode;
mod error;
mod event;
pub(crate) mod metadata;
mod reader;
mod source;
mod writer;

pub use convert::{ConvertError, Converted, Converter};
pub use error::{CaptureError, Offset, Problem};
pub use event::UsualEvent;
pub(crate) use event::live;
pub use metadata::{
    FdEntry, FdInfo, FdList, Group, Interface, InterfaceAddr, MachineInfo, Metadata, Process, User, Users,
};
pub use reader::{Capture, Item, Progress, Usual};
pub use writer::{Compression, WriteError, Writer};

/// Maps a plain capture as [`Capture::open`] does, for measuring what reading it costs at least. Nobody may shorten
/// the file while it is mapped.
pub fn map(file: &std::fs::File) -> std::io::Result<impl std::ops::Deref<Target = [u8]>> {
    crate::sys::map::map_file(file)
}
