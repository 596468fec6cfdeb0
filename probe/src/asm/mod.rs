//! An assembler for eBPF: typed instructions, labels, stack slots, and a check before the kernel's.
//!
//! [`Asm`] collects instructions; [`Asm::finish`] resolves labels and either gives a [`Program`] or tells every
//! mistake it found: labels bound nowhere, jumps too far, registers read that a call has lost, ways that run past the
//! end. The kernel's verifier would refuse these programs too, but in words about a state, not about the generator.
//!
//! What must hold:
//! - A jump goes forward, unless its target was made by [`Asm::loop_head`]; whoever makes a loop head answers for the
//!   bound of the loop. [`Asm::repeat`] writes the bound itself.
//! - Jumps reach 32767 instructions ([`Mistake::TooFar`]); [`Asm::jump_long`] reaches any distance and needs Linux 6.6.
//! - The same calls give the same bytes.
//!
//! Units: labels and positions count instructions of 8 bytes; an `LD_IMM64` counts twice.
//!
//! ```
//! use peregrine_probe::asm::{Asm, Cond, Helper, Reg, Size};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut a = Asm::new("only_init");
//! let out = a.label("out");
//! a.call(Helper::GetCurrentPidTgid);
//! a.rsh(Reg::R0, 32);
//! a.jump_if(Cond::Ne, Reg::R0, 1, out);
//! a.comment("the id is still in r0");
//! let slot = a.slot("pid", 4, 4);
//! a.store(Size::B4, Reg::R10, slot.at(0), Reg::R0);
//! a.bind(out);
//! a.mov(Reg::R0, 0).exit();
//! let program = a.finish()?;
//! assert_eq!(program.insns().len(), 6);
//! # Ok(())
//! # }
//! ```

mod check;
mod frame;
mod helper;
mod insn;
mod list;
mod mistake;
#[cfg(test)]
mod tests;

pub use frame::{STACK, Slot};
pub use helper::Helper;
pub use insn::{Alu, Atomic, Cond, Insn, Reg, Size, Src, Width};
pub use list::{Listing, Names};
pub use mistake::{Mistake, Mistakes};

use frame::Frame;
use insn::{JA, JA_LONG, LD_IMM64, MAY_GOTO, pseudo, target};
use std::os::fd::RawFd;

/// Bytes of stack that [`Asm::may_goto`] costs: the kernel counts there.
const MAY_GOTO_STACK: u16 = 16;

/// A place in a program, to jump to. Made by [`Asm::label`], belongs to that program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(u32);

#[derive(Clone, Debug)]
struct LabelData {
    name: String,
    at: Option<usize>,
    /// Jumps back to it are meant.
    head: bool,
}

/// A use of a label, to be resolved at the end.
#[derive(Clone, Copy, Debug)]
struct Use {
    at: usize,
    label: Label,
    kind: UseKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UseKind {
    /// `off` of a jump.
    Jump,
    /// `imm` of a long jump.
    LongJump,
    /// `imm` of a call or of a function's address.
    Function,
}

/// A function of a program: the first is where it begins, others are called or handed to `bpf_loop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub name: String,
    /// Its first instruction.
    pub start: usize,
    /// How many of R1 to R5 it is called with.
    pub args: u8,
    /// Bytes of stack it takes.
    pub stack: u16,
}

/// A program being written. See the module for what must hold.
#[derive(Clone, Debug)]
pub struct Asm {
    name: String,
    insns: Vec<Insn>,
    labels: Vec<LabelData>,
    uses: Vec<Use>,
    /// By ascending instruction.
    comments: Vec<(usize, String)>,
    functions: Vec<Function>,
    /// Calls of kernel functions and how many arguments each reads, by ascending instruction.
    kfuncs: Vec<(usize, u8)>,
    frame: Frame,
    mistakes: Vec<Mistake>,
}

/// A checked program, ready for the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    name: String,
    insns: Vec<Insn>,
    labels: Vec<(usize, String)>,
    comments: Vec<(usize, String)>,
    functions: Vec<Function>,
    kfuncs: Vec<(usize, u8)>,
}

impl Program {
    /// The name given to [`Asm::new`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instructions.
    pub fn insns(&self) -> &[Insn] {
        &self.insns
    }

    /// The functions, at least one, by ascending start.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The instructions as the kernel reads them, 8 bytes each.
    pub fn bytes(&self) -> Vec<u8> {
        self.insns.iter().flat_map(Insn::bytes).collect()
    }

    /// The line of the listing for an instruction, with its comments.
    pub fn line(&self, at: usize) -> Option<String> {
        let first = self.comments.partition_point(|(place, _)| *place < at);
        let notes = self.comments[first..].iter().take_while(|(place, _)| *place == at);
        let notes: String = notes.map(|(_, note)| format!("; {note}")).collect();
        self.insns.get(at).map(|_| format!("{}{notes}", self.text(at, Names::NONE)))
    }

    /// The map file descriptors named by the instructions, with the place of each.
    pub fn maps(&self) -> impl Iterator<Item = (usize, RawFd)> {
        let loads = self.insns.iter().enumerate().filter(|(_, i)| i.op == LD_IMM64);
        loads.filter(|(_, i)| matches!(i.src, pseudo::MAP_FD | pseudo::MAP_VALUE)).map(|(at, i)| (at, i.imm))
    }

    /// The same program with other maps: `fd` is asked for each file descriptor named. So a program can be generated
    /// (and compared, and stored) with small stand-ins before the maps exist.
    #[must_use]
    pub fn with_maps(mut self, mut fd: impl FnMut(RawFd) -> RawFd) -> Program {
        let places: Vec<(usize, RawFd)> = self.maps().collect();
        for (at, old) in places {
            self.insns[at].imm = fd(old);
        }
        self
    }
}

/// Pairs of methods for one arithmetic operation, on 64 and on 32 bits.
macro_rules! alu_methods {
    ($($name:ident, $name32:ident, $op:ident, $doc:literal;)*) => {
        $(
            #[doc = concat!($doc, ", 64 bits.")]
            pub fn $name(&mut self, dst: Reg, src: impl Into<Src>) -> &mut Asm {
                self.alu(Alu::$op, Width::W64, dst, src)
            }

            #[doc = concat!($doc, ", lower 32 bits; the upper ones become zero.")]
            pub fn $name32(&mut self, dst: Reg, src: impl Into<Src>) -> &mut Asm {
                self.alu(Alu::$op, Width::W32, dst, src)
            }
        )*
    };
}

impl Asm {
    /// An empty program whose first function has the context in R1.
    pub fn new(name: &str) -> Asm {
        let main = Function { name: name.to_owned(), start: 0, args: 1, stack: 0 };
        Asm {
            name: name.to_owned(),
            insns: Vec::new(),
            labels: Vec::new(),
            uses: Vec::new(),
            comments: Vec::new(),
            functions: vec![main],
            kfuncs: Vec::new(),
            frame: Frame::default(),
            mistakes: Vec::new(),
        }
    }

    /// The number of the next instruction.
    pub fn position(&self) -> usize {
        self.insns.len()
    }

    /// Adds an instruction as it is.
    pub fn insn(&mut self, insn: Insn) -> &mut Asm {
        self.insns.push(insn);
        self
    }

    /// Puts a comment beside the next instruction in the listing.
    pub fn comment(&mut self, text: impl Into<String>) -> &mut Asm {
        self.comments.push((self.insns.len(), text.into()));
        self
    }

    /// `dst = dst op src` (for `Neg`: `-dst`).
    pub fn alu(&mut self, op: Alu, width: Width, dst: Reg, src: impl Into<Src>) -> &mut Asm {
        self.insn(Insn::alu(op, width, dst, src.into()))
    }

    alu_methods! {
        mov, mov32, Mov, "`dst = src`";
        add, add32, Add, "`dst += src`";
        sub, sub32, Sub, "`dst -= src`";
        mul, mul32, Mul, "`dst *= src`";
        div, div32, Div, "`dst /= src`, unsigned; by zero gives zero";
        rem, rem32, Mod, "`dst %= src`, unsigned; by zero changes nothing";
        or, or32, Or, "`dst |= src`";
        and, and32, And, "`dst &= src`";
        xor, xor32, Xor, "`dst ^= src`";
        lsh, lsh32, Lsh, "`dst <<= src`";
        rsh, rsh32, Rsh, "`dst >>= src`, filled with zeros";
        arsh, arsh32, Arsh, "`dst >>= src`, filled with the sign";
    }

    /// `dst = -dst`.
    pub fn neg(&mut self, dst: Reg) -> &mut Asm {
        self.alu(Alu::Neg, Width::W64, dst, 0)
    }

    /// The lowest `size` bytes of `dst` from this machine's order to network order (or back), the rest zero.
    pub fn to_network(&mut self, size: Size, dst: Reg) -> &mut Asm {
        self.insn(Insn::byte_order(true, dst, i32::from(size.bytes()) * 8))
    }

    /// `dst = *(size *)(base + off)`.
    pub fn load(&mut self, size: Size, dst: Reg, base: Reg, off: i16) -> &mut Asm {
        self.insn(Insn::load(size, dst, base, off))
    }

    /// `*(size *)(base + off) = src`.
    pub fn store(&mut self, size: Size, base: Reg, off: i16, src: impl Into<Src>) -> &mut Asm {
        self.insn(Insn::store(size, base, off, src.into()))
    }

    /// An atomic operation on 4 or 8 bytes at `base + off`.
    pub fn atomic(&mut self, op: Atomic, size: Size, base: Reg, off: i16, src: Reg) -> &mut Asm {
        self.insn(Insn::atomic(op, size, base, off, src))
    }

    /// `dst = value`, all 64 bits.
    pub fn load_imm64(&mut self, dst: Reg, value: u64) -> &mut Asm {
        self.wide(dst, 0, value as u32 as i32, (value >> 32) as u32 as i32)
    }

    /// `dst =` the value in the shortest way: `mov` where the constant is that of a signed 32-bit number.
    pub fn load_const(&mut self, dst: Reg, value: u64) -> &mut Asm {
        match i32::try_from(value.cast_signed()) {
            Ok(short) => self.mov(dst, short),
            Err(_) => self.load_imm64(dst, value),
        }
    }

    /// `dst =` the map with this file descriptor.
    pub fn load_map(&mut self, dst: Reg, fd: RawFd) -> &mut Asm {
        self.wide(dst, pseudo::MAP_FD, fd, 0)
    }

    /// `dst =` the address of byte `off` in the first value of an array map.
    pub fn load_map_value(&mut self, dst: Reg, fd: RawFd, off: u32) -> &mut Asm {
        self.wide(dst, pseudo::MAP_VALUE, fd, off.cast_signed())
    }

    fn wide(&mut self, dst: Reg, kind: u8, low: i32, high: i32) -> &mut Asm {
        self.insns.extend(Insn::wide(dst, kind, low, high));
        self
    }

    /// A new label, bound nowhere yet.
    pub fn label(&mut self, name: impl Into<String>) -> Label {
        self.new_label(name.into(), false)
    }

    /// A label bound here, to which jumps may go back. That the loop ends is the caller's to see to, and the
    /// verifier's to believe.
    pub fn loop_head(&mut self, name: impl Into<String>) -> Label {
        let label = self.new_label(name.into(), true);
        self.bind(label);
        label
    }

    fn new_label(&mut self, name: String, head: bool) -> Label {
        self.labels.push(LabelData { name, at: None, head });
        Label(self.labels.len() as u32 - 1)
    }

    /// Binds the label to the next instruction.
    pub fn bind(&mut self, label: Label) -> &mut Asm {
        let at = self.insns.len();
        let data = &mut self.labels[label.0 as usize];
        match data.at {
            None => data.at = Some(at),
            Some(first) => self.mistakes.push(Mistake::BoundTwice { label: data.name.clone(), first, at }),
        }
        self
    }

    fn use_label(&mut self, label: Label, kind: UseKind, insn: Insn) -> &mut Asm {
        self.uses.push(Use { at: self.insns.len(), label, kind });
        self.insn(insn)
    }

    /// Goes to the label.
    pub fn jump(&mut self, label: Label) -> &mut Asm {
        self.use_label(label, UseKind::Jump, Insn { op: JA, ..Insn::default() })
    }

    /// Goes to the label at any distance (Linux 6.6).
    pub fn jump_long(&mut self, label: Label) -> &mut Asm {
        self.use_label(label, UseKind::LongJump, Insn { op: JA_LONG, ..Insn::default() })
    }

    /// Goes to the label if the program has gone on for so long that something must be wrong with it (Linux 6.9). With
    /// it as the first instruction of a loop the verifier need not see the bound of the loop, and looks at it until
    /// nothing new comes of it.
    pub fn may_goto(&mut self, label: Label) -> &mut Asm {
        if !self.frame.keep(MAY_GOTO_STACK) {
            let (name, used) = ("may_goto".to_owned(), self.frame.deepest);
            self.mistakes.push(Mistake::StackFull { name, size: MAY_GOTO_STACK, used });
        }
        self.use_label(label, UseKind::Jump, Insn { op: MAY_GOTO, ..Insn::default() })
    }

    /// Goes to the label if `left cond right`, all 64 bits compared.
    pub fn jump_if(&mut self, cond: Cond, left: Reg, right: impl Into<Src>, label: Label) -> &mut Asm {
        self.use_label(label, UseKind::Jump, Insn::jump(cond, Width::W64, left, right.into()))
    }

    /// Goes to the label if `left cond right`, the lower 32 bits compared.
    pub fn jump_if32(&mut self, cond: Cond, left: Reg, right: impl Into<Src>, label: Label) -> &mut Asm {
        self.use_label(label, UseKind::Jump, Insn::jump(cond, Width::W32, left, right.into()))
    }

    /// Runs what `body` writes `times` times, with `counter` going up from 0. `body` may jump to the label it is
    /// handed to leave the loop early, and must keep the counter.
    pub fn repeat(&mut self, name: &str, counter: Reg, times: i32, body: impl FnOnce(&mut Asm, Label)) -> &mut Asm {
        let done = self.label(format!("{name} done"));
        self.mov(counter, 0);
        let head = self.loop_head(name);
        self.jump_if(Cond::Ge, counter, times, done);
        body(self, done);
        self.add(counter, 1).jump(head).bind(done)
    }

    /// Calls a helper of the kernel.
    pub fn call(&mut self, helper: Helper) -> &mut Asm {
        self.insn(Insn::call(target::HELPER, helper as i32))
    }

    /// Calls a function of the kernel by its BTF type id, with `args` arguments.
    pub fn call_kfunc(&mut self, id: u32, args: u8) -> &mut Asm {
        self.kfuncs.push((self.insns.len(), args));
        self.insn(Insn::call(target::KFUNC, id.cast_signed()))
    }

    /// Calls a function of this program.
    pub fn call_function(&mut self, function: Label) -> &mut Asm {
        self.use_label(function, UseKind::Function, Insn::call(target::LOCAL, 0))
    }

    /// `dst =` the address of a function of this program, for [`Helper::Loop`].
    pub fn load_function(&mut self, dst: Reg, function: Label) -> &mut Asm {
        self.uses.push(Use { at: self.insns.len(), label: function, kind: UseKind::Function });
        self.wide(dst, pseudo::FUNC, 0, 0)
    }

    /// Begins another function here, with its own stack, called with `args` arguments.
    pub fn function(&mut self, label: Label, args: u8) -> &mut Asm {
        self.close_function();
        self.bind(label);
        let name = self.labels[label.0 as usize].name.clone();
        self.functions.push(Function { name, start: self.insns.len(), args: args.min(5), stack: 0 });
        self.frame = Frame::default();
        self
    }

    fn close_function(&mut self) {
        if let Some(function) = self.functions.last_mut() {
            function.stack = self.frame.deepest;
        }
    }

    /// Returns; R0 is the result.
    pub fn exit(&mut self) -> &mut Asm {
        self.insn(Insn { op: insn::EXIT, ..Insn::default() })
    }

    /// Takes `size` bytes of stack. When they do not fit, [`Asm::finish`] says so.
    pub fn slot(&mut self, name: &str, size: u16, align: u16) -> Slot {
        self.frame.take(size, align).unwrap_or_else(|| {
            self.mistakes.push(Mistake::StackFull { name: name.to_owned(), size, used: self.frame.used });
            Slot { offset: -(STACK as i16), size }
        })
    }

    /// Gives the slots that `body` takes back at its end.
    pub fn scoped<T>(&mut self, body: impl FnOnce(&mut Asm) -> T) -> T {
        let used = self.frame.used;
        let result = body(self);
        self.frame.used = used;
        result
    }

    /// The bytes of stack in use, for [`Asm::release`]: what [`Asm::scoped`] does where a closure is in the way.
    pub fn mark(&self) -> u16 {
        self.frame.used
    }

    /// Gives back the slots taken since [`Asm::mark`].
    pub fn release(&mut self, mark: u16) {
        self.frame.used = mark;
    }

    /// `dst =` the address of a byte of a slot.
    pub fn slot_address(&mut self, dst: Reg, slot: Slot, byte: u16) -> &mut Asm {
        self.mov(dst, Reg::R10).add(dst, i32::from(slot.at(byte)))
    }

    /// Fills a slot with zeros, by as few stores as its alignment allows.
    pub fn zero_slot(&mut self, slot: Slot) -> &mut Asm {
        let end = slot.offset + slot.size as i16;
        let mut at = slot.offset;
        while at < end {
            let fits = |s: &Size| at % i16::from(s.bytes()) == 0 && at + i16::from(s.bytes()) <= end;
            let size = [Size::B8, Size::B4, Size::B2].into_iter().find(fits).unwrap_or(Size::B1);
            self.store(size, Reg::R10, at, 0);
            at += i16::from(size.bytes());
        }
        self
    }

    /// Resolves labels and checks the program.
    ///
    /// # Errors
    ///
    /// Every mistake found, with the listing.
    pub fn finish(mut self) -> Result<Program, Mistakes> {
        self.close_function();
        self.resolve();
        let mut list = std::mem::take(&mut self.mistakes);
        let places = self.labels.iter().filter_map(|l| Some((l.at?, l.name.clone())));
        let mut labels: Vec<(usize, String)> = places.collect();
        labels.sort_by_key(|(at, _)| *at);
        let Asm { name, insns, comments, functions, kfuncs, .. } = self;
        let program = Program { name, insns, labels, comments, functions, kfuncs };
        // The flow is only known once every jump has its target.
        if list.is_empty() {
            list = check::check(&program);
        }
        if list.is_empty() {
            return Ok(program);
        }
        Err(Mistakes { program: program.name.clone(), list, listing: program.to_string() })
    }

    fn resolve(&mut self) {
        for Use { at, label, kind } in std::mem::take(&mut self.uses) {
            let data = &self.labels[label.0 as usize];
            let label = || data.name.clone();
            let Some(to) = data.at else {
                self.mistakes.push(Mistake::Unbound { label: label(), at });
                continue;
            };
            let distance = to as i64 - at as i64 - 1;
            if kind == UseKind::Function {
                self.insns[at].imm = distance as i32;
                continue;
            }
            if self.function_of(at) != self.function_of(to) {
                self.mistakes.push(Mistake::OtherFunction { label: label(), at });
            }
            if distance < 0 && !data.head {
                self.mistakes.push(Mistake::Back { label: label(), at });
            }
            match (kind, i16::try_from(distance)) {
                (UseKind::Jump, Ok(off)) => self.insns[at].off = off,
                (UseKind::Jump, Err(_)) => self.mistakes.push(Mistake::TooFar { label: label(), at, distance }),
                _ => self.insns[at].imm = distance as i32,
            }
        }
    }

    fn function_of(&self, at: usize) -> usize {
        self.functions.partition_point(|f| f.start <= at)
    }
}
