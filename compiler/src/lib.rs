//! The compiler of Peregrine: rule text → typed rules → optimised IR → native code.
//!
//! ```text
//! load  rule files → items → rules, macros, lists with every byte's place
//! syntax  condition text → syntax tree
//! check  syntax tree → typed rules (hir), output templates, sets of event codes
//! ir  typed rules → branching programs over shared predicates, specialised by event code
//! backend  interpreter; native code by Cranelift
//! kernel  typed rules → which events the kernel may keep to itself
//! aot  files of native code, program and rules
//! eval  the reference evaluator over typed rules: decides what is right
//! lint  rules that can never match, always match, or are shadowed by earlier ones
//! report  errors and warnings about rule files, and the forms in which they are printed
//! ```

pub mod aot;
pub mod backend;
pub mod check;
pub mod eval;
pub mod hir;
pub mod ir;
pub mod kernel;
pub mod lint;
pub mod load;
pub mod pattern;
pub mod print;
pub mod report;
pub mod span;
pub mod syntax;
pub mod transform;
pub mod value;
