//! The place of the live source: eBPF programs that record system calls of a running system.
//!
//! ```text
//!   rows of the schema ─► program ──► asm::Program ──► sys::program ──► kernel ──► ring ──► records
//!   kernel plan ─► filter ──┘              ▲            sys::map (aya's maps)
//!   btf ──── offsets ──────────────────────┘            live: all of it at work
//! ```
//!
//! - [`btf`]: where a member of a structure lies on this kernel;
//! - [`asm`]: an assembler that finds mistakes before the kernel's verifier does;
//! - [`program`]: programs generated from the rows of `peregrine_schema` (which parameter is captured how);
//! - [`filter`]: what of the compiler's kernel plan (which events no rule can match) these programs ask first;
//! - [`sys`]: the gate to the kernel: programs and maps;
//! - [`ring`]: records read in place, one ring per CPU, the record of a capture as the record of the ring;
//! - [`clock`]: the time of the records;
//! - [`live`]: loading, attaching, counting what is lost and what is dropped;
//! - [`listing`]: the same programs as text, loaded nowhere;
//! - [`features`]: what this kernel has, found by trying;
//! - [`image`]: what a process runs between two execs, and the numbers that the kernel side gives;
//! - [`descriptor`]: what a descriptor led to when an event was made, and which side of a connection it is.
//!
//! What must hold: this crate never parses a rule; unknown means pass, so that the kernel side drops nothing a rule
//! could match; every loss is counted by cause.

pub mod asm;
pub mod btf;
pub mod clock;
pub mod descriptor;
pub mod features;
pub mod filter;
pub mod image;
pub mod listing;
pub mod live;
pub mod program;
pub mod ring;
pub mod sys;
