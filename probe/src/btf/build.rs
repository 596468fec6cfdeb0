//! Writes the little BTF that a generated program or map must bring along.
//!
//! The kernel wants it in two cases: a map with task storage names the types of key and value, and a program with
//! more than one function that hands one to `bpf_loop` names the prototype of each.
//!
//! What must hold: types are numbered from 1 in the order they are added.

use super::{Kind, MAGIC, TypeId};

/// BTF being written.
#[derive(Clone, Debug)]
pub struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    count: TypeId,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// No types yet.
    pub fn new() -> Builder {
        // The first string is the empty one.
        Builder { types: Vec::new(), strings: vec![0], count: 0 }
    }

    fn words(&mut self, words: &[u32]) {
        self.types.extend(words.iter().flat_map(|w| w.to_le_bytes()));
    }

    fn name(&mut self, name: &str) -> u32 {
        let at = self.strings.len() as u32;
        self.strings.extend(name.bytes().filter(|b| *b != 0));
        self.strings.push(0);
        at
    }

    fn record(&mut self, name: u32, kind: Kind, vlen: u32, size: u32) -> TypeId {
        self.words(&[name, (kind as u32) << 24 | vlen & 0xffff, size]);
        self.count += 1;
        self.count
    }

    /// An unsigned number of so many bytes (at most 16).
    pub fn int(&mut self, name: &str, size: u32) -> TypeId {
        let name = self.name(name);
        let id = self.record(name, Kind::Int, 0, size);
        self.words(&[size * 8]);
        id
    }

    /// A pointer to a type; 0 is `void`.
    pub fn pointer(&mut self, to: TypeId) -> TypeId {
        self.record(0, Kind::Ptr, 0, to)
    }

    /// A structure of so many bytes that names none of its members.
    pub fn opaque(&mut self, name: &str, size: u32) -> TypeId {
        let name = self.name(name);
        self.record(name, Kind::Struct, 0, size)
    }

    /// A function's prototype.
    pub fn prototype(&mut self, result: TypeId, arguments: &[TypeId]) -> TypeId {
        // The verifier wants arguments of global functions named, and allows names for all.
        let names: Vec<u32> = (1..=arguments.len()).map(|i| self.name(&format!("a{i}"))).collect();
        let id = self.record(0, Kind::FuncProto, arguments.len() as u32, result);
        for (name, argument) in names.into_iter().zip(arguments) {
            self.words(&[name, *argument]);
        }
        id
    }

    /// A static function of that prototype.
    pub fn function(&mut self, name: &str, prototype: TypeId) -> TypeId {
        let name = self.name(name);
        self.record(name, Kind::Func, 0, prototype)
    }

    /// The bytes, for the kernel or for [`super::Btf::parse`].
    pub fn finish(&self) -> Vec<u8> {
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut bytes = Vec::with_capacity(24 + self.types.len() + self.strings.len());
        bytes.extend(MAGIC.to_le_bytes());
        bytes.extend([1, 0]);
        for word in [24, 0, types, types, strings] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(&self.types);
        bytes.extend(&self.strings);
        bytes
    }
}
