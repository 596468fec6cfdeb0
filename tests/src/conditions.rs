//! Conditions on tables of field values: what a condition means, without captures and without state.
//!
//! A file under `corpus/conditions/` is a list of blocks:
//!
//! ```yaml
//! - about: equality of text
//!   event: openat                      # evt.type of the event; `openat` if not said
//!   fields: {proc.name: cat, "proc.args[0]": -v, fd.types: [file, ipv4]}
//!   holds: [proc.name = cat]
//!   fails: [proc.name = dog, fd.name exists]
//!   rejected: [proc.name > dog]        # does not compile
//!   deviation: true                    # Falco answers otherwise, see docs/compatibility.md
//! ```
//!
//! Fields that are not in the table have no value. Values are written by the field's type: numbers, truth
//! values, text, addresses; lists for fields that give several values (list fields, ancestors, both ends of a
//! connection). `{hex: 00ff}` gives bytes, `{int: -2}` and `{uint: 2}` values of fields typed by the event.
//!
//! [`Table`] is such a table, [`TableEvent`] the same bound to the fields of a rule set: an implementation of
//! [`Event`] that every engine can read.

use anyhow::{Context as _, bail, ensure};
use bumpalo::Bump;
use peregrine_compiler::value::{Arg, Event, FactsKey, FieldRef, Payload, Value};
use peregrine_schema as schema;
use schema::derived::{Derived, Reading, derived};
use schema::fields::field_with_argument;
use schema::{EventFlags, FieldFlags, FieldId, Needs, Type};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};
use std::net::IpAddr;
use std::path::Path;

/// `evt.type` of blocks that do not name one: an event that has a thread and a descriptor.
const DEFAULT_EVENT: &str = "openat";

/// A value that a table holds.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "named like the variants of Value")]
pub enum Owned {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Ip(Vec<u8>),
    List(Vec<Owned>),
}

impl Owned {
    fn borrow<'e>(&'e self, scratch: &'e Bump) -> Value<'e> {
        match self {
            Owned::Bool(b) => Value::Bool(*b),
            Owned::Int(n) => Value::Int(*n),
            Owned::Uint(n) => Value::Uint(*n),
            Owned::Double(n) => Value::Double(*n),
            Owned::Str(s) => Value::Str(s),
            Owned::Bytes(s) => Value::Bytes(s),
            Owned::Ip(ip) => Value::Ip(ip),
            Owned::List(list) => Value::List(scratch.alloc_slice_fill_iter(list.iter().map(|v| v.borrow(scratch)))),
        }
    }
}

/// Values of fields for one event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Event code.
    pub code: u16,
    /// Values by field and argument; the text of an index is its digits.
    pub values: BTreeMap<(FieldId, Option<String>), Owned>,
}

/// A table bound to the fields of a rule set.
#[derive(Debug)]
pub struct TableEvent {
    code: u16,
    slots: Vec<Option<Owned>>,
    scratch: Bump,
    image: Option<FactsKey>,
    file: Option<FactsKey>,
    fingerprints: bool,
    /// The record: lengths as [`Payload::lens`] has them, and parameters.
    record: ([u64; 2], Vec<u8>),
}

impl TableEvent {
    /// The same event of a process image. Events of the same image must have the same values of fields with `IMAGE`.
    pub fn of_image(self, image: Option<FactsKey>) -> TableEvent {
        TableEvent { image, ..self }
    }

    /// The same event of a descriptor. Events of the same file must have the same values of fields with `FILE`.
    pub fn of_file(self, file: Option<FactsKey>) -> TableEvent {
        TableEvent { file, ..self }
    }

    /// The same event with a record of these parameters. Fields that one of them gives get its value, if it has the
    /// size of its type.
    pub fn of_record(mut self, fields: &[FieldRef], params: &[Vec<u8>]) -> TableEvent {
        let row = &schema::EVENTS[usize::from(self.code)];
        let number = |field, key| {
            let Derived { param, reading } = derived(field, key, self.code)?;
            let size = row.params[usize::from(param)].ty.size()?;
            let bytes = params.get(usize::from(param)).filter(|bytes| bytes.len() == size)?;
            let mut word = [0; 8];
            word[..size].copy_from_slice(bytes);
            let unsigned = u64::from_le_bytes(word);
            let signed = (unsigned << (64 - 8 * size)) as i64 >> (64 - 8 * size);
            Some(match reading {
                Reading::Signed => Owned::Int(signed),
                Reading::Unsigned => Owned::Uint(unsigned),
                Reading::Negative => Owned::Bool(signed < 0),
                Reading::AnyBit(bits) => Owned::Bool(unsigned & u64::from(bits) != 0),
            })
        };
        for (slot, field) in self.slots.iter_mut().zip(fields) {
            let key = if let Arg::Key(key) = &field.arg { Some(key.as_str()) } else { None };
            let success = Owned::Str(b"SUCCESS".to_vec());
            match (field.id, number(if field.id == FieldId::EvtRes { FieldId::EvtFailed } else { field.id }, key)) {
                (FieldId::EvtRes, Some(Owned::Bool(false))) => *slot = Some(success),
                (FieldId::EvtRes, Some(_)) if slot.is_none() || *slot == Some(success) => {
                    *slot = Some(Owned::Str(b"EIO".to_vec()));
                }
                (FieldId::EvtRes, _) | (_, None) => {}
                (_, value) => *slot = value,
            }
        }
        let mut lens = [[0; 8]; 2];
        for (index, param) in params.iter().enumerate().take(8) {
            lens[index / 4][index % 4 * 2..][..2].copy_from_slice(&(param.len() as u16).to_le_bytes());
        }
        TableEvent { record: (lens.map(u64::from_le_bytes), params.concat()), ..self }
    }

    /// The same event, with a number for each value by which engines may recognise it.
    pub fn with_fingerprints(self) -> TableEvent {
        TableEvent { fingerprints: true, ..self }
    }
}

impl Table {
    /// The event as rules with these fields see it.
    pub fn bind(&self, fields: &[FieldRef]) -> TableEvent {
        let value = |field: &FieldRef| {
            let arg = match &field.arg {
                Arg::None => None,
                Arg::Index(n) => Some(n.to_string()),
                Arg::Key(k) => Some(k.clone()),
            };
            self.values.get(&(field.id, arg)).cloned()
        };
        let slots = fields.iter().map(value).collect();
        let (scratch, record) = (Bump::new(), Default::default());
        TableEvent { code: self.code, slots, scratch, image: None, file: None, fingerprints: false, record }
    }
}

impl Event for TableEvent {
    fn code(&self) -> u16 {
        self.code
    }

    fn field(&self, slot: usize) -> Option<Value<'_>> {
        self.slots[slot].as_ref().map(|v| v.borrow(&self.scratch))
    }

    fn image(&self) -> Option<FactsKey> {
        self.image
    }

    fn file(&self) -> Option<FactsKey> {
        self.file
    }

    fn fingerprint(&self, slot: usize) -> Option<u64> {
        self.fingerprints.then(|| {
            // Different values have different texts; 64 bits tell the few of a test apart.
            let mut hash = std::hash::DefaultHasher::new();
            format!("{:?}", self.slots[slot]).hash(&mut hash);
            hash.finish()
        })
    }

    fn payload(&self) -> Payload<'_> {
        Payload { lens: self.record.0, data: &self.record.1 }
    }

    fn scratch(&self) -> &Bump {
        &self.scratch
    }
}

/// What a condition must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It does not compile.
    Rejected,
}

/// A condition with its event and answer.
#[derive(Debug, Clone)]
pub struct ConditionCase {
    /// File and block: `numbers: ports take names of services`.
    pub about: String,
    /// The condition.
    pub condition: String,
    /// The event.
    pub table: Table,
    /// The answer.
    pub expected: Expected,
    /// Falco answers otherwise.
    pub deviation: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    about: String,
    event: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, serde_yaml::Value>,
    #[serde(default)]
    holds: Vec<String>,
    #[serde(default)]
    fails: Vec<String>,
    #[serde(default)]
    rejected: Vec<String>,
    #[serde(default)]
    deviation: bool,
}

/// All cases of a folder, by file name.
pub fn read_all(folder: &Path) -> anyhow::Result<Vec<ConditionCase>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        cases.extend(parse(&name, &text).with_context(|| path.display().to_string())?);
    }
    Ok(cases)
}

/// Parses the text of a file.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Vec<ConditionCase>> {
    let blocks: Vec<Block> = serde_yaml::from_str(text)?;
    let mut cases = Vec::new();
    for block in blocks {
        let about = format!("{name}: {}", block.about.trim());
        let table = table(&block).with_context(|| about.clone())?;
        let groups =
            [(Expected::Holds, block.holds), (Expected::Fails, block.fails), (Expected::Rejected, block.rejected)];
        for (expected, conditions) in groups {
            cases.extend(conditions.into_iter().map(|condition| ConditionCase {
                about: about.clone(),
                condition,
                table: table.clone(),
                expected,
                deviation: block.deviation,
            }));
        }
    }
    Ok(cases)
}

fn table(block: &Block) -> anyhow::Result<Table> {
    let name = block.event.as_deref().unwrap_or(DEFAULT_EVENT);
    let current = schema::EVENTS
        .iter()
        .filter(|e| e.name == name && !e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED)));
    let event = current.max_by_key(|e| e.is_exit()).with_context(|| format!("no event is called {name}"))?;
    let fd_flags = EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD);
    let known = known_by_type(event);
    let mut values = known.clone();
    for (text, value) in &block.fields {
        let (field, arg) = field_name(text)?;
        ensure!(!known.contains_key(&(field.id, None)), "{text} is known by the event's type");
        // The compiler takes such a field for missing on the whole event type.
        ensure!(field.needs != Needs::Fd || event.flags.any(fd_flags), "{name} has no {text}");
        let value = owned(field.ty, value).with_context(|| text.clone())?;
        let several = FieldFlags::LIST.or(FieldFlags::ANY_OF).or(FieldFlags::EITHER_END);
        ensure!(!matches!(value, Owned::List(_)) || field.flags.any(several), "{text} gives one value");
        values.insert((field.id, arg), value);
    }
    Ok(Table { code: event.code, values })
}

/// Fields whose values the type of the event alone decides: an engine need not ask an event for them.
pub fn known_by_type(event: &schema::Event) -> BTreeMap<(FieldId, Option<String>), Owned> {
    let reads = event.flags.has(EventFlags::READS_FROM_FD);
    let writes = event.flags.has(EventFlags::WRITES_TO_FD);
    let opens = matches!(event.name, "open" | "openat" | "openat2" | "open_by_handle_at" | "creat");
    let mut known = vec![
        (FieldId::EvtType, Owned::Str(event.name.into())),
        (FieldId::EvtDir, Owned::Str(if event.is_exit() { "<" } else { ">" }.into())),
        (FieldId::EvtIsIo, Owned::Bool(reads || writes)),
        (FieldId::EvtIsIoRead, Owned::Bool(reads)),
        (FieldId::EvtIsIoWrite, Owned::Bool(writes)),
        (FieldId::EvtIsWait, Owned::Bool(event.flags.has(EventFlags::WAITS))),
    ];
    if !opens {
        let how = [FieldId::EvtIsOpenRead, FieldId::EvtIsOpenWrite, FieldId::EvtIsOpenExec, FieldId::EvtIsOpenCreate];
        known.extend(how.map(|id| (id, Owned::Bool(false))));
    }
    known.into_iter().map(|(id, value)| ((id, None), value)).collect()
}

/// A field as written: `name`, `name[argument]`, `name.argument`.
fn field_name(text: &str) -> anyhow::Result<(&'static schema::Field, Option<String>)> {
    let (name, arg) = match text.split_once('[') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(']').context("no closing bracket")?)),
        None => (text, None),
    };
    let (field, dotted) = field_with_argument(name).with_context(|| format!("no field is called {name}"))?;
    Ok((field, arg.or(dotted).map(str::to_owned)))
}

fn owned(ty: Type, value: &serde_yaml::Value) -> anyhow::Result<Owned> {
    use serde_yaml::Value as Yaml;
    if let Yaml::Sequence(list) = value {
        return Ok(Owned::List(list.iter().map(|v| owned(ty, v)).collect::<anyhow::Result<_>>()?));
    }
    if let Yaml::Mapping(map) = value {
        let (key, value) = map.iter().next().context("an empty mapping")?;
        return match (key.as_str(), ty) {
            (Some("hex"), Type::Bytebuf) => Ok(Owned::Bytes(hex(value)?)),
            (Some("hex"), _) => Ok(Owned::Str(hex(value)?)),
            (Some("int"), _) => Ok(Owned::Int(value.as_i64().context("not a number")?)),
            (Some("uint"), _) => Ok(Owned::Uint(value.as_u64().context("not a number")?)),
            _ => bail!("neither hex, int nor uint"),
        };
    }
    let text = || match value {
        Yaml::String(s) => Ok(s.clone()),
        Yaml::Number(n) => Ok(n.to_string()),
        _ => bail!("not text"),
    };
    Ok(match ty {
        Type::Bool => Owned::Bool(value.as_bool().context("not true or false")?),
        Type::Double => Owned::Double(value.as_f64().context("not a number")?),
        Type::Charbuf | Type::Fspath | Type::Fsrelpath => Owned::Str(text()?.into_bytes()),
        Type::Bytebuf => Owned::Bytes(text()?.into_bytes()),
        Type::Ipaddr | Type::Ipnet | Type::Ipv4addr | Type::Ipv6addr | Type::Ipv4net | Type::Ipv6net => {
            match text()?.parse::<IpAddr>()? {
                IpAddr::V4(ip) => Owned::Ip(ip.octets().to_vec()),
                IpAddr::V6(ip) => Owned::Ip(ip.octets().to_vec()),
            }
        }
        ty if is_signed(ty) => Owned::Int(value.as_i64().context("not a number")?),
        _ => Owned::Uint(value.as_u64().context("not a number")?),
    })
}

/// Types whose values are signed numbers.
pub fn is_signed(ty: Type) -> bool {
    matches!(ty, Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 | Type::Errno | Type::Fd | Type::Pid)
        || matches!(ty, Type::Fd32 | Type::Pid32)
}

fn hex(value: &serde_yaml::Value) -> anyhow::Result<Vec<u8>> {
    let text = value.as_str().context("hex digits must be quoted")?;
    ensure!(text.len().is_multiple_of(2) && text.is_ascii(), "not pairs of hex digits");
    (0..text.len() / 2).map(|i| Ok(u8::from_str_radix(&text[2 * i..2 * i + 2], 16)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_is_well_formed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/conditions");
        let cases = read_all(&folder).unwrap();
        for expected in [Expected::Holds, Expected::Fails, Expected::Rejected] {
            assert!(cases.iter().any(|c| c.expected == expected));
        }
    }

    #[test]
    fn values_are_bound_by_field_and_argument() {
        let text = "[{about: x, fields: {\"proc.aname[1]\": a, proc.aname: [a, b], fd.sip: 10.0.0.1}, holds: [h]}]";
        let case = parse("f", text).unwrap().remove(0);
        let field = FieldRef::new;
        let event = case.table.bind(&[
            field(FieldId::ProcAname, Arg::Index(1)),
            field(FieldId::ProcAname, Arg::None),
            field(FieldId::FdSip, Arg::None),
            field(FieldId::ProcName, Arg::None),
            field(FieldId::EvtType, Arg::None),
        ]);
        assert_eq!(event.field(0), Some(Value::Str(b"a")));
        assert_eq!(event.field(1), Some(Value::List(&[Value::Str(b"a"), Value::Str(b"b")])));
        assert_eq!(event.field(2), Some(Value::Ip(&[10, 0, 0, 1])));
        assert_eq!(event.field(3), None);
        assert_eq!(event.field(4), Some(Value::Str(b"openat")));
        assert_eq!(event.code(), 307);
    }

    #[test]
    fn tables_must_fit_the_schema() {
        let error = |fields: &str| format!("{:#}", parse("f", &format!("[{{about: x, {fields}}}]")).unwrap_err());
        assert!(error("fields: {no.field: 1}").contains("no field is called"));
        assert!(error("fields: {proc.name: [a]}").contains("gives one value"));
        assert!(error("fields: {evt.num: x}").contains("not a number"));
        assert!(error("event: execve, fields: {fd.name: x}").contains("execve has no fd.name"));
    }
}
