//! What the kernel can tell of a predicate on events of one code.
//!
//! A [`Decision`] is a pair of forms: what the predicate's holding implies, and what its not holding implies. If the
//! kernel can answer the predicate itself, the one is the opposite of the other; if it cannot, there is a
//! [`Reason`], and one or both are weaker, up to *always*.
//!
//! A missing value makes a predicate false. Where a field may be missing on an event that the kernel sees, its form
//! demands what makes it present (a kind of descriptor, a result), so that the opposite holds when it is missing. What
//! cannot be said so (a thread or a descriptor that user space does not know) the atoms answer with *unknown*.

use super::atoms::{Atom, End, Kind, KindSet, MOST, Network, Number, Part, Protocol, Ranges, Reading, Source, Text};
use super::atoms::{LEAST, TextSet};
use super::flags::{Success, digits};
use super::form::{ALWAYS, FormId, Forms, NEVER};
use crate::eval;
use crate::hir::{Comparison, Const, ListOp, Modifier, Op, Operand, Predicate, RuleSet};
use crate::value::{Arg, FieldRef, Value};
use peregrine_schema::events::code;
use peregrine_schema::{Event, EventFlags, FieldId, Format, Origin, Type, syscalls};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};

// Values of the capture format's `file_flags` and of mode bits.
const O_RDONLY: u64 = 0x1;
const O_WRONLY: u64 = 0x2;
const O_CREAT: u64 = 0x4;
const O_DIRECTORY: u64 = 0x400;
const O_TMPFILE: u64 = 0x2000;
const O_F_CREATED: u64 = 0x4000;
const S_IXUGO: u64 = 0o111;

/// Why the kernel cannot answer a predicate, or an event must be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// The condition holds, or is all of image bits that hold, for every event of the type.
    Unrestricted,
    /// Some field looks back at its own evaluations.
    LooksBack,
    /// The event is not made by a system call or tracepoint.
    NotOfKernel,
    /// The event's type is one that the probe does not make any more.
    NotMade,
    /// A transformer.
    Transformer,
    /// Two fields are compared.
    TwoFields,
    /// The field comes from state that only user space keeps.
    UserState,
    /// The text is put together from names that only user space knows.
    Resolved,
    /// The operator on such a value.
    Operator,
    /// Of a pattern only fixed parts can be looked for.
    Pattern,
    /// The constant is of another type than the parameter.
    OtherType,
    /// It could be told, but the plan of the event would become too large.
    TooLarge,
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reason::Unrestricted => "nothing else restricts it",
            Reason::LooksBack => "it looks back at its own evaluations",
            Reason::NotOfKernel => "the event is not made by the kernel",
            Reason::NotMade => "the event is only found in captures",
            Reason::Transformer => "values are transformed in user space",
            Reason::TwoFields => "fields are compared with each other in user space",
            Reason::UserState => "only user space keeps what it asks for",
            Reason::Resolved => "its text is put together in user space",
            Reason::Operator => "the kernel has no such operator on this value",
            Reason::Pattern => "of a pattern, the kernel looks for fixed parts",
            Reason::OtherType => "the constant has another type than the parameter",
            Reason::TooLarge => "the plan of the event became too large",
        })
    }
}

/// What the kernel can tell of a predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What holds whenever the predicate does.
    pub holds: FormId,
    /// What holds whenever the predicate does not.
    pub fails: FormId,
    /// Why that is not everything; `None` if the kernel answers the predicate.
    pub reason: Option<Reason>,
}

impl Decision {
    /// Nothing.
    pub(super) fn unknown(reason: Reason) -> Decision {
        Decision { holds: ALWAYS, fails: ALWAYS, reason: Some(reason) }
    }

    /// Only what the predicate implies.
    pub(super) fn necessary(implied: FormId, reason: Reason) -> Decision {
        Decision { holds: implied, fails: ALWAYS, reason: Some(reason) }
    }

    /// Of the opposite.
    #[must_use]
    pub(super) fn not(self) -> Decision {
        Decision { holds: self.fails, fails: self.holds, reason: self.reason }
    }
}

/// Decides the predicates of a rule set.
#[derive(Debug)]
pub struct Decider<'r> {
    /// The rules.
    pub rules: &'r RuleSet,
    /// All forms so far.
    pub forms: Forms,
}

/// Calls whose descriptor is the result, and is -1 if they fail.
const MAKES_FD: [u16; 8] = [
    code::OPEN_X,
    code::CREAT_X,
    code::OPENAT_2_X,
    code::OPENAT2_X,
    code::OPEN_BY_HANDLE_AT_X,
    code::SOCKET_X,
    code::ACCEPT_5_X,
    code::ACCEPT4_6_X,
];

/// Index of the path and of the flags of opening calls; creat has no flags.
fn opening(code: u16) -> Option<(u8, Option<u8>)> {
    Some(match code {
        code::OPEN_X => (1, Some(2)),
        code::CREAT_X => (1, None),
        code::OPENAT_2_X | code::OPENAT2_X => (2, Some(3)),
        code::OPEN_BY_HANDLE_AT_X => (3, Some(2)),
        _ => return None,
    })
}

impl<'r> Decider<'r> {
    /// A decider without forms.
    pub fn new(rules: &'r RuleSet) -> Decider<'r> {
        Decider { rules, forms: Forms::default() }
    }

    /// What the kernel can tell of the predicate on events of this type.
    pub fn decide(&mut self, predicate: &Predicate, event: &'static Event) -> Decision {
        let Operand::Field(slot) = &predicate.lhs else { return Decision::unknown(Reason::Transformer) };
        let Some(field) = self.rules.fields.get(*slot as usize) else { return Decision::unknown(Reason::UserState) };
        if matches!(predicate.test, Comparison::Field(..) | Comparison::FieldList(..)) {
            return Decision::unknown(Reason::TwoFields);
        }
        match event.code {
            code::GENERIC_X => self.generic(field, &predicate.test),
            _ if event.has_return_value() => self.field(field, &predicate.test, event),
            _ => self.common(field, &predicate.test),
        }
    }

    /// System calls without an event type of their own, whose result is not recorded.
    fn generic(&mut self, field: &FieldRef, test: &Comparison) -> Decision {
        match field.id {
            FieldId::EvtType | FieldId::SyscallType => self.generic_name(test),
            FieldId::EvtRawres | FieldId::EvtFailed | FieldId::EvtRes => self.always(NEVER),
            _ => self.common(field, test),
        }
    }

    /// Fields that do not ask for the event's parameters.
    fn common(&mut self, field: &FieldRef, test: &Comparison) -> Decision {
        match field.id {
            FieldId::EvtRawtime | FieldId::EvtRawtimeS | FieldId::EvtRawtimeNs | FieldId::EvtNum
                if *test == Comparison::Exists =>
            {
                self.always(ALWAYS)
            }
            FieldId::ThreadTid => self.number(test, Number::Tid, true),
            FieldId::ProcPid => self.number(test, Number::Pid, true),
            FieldId::UserUid => self.number(test, Number::Uid, false),
            FieldId::GroupGid => self.number(test, Number::Gid, false),
            FieldId::UserLoginuid => self.number(test, Number::LoginUid, true),
            _ => Decision::unknown(Reason::UserState),
        }
    }

    fn field(&mut self, field: &FieldRef, test: &Comparison, event: &'static Event) -> Decision {
        use FieldId::*;
        let failed = Ranges::new(LEAST, -1);
        match field.id {
            EvtRawres => self.number(test, Number::Result, true),
            EvtFailed => {
                let failed = self.forms.ranges(Number::Result, failed);
                self.boolean(test, failed)
            }
            EvtRes => match event.params.first().map(|p| p.ty) {
                Some(Type::Errno) => self.result_text(test, Success::Word, false),
                Some(Type::Fd) => self.result_text(test, Success::Word, true),
                _ => self.success_or_not(test),
            },
            EvtIsOpenRead => self.open_mode(test, event, O_RDONLY),
            EvtIsOpenWrite => self.open_mode(test, event, O_WRONLY),
            EvtIsOpenExec => {
                let form = self.creates_executable(event);
                self.boolean(test, form)
            }
            EvtIsOpenCreate => {
                let form = self.creates_file(event);
                self.boolean(test, form)
            }
            EvtTypeIs => self.type_is(field, test, event),
            SyscallType if event.origin == Origin::Syscall => self.constant(test, Value::Str(event.name.as_bytes())),
            EvtArg => self.argument(field, test, event),
            EvtRawarg => self.raw_argument(field, test, event),
            FdNum => self.descriptor_number(test, event),
            FdTypechar | FdType | FdSockfamily => self.kind(field.id, test, event),
            FdL4proto => self.protocol(test),
            FdName | FdNameraw | FdDirectory | FdFilename => self.descriptor_name(field.id, test, event),
            FdIp | FdNet => self.address(test, End::Either),
            FdSip | FdSnet => self.address(test, End::Server),
            FdCip | FdCnet => self.address(test, End::Client),
            FdLip | FdLnet => self.address(test, End::Local),
            FdRip | FdRnet => self.address(test, End::Remote),
            FdPort | FdProto => self.port(test, End::Either),
            FdSport => self.port(test, End::Server),
            FdCport => self.port(test, End::Client),
            FdLport => self.port(test, End::Local),
            FdRport => self.port(test, End::Remote),
            FsPathName | FsPathNameraw | FsPathSource | FsPathSourceraw | FsPathTarget | FsPathTargetraw => {
                self.path(field.id, test, event)
            }
            _ => self.common(field, test),
        }
    }

    /// The kernel answers by this form, about a value that may be missing: then its atoms are unknown. If there are
    /// none, nothing tells.
    pub(super) fn exactly(&mut self, form: FormId) -> Decision {
        if form == ALWAYS || form == NEVER { Decision::unknown(Reason::Operator) } else { self.always(form) }
    }

    /// The kernel answers by this form, about a value that is always there.
    pub(super) fn always(&mut self, form: FormId) -> Decision {
        Decision { holds: form, fails: self.forms.not(form), reason: None }
    }

    /// The kernel answers by this form about a number.
    pub(super) fn of_number(&mut self, of: Number, form: FormId) -> Decision {
        if of == Number::Result { self.always(form) } else { self.exactly(form) }
    }

    pub(super) fn all_of(&mut self, each: Vec<Decision>) -> Decision {
        let reason = each.iter().find_map(|d| d.reason);
        let holds = self.forms.all(each.iter().map(|d| d.holds).collect());
        let fails = self.forms.any(each.iter().map(|d| d.fails).collect());
        Decision { holds, fails, reason }
    }

    pub(super) fn any_of(&mut self, each: Vec<Decision>) -> Decision {
        let opposite = each.into_iter().map(Decision::not).collect();
        self.all_of(opposite).not()
    }

    /// Whether a value that is there satisfies the comparison, by the reference evaluator.
    pub(super) fn compare(&self, test: &Comparison, value: Value<'_>) -> bool {
        let list = matches!(test, Comparison::Field(..) | Comparison::FieldList(..));
        let event = Fixed { value, scratch: bumpalo::Bump::new() };
        // Any field that gives one value.
        let rules = RuleSet { fields: vec![FieldRef::new(FieldId::EvtRes, Arg::None)], rules: Vec::new() };
        !list && eval::holds(&rules, &Predicate { lhs: Operand::Field(0), test: test.clone() }, &event)
    }

    /// A truth value that is always there.
    fn boolean(&mut self, test: &Comparison, form: FormId) -> Decision {
        let form = match (self.compare(test, Value::Bool(true)), self.compare(test, Value::Bool(false))) {
            (true, true) => ALWAYS,
            (true, false) => form,
            (false, true) => self.forms.not(form),
            (false, false) => NEVER,
        };
        self.always(form)
    }

    /// A number.
    fn number(&mut self, test: &Comparison, of: Number, signed: bool) -> Decision {
        match numbers(test, signed) {
            Some(ranges) => {
                let form = self.forms.ranges(of, ranges);
                self.of_number(of, form)
            }
            None => Decision::unknown(Reason::Operator),
        }
    }

    /// A result whose errors have no names that are known here.
    fn success_or_not(&mut self, test: &Comparison) -> Decision {
        let failed = self.forms.ranges(Number::Result, Ranges::new(LEAST, -1));
        let (failed, success) = (self.always(failed), self.constant(test, Value::Str(b"SUCCESS")));
        let unknown = self.all_of(vec![failed.clone(), Decision::unknown(Reason::Resolved)]);
        let known = self.all_of(vec![failed.not(), success]);
        self.any_of(vec![unknown, known])
    }

    fn bits(&mut self, param: u8, mask: u64) -> FormId {
        self.forms.literal(Atom::Bits { of: Number::Param(param), mask }, true)
    }

    fn open_mode(&mut self, test: &Comparison, event: &Event, mask: u64) -> Decision {
        let form = match opening(event.code) {
            Some((_, Some(flags))) => self.bits(flags, mask),
            _ => NEVER,
        };
        self.boolean(test, form)
    }

    fn creates_executable(&mut self, event: &Event) -> FormId {
        let (mode, flags) = match (event.code, opening(event.code)) {
            (code::CREAT_X, _) => (2, None),
            (code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X, Some((_, Some(flags)))) => (flags + 1, Some(flags)),
            _ => return NEVER,
        };
        let executable = self.bits(mode, S_IXUGO);
        let creates = flags.map_or(ALWAYS, |flags| self.bits(flags, O_TMPFILE | O_CREAT));
        self.forms.all(vec![executable, creates])
    }

    fn creates_file(&mut self, event: &Event) -> FormId {
        let Some((_, Some(flags))) = opening(event.code) else { return NEVER };
        let created = self.bits(flags, O_F_CREATED);
        let temporary = self.bits(flags, O_TMPFILE);
        let succeeded = self.forms.ranges(Number::Result, Ranges::new(0, MOST));
        let temporary = self.forms.all(vec![temporary, succeeded]);
        self.forms.any(vec![created, temporary])
    }

    fn type_is(&mut self, field: &FieldRef, test: &Comparison, event: &Event) -> Decision {
        let Arg::Key(name) = &field.arg else { return Decision::unknown(Reason::UserState) };
        if name.parse::<u64>().is_ok() {
            return Decision::unknown(Reason::UserState);
        }
        let is = syscalls::event_codes(name).contains(&event.code);
        self.constant(test, Value::Uint(is.into()))
    }

    /// `evt.type` of a system call without an event type of its own: by its number. That of a call which the writer
    /// did not know is 0.
    fn generic_name(&mut self, test: &Comparison) -> Decision {
        let named = syscalls::SYSCALLS.iter().filter(|s| self.compare(test, Value::Str(s.name.as_bytes())));
        let numbers = named.fold(Ranges::default(), |all, s| all.union(&Ranges::one(s.code.into())));
        let (unknown, of) = (Ranges::one(0), Number::Param(0));
        let holds = self.forms.ranges(of, numbers.union(&unknown));
        let fails = self.forms.ranges(of, numbers.complement().union(&unknown));
        Decision { holds, fails, reason: None }
    }

    /// `evt.arg`: a parameter as text.
    fn argument(&mut self, field: &FieldRef, test: &Comparison, event: &'static Event) -> Decision {
        let Some(index) = parameter(field, event) else { return self.always(NEVER) };
        if *test == Comparison::Exists {
            return self.always(ALWAYS);
        }
        let (param, of) = (&event.params[usize::from(index)], Number::Param(index));
        let decimal = matches!(param.format, Format::Dec | Format::Id | Format::Na | Format::Dir);
        let at = |reading| Text { source: Source::Param(index), reading, part: Part::Whole, set: TextSet::default() };
        match param.ty {
            Type::Charbuf => self.text(test, &at(Reading::Raw)),
            Type::Fspath | Type::Fsrelpath => self.text(test, &at(Reading::Absolute)),
            Type::Flags8 | Type::Flags16 | Type::Flags32 => self.flag_text(test, of, param.flags, false),
            Type::Mode => self.flag_text(test, of, param.flags, true),
            Type::Enumflags8 | Type::Enumflags16 | Type::Enumflags32 => self.enum_text(test, of, param.flags),
            Type::Errno if index == 0 => self.result_text(test, Success::Digits, false),
            Type::Fd if index == 0 => self.result_text(test, Success::Other, true),
            Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 if decimal => {
                self.decimal_text(test, of, Ranges::all())
            }
            // Printed as if they were signed.
            Type::Uint8 | Type::Uint16 | Type::Uint32 | Type::Uint64 if decimal => {
                let small = |n: &i128| (0..=i128::from(i32::MAX)).contains(n);
                match digits(test) {
                    Some(numbers) if numbers.iter().all(small) => self.decimal_text(test, of, Ranges::all()),
                    _ => Decision::unknown(Reason::Operator),
                }
            }
            _ => Decision::unknown(Reason::Resolved),
        }
    }

    /// `evt.rawarg`: a parameter as it is.
    fn raw_argument(&mut self, field: &FieldRef, test: &Comparison, event: &'static Event) -> Decision {
        let Some(index) = parameter(field, event) else { return self.always(NEVER) };
        let (ty, of) = (event.params[usize::from(index)].ty, Number::Param(index));
        match ty {
            Type::Charbuf | Type::Fspath | Type::Fsrelpath => {
                let (source, part) = (Source::Param(index), Part::Whole);
                self.text(test, &Text { source, reading: Reading::Raw, part, set: TextSet::default() })
            }
            Type::Bool => {
                let form = self.forms.ranges(of, Ranges::one(0).complement());
                let bool_constants =
                    constants(test).is_some_and(|list| list.iter().all(|c| matches!(c, Const::Bool(_))));
                if bool_constants { self.boolean(test, form) } else { Decision::unknown(Reason::OtherType) }
            }
            _ if is_signed(ty) => self.number(test, of, true),
            _ if is_unsigned(ty) => self.number(test, of, false),
            _ => Decision::unknown(Reason::Operator),
        }
    }

    fn descriptor_number(&mut self, test: &Comparison, event: &Event) -> Decision {
        let Some(ranges) = numbers(test, true) else { return Decision::unknown(Reason::Operator) };
        let form = if MAKES_FD.contains(&event.code) {
            // Of a call that failed it is -1, whatever the error; of one that succeeded, too, where user space has no
            // table of the process's descriptors.
            let none = ranges.contains(-1);
            let sure = if none { ranges.complement() } else { ranges };
            let sure = self.forms.ranges(Number::Result, sure.intersection(&Ranges::new(0, MOST)));
            let decision = Decision::necessary(sure, Reason::UserState);
            return if none { decision.not() } else { decision };
        } else if let Some(index) = event.fd_param.filter(|_| !event.flags.has(EventFlags::CREATES_FD)) {
            self.forms.ranges(Number::Param(index), ranges)
        } else {
            return Decision::unknown(Reason::UserState);
        };
        self.exactly(form)
    }

    /// Fields that the kind of the descriptor decides.
    fn kind(&mut self, field: FieldId, test: &Comparison, event: &Event) -> Decision {
        if *test == Comparison::Exists {
            return Decision::unknown(Reason::Operator);
        }
        let texts = |kind: Kind| -> Vec<&'static str> {
            let (name, letters) = kind.names();
            match field {
                FieldId::FdType if kind == Kind::Missing => Vec::new(),
                FieldId::FdType => vec![name],
                FieldId::FdTypechar => (0..letters.len()).map(|i| &letters[i..=i]).collect(),
                _ if KindSet::INET.contains(kind) => vec!["ip"],
                _ if kind == Kind::Unix => vec!["unix"],
                _ => Vec::new(),
            }
        };
        let satisfies = |text: &&str| self.compare(test, Value::Str(text.as_bytes()));
        // What may be called by several letters may be either; what is missing may be called nothing.
        let missing = |kind: Kind| kind == Kind::Missing || texts(kind).is_empty();
        let possible = KindSet::of(|kind| texts(kind).iter().any(satisfies));
        let certain = KindSet::of(|kind| !missing(kind) && texts(kind).iter().all(satisfies));
        let ambiguous = |kind: Kind| kind != Kind::Missing && possible.contains(kind) != certain.contains(kind);
        let reason = (KindSet::of(ambiguous) != KindSet(0)).then_some(Reason::UserState);
        if opening(event.code).is_some() {
            // Where user space has no table of the process's descriptors, one that was opened is missing.
            let missing = possible.contains(Kind::Missing).then_some(ALWAYS);
            let holds = self.opened_kind(field, possible, missing, event);
            let certain = self.opened_kind(field, certain, Some(NEVER), event);
            return Decision { holds, fails: self.forms.not(certain), reason };
        }
        if event.flags.has(EventFlags::CREATES_FD) {
            return Decision::unknown(Reason::UserState);
        }
        Decision { holds: self.forms.kinds(possible), fails: self.forms.kinds(certain.complement()), reason }
    }

    /// Opening calls make files, or directories if that was asked for, unless something is known of what was opened. One
    /// that fails would have made a file, as far as `fd.typechar` tells.
    fn opened_kind(&mut self, field: FieldId, kinds: KindSet, known: Option<FormId>, event: &Event) -> FormId {
        let succeeded = self.forms.ranges(Number::Result, Ranges::new(0, MOST));
        let constant = |holds: bool| if holds { ALWAYS } else { NEVER };
        let (file, directory) = (constant(kinds.contains(Kind::File)), constant(kinds.contains(Kind::Directory)));
        let unopened = match (field, event.code) {
            (FieldId::FdTypechar, code::OPEN_X | code::OPEN_BY_HANDLE_AT_X) => constant(kinds.contains(Kind::Other)),
            (FieldId::FdTypechar, _) => file,
            _ => NEVER,
        };
        let is_directory = match opening(event.code) {
            Some((_, Some(flags))) => self.bits(flags, O_DIRECTORY),
            _ => NEVER,
        };
        let opened = known.unwrap_or_else(|| self.either(is_directory, directory, file));
        self.either(succeeded, opened, unopened)
    }

    /// If it holds the one, else the other.
    fn either(&mut self, condition: FormId, then: FormId, otherwise: FormId) -> FormId {
        if then == otherwise {
            return then;
        }
        let not = self.forms.not(condition);
        if otherwise == ALWAYS {
            return self.forms.any(vec![not, then]);
        }
        if then == ALWAYS {
            return self.forms.any(vec![condition, otherwise]);
        }
        let then = self.forms.all(vec![condition, then]);
        let otherwise = self.forms.all(vec![not, otherwise]);
        self.forms.any(vec![then, otherwise])
    }

    fn protocol(&mut self, test: &Comparison) -> Decision {
        if *test == Comparison::Exists {
            return Decision::unknown(Reason::Operator);
        }
        let satisfies = |protocol: &Protocol| {
            *protocol != Protocol::Missing && self.compare(test, Value::Str(protocol.name().as_bytes()))
        };
        let set = Protocol::ALL.into_iter().filter(satisfies).fold(0, |set, p| set | 1 << p as u8);
        let form = self.forms.literal(Atom::Protocol(set), true);
        self.always(form)
    }

    /// The names of a descriptor.
    fn descriptor_name(&mut self, field: FieldId, test: &Comparison, event: &Event) -> Decision {
        let part = match field {
            FieldId::FdDirectory => Part::Directory,
            FieldId::FdFilename => Part::FileName,
            _ => Part::Whole,
        };
        let place = |source, reading, part| Text { source, reading, part, set: TextSet::default() };
        let Some((path, flags)) = opening(event.code) else {
            if event.flags.has(EventFlags::CREATES_FD) || event.code == code::CONNECT_X || field == FieldId::FdNameraw {
                return Decision::unknown(Reason::UserState);
            }
            let whole = place(Source::Descriptor, Reading::Raw, Part::Whole);
            if part == Part::Whole {
                return self.text(test, &whole);
            }
            // Only files and directories have these.
            let partly = self.text(test, &place(Source::Descriptor, Reading::Path, part));
            let file = self.forms.kinds(KindSet::of(|kind| kind == Kind::File));
            let of_file = self.given(file, partly);
            if part == Part::FileName {
                return of_file;
            }
            let directory = self.forms.kinds(KindSet::of(|kind| kind == Kind::Directory));
            let whole = self.text(test, &whole);
            let of_directory = self.given(directory, whole);
            return self.any_of(vec![of_file, of_directory]);
        };
        // What open and creat could not open is shown joined with the directory, the raw name as well.
        let raw = field == FieldId::FdNameraw && !matches!(event.code, code::OPEN_X | code::CREAT_X);
        let reading = if raw { Reading::Squeezed } else { Reading::Path };
        let text = self.text(test, &place(Source::Param(path), reading, part));
        if part == Part::Whole {
            return text;
        }
        let succeeded = self.forms.ranges(Number::Result, Ranges::new(0, MOST));
        let asked = flags.map_or(NEVER, |flags| self.bits(flags, O_DIRECTORY));
        let is_directory = self.forms.all(vec![succeeded, asked]);
        let is_file = self.forms.not(is_directory);
        if part == Part::FileName {
            let opened_file = self.forms.all(vec![succeeded, is_file]);
            return self.given(opened_file, text);
        }
        let of_file = self.given(is_file, text);
        let whole = self.text(test, &place(Source::Param(path), reading, Part::Whole));
        let of_directory = self.given(is_directory, whole);
        self.any_of(vec![of_file, of_directory])
    }

    /// A value that is there, and satisfies what was decided, if the form holds; missing otherwise.
    fn given(&mut self, form: FormId, decision: Decision) -> Decision {
        let present = self.always(form);
        self.all_of(vec![present, decision])
    }

    fn address(&mut self, test: &Comparison, end: End) -> Decision {
        let network = |constant: &Const| match constant {
            Const::Ip(address) => Some(Network { bits: 8 * address.len() as u8, address: address.clone() }),
            Const::Net(address, bits) => Some(Network { address: address.clone(), bits: *bits }),
            _ => None,
        };
        let inside = |list: &[Const]| list.iter().map(network).collect::<Option<Vec<_>>>();
        self.of_ends(test, &|decider, list| {
            let networks = inside(list)?;
            Some(decider.forms.address(end, networks))
        })
    }

    fn port(&mut self, test: &Comparison, end: End) -> Decision {
        // Of either end: some end satisfies an ordering; that is a set of numbers as well.
        if let Comparison::One(Op::Lt | Op::Le | Op::Gt | Op::Ge, _) = test
            && let Some(ranges) = numbers(test, false)
        {
            let form = self.forms.literal(Atom::Port { end, ranges }, true);
            return self.of_socket(form);
        }
        self.of_ends(test, &|decider, list| {
            let ranges = list.iter().map(|c| numbers(&Comparison::One(Op::Eq, c.clone()), false));
            let ranges = ranges.collect::<Option<Vec<_>>>()?.iter().fold(Ranges::default(), |all, r| all.union(r));
            Some(decider.forms.literal(Atom::Port { end, ranges }, true))
        })
    }

    /// Equality and membership: an end is one of the constants. `!=` holds if no end is, of a socket.
    fn of_ends(
        &mut self,
        test: &Comparison,
        one_of: &dyn Fn(&mut Decider<'_>, &[Const]) -> Option<FormId>,
    ) -> Decision {
        let (list, equal) = match test {
            Comparison::One(Op::Eq, constant) => (std::slice::from_ref(constant), true),
            Comparison::One(Op::Ne, constant) => (std::slice::from_ref(constant), false),
            Comparison::Many(ListOp::In | ListOp::Intersects, list) => (&list[..], true),
            Comparison::Modified(Op::Eq, Modifier::AnyOf, list) => (&list[..], true),
            Comparison::Modified(Op::Ne, Modifier::AllOf, list) if !list.is_empty() => (&list[..], false),
            _ => return Decision::unknown(Reason::Operator),
        };
        let Some(form) = one_of(self, list) else { return Decision::unknown(Reason::OtherType) };
        let form = if equal { form } else { self.forms.not(form) };
        self.of_socket(form)
    }

    /// Only internet sockets have ends.
    fn of_socket(&mut self, form: FormId) -> Decision {
        let socket = self.forms.kinds(KindSet::INET);
        let form = self.forms.all(vec![socket, form]);
        self.always(form)
    }

    /// `fs.path.*`: the path of a call that succeeded.
    fn path(&mut self, field: FieldId, test: &Comparison, event: &'static Event) -> Decision {
        use FieldId::*;
        let which = match field {
            FsPathName | FsPathNameraw => 0,
            FsPathSource | FsPathSourceraw => 1,
            _ => 2,
        };
        if matches!(event.code, code::FCHMOD_X | code::FCHOWN_X) && which == 0 {
            return Decision::unknown(Reason::UserState);
        }
        let Some(name) = paths(event.code).map(|names| names[which]) else { return self.always(NEVER) };
        let Some(index) = event.param(name).and_then(|index| u8::try_from(index).ok()) else {
            return self.always(NEVER);
        };
        let raw = matches!(field, FsPathNameraw | FsPathSourceraw | FsPathTargetraw);
        let reading = if raw { Reading::Raw } else { Reading::Path };
        let text = Text { source: Source::Param(index), reading, part: Part::Whole, set: TextSet::default() };
        let text = self.text(test, &text);
        // The opening calls only ask whether the descriptor is -1.
        let succeeded = match event.code {
            code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X => Ranges::one(-1).complement(),
            _ => Ranges::one(0),
        };
        let succeeded = self.forms.ranges(Number::Result, succeeded);
        self.given(succeeded, text)
    }
}

/// Names of the parameters with the path, or the source and the target path, of a call.
fn paths(code: u16) -> Option<[&'static str; 3]> {
    Some(match code {
        code::MKDIR_2_X | code::MKDIRAT_X | code::RMDIR_2_X | code::UNLINK_2_X | code::CHOWN_X | code::LCHOWN_X => {
            ["path", "", ""]
        }
        code::UNLINKAT_2_X | code::OPEN_X | code::OPENAT_2_X | code::OPENAT2_X | code::UMOUNT_1_X | code::UMOUNT2_X => {
            ["name", "", ""]
        }
        code::FCHMODAT_X | code::CHMOD_X => ["filename", "", ""],
        code::FCHOWNAT_X => ["pathname", "", ""],
        code::QUOTACTL_X => ["special", "", ""],
        code::RENAME_X | code::RENAMEAT_X | code::RENAMEAT2_X => ["", "oldpath", "newpath"],
        code::LINK_2_X | code::LINKAT_2_X => ["", "newpath", "oldpath"],
        code::SYMLINK_X | code::SYMLINKAT_X => ["", "linkpath", "target"],
        code::MOUNT_X => ["", "dev", "dir"],
        _ => return None,
    })
}

/// The parameter that `evt.arg` and `evt.rawarg` ask for, if the event has it.
fn parameter(field: &FieldRef, event: &Event) -> Option<u8> {
    let index = match &field.arg {
        Arg::Key(name) => event.param(name)?,
        Arg::Index(index) => usize::try_from(*index).ok().filter(|index| *index < event.params.len())?,
        Arg::None => return None,
    };
    u8::try_from(index).ok()
}

/// The constants of a comparison with constants.
fn constants(test: &Comparison) -> Option<&[Const]> {
    match test {
        Comparison::One(_, constant) => Some(std::slice::from_ref(constant)),
        Comparison::Many(_, list) | Comparison::Modified(_, _, list) => Some(list),
        _ => None,
    }
}

/// The numbers that satisfy a comparison; `None` if it is not one of numbers.
fn numbers(test: &Comparison, signed: bool) -> Option<Ranges> {
    // A constant is taken as a number of the value's type.
    let number = |constant: &Const| match (constant, signed) {
        (Const::Int(n), true) => Some(i128::from(*n)),
        (Const::Int(n), false) => Some(i128::from(*n as u64)),
        (Const::Uint(n), true) => Some(i128::from(*n as i64)),
        (Const::Uint(n), false) => Some(i128::from(*n)),
        _ => None,
    };
    let one = |op: Op, constant: &Const| {
        let n = number(constant)?;
        Some(match op {
            Op::Eq => Ranges::one(n),
            Op::Ne => Ranges::one(n).complement(),
            Op::Lt => Ranges::new(LEAST, n - 1),
            Op::Le => Ranges::new(LEAST, n),
            Op::Gt => Ranges::new(n + 1, MOST),
            Op::Ge => Ranges::new(n, MOST),
            _ => return None,
        })
    };
    let each = |op: Op, list: &[Const]| list.iter().map(|c| one(op, c)).collect::<Option<Vec<_>>>();
    match test {
        Comparison::One(op, constant) => one(*op, constant),
        Comparison::Many(ListOp::In | ListOp::Intersects, list) => {
            Some(each(Op::Eq, list)?.iter().fold(Ranges::default(), |all, r| all.union(r)))
        }
        Comparison::Modified(op, Modifier::AnyOf, list) => {
            Some(each(*op, list)?.iter().fold(Ranges::default(), |all, r| all.union(r)))
        }
        Comparison::Modified(op, Modifier::AllOf, list) if !list.is_empty() => {
            Some(each(*op, list)?.iter().fold(Ranges::all(), |all, r| all.intersection(r)))
        }
        _ => None,
    }
}

/// Whether `evt.rawarg` gives a signed number for the type.
pub fn is_signed(ty: Type) -> bool {
    use Type::*;
    matches!(ty, Int8 | Int16 | Int32 | Int64 | Fd | Fd32 | Pid | Pid32 | Errno)
}

/// Whether `evt.rawarg` gives an unsigned number for the type.
pub fn is_unsigned(ty: Type) -> bool {
    use Type::*;
    matches!(ty, Uint8 | Uint16 | Uint32 | Uint64 | SyscallId | Sigtype | Reltime | Abstime | Port | L4proto)
        || matches!(ty, Sockfamily | Flags8 | Flags16 | Flags32 | Enumflags8 | Enumflags16 | Enumflags32 | Mode)
        || matches!(ty, Uid | Gid | Sigset)
}

/// An event of which one value is known.
struct Fixed<'v> {
    value: Value<'v>,
    scratch: bumpalo::Bump,
}

impl crate::value::Event for Fixed<'_> {
    fn code(&self) -> u16 {
        0
    }
    fn field(&self, _slot: usize) -> Option<Value<'_>> {
        Some(self.value)
    }
    fn scratch(&self) -> &bumpalo::Bump {
        &self.scratch
    }
}
