//! Engines that run a compiled program over events.
//!
//! `interp` walks the IR, `native` is machine code made from it. Both keep the answers of an event in a
//! [`frame::Pad`]: each field is asked for at most once, each predicate evaluated at most once. String and
//! list tests are prepared once per rule set ([`prepared`]).

pub mod frame;
pub mod interp;
pub mod native;
pub mod prepared;
