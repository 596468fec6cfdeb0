//! The maps of filters: memory, counters, bits of tasks, and a table for each automaton; equal tables are one map.

use super::bits::TaskBits;
use super::{Prefilter, Table};
use crate::program::filtering::{Filtering, MEMORY};
use crate::sys::map::{Layout, MapSpec, MapType};
use aya::maps::{Map, MapData, MapError, PerCpuArray};
use peregrine_schema::EVENT_COUNT;
use rustc_hash::FxHashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

/// Maps of filters.
pub struct FilterMaps {
    memory: OwnedFd,
    counters: OwnedFd,
    dropped: PerCpuArray<MapData, u64>,
    tables: FxHashMap<Table, MapData>,
    bits: Option<TaskBits>,
}

/// Memory in which filters work, for programs of which never two run on a CPU at a time.
///
/// # Errors
///
/// As the kernel gives them.
pub fn memory() -> Result<OwnedFd, MapError> {
    per_cpu("filter", MEMORY, 1)
}

fn per_cpu(name: &'static str, bytes: usize, entries: usize) -> Result<OwnedFd, MapError> {
    let spec = MapSpec::new(name, MapType::PercpuArray, 4, bytes as u32, entries as u32);
    spec.create_fd().map_err(|io_error| MapError::CreateError { name: name.to_owned(), io_error })
}

impl FilterMaps {
    /// Without tables.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn new() -> Result<FilterMaps, MapError> {
        let (memory, counters) = (memory()?, per_cpu("dropped", 8, EVENT_COUNT)?);
        let readable = counters.try_clone();
        let readable = readable.map_err(|io_error| MapError::CreateError { name: "dropped".to_owned(), io_error })?;
        Ok(FilterMaps {
            memory,
            counters,
            dropped: PerCpuArray::try_from(Map::PerCpuArray(MapData::from_fd(readable)?))?,
            tables: FxHashMap::default(),
            bits: None,
        })
    }

    /// The maps of a filter's tables, made unless there are such.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn tables(&mut self, filter: &Prefilter) -> io::Result<Vec<RawFd>> {
        filter.tables().map(|table| self.table(table)).collect()
    }

    fn table(&mut self, table: &Table) -> io::Result<RawFd> {
        if let Some(map) = self.tables.get(table) {
            return Ok(map.fd().as_fd().as_raw_fd());
        }
        let bytes = table.bytes();
        let map = MapSpec::new("texts", MapType::Array, 4, bytes.len() as u32, 1).create().map_err(io::Error::other)?;
        Layout::of(&map)?.update(&0_u32.to_ne_bytes(), bytes, 0)?;
        let fd = map.fd().as_fd().as_raw_fd();
        self.tables.insert(table.clone(), map);
        Ok(fd)
    }

    /// Begins with the filters of another plan, which has so many conditions on images: forgets the tables and bits of the last
    /// one; programs that run keep theirs.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn begin(&mut self, conditions: usize) -> io::Result<()> {
        self.tables.clear();
        self.bits = if conditions > 0 { Some(TaskBits::create(conditions)?) } else { None };
        Ok(())
    }

    /// Bits of tasks, if this plan has any.
    pub fn bits(&self) -> Option<&TaskBits> {
        self.bits.as_ref()
    }

    /// A filter with its maps.
    pub fn filtering<'f>(&self, filter: &'f Prefilter, tables: &'f [RawFd], shadow: Option<u32>) -> Filtering<'f> {
        let (memory, dropped) = (self.memory.as_raw_fd(), self.counters.as_raw_fd());
        let bits = self.bits.as_ref().map(TaskBits::maps);
        Filtering { filter, memory, dropped, tables, bits, shadow }
    }

    /// Events dropped, by code, where not 0.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn dropped(&self) -> Result<Vec<(u16, u64)>, MapError> {
        let mut dropped = Vec::new();
        for code in 0..EVENT_COUNT as u16 {
            let count: u64 = self.dropped.get(&code.into(), 0)?.iter().sum();
            if count > 0 {
                dropped.push((code, count));
            }
        }
        Ok(dropped)
    }
}
