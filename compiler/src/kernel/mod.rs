//! The kernel plan: which events the kernel may keep to itself, because no rule can match them.
//!
//! ```text
//! typed rules ─► ir::formula, ir::fold, ir::partial ─► per event code and rule, a condition over predicates
//!            ─► decide   each predicate: what of it the kernel can tell, as atoms, in both polarities
//!            ─► plan     image predicates to bits, the rest to a graph of atoms; rules joined, size bounded
//!            ─► eval     the reference meaning of a plan, for tests and for generators to be compared with
//! ```
//!
//! What must hold: *a rule matches ⇒ the plan of the event's code passes the event*, whatever the kernel does not
//! know. It holds by construction:
//!
//! - a condition is in negation normal form, so it can only become weaker when a part of it does;
//! - a predicate P is replaced by a form that P implies where it stands plain, and by a form that `not P` implies
//!   where it stands negated ([`decide::Decision`]); what nothing is known of becomes *true* in both places;
//! - an atom has three answers ([`eval::Answer`]); *unknown* passes in both polarities;
//! - weakening a plan that grew too large only leaves parts of conjunctions out, never an alternative.
//!
//! The plan tells nothing about how user space comes to its values: an atom is defined by the record that a capture
//! would hold, and by facts (kind, addresses, path of the descriptor) that user space takes from the kernel as well.
//!
//! Everything here is deterministic and independent of the machine.

pub mod atoms;
pub mod decide;
pub mod eval;
pub mod explain;
mod flags;
pub mod form;
pub mod plan;
mod texts;

pub use atoms::{Atom, End, Kind, KindSet, Network, Number, Part, Protocol, Ranges, Reading, Source, Text, TextSet};
pub use eval::{Answer, KernelView};
pub use plan::{EventPlan, Filter, ImageCondition, KernelPlan, Node, NodeId};

#[cfg(test)]
mod tests;
