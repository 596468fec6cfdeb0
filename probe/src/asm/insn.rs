//! One eBPF instruction: fields, operation codes, bytes.
//!
//! What must hold: the machine is little-endian (the two register nibbles change places on the others; the crate
//! does not build there, see [`Insn::bytes`]).
//!
//! ```text
//!   byte  0        1          2    3      4    5    6    7
//!        ┌────────┬────┬─────┬───────────┬───────────────────┐
//!        │ opcode │ src│ dst │ off (i16) │ imm (i32)         │   src is the high nibble of byte 1
//!        └────────┴────┴─────┴───────────┴───────────────────┘
//!   opcode, arithmetic and jumps:  operation (4 bits) | source: 0 = imm, 1 = register (1 bit) | class (3 bits)
//!   opcode, loads and stores:      mode (3 bits) | size (2 bits) | class (3 bits)
//! ```
//!
//! `LD_IMM64` takes two places: the second holds nothing but the upper half of the value in its `imm`.

use std::fmt;

/// A register. R0 holds results, R1 to R5 arguments (lost over a call), R6 to R9 are kept over calls, R10 is the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "named by their number")]
pub enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

impl Reg {
    /// All registers by number.
    pub const ALL: [Reg; 11] =
        [Reg::R0, Reg::R1, Reg::R2, Reg::R3, Reg::R4, Reg::R5, Reg::R6, Reg::R7, Reg::R8, Reg::R9, Reg::R10];

    /// The bit of this register in a set of registers.
    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", *self as u8)
    }
}

/// How many bytes a load or store moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    B1,
    /// Two bytes.
    B2,
    /// Four bytes.
    B4,
    /// Eight bytes.
    B8,
}

impl Size {
    /// The number of bytes.
    pub const fn bytes(self) -> u8 {
        match self {
            Size::B1 => 1,
            Size::B2 => 2,
            Size::B4 => 4,
            Size::B8 => 8,
        }
    }

    /// The size of so many bytes, if a single load can do it.
    pub const fn of(bytes: u32) -> Option<Size> {
        match bytes {
            1 => Some(Size::B1),
            2 => Some(Size::B2),
            4 => Some(Size::B4),
            8 => Some(Size::B8),
            _ => None,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Size::B4 => 0x00,
            Size::B2 => 0x08,
            Size::B1 => 0x10,
            Size::B8 => 0x18,
        }
    }
}

/// Whether an operation works on all 64 bits, or on the lower 32 (then the upper ones of the result are zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// All 64 bits.
    W64,
    /// The lower 32 bits.
    W32,
}

/// An arithmetic operation, by its number in the operation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named by the operation; shifts right are logical (Rsh) or arithmetic (Arsh)")]
pub enum Alu {
    Add = 0x00,
    Sub = 0x10,
    Mul = 0x20,
    Div = 0x30,
    Or = 0x40,
    And = 0x50,
    Lsh = 0x60,
    Rsh = 0x70,
    Neg = 0x80,
    Mod = 0x90,
    Xor = 0xa0,
    Mov = 0xb0,
    Arsh = 0xc0,
}

/// The test of a conditional jump, by its number in the operation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cond {
    /// Equal.
    Eq = 0x10,
    /// Greater, unsigned.
    Gt = 0x20,
    /// Greater or equal, unsigned.
    Ge = 0x30,
    /// Some bit in common.
    Set = 0x40,
    /// Not equal.
    Ne = 0x50,
    /// Greater, signed.
    Sgt = 0x60,
    /// Greater or equal, signed.
    Sge = 0x70,
    /// Less, unsigned.
    Lt = 0xa0,
    /// Less or equal, unsigned.
    Le = 0xb0,
    /// Less, signed.
    Slt = 0xc0,
    /// Less or equal, signed.
    Sle = 0xd0,
}

/// An atomic operation on memory. Those that give the old value put it into the source register (`CmpXchg`: R0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Atomic {
    /// Add; known to every kernel.
    Add = 0x00,
    /// Or (Linux 5.12).
    Or = 0x40,
    /// And (Linux 5.12).
    And = 0x50,
    /// Add and give the old value (Linux 5.12).
    FetchAdd = 0x01,
    /// Exchange (Linux 5.12).
    Xchg = 0xe1,
    /// Store if memory equals R0 (Linux 5.12).
    CmpXchg = 0xf1,
}

/// The second operand: a register or a constant, sign-extended to 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Src {
    /// A register.
    Reg(Reg),
    /// A constant.
    Imm(i32),
}

impl From<Reg> for Src {
    fn from(reg: Reg) -> Src {
        Src::Reg(reg)
    }
}

impl From<i32> for Src {
    fn from(imm: i32) -> Src {
        Src::Imm(imm)
    }
}

/// Instruction classes.
pub(crate) mod class {
    pub(crate) const LD: u8 = 0;
    pub(crate) const LDX: u8 = 1;
    pub(crate) const ST: u8 = 2;
    pub(crate) const STX: u8 = 3;
    pub(crate) const ALU: u8 = 4;
    pub(crate) const JMP: u8 = 5;
    pub(crate) const JMP32: u8 = 6;
    pub(crate) const ALU64: u8 = 7;
}

const MODE_MEM: u8 = 0x60;
const MODE_ATOMIC: u8 = 0xc0;
const FROM_REGISTER: u8 = 0x08;
/// `LD | IMM | 8 bytes`.
pub(crate) const LD_IMM64: u8 = 0x18;
/// Unconditional jump by `off`.
pub(crate) const JA: u8 = 0x05;
/// Unconditional jump by `imm`.
pub(crate) const JA_LONG: u8 = 0x06;
/// Jump by `off` if the program has gone on for too long (Linux 6.9).
pub(crate) const MAY_GOTO: u8 = 0xe5;
/// Call, of what `src` says.
pub(crate) const CALL: u8 = 0x85;
/// Return.
pub(crate) const EXIT: u8 = 0x95;
/// Change of byte order; `imm` is the number of bits.
pub(crate) const END: u8 = 0xd0;

/// What `src` of an `LD_IMM64` says about its value.
pub(crate) mod pseudo {
    /// `imm` is the file descriptor of a map.
    pub(crate) const MAP_FD: u8 = 1;
    /// Likewise, and the second `imm` is an offset into its first value.
    pub(crate) const MAP_VALUE: u8 = 2;
    /// `imm` is the distance to a function.
    pub(crate) const FUNC: u8 = 4;
}

/// What `src` of a call says about the function.
pub(crate) mod target {
    /// A helper by its number.
    pub(crate) const HELPER: u8 = 0;
    /// A function of the program, by distance.
    pub(crate) const LOCAL: u8 = 1;
    /// A kernel function, by its BTF type id.
    pub(crate) const KFUNC: u8 = 2;
}

/// One instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// The operation code.
    pub op: u8,
    /// Number of the register written (or the base of a store).
    pub dst: u8,
    /// Number of the register read (or the kind of a 64-bit constant or call).
    pub src: u8,
    /// Offset of an access or jump.
    pub off: i16,
    /// The constant.
    pub imm: i32,
}

impl Insn {
    /// The instruction as the kernel reads it.
    pub fn bytes(&self) -> [u8; 8] {
        const { assert!(cfg!(target_endian = "little"), "register nibbles are placed for little-endian machines") }
        let [o0, o1] = self.off.to_le_bytes();
        let [i0, i1, i2, i3] = self.imm.to_le_bytes();
        [self.op, self.src << 4 | self.dst & 15, o0, o1, i0, i1, i2, i3]
    }

    /// The instruction in such bytes.
    pub fn from_bytes(b: [u8; 8]) -> Insn {
        Insn {
            op: b[0],
            dst: b[1] & 15,
            src: b[1] >> 4,
            off: i16::from_le_bytes([b[2], b[3]]),
            imm: i32::from_le_bytes([b[4], b[5], b[6], b[7]]),
        }
    }

    /// The class, one of [`class`].
    pub(crate) const fn class(&self) -> u8 {
        self.op & 7
    }

    /// Whether the second operand of arithmetic or a jump is a register.
    pub(crate) const fn by_register(&self) -> bool {
        self.op & FROM_REGISTER != 0
    }

    /// Whether this is an atomic access.
    pub(crate) const fn is_atomic(&self) -> bool {
        self.class() == class::STX && self.op & 0xe0 == MODE_ATOMIC
    }

    /// The bytes that a load or store moves.
    pub(crate) const fn access(&self) -> u8 {
        match self.op & 0x18 {
            0x00 => 4,
            0x08 => 2,
            0x10 => 1,
            _ => 8,
        }
    }

    pub(crate) fn alu(op: Alu, width: Width, dst: Reg, src: Src) -> Insn {
        let class = if width == Width::W64 { class::ALU64 } else { class::ALU };
        Insn::with_source(op as u8 | class, dst, src, 0)
    }

    pub(crate) fn jump(cond: Cond, width: Width, dst: Reg, src: Src) -> Insn {
        let class = if width == Width::W64 { class::JMP } else { class::JMP32 };
        Insn::with_source(cond as u8 | class, dst, src, 0)
    }

    fn with_source(op: u8, dst: Reg, src: Src, off: i16) -> Insn {
        match src {
            Src::Reg(r) => Insn { op: op | FROM_REGISTER, dst: dst as u8, src: r as u8, off, imm: 0 },
            Src::Imm(imm) => Insn { op, dst: dst as u8, src: 0, off, imm },
        }
    }

    pub(crate) fn load(size: Size, dst: Reg, base: Reg, off: i16) -> Insn {
        Insn { op: MODE_MEM | size.code() | class::LDX, dst: dst as u8, src: base as u8, off, imm: 0 }
    }

    pub(crate) fn store(size: Size, base: Reg, off: i16, src: Src) -> Insn {
        let op = MODE_MEM | size.code();
        match src {
            Src::Reg(r) => Insn { op: op | class::STX, dst: base as u8, src: r as u8, off, imm: 0 },
            Src::Imm(imm) => Insn { op: op | class::ST, dst: base as u8, src: 0, off, imm },
        }
    }

    pub(crate) fn atomic(op: Atomic, size: Size, base: Reg, off: i16, src: Reg) -> Insn {
        let code = MODE_ATOMIC | size.code() | class::STX;
        Insn { op: code, dst: base as u8, src: src as u8, off, imm: op as i32 }
    }

    pub(crate) fn byte_order(to_big: bool, dst: Reg, bits: i32) -> Insn {
        let source = if to_big { FROM_REGISTER } else { 0 };
        Insn { op: END | source | class::ALU, dst: dst as u8, src: 0, off: 0, imm: bits }
    }

    /// The two places of a 64-bit constant.
    pub(crate) fn wide(dst: Reg, kind: u8, low: i32, high: i32) -> [Insn; 2] {
        [
            Insn { op: LD_IMM64, dst: dst as u8, src: kind, off: 0, imm: low },
            Insn { op: 0, dst: 0, src: 0, off: 0, imm: high },
        ]
    }

    pub(crate) const fn call(kind: u8, imm: i32) -> Insn {
        Insn { op: CALL, dst: 0, src: kind, off: 0, imm }
    }
}
