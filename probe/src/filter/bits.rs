//! Bits of images: what user space has found out about a process image, for filters to ask.
//!
//! ```text
//! key: the image, u64     value: 0 the image: u64   8 bits: 16 × u64                                       136 bytes
//! ```
//!
//! Bit `n` of word `n / 64` answers condition `64 × word + bit` of [`KernelPlan::image`]. An image of which nothing is
//! here is unknown, and its events pass. As images are never given twice, a fork or exec makes the bits void by giving
//! another one; of what is here no more than [`IMAGES`] are kept, and those that are asked for least go first.
//!
//! They are those of the first thread of a process; events of others pass.
//!
//! What must hold: whoever sets bits takes them away before the facts that they are about change, or as soon as it can
//! tell; events in between are judged by the old ones. The image stands in the value, too, and a program looks at it last:
//! the kernel may give the memory of a value that is replaced to another one while a program looks at it.
//!
//! [`KernelPlan::image`]: peregrine_compiler::kernel::KernelPlan::image

use crate::sys::map::{KeyValueMap, MapSpec, MapType};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

/// Words of bits.
pub const WORDS: usize = 16;
/// Images that there is room for.
pub const IMAGES: u32 = 1 << 15;

/// Offsets in a value, bytes.
pub(crate) mod value {
    /// The image.
    pub(crate) const IMAGE: i16 = 0;
    /// The bits.
    pub(crate) const BITS: i16 = 8;
    /// Bytes in all.
    pub(crate) const SIZE: usize = BITS as usize + 8 * super::WORDS;
}

/// The bits of the images that run under one plan; for any thread.
#[derive(Clone, Debug)]
pub struct ImageBits(Arc<KeyValueMap>);

impl ImageBits {
    /// Without any.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn create() -> io::Result<ImageBits> {
        let spec = MapSpec::new("bits", MapType::LruHash, 8, value::SIZE as u32, IMAGES);
        Ok(ImageBits(Arc::new(spec.create_key_value()?)))
    }

    /// Tells all bits of an image, in place of those that were told.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; then nothing may be known of the image.
    pub fn set(&self, image: u64, bits: &[u64; WORDS]) -> io::Result<()> {
        let mut value = [0; value::SIZE];
        for (to, word) in value.chunks_exact_mut(8).zip([&image].into_iter().chain(bits)) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        self.0.layout().update(&image.to_ne_bytes(), &value, 0)
    }

    /// Nothing is known of the image any more.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn forget(&self, image: u64) -> io::Result<()> {
        self.0.layout().delete(&image.to_ne_bytes()).map(drop)
    }
}

impl AsRawFd for ImageBits {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}
