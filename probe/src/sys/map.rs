//! Maps: created with every attribute, and used by key and value as bytes.
//!
//! What must hold: the length of keys and values given here equals what the map was created with, since the kernel
//! reads and writes that many bytes. Functions on a [`MapData`] therefore ask the kernel for the sizes first; those
//! used often take a [`Layout`] that was asked for once.

use super::{Command, Name, address, address_mut, bpf, bpf_fd, kernel_name};
use aya::maps::{MapData, MapError};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Types of maps, by the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[expect(missing_docs, reason = "the kernel's names")]
pub enum MapType {
    Hash = 1,
    Array = 2,
    ProgArray = 3,
    PercpuHash = 5,
    PercpuArray = 6,
    LruHash = 9,
    LruPercpuHash = 10,
    LpmTrie = 11,
    ArrayOfMaps = 12,
    HashOfMaps = 13,
    Ringbuf = 27,
    TaskStorage = 29,
    BloomFilter = 30,
}

/// `BPF_F_NO_PREALLOC`: entries are allocated when written. Tries and task storage demand it.
pub const NO_PREALLOC: u32 = 1;
/// `BPF_F_MMAPABLE`: an array can be mapped into memory.
pub const MMAPABLE: u32 = 1 << 10;
/// `BPF_F_INNER_MAP`: inner arrays may differ in size (Linux 5.10).
pub const INNER_MAP: u32 = 1 << 12;

/// The types of key and value, in BTF that was loaded.
#[derive(Clone, Copy, Debug)]
pub struct MapBtf<'a> {
    /// From [`super::program::load_btf`].
    pub btf: BorrowedFd<'a>,
    /// Type of the key.
    pub key: u32,
    /// Type of the value.
    pub value: u32,
}

/// A map to be created.
#[derive(Clone, Copy, Debug)]
pub struct MapSpec<'a> {
    /// Shown by tools; cut to 15 bytes.
    pub name: &'a str,
    /// What it is.
    pub map_type: MapType,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Entries; for a ring, bytes (a power of two, whole pages); for task storage 0.
    pub max_entries: u32,
    /// `BPF_F_*`.
    pub flags: u32,
    /// For maps of maps: a map like those it will hold.
    pub inner: Option<BorrowedFd<'a>>,
    /// Types, which task storage demands.
    pub btf: Option<MapBtf<'a>>,
}

/// As the kernel reads it for `BPF_MAP_CREATE`.
#[derive(Default)]
#[repr(C)]
struct CreateAttr {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: Name,
    map_ifindex: u32,
    btf_fd: u32,
    btf_key_type_id: u32,
    btf_value_type_id: u32,
    btf_vmlinux_value_type_id: u32,
    map_extra: u64,
}

impl<'a> MapSpec<'a> {
    /// A map of one of the simple types, without flags.
    pub fn new(name: &'a str, map_type: MapType, key_size: u32, value_size: u32, max_entries: u32) -> MapSpec<'a> {
        MapSpec { name, map_type, key_size, value_size, max_entries, flags: 0, inner: None, btf: None }
    }

    /// A program array.
    pub fn programs(name: &'a str, entries: u32) -> MapSpec<'a> {
        MapSpec::new(name, MapType::ProgArray, 4, 4, entries)
    }

    /// A ring of so many bytes: a power of two, whole pages.
    pub fn ring(name: &'a str, bytes: u32) -> MapSpec<'a> {
        MapSpec::new(name, MapType::Ringbuf, 0, 0, bytes)
    }

    /// An array of maps like `inner`.
    pub fn array_of_maps(name: &'a str, entries: u32, inner: BorrowedFd<'a>) -> MapSpec<'a> {
        MapSpec { inner: Some(inner), ..MapSpec::new(name, MapType::ArrayOfMaps, 4, 4, entries) }
    }

    /// A value for each task.
    pub fn task_storage(name: &'a str, value_size: u32, btf: MapBtf<'a>) -> MapSpec<'a> {
        let spec = MapSpec::new(name, MapType::TaskStorage, 4, value_size, 0);
        MapSpec { flags: NO_PREALLOC, btf: Some(btf), ..spec }
    }

    /// Adds flags.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> MapSpec<'a> {
        self.flags |= flags;
        self
    }

    /// Creates the map; its file descriptor is the only hold on it.
    ///
    /// # Errors
    ///
    /// As the kernel gives them: `EPERM` without CAP_BPF, `EINVAL` for attributes it does not know, `ENOMEM`.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn create_fd(&self) -> io::Result<OwnedFd> {
        let number = |fd: BorrowedFd<'_>| fd.as_raw_fd().cast_unsigned();
        let mut attr = CreateAttr {
            map_type: self.map_type as u32,
            key_size: self.key_size,
            value_size: self.value_size,
            max_entries: self.max_entries,
            map_flags: self.flags,
            inner_map_fd: self.inner.map_or(0, number),
            map_name: kernel_name(self.name),
            btf_fd: self.btf.map_or(0, |b| number(b.btf)),
            btf_key_type_id: self.btf.map_or(0, |b| b.key),
            btf_value_type_id: self.btf.map_or(0, |b| b.value),
            ..CreateAttr::default()
        };
        // SAFETY: the layout is that of the command, which holds no addresses and gives a file descriptor.
        unsafe { bpf_fd(Command::MapCreate, &mut attr) }
    }

    /// Creates the map, to be used by key and value.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a per-CPU map, or as for [`MapSpec::create_fd`].
    pub fn create_key_value(&self) -> io::Result<KeyValueMap> {
        if matches!(self.map_type, MapType::PercpuHash | MapType::PercpuArray | MapType::LruPercpuHash) {
            return Err(several_values());
        }
        Ok(KeyValueMap { fd: self.create_fd()?, key: self.key_size as usize, value: self.value_size as usize })
    }

    /// Creates the map and hands it to aya: `Array::try_from(Map::Array(data))` and so on give it types.
    ///
    /// # Errors
    ///
    /// As for [`MapSpec::create_fd`], with the map's name.
    pub fn create(&self) -> Result<MapData, MapError> {
        let fd = self.create_fd().map_err(|io_error| MapError::CreateError { name: self.name.to_owned(), io_error })?;
        MapData::from_fd(fd)
    }
}

/// A map with one value for each key, and their sizes.
#[derive(Debug)]
pub struct KeyValueMap {
    fd: OwnedFd,
    key: usize,
    value: usize,
}

impl KeyValueMap {
    /// To read and write it.
    pub fn layout(&self) -> Layout<'_> {
        Layout { fd: self.fd.as_fd(), key: self.key, value: self.value }
    }
}

impl AsFd for KeyValueMap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A map's descriptor with its sizes.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'m> {
    fd: BorrowedFd<'m>,
    key: usize,
    value: usize,
}

/// As the kernel reads it for the commands on one element.
#[derive(Default)]
#[repr(C)]
struct ElementAttr {
    map_fd: u32,
    _pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// As the kernel reads it for the commands on many elements.
#[derive(Default)]
#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// What a batch gave: elements as bytes, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    /// Keys.
    pub keys: Vec<u8>,
    /// Values in the order of the keys.
    pub values: Vec<u8>,
    /// How many.
    pub count: usize,
}

fn wrong_size() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "key or value is not of the map's size")
}

fn several_values() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a per-CPU map has several values for each key")
}

impl<'m> Layout<'m> {
    /// Asks for a map's sizes. Refuses per-CPU maps, whose values are longer than they say; aya reads those.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a per-CPU map, or as the kernel gives them.
    pub fn of(map: &'m MapData) -> io::Result<Layout<'m>> {
        let info = map.info().map_err(io::Error::other)?;
        let kind = info.map_type().map_err(io::Error::other)?;
        use aya::maps::MapType as T;
        if matches!(kind, T::PerCpuHash | T::PerCpuArray | T::LruPerCpuHash | T::PerCpuCgroupStorage) {
            return Err(several_values());
        }
        let sizes = (info.key_size() as usize, info.value_size() as usize);
        Ok(Layout { fd: map.fd().as_fd(), key: sizes.0, value: sizes.1 })
    }

    fn checked(&self, key: &[u8], value: Option<usize>) -> io::Result<ElementAttr> {
        if key.len() != self.key || value.is_some_and(|v| v != self.value) {
            return Err(wrong_size());
        }
        let map_fd = self.fd.as_raw_fd().cast_unsigned();
        Ok(ElementAttr { map_fd, key: address(key), ..ElementAttr::default() })
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a length is wrong, or as the kernel gives them.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn update(&self, key: &[u8], value: &[u8], flags: u64) -> io::Result<()> {
        let attr = self.checked(key, Some(value.len()))?;
        let mut attr = ElementAttr { value: address(value), flags, ..attr };
        // SAFETY: the layout is that of the command; key and value are of the map's sizes and only read.
        unsafe { bpf(Command::MapUpdate, &mut attr) }.map(drop)
    }

    /// Reads a value into `value`; `false` if there is none.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a length is wrong, or as the kernel gives them.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn lookup(&self, key: &[u8], value: &mut [u8]) -> io::Result<bool> {
        let attr = self.checked(key, Some(value.len()))?;
        let mut attr = ElementAttr { value: address_mut(value), ..attr };
        // SAFETY: the layout is that of the command; the value is writable for the map's size of a value, and the map
        // is not a per-CPU map, which would write more.
        match unsafe { bpf(Command::MapLookup, &mut attr) } {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// Removes a value; `false` if there was none.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a length is wrong, or as the kernel gives them.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn delete(&self, key: &[u8]) -> io::Result<bool> {
        let mut attr = self.checked(key, None)?;
        // SAFETY: the layout is that of the command; the key is of the map's size and only read.
        match unsafe { bpf(Command::MapDelete, &mut attr) } {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// Takes elements out of a hash map, up to about `most` in one call (Linux 5.6). Repeat until it gives none.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if one bucket holds more than `most`, or as the kernel gives them.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn take_batch(&self, most: u32) -> io::Result<Elements> {
        // The kernel writes its place in the map here: 4 bytes for hash maps, a key for others.
        let mut place = vec![0u8; self.key.max(8)];
        let mut keys = vec![0u8; self.key * most as usize];
        let mut values = vec![0u8; self.value.next_multiple_of(8) * most as usize];
        let mut attr = BatchAttr {
            out_batch: address_mut(&mut place),
            keys: address_mut(&mut keys),
            values: address_mut(&mut values),
            count: most,
            map_fd: self.fd.as_raw_fd().cast_unsigned(),
            ..BatchAttr::default()
        };
        // SAFETY: the layout is that of the command; the buffers are writable for `most` keys and values of the
        // map's sizes, and the place for a key.
        match unsafe { bpf(Command::LookupAndDeleteBatch, &mut attr) } {
            // The end of the map; what was found before it counts.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            result => drop(result?),
        }
        let count = attr.count.min(most) as usize;
        keys.truncate(self.key * count);
        values.truncate(self.value * count);
        Ok(Elements { keys, values, count })
    }
}

/// Puts a program into a program array; running programs see it at their next tail call.
///
/// # Errors
///
/// `EINVAL` if the program's type, attach type or function is not that of the array's first user.
pub fn set_program(array: &MapData, index: u32, program: BorrowedFd<'_>) -> io::Result<()> {
    let value = program.as_raw_fd().to_ne_bytes();
    Layout::of(array)?.update(&index.to_ne_bytes(), &value, 0)
}

/// Takes a program out of a program array; `false` if there was none.
///
/// # Errors
///
/// As the kernel gives them.
pub fn clear_program(array: &MapData, index: u32) -> io::Result<bool> {
    Layout::of(array)?.delete(&index.to_ne_bytes())
}

/// Puts a map into an array of maps.
///
/// # Errors
///
/// `EINVAL` if the map is not like the one that the array was created with.
pub fn set_map(array: &MapData, index: u32, map: BorrowedFd<'_>) -> io::Result<()> {
    let value = map.as_raw_fd().to_ne_bytes();
    Layout::of(array)?.update(&index.to_ne_bytes(), &value, 0)
}
