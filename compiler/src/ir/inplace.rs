//! Predicates on a number that lies in the record: generated code reads and compares it where it is.
//!
//! ```text
//! lengths of the parameters up to the one: those of fixed size compared with masks, the others added up
//! ─► offset ─► load ─► compare
//! ```
//!
//! What must hold: with lengths as [`InPlace::fixed`] says, the comparison is the predicate's exact meaning. On all other
//! records nothing is said.

use crate::hir::{Comparison, Const, Op, Operand, Predicate};
use crate::value::{Arg, FieldRef};
use peregrine_schema::derived::{Reading, derived};
use peregrine_schema::{EVENTS, FieldId, Type};

/// How a predicate is answered from the record on events of a code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InPlace {
    /// What the words of lengths must be, four lengths in each: mask and value.
    pub fixed: [(u64, u64); 2],
    /// Sum of the fixed lengths before the number, bytes.
    pub before: u32,
    /// Indices of the parameters before it that have no fixed length.
    pub varying: Vec<u8>,
    /// Bytes of the number: 1, 2, 4 or 8.
    pub size: u8,
    /// What is made of it.
    pub reading: Reading,
    /// The comparison with `constant`; of truth values only `=` and `!=`, with 0 or 1.
    pub op: Op,
    /// Bits of the constant.
    pub constant: u64,
}

/// Parameters whose lengths are at hand: [`Payload::lens`](crate::value::Payload::lens).
const AT_HAND: usize = 8;

/// How the predicate is answered from the record on events of `code`, if it can be.
pub fn in_place(fields: &[FieldRef], predicate: &Predicate, code: u16) -> Option<InPlace> {
    let (Operand::Field(slot), Comparison::One(op, constant)) = (&predicate.lhs, &predicate.test) else { return None };
    let field = fields.get(*slot as usize)?;
    let key = if let Arg::Key(key) = &field.arg { Some(key.as_str()) } else { None };
    // The text of a result is that of no other result, unless it is a name: of a user, a group, a thread.
    let number = matches!(EVENTS.get(usize::from(code))?.params.first()?.ty, Type::Errno | Type::Fd);
    let (id, constant) = match (field.id, constant) {
        (FieldId::EvtRes, Const::Str(text)) if number && text.as_slice() == b"SUCCESS" => {
            (FieldId::EvtFailed, &Const::Bool(false))
        }
        (id, constant) => (id, constant),
    };
    let derived = derived(id, key, code)?;
    let (constant, orders) = match (derived.reading, constant) {
        (Reading::Signed, Const::Int(n)) => (*n as u64, true),
        (Reading::Unsigned, Const::Uint(n)) => (*n, true),
        (Reading::Negative | Reading::AnyBit(_), Const::Bool(b)) => (u64::from(*b), false),
        _ => return None,
    };
    let comparable = match op {
        Op::Eq | Op::Ne => true,
        Op::Lt | Op::Le | Op::Gt | Op::Ge => orders,
        _ => false,
    };
    let params = EVENTS.get(usize::from(code))?.params;
    let last = usize::from(derived.param);
    if !comparable || last >= AT_HAND {
        return None;
    }
    let mut fixed = [(0, 0); 2];
    let (mut before, mut varying) = (0, Vec::new());
    for (index, param) in params.iter().enumerate().take(last + 1) {
        let Some(size) = param.ty.size() else {
            varying.push(index as u8);
            continue;
        };
        let (mask, value) = &mut fixed[index / 4];
        *mask |= 0xffff << (16 * (index % 4));
        *value |= (size as u64) << (16 * (index % 4));
        if index < last {
            before += size as u32;
        }
    }
    let size = params.get(last)?.ty.size()? as u8;
    Some(InPlace { fixed, before, varying, size, reading: derived.reading, op: *op, constant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_schema::events::code;

    fn of(id: FieldId, arg: Arg, test: Comparison, code: u16) -> Option<InPlace> {
        in_place(&[FieldRef::new(id, arg)], &Predicate { lhs: Operand::Field(0), test }, code)
    }

    #[test]
    fn flags_behind_a_path() {
        let open = |code| of(FieldId::EvtIsOpenWrite, Arg::None, Comparison::One(Op::Eq, Const::Bool(true)), code);
        let openat = InPlace {
            fixed: [(0xffff_0000_ffff_ffff, 0x0004_0000_0008_0008), (0, 0)],
            before: 16,
            varying: vec![2],
            size: 4,
            reading: Reading::AnyBit(2),
            op: Op::Eq,
            constant: 1,
        };
        assert_eq!(open(code::OPENAT_2_X), Some(openat.clone()));
        assert_eq!(open(code::OPENAT2_X), Some(openat.clone()));
        assert_ne!(open(code::OPEN_X), Some(openat));
        assert_eq!(open(code::CREAT_X), None);
    }

    #[test]
    fn results() {
        let success =
            |op| of(FieldId::EvtRes, Arg::None, Comparison::One(op, Const::Str(b"SUCCESS".to_vec())), code::DUP3_X);
        let found = success(Op::Ne).expect("a result");
        assert_eq!((found.reading, found.op, found.constant), (Reading::Negative, Op::Ne, 0));
        let name = Comparison::One(Op::Eq, Const::Str(b"SUCCESS".to_vec()));
        assert_eq!(of(FieldId::EvtRes, Arg::None, name, code::GETUID_X), None);
        assert_eq!(success(Op::Startswith), None);
        let error = Comparison::One(Op::Eq, Const::Str(b"ENOENT".to_vec()));
        assert_eq!(of(FieldId::EvtRes, Arg::None, error, code::DUP3_X), None);
        let number = |c| of(FieldId::EvtRawres, Arg::None, Comparison::One(Op::Lt, c), code::DUP3_X);
        assert_eq!(number(Const::Int(-3)).map(|found| found.constant), Some(-3_i64 as u64));
        assert_eq!(number(Const::Uint(3)), None);
    }
}
