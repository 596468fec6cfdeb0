//! CPUs and their rings.

use super::ProbeError;
use crate::ring::Ring;
use crate::sys::map::{MapSpec, set_map};
use aya::maps::MapData;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The CPUs that are at work.
///
/// # Errors
///
/// As the kernel gives them.
pub fn online_cpus() -> io::Result<Vec<u32>> {
    aya::util::online_cpus().map_err(|(_, error)| error)
}

/// A ring for each CPU that is online, and the array in which programs find that of each CPU that there may be: one that
/// comes later writes into the ring of another.
pub(super) fn rings(cpus: u32, online: &[u32], bytes: u32) -> Result<(Vec<Ring>, OwnedFd), ProbeError> {
    let map = |error| ProbeError::Map { name: "rings", error };
    let rings = online.iter().map(|_| Ring::create("ring", bytes)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = rings.first() else { return Err(ProbeError::Cpus(io::ErrorKind::NotFound.into())) };
    let outer = MapSpec::array_of_maps("rings", cpus, first.as_fd()).create_fd().map_err(map)?;
    let writable = MapData::from_fd(outer.try_clone().map_err(map)?)?;
    for cpu in 0..cpus {
        let own = online.iter().position(|online| *online == cpu).unwrap_or(cpu as usize % rings.len());
        set_map(&writable, cpu, rings[own].as_fd()).map_err(map)?;
    }
    Ok((rings, outer))
}
