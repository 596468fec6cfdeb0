//! The place of the live source: eBPF programs that record system calls of a running system.
//!
//! What is here is the ground it stands on; no program of the live source is generated yet, and Peregrine replays
//! captures:
//!
//! ```text
//!   btf ──── offsets ───► asm ──── Program ───► sys::program ──► kernel ──► ring ──► records
//!   features: what this kernel can do            sys::map (aya's maps)
//! ```
//!
//! - [`btf`]: where a member of a structure lies on this kernel;
//! - [`asm`]: an assembler that finds mistakes before the kernel's verifier does;
//! - [`sys`]: the gate to the kernel: programs and maps;
//! - [`ring`]: records read in place;
//! - [`features`]: what this kernel has, found by trying.
//!
//! What will stand on it: programs generated from the rows of `peregrine_schema` (which parameter of which system
//! call is captured how) and from the compiler's kernel plan (which events no rule can match); one ring per CPU, with
//! the record of a capture as the record of the ring.
//!
//! What must hold: this crate never parses a rule; unknown means pass, so that the kernel side drops nothing a rule
//! could match; every loss is counted by cause.

pub mod asm;
pub mod btf;
pub mod features;
pub mod filter;
pub mod live;
pub mod program;
pub mod ring;
pub mod sys;
