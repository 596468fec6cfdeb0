//! An interpreter of eBPF: what a kernel does with a program, over memory that a test makes up.
//!
//! What must hold: it shares nothing with the assembler but the form of an instruction, and is strict where the verifier
//! is: an access outside of what is there is a fault, and so is anything that it does not know. Reading kernel memory
//! that is not there gives zeros, by loads (a fault is caught) and by helpers (which give an error as well). By loads so do
//! the neighbours of the null pointer: the structure around a member at no address. Helpers lose the registers of their
//! arguments; the stack begins with rubbish.

use peregrine_probe::asm::{Helper, Insn, Program};
use std::collections::HashMap;

/// Kernel addresses begin here; what lies below is the process's, or the program's own.
pub const KERNEL: u64 = 0xffff_8000_0000_0000;
/// The stack of the program, its context, and values of maps.
const STACK: u64 = 0x1_0000;
const STACK_BYTES: u64 = 512;
const CONTEXT: u64 = 0x2_0000;
const MAP_VALUES: u64 = 0x1_0000_0000;
const MAP_SPACING: u64 = 0x1_0000_0000;
/// What a register holds that names a map.
const MAP: u64 = 0x7b00_0000;
const RUBBISH: u64 = 0xdead_dead_dead_dead;
const EFAULT: i64 = -14;
/// How far from the null pointer the members of a structure lie at most, and the structure around a member.
const NEIGHBOURS: u64 = 4096;
/// Most instructions of a run.
const STEPS: usize = 1_000_000;

/// Bytes at an address.
#[derive(Debug, Clone)]
struct Region {
    start: u64,
    bytes: Vec<u8>,
}

impl Region {
    fn range(&self, at: u64, len: usize) -> Option<std::ops::Range<usize>> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        (from.checked_add(len)? <= self.bytes.len()).then(|| from..from + len)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The program returned.
    Exit,
    /// It came to the call of a helper at which it was to be stopped.
    Stopped,
}

/// A machine: maps that stay, and memory that is there for one run.
#[derive(Debug, Default)]
pub struct Machine {
    /// Values of arrays, one behind the other, with the size of each.
    maps: HashMap<i32, (Region, usize)>,
    /// The keys of maps that are no arrays, in the order of the values.
    keys: HashMap<i32, Vec<Vec<u8>>>,
    memory: Vec<Region>,
    /// What the current task is.
    task: u64,
    /// The function that gives a number a type, if loads of kernel memory are permitted.
    cast: Option<u32>,
}

impl Machine {
    /// A machine without maps.
    pub fn new(task: u64, cast: Option<u32>) -> Machine {
        Machine { task, cast, ..Machine::default() }
    }

    /// An array map by its descriptor: `values` one behind the other, `size` bytes each.
    pub fn map(&mut self, fd: i32, values: Vec<u8>, size: usize) {
        let start = MAP_VALUES + MAP_SPACING * u64::from(fd.unsigned_abs());
        self.maps.insert(fd, (Region { start, bytes: values }, size));
    }

    /// A map by its descriptor that is no array; its keys are of one size, and so are its values.
    pub fn table(&mut self, fd: i32, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        let size = entries.first().map_or(0, |(_, value)| value.len());
        let (keys, values): (Vec<Vec<u8>>, Vec<Vec<u8>>) = entries.into_iter().unzip();
        self.map(fd, values.concat(), size);
        self.keys.insert(fd, keys);
    }

    /// The values of a map.
    pub fn values(&self, fd: i32) -> &[u8] {
        self.maps.get(&fd).map_or(&[], |(region, _)| &region.bytes)
    }

    /// Makes memory be there in the next run.
    pub fn there(&mut self, start: u64, bytes: Vec<u8>) {
        self.memory.push(Region { start, bytes });
    }

    /// Runs a program whose context is these numbers, up to the first call of `stop`; forgets the memory.
    pub fn run(&mut self, program: &Program, context: &[u64], stop: Helper) -> Result<End, String> {
        self.there(STACK, RUBBISH.to_le_bytes().repeat(STACK_BYTES as usize / 8));
        self.there(CONTEXT, context.iter().flat_map(|word| word.to_le_bytes()).collect());
        let mut cpu = Cpu { machine: self, registers: [RUBBISH; 11], at: 0 };
        cpu.registers[1] = CONTEXT;
        cpu.registers[10] = STACK + STACK_BYTES;
        let result = cpu.run(program.insns(), stop);
        let at = cpu.at;
        self.memory.clear();
        result.map_err(|fault| format!("{fault} at {at}: {}", program.line(at).unwrap_or_default()))
    }

    fn read(&self, at: u64, len: usize) -> Option<&[u8]> {
        let regions = self.memory.iter().chain(self.maps.values().map(|(region, _)| region));
        regions.into_iter().find_map(|region| Some(&region.bytes[region.range(at, len)?]))
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), String> {
        let regions = self.memory.iter_mut().chain(self.maps.values_mut().map(|(region, _)| region));
        for region in regions.filter(|region| region.start < KERNEL) {
            if let Some(range) = region.range(at, bytes.len()) {
                region.bytes[range].copy_from_slice(bytes);
                return Ok(());
            }
        }
        Err(format!("{} bytes are written to {at:#x}", bytes.len()))
    }

    /// A text with its NUL, at most `most` bytes.
    fn text(&self, at: u64, most: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        while text.len() < most {
            let byte = self.read(at.checked_add(text.len() as u64)?, 1)?[0];
            text.push(byte);
            if byte == 0 {
                return Some(text);
            }
        }
        *text.last_mut()? = 0;
        Some(text)
    }
}

struct Cpu<'m> {
    machine: &'m mut Machine,
    registers: [u64; 11],
    at: usize,
}

impl Cpu<'_> {
    fn run(&mut self, insns: &[Insn], stop: Helper) -> Result<End, String> {
        for _ in 0..STEPS {
            let insn = *insns.get(self.at).ok_or("beyond the end")?;
            let next = insns.get(self.at + 1).map_or(0, |insn| insn.imm);
            match (insn.op, insn.op & 7) {
                (0x95, _) => return Ok(End::Exit),
                (0x85, _) if insn.src == 0 && insn.imm == stop as i32 => return Ok(End::Stopped),
                (0x85, _) => self.call(insn)?,
                (0x05, _) => self.jump(insn.off.into()),
                (0x06, _) => self.jump(insn.imm),
                // A program that has gone on for too long; none has here.
                (0xe5, _) => {}
                (0x18, _) => {
                    self.wide(insn, next)?;
                    self.at += 1;
                }
                (_, 4 | 7) => self.arithmetic(insn)?,
                (_, 5 | 6) => {
                    if self.holds(insn)? {
                        self.jump(insn.off.into());
                    }
                }
                (_, 1) => self.load(insn)?,
                _ => self.store(insn)?,
            }
            self.at += 1;
        }
        Err("no end".to_owned())
    }

    fn jump(&mut self, distance: i32) {
        self.at = self.at.wrapping_add_signed(distance as isize);
    }

    fn register(&mut self, number: u8) -> Result<&mut u64, String> {
        self.registers.get_mut(usize::from(number)).ok_or_else(|| format!("register {number}"))
    }

    /// The second operand: a register, or the constant extended by its sign.
    fn operand(&mut self, insn: Insn) -> Result<u64, String> {
        if insn.op & 8 != 0 { Ok(*self.register(insn.src)?) } else { Ok(i64::from(insn.imm) as u64) }
    }

    fn wide(&mut self, insn: Insn, high: i32) -> Result<(), String> {
        let value = match insn.src {
            0 => u64::from(insn.imm as u32) | u64::from(high as u32) << 32,
            1 => MAP + u64::from(insn.imm as u32),
            2 => {
                let map = self.machine.maps.get(&insn.imm).ok_or_else(|| format!("no map {}", insn.imm))?;
                map.0.start + u64::from(high as u32)
            }
            other => return Err(format!("a constant of kind {other}")),
        };
        *self.register(insn.dst)? = value;
        Ok(())
    }

    fn arithmetic(&mut self, insn: Insn) -> Result<(), String> {
        let (short, right) = (insn.op & 7 == 4, self.operand(insn)?);
        let left = *self.register(insn.dst)?;
        let (left, right) = if short { (left & 0xffff_ffff, right & 0xffff_ffff) } else { (left, right) };
        let bits = if short { 32 } else { 64 };
        let shift = (right % bits) as u32;
        let signed = if short { i64::from(left as i32) } else { left as i64 };
        let result = match insn.op & 0xf0 {
            0x00 => left.wrapping_add(right),
            0x10 => left.wrapping_sub(right),
            0x20 => left.wrapping_mul(right),
            0x30 => left.checked_div(right).unwrap_or(0),
            0x40 => left | right,
            0x50 => left & right,
            0x60 => left << shift,
            0x70 => left >> shift,
            0x80 => left.wrapping_neg(),
            0x90 => left.checked_rem(right).unwrap_or(left),
            0xa0 => left ^ right,
            0xb0 => right,
            0xc0 => (signed >> shift) as u64,
            0xd0 if short => {
                let whole = *self.register(insn.dst)?;
                let order = match (insn.op & 8 != 0, insn.imm) {
                    (true, 16) => u64::from((whole as u16).swap_bytes()),
                    (true, 32) => u64::from((whole as u32).swap_bytes()),
                    (true, 64) => whole.swap_bytes(),
                    _ => return Err("byte order".to_owned()),
                };
                *self.register(insn.dst)? = order;
                return Ok(());
            }
            other => return Err(format!("operation {other:#x}")),
        };
        *self.register(insn.dst)? = if short { result & 0xffff_ffff } else { result };
        Ok(())
    }

    fn holds(&mut self, insn: Insn) -> Result<bool, String> {
        let (left, right) = (*self.register(insn.dst)?, self.operand(insn)?);
        let short = insn.op & 7 == 6;
        let (left, right) = if short { (left & 0xffff_ffff, right & 0xffff_ffff) } else { (left, right) };
        let extended = |number: u64| if short { i64::from(number as i32) } else { number as i64 };
        let (sleft, sright) = (extended(left), extended(right));
        Ok(match insn.op & 0xf0 {
            0x10 => left == right,
            0x20 => left > right,
            0x30 => left >= right,
            0x40 => left & right != 0,
            0x50 => left != right,
            0x60 => sleft > sright,
            0x70 => sleft >= sright,
            0xa0 => left < right,
            0xb0 => left <= right,
            0xc0 => sleft < sright,
            0xd0 => sleft <= sright,
            other => return Err(format!("condition {other:#x}")),
        })
    }

    fn size(insn: Insn) -> Result<usize, String> {
        if insn.op & 0xe0 != 0x60 {
            return Err(format!("access of mode {:#x}", insn.op & 0xe0));
        }
        Ok(match insn.op & 0x18 {
            0x00 => 4,
            0x08 => 2,
            0x10 => 1,
            _ => 8,
        })
    }

    fn load(&mut self, insn: Insn) -> Result<(), String> {
        let (size, base) = (Self::size(insn)?, *self.register(insn.src)?);
        let at = base.wrapping_add_signed(insn.off.into());
        let mut word = [0; 8];
        match self.machine.read(at, size) {
            Some(bytes) => word[..size].copy_from_slice(bytes),
            // What is not there reads as zero, also beside a null pointer.
            None if at >= KERNEL => {}
            None if self.machine.cast.is_some() && base.wrapping_add(NEIGHBOURS) < 2 * NEIGHBOURS => {}
            None => return Err(format!("{size} bytes are read from {at:#x}")),
        }
        *self.register(insn.dst)? = u64::from_le_bytes(word);
        Ok(())
    }

    fn store(&mut self, insn: Insn) -> Result<(), String> {
        let size = Self::size(insn)?;
        let value = if insn.op & 7 == 3 { *self.register(insn.src)? } else { i64::from(insn.imm) as u64 };
        let at = self.register(insn.dst)?.wrapping_add_signed(insn.off.into());
        self.machine.write(at, &value.to_le_bytes()[..size])
    }

    fn call(&mut self, insn: Insn) -> Result<(), String> {
        let [_, to, size, from, ..] = self.registers;
        let result = match (insn.src, Helper::by_number(insn.imm)) {
            (2, _) if self.machine.cast == Some(insn.imm as u32) => to,
            (0, Some(Helper::GetCurrentTask | Helper::GetCurrentTaskBtf)) => self.machine.task,
            (0, Some(Helper::MapLookupElem)) => self.look_up(to, size)?,
            (0, Some(helper @ (Helper::ProbeReadUser | Helper::ProbeReadKernel))) => {
                let there = (from >= KERNEL) == (helper == Helper::ProbeReadKernel);
                let bytes = self.machine.read(from, size as usize).filter(|_| there).map(<[u8]>::to_vec);
                let result = if bytes.is_some() { 0 } else { EFAULT };
                self.machine.write(to, &bytes.unwrap_or_else(|| vec![0; size as usize]))?;
                result as u64
            }
            (0, Some(helper @ (Helper::ProbeReadUserStr | Helper::ProbeReadKernelStr))) => {
                let there = (from >= KERNEL) == (helper == Helper::ProbeReadKernelStr);
                let text = Some(from).filter(|_| there).and_then(|from| self.machine.text(from, size as usize));
                self.machine.write(to, text.as_deref().unwrap_or(&vec![0; size as usize]))?;
                text.map_or(EFAULT as u64, |text| text.len() as u64)
            }
            (kind, helper) => return Err(format!("call {kind} of {helper:?} ({})", insn.imm)),
        };
        self.registers[1..=5].fill(RUBBISH);
        self.registers[0] = result;
        Ok(())
    }

    /// The address of a value; 0 beyond the end of an array, or where there is none.
    fn look_up(&self, map: u64, key: u64) -> Result<u64, String> {
        let fd = map.checked_sub(MAP).and_then(|fd| i32::try_from(fd).ok()).ok_or("no map is looked up")?;
        let (region, size) = self.machine.maps.get(&fd).ok_or("no map is looked up")?;
        let index = match self.machine.keys.get(&fd) {
            Some(keys) => {
                let length = keys.first().map_or(0, Vec::len);
                let key = self.machine.read(key, length).ok_or("the key is not there")?;
                let Some(index) = keys.iter().position(|k| k == key) else { return Ok(0) };
                index
            }
            None => {
                let key = self.machine.read(key, 4).and_then(|key| key.first_chunk()).ok_or("the key is not there")?;
                u32::from_le_bytes(*key) as usize
            }
        };
        let at = index * size;
        Ok(if at + size <= region.bytes.len() { region.start + at as u64 } else { 0 })
    }
}
