//! The place of the live source: eBPF programs that record system calls of a running system.
//!
//! There is nothing here yet, and nothing that pretends to be: Peregrine replays captures. What will be here:
//!
//! - programs generated from the rows of `peregrine_schema` (which parameter of which system call is captured how)
//!   and from the compiler's kernel plan (which events no rule can match);
//! - loading and attaching them, and reading one ring per CPU, with the record of a capture as the record of the ring.
//!
//! What must hold then: this crate never parses a rule; unknown means pass, so that the kernel side drops nothing a
//! rule could match; every loss is counted by cause.

pub mod asm;
pub mod btf;
