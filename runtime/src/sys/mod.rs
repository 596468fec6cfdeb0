//! The few calls to the operating system that need `unsafe`.

pub(crate) mod map;
pub(crate) mod seccomp;
