//! Compiled rule files (`.pgr`): native code, program and rules in one file that is mapped and run.
//!
//! ```text
//! 0        8  magic            7f 50 45 52 45 47 52 4e
//! 8        4  format version   u32, little-endian
//! 12       4  header length    u32: bytes of the header, behind these 16
//! 16          header           postcard: schema, target, features, where code and contents lie
//!             contents         postcard: rules, program, sources, places of functions
//!             zeros            to a multiple of 64 KiB, the largest page
//!             code             functions, each at a multiple of 16; runs wherever it is mapped
//! end-32  32  digest           SHA-256 of everything before
//! ```
//!
//! The same rules, schema and target give the same bytes. A file is refused, in this order, if it is no such file, of
//! another format, for another schema or version of Peregrine, for another machine, for processor features that are
//! missing, or damaged. Its code is run as it is: who may write the file decides what the process does, as with any
//! program; the digest finds damage, not malice.

use crate::backend::codegen::{self, ALIGNMENT, Code, CodeError};
use crate::backend::plan::Plan;
use crate::hir::RuleSet;
use crate::ir::Program;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// First bytes of a compiled file.
pub const MAGIC: [u8; 8] = *b"\x7fPEREGRN";
/// Version of the layout, of the program's form, and of what code expects of its surroundings.
pub const FORMAT: u32 = 4;
/// Code begins at a multiple of this, so that it can be mapped on machines with large pages.
const PAGE: usize = 64 << 10;
const DIGEST: usize = 32;
const PREFIX: usize = 16;

/// A file from which rules came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Name as given.
    pub name: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; DIGEST],
}

impl Source {
    /// Names a file's content.
    pub fn new(name: &str, bytes: &[u8]) -> Source {
        Source { name: name.to_owned(), digest: Sha256::digest(bytes).into() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    schema: u64,
    version: String,
    target: String,
    features: Vec<String>,
    /// Offset and length of the contents.
    contents: (u64, u64),
    /// Offset and length of the code.
    code: (u64, u64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    rules: RuleSet,
    program: Program,
    sources: Vec<Source>,
    /// Offsets of the functions in the code.
    functions: Vec<u32>,
}

/// A compiled file that has been read.
#[derive(Debug)]
pub struct Compiled {
    /// The rules.
    pub rules: RuleSet,
    /// The program.
    pub program: Program,
    /// Where the rules came from.
    pub sources: Vec<Source>,
    /// Where the code lies in the file, bytes.
    pub code: Range<usize>,
    /// Offsets of the functions in the code.
    pub functions: Vec<u32>,
}

/// Why a compiled file is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ReadError {
    #[error("this is no compiled rule file")]
    Foreign,
    #[error("the file has format {found}, this version of Peregrine reads {FORMAT}; build it again with `rulec build`")]
    Format { found: u32 },
    #[error("the file was built by Peregrine {found} with another schema, this is {}; build it again with `rulec build`", env!("CARGO_PKG_VERSION"))]
    Schema { found: String },
    #[error("the file was built for {found}, this machine is {here}; build it for this machine with `rulec build`")]
    Target { found: String, here: String },
    #[error("the file needs processor features that are missing here: {}; build it with `rulec build --cpu baseline`", .0.join(", "))]
    Features(Vec<String>),
    #[error("the file is damaged: {0}; build it again with `rulec build`")]
    Damaged(&'static str),
    #[error("this machine cannot run compiled rules: {0}")]
    Machine(String),
}

/// Why no compiled file could be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Code generation failed.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The file would be too large for its offsets.
    #[error("the compiled rules are larger than 4 GiB")]
    TooLarge,
    /// The contents have no form as bytes.
    #[error("the rules cannot be written: {0}")]
    Contents(#[from] postcard::Error),
}

/// Makes the bytes of a compiled file.
pub fn build(
    rules: &RuleSet,
    program: &Program,
    sources: &[Source],
    processor: codegen::Processor,
) -> Result<Vec<u8>, BuildError> {
    let isa = codegen::target(processor, codegen::Effort::Best)?;
    let code = codegen::generate(&isa, &Plan::new(rules, program), program)?;
    let (code, functions) = lay_out(&code).ok_or(BuildError::TooLarge)?;
    let contents = Contents { rules: rules.clone(), program: program.clone(), sources: sources.to_vec(), functions };
    let contents = postcard::to_allocvec(&contents)?;
    let mut header = Header {
        schema: schema_hash(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: isa.triple().to_string(),
        features: codegen::features(&isa),
        contents: (0, contents.len() as u64),
        code: (0, code.len() as u64),
    };
    // Offsets change the header's length, and the header's length the offsets; they settle at once.
    loop {
        let bytes = postcard::to_allocvec(&header)?;
        let contents_at = (PREFIX + bytes.len()) as u64;
        let code_at = (contents_at + contents.len() as u64).next_multiple_of(PAGE as u64);
        if (header.contents.0, header.code.0) == (contents_at, code_at) {
            let mut file = Vec::with_capacity(code_at as usize + code.len() + DIGEST);
            file.extend_from_slice(&MAGIC);
            file.extend_from_slice(&FORMAT.to_le_bytes());
            file.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            file.extend_from_slice(&bytes);
            file.extend_from_slice(&contents);
            file.resize(code_at as usize, 0);
            file.extend_from_slice(&code);
            let digest = Sha256::digest(&file);
            file.extend_from_slice(&digest);
            return Ok(file);
        }
        (header.contents.0, header.code.0) = (contents_at, code_at);
    }
}

/// Functions one after the other, with their offsets; the gaps hold what stops a processor that strays into them.
fn lay_out(code: &Code) -> Option<(Vec<u8>, Vec<u32>)> {
    const TRAP: u8 = 0xcc;
    let mut bytes = Vec::new();
    let mut offsets = Vec::with_capacity(code.functions.len());
    for function in &code.functions {
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), TRAP);
        offsets.push(u32::try_from(bytes.len()).ok()?);
        bytes.extend_from_slice(function);
    }
    u32::try_from(bytes.len()).ok()?;
    Some((bytes, offsets))
}

/// Whether bytes begin as a compiled file does.
pub fn is_compiled(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a compiled file.
pub fn read(file: &[u8]) -> Result<Compiled, ReadError> {
    if !is_compiled(file) {
        return Err(ReadError::Foreign);
    }
    let number = |at: usize| {
        let bytes = file.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
        bytes.map(u32::from_le_bytes).ok_or(ReadError::Damaged("it ends too early"))
    };
    let format = number(8)?;
    if format != FORMAT {
        return Err(ReadError::Format { found: format });
    }
    let header_len = number(12)? as usize;
    let header = file.get(PREFIX..PREFIX.saturating_add(header_len)).ok_or(ReadError::Damaged("it ends too early"))?;
    let header: Header = postcard::from_bytes(header).map_err(|_| ReadError::Damaged("its header makes no sense"))?;
    if header.schema != schema_hash() || header.version != env!("CARGO_PKG_VERSION") {
        return Err(ReadError::Schema { found: header.version });
    }
    fits_machine(&header)?;
    let (body, digest) = file.split_last_chunk::<DIGEST>().ok_or(ReadError::Damaged("it ends too early"))?;
    if Sha256::digest(body)[..] != digest[..] {
        return Err(ReadError::Damaged("its digest is another"));
    }
    let range = |(at, len): (u64, u64)| {
        let (start, end) = (usize::try_from(at).ok()?, usize::try_from(at.checked_add(len)?).ok()?);
        (end <= body.len()).then_some(start..end)
    };
    let (Some(contents), Some(code)) = (range(header.contents), range(header.code)) else {
        return Err(ReadError::Damaged("its parts lie outside of it"));
    };
    let contents: Contents =
        postcard::from_bytes(&body[contents]).map_err(|_| ReadError::Damaged("its contents make no sense"))?;
    let places = contents.functions.iter().all(|f| (*f as usize) < code.len());
    if !places || contents.functions.len() != contents.program.functions.len() {
        return Err(ReadError::Damaged("its functions are elsewhere"));
    }
    if crate::ir::verify::verify(&contents.program, &contents.rules).is_err() {
        return Err(ReadError::Damaged("its program is not well-formed"));
    }
    let Contents { rules, program, sources, functions } = contents;
    Ok(Compiled { rules, program, sources, code, functions })
}

fn fits_machine(header: &Header) -> Result<(), ReadError> {
    let isa = codegen::target(codegen::Processor::Native, codegen::Effort::Quick)
        .map_err(|e| ReadError::Machine(e.to_string()))?;
    let here = isa.triple().to_string();
    if header.target != here {
        return Err(ReadError::Target { found: header.target.clone(), here });
    }
    let have = codegen::features(&isa);
    let missing: Vec<String> = header.features.iter().filter(|f| !have.contains(f)).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(ReadError::Features(missing)) }
}

/// A number that changes when a table does on whose numbering or meaning a compiled file relies.
pub fn schema_hash() -> u64 {
    let mut hash = Fnv::default();
    for event in &peregrine_schema::EVENTS {
        hash.text(event.name);
        hash.number(u64::from(event.code));
        hash.number(u64::from(event.flags.0));
        hash.number(event.effect as u64);
        hash.number(event.category as u64);
        hash.number(event.origin as u64);
        hash.number(u64::from(event.fd_param.unwrap_or(u8::MAX)));
        for param in event.params {
            hash.text(param.name);
            hash.number(param.ty as u64);
            for flag in param.flags {
                hash.text(flag.name);
                hash.number(u64::from(flag.value));
            }
        }
        // Code reads such fields where their parameters lie.
        for field in &peregrine_schema::FIELDS {
            if let Some(derived) = peregrine_schema::derived::derived(field.id, None, event.code) {
                hash.number(u64::from(derived.param));
                hash.text(&format!("{:?}", derived.reading));
            }
        }
    }
    for field in &peregrine_schema::FIELDS {
        hash.text(field.name);
        hash.number(field.ty as u64);
        hash.number(u64::from(field.flags.0));
    }
    hash.0
}

/// FNV-1a, 64 bits: enough to tell schemas apart.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn text(&mut self, text: &str) {
        text.bytes().chain([0]).for_each(|b| self.byte(b));
    }

    fn number(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|b| self.byte(b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Loader, Options};

    fn built() -> Vec<u8> {
        let mut loader = Loader::new(Options::default());
        let text = include_bytes!("../../rules/peregrine_rules.yaml");
        loader.add_file("peregrine_rules.yaml", text);
        let rules = loader.finish().rules;
        let sources = [Source::new("peregrine_rules.yaml", text)];
        build(&rules, &Program::new(&rules), &sources, codegen::Processor::Baseline).unwrap()
    }

    #[test]
    fn the_same_rules_give_the_same_bytes_and_read_back() {
        let file = built();
        assert!(file == built());
        let read = read(&file).unwrap();
        assert_eq!(read.sources[0].name, "peregrine_rules.yaml");
        assert!(read.rules.rules.len() > 10);
        assert!(read.code.start.is_multiple_of(PAGE));
    }

    #[test]
    fn files_that_are_not_right_are_refused() {
        let file = built();
        let changed = |at: usize, to: u8| {
            let mut file = file.clone();
            file[at] = to;
            read(&file).map(|_| ()).unwrap_err()
        };
        assert_eq!(read(b"- rule: a").unwrap_err(), ReadError::Foreign);
        assert_eq!(changed(0, b'x'), ReadError::Foreign);
        assert_eq!(changed(8, 99), ReadError::Format { found: 99 });
        // The header begins with the hash of the schema.
        assert!(matches!(changed(PREFIX, file[PREFIX] ^ 1), ReadError::Schema { .. }));
        assert_eq!(changed(file.len() - DIGEST - 1, 0), ReadError::Damaged("its digest is another"));
        assert_eq!(changed(file.len() - 1, file[file.len() - 1] ^ 1), ReadError::Damaged("its digest is another"));
        for end in 0..PREFIX + 40 {
            assert!(read(&file[..end]).is_err(), "{end}");
        }
        assert!(read(&file[..file.len() / 2]).is_err());
    }

    #[test]
    fn any_change_of_a_byte_is_found() {
        let file = built();
        for at in (0..file.len()).step_by(997) {
            let mut file = file.clone();
            file[at] ^= 0x55;
            assert!(read(&file).is_err(), "{at}");
        }
    }
}
