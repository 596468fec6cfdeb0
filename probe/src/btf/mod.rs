//! A reader of BTF, the kernel's own description of its types: where a member of a structure lies on *this* kernel.
//!
//! Generated programs hold offsets as constants, so they are asked for here before each generation. Aya reads BTF too
//! but keeps members to itself, hence an own reader.
//!
//! What must hold:
//! - Bytes are not trusted: any bytes give an answer or [`BtfError`], never a panic.
//! - What a kernel does not have is `None`, not an error: kernels differ, and the generator chooses another way.
//! - A path does not follow pointers: `"se.vruntime"` is one offset, the target of `mm` is another structure.
//!
//! ```text
//!   header (24 bytes)                 type section: records one after the other, numbered from 1
//!   ┌───────┬─────┬───────┬─────────┐ ┌──────┬──────┬───────────┬──────────────────────────────┐
//!   │ magic │ ver │ flags │ hdr_len │ │ name │ info │ size/type │ kind-specific, mostly vlen × │
//!   │ u16   │ u8  │ u8    │ u32     │ │ u32  │ u32  │ u32       │ (name u32, type u32, offset  │
//!   ├───────┴─────┴───────┴─────────┤ └──────┴──────┴───────────┴──────── or value u32) ───────┘
//!   │ type_off, type_len            │   info: bits 0-15 vlen, 24-28 kind, 31 kind_flag
//!   │ str_off, str_len              │   (kind_flag on a struct: offset = bit field size << 24 | bit offset)
//!   └───────────────────────────────┘ string section: zero-terminated, names are offsets into it
//! ```
//!
//! Offsets of sections count from the end of the header. Sizes are bytes, unless a name says bits.

mod build;
#[cfg(test)]
mod tests;

pub use build::Builder;

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::io;
use thiserror::Error;

/// Where the kernel shows its own types.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
/// Bytes of every record before what its kind adds.
const RECORD: usize = 12;
/// Modifiers and structures inside structures before a type counts as damaged.
const DEEPEST: u32 = 32;

/// Why bytes cannot be read as BTF.
#[derive(Debug, Error)]
pub enum BtfError {
    /// The file cannot be read.
    #[error("{VMLINUX}: {0}")]
    Read(io::Error),
    /// Not BTF, or of the other byte order.
    #[error("not BTF of this machine's byte order")]
    Magic,
    /// A section or record reaches beyond the end.
    #[error("BTF ends inside {0}")]
    Short(&'static str),
    /// A record of a kind that this reader does not know the length of.
    #[error("type {id} is of the unknown kind {kind}")]
    Kind {
        /// Number of the type.
        id: u32,
        /// Number of the kind.
        kind: u8,
    },
}

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names of the BTF documentation")]
pub enum Kind {
    Int = 1,
    Ptr = 2,
    Array = 3,
    Struct = 4,
    Union = 5,
    Enum = 6,
    Fwd = 7,
    Typedef = 8,
    Volatile = 9,
    Const = 10,
    Restrict = 11,
    Func = 12,
    FuncProto = 13,
    Var = 14,
    Datasec = 15,
    Float = 16,
    DeclTag = 17,
    TypeTag = 18,
    Enum64 = 19,
}

const KINDS: [Kind; 19] = [
    Kind::Int,
    Kind::Ptr,
    Kind::Array,
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Fwd,
    Kind::Typedef,
    Kind::Volatile,
    Kind::Const,
    Kind::Restrict,
    Kind::Func,
    Kind::FuncProto,
    Kind::Var,
    Kind::Datasec,
    Kind::Float,
    Kind::DeclTag,
    Kind::TypeTag,
    Kind::Enum64,
];

impl Kind {
    /// Bytes that follow the first twelve of a record with so many elements.
    fn rest(self, vlen: usize) -> usize {
        match self {
            Kind::Int | Kind::Var | Kind::DeclTag => 4,
            Kind::Array => 12,
            Kind::Struct | Kind::Union | Kind::Datasec | Kind::Enum64 => vlen * 12,
            Kind::Enum | Kind::FuncProto => vlen * 8,
            _ => 0,
        }
    }

    /// Whether types of this kind are looked up by name.
    fn indexed(self) -> bool {
        use Kind::{Enum, Enum64, Func, Int, Struct, Typedef, Union};
        matches!(self, Int | Struct | Union | Enum | Enum64 | Typedef | Func)
    }
}

/// Number of a type, as the kernel counts them; 0 is `void`.
pub type TypeId = u32;

/// A bit field inside the bytes that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// How far to shift right after loading [`Member::size`] bytes at [`Member::offset`].
    pub shift: u32,
    /// How many bits it has.
    pub count: u32,
}

/// Where a member lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Bytes from the start of the outermost structure.
    pub offset: u32,
    /// Bytes of the member; for a bit field, of the aligned load that has it whole.
    pub size: u32,
    /// For a bit field, which bits of the load.
    pub bits: Option<Bits>,
    /// The member's type, as declared.
    pub type_id: TypeId,
}

/// The first twelve bytes of a record, and where the rest begins.
#[derive(Clone, Copy)]
struct Record {
    name: u32,
    kind: Kind,
    vlen: usize,
    flag: bool,
    /// Size in bytes or number of another type, by kind.
    size: u32,
    /// Place in all bytes of what follows the twelve.
    rest: usize,
}

/// Parsed BTF.
pub struct Btf {
    bytes: Vec<u8>,
    /// Place of each record; number 1 is at index 0.
    records: Vec<u32>,
    /// Place and end of the string section.
    strings: (usize, usize),
    /// Named types by name; one name may stand for several types.
    index: HashTable<TypeId>,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish()
}

impl Btf {
    /// The running kernel's types.
    ///
    /// # Errors
    ///
    /// [`BtfError::Read`] where the kernel was built without BTF, or as for [`Btf::parse`].
    pub fn vmlinux() -> Result<Btf, BtfError> {
        Btf::parse(std::fs::read(VMLINUX).map_err(BtfError::Read)?)
    }

    /// Types from bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are not BTF or end early.
    pub fn parse(bytes: Vec<u8>) -> Result<Btf, BtfError> {
        if bytes.first_chunk() != Some(&MAGIC.to_le_bytes()) {
            return Err(BtfError::Magic);
        }
        let field = |at| u32_at(&bytes, at).map(|v| v as usize).ok_or(BtfError::Short("the header"));
        let section = |off: usize, len: usize, what| {
            let start = field(4)?.checked_add(field(off)?).ok_or(BtfError::Short(what))?;
            let end = start.checked_add(field(len)?).filter(|e| *e <= bytes.len());
            Ok((start, end.ok_or(BtfError::Short(what))?))
        };
        let types = section(8, 12, "the types")?;
        let strings = section(16, 20, "the strings")?;
        let mut btf = Btf { bytes, records: Vec::new(), strings, index: HashTable::new() };
        btf.walk(types)?;
        Ok(btf)
    }

    /// Notes the place of every record and indexes the named ones.
    fn walk(&mut self, (start, end): (usize, usize)) -> Result<(), BtfError> {
        self.records = Vec::with_capacity((end - start) / 32);
        let mut named = Vec::with_capacity((end - start) / 64);
        let mut at = start;
        while at < end {
            let id = self.records.len() as u32 + 1;
            let record = self.record_at(at, id)?;
            let next = record.rest + record.kind.rest(record.vlen);
            if next > end {
                return Err(BtfError::Short("a type"));
            }
            self.records.push(at as u32);
            if record.name != 0 && record.kind.indexed() {
                named.push((hash(self.string(record.name)), id));
            }
            at = next;
        }
        let mut index = HashTable::with_capacity(named.len());
        let again = |id: &TypeId| self.record(*id).map_or(0, |r| hash(self.string(r.name)));
        for (hash, id) in named {
            index.insert_unique(hash, id, again);
        }
        self.index = index;
        Ok(())
    }

    fn record_at(&self, at: usize, id: TypeId) -> Result<Record, BtfError> {
        let word = |i: usize| u32_at(&self.bytes, at + i * 4).ok_or(BtfError::Short("a type"));
        let info = word(1)?;
        let kind = (info >> 24 & 31) as u8;
        let known = usize::from(kind).checked_sub(1).and_then(|k| KINDS.get(k).copied());
        Ok(Record {
            name: word(0)?,
            kind: known.ok_or(BtfError::Kind { id, kind })?,
            vlen: (info & 0xffff) as usize,
            flag: info >> 31 != 0,
            size: word(2)?,
            rest: at + RECORD,
        })
    }

    fn record(&self, id: TypeId) -> Option<Record> {
        let at = *self.records.get(id.checked_sub(1)? as usize)?;
        self.record_at(at as usize, id).ok()
    }

    /// The string at an offset; empty where there is none.
    fn string(&self, offset: u32) -> &[u8] {
        let all = self.bytes.get(self.strings.0..self.strings.1).unwrap_or_default();
        let from = all.get(offset as usize..).unwrap_or_default();
        memchr::memchr(0, from).map_or(from, |end| &from[..end])
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What a type is.
    pub fn kind(&self, id: TypeId) -> Option<Kind> {
        self.record(id).map(|r| r.kind)
    }

    /// A type's name; `None` for nameless ones and names that are not text.
    pub fn name(&self, id: TypeId) -> Option<&str> {
        let name = std::str::from_utf8(self.string(self.record(id)?.name)).ok()?;
        Some(name).filter(|n| !n.is_empty())
    }

    /// All types of that name, by number. Kernels do hold several structures of one name, in different files.
    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (TypeId, Record)> + 's {
        let mut ids: Vec<TypeId> = self.index.iter_hash(hash(name.as_bytes())).copied().collect();
        ids.sort_unstable();
        let records = ids.into_iter().filter_map(|id| Some((id, self.record(id)?)));
        records.filter(move |(_, r)| self.string(r.name) == name.as_bytes())
    }

    /// The number of the first type of that kind and name: of a structure for `bpf_rdonly_cast`, of the typedef
    /// `btf_trace_sys_exit` to attach to, of a kernel function to call.
    pub fn id(&self, kind: Kind, name: &str) -> Option<TypeId> {
        self.named(name).find(|(_, r)| r.kind == kind).map(|(id, _)| id)
    }

    fn composite(&self, name: &str) -> Option<Record> {
        let found = self.named(name).find(|(_, r)| matches!(r.kind, Kind::Struct | Kind::Union));
        found.map(|(_, record)| record)
    }

    /// Bytes of a structure or union.
    pub fn struct_size(&self, name: &str) -> Option<u32> {
        self.composite(name).map(|r| r.size)
    }

    /// Bytes of any type.
    pub fn size(&self, id: TypeId) -> Option<u32> {
        self.size_within(id, DEEPEST)
    }

    fn size_within(&self, id: TypeId, depth: u32) -> Option<u32> {
        let depth = depth.checked_sub(1)?;
        let record = self.record(id)?;
        match record.kind {
            Kind::Int | Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 | Kind::Float | Kind::Datasec => {
                Some(record.size)
            }
            Kind::Ptr => Some(8),
            Kind::Array => {
                let element = self.size_within(u32_at(&self.bytes, record.rest)?, depth)?;
                element.checked_mul(u32_at(&self.bytes, record.rest + 8)?)
            }
            Kind::Typedef | Kind::Volatile | Kind::Const | Kind::Restrict | Kind::TypeTag => {
                self.size_within(record.size, depth)
            }
            _ => None,
        }
    }

    /// The type behind typedefs and qualifiers.
    pub fn resolve(&self, mut id: TypeId) -> Option<TypeId> {
        for _ in 0..DEEPEST {
            let record = self.record(id)?;
            match record.kind {
                Kind::Typedef | Kind::Volatile | Kind::Const | Kind::Restrict | Kind::TypeTag => id = record.size,
                _ => return Some(id),
            }
        }
        None
    }

    /// The type that a pointer points to, typedefs and qualifiers taken off on both sides.
    pub fn pointee(&self, id: TypeId) -> Option<TypeId> {
        let record = self.record(self.resolve(id)?)?;
        self.resolve(Some(record.size).filter(|_| record.kind == Kind::Ptr)?)
    }

    /// The element type and number of elements of an array.
    pub fn array(&self, id: TypeId) -> Option<(TypeId, u32)> {
        let record = self.record(self.resolve(id)?).filter(|r| r.kind == Kind::Array)?;
        Some((u32_at(&self.bytes, record.rest)?, u32_at(&self.bytes, record.rest + 8)?))
    }

    /// Whether the structure has the member; `false` also where there is no such structure.
    pub fn has(&self, structure: &str, path: &str) -> bool {
        self.member(structure, path).is_some()
    }

    /// Where a member lies. The path goes through structures inside structures by dots, and through nameless ones
    /// without a word; it does not follow pointers.
    pub fn member(&self, structure: &str, path: &str) -> Option<Member> {
        let mut record = self.composite(structure)?;
        let mut bits = 0u32;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let found = self.find(&record, name.as_bytes(), DEEPEST)?;
            bits = bits.checked_add(found.bit_offset)?;
            if names.peek().is_none() {
                return self.placed(bits, found);
            }
            record = self.record(self.resolve(found.type_id)?)?;
        }
        None
    }

    /// A member by name, in nameless members too.
    fn find(&self, record: &Record, name: &[u8], depth: u32) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        if !matches!(record.kind, Kind::Struct | Kind::Union) {
            return None;
        }
        for i in 0..record.vlen {
            let at = record.rest + i * 12;
            let word = |w: usize| u32_at(&self.bytes, at + w * 4);
            let (member, type_id, place) = (word(0)?, word(1)?, word(2)?);
            let (bit_offset, width) = if record.flag { (place & 0xff_ffff, place >> 24) } else { (place, 0) };
            if member != 0 {
                if self.string(member) == name {
                    return Some(Found { bit_offset, width, type_id });
                }
                continue;
            }
            let inner = self.resolve(type_id).and_then(|id| self.record(id));
            if let Some(found) = inner.and_then(|r| self.find(&r, name, depth)) {
                return Some(Found { bit_offset: bit_offset.checked_add(found.bit_offset)?, ..found });
            }
        }
        None
    }

    /// The load that gets a member at so many bits.
    fn placed(&self, bits: u32, found: Found) -> Option<Member> {
        let size = self.size(found.type_id)?;
        let Found { width, type_id, .. } = found;
        if width == 0 {
            return Some(Member { offset: bits / 8, size, bits: None, type_id });
        }
        // The smallest aligned load with the whole field; compilers place a field within a unit of its type.
        let load = [1u32, 2, 4, 8].into_iter().find(|s| bits % (s * 8) + width <= s * 8)?;
        let offset = bits / (load * 8) * load;
        Some(Member { offset, size: load, bits: Some(Bits { shift: bits - offset * 8, count: width }), type_id })
    }

    /// The value of an enumerator, of the first enum of that name that has it.
    pub fn enum_value(&self, name: &str, enumerator: &str) -> Option<i64> {
        self.named(name).find_map(|(_, record)| self.value_in(&record, enumerator.as_bytes()))
    }

    /// The value of an enumerator of a nameless enum (slow: looks at all types).
    pub fn anonymous_enum_value(&self, enumerator: &str) -> Option<i64> {
        let ids = 1..=self.records.len() as u32;
        let nameless = ids.filter_map(|id| self.record(id)).filter(|r| r.name == 0);
        nameless.into_iter().find_map(|r| self.value_in(&r, enumerator.as_bytes()))
    }

    fn value_in(&self, record: &Record, enumerator: &[u8]) -> Option<i64> {
        let step = match record.kind {
            Kind::Enum => 8,
            Kind::Enum64 => 12,
            _ => return None,
        };
        let places = (0..record.vlen).map(|i| record.rest + i * step);
        let mut hits = places.filter(|at| u32_at(&self.bytes, *at).is_some_and(|n| self.string(n) == enumerator));
        let at = hits.next()?;
        let low = u32_at(&self.bytes, at + 4)?;
        Some(match record.kind {
            Kind::Enum64 => (u64::from(u32_at(&self.bytes, at + 8)?) << 32 | u64::from(low)).cast_signed(),
            _ if record.flag => i64::from(low.cast_signed()),
            _ => i64::from(low),
        })
    }
}

/// A member as its structure lists it.
#[derive(Clone, Copy)]
struct Found {
    bit_offset: u32,
    /// Bits of a bit field, else 0.
    width: u32,
    type_id: TypeId,
}
