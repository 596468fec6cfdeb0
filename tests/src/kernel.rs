//! Events of captures as the kernel sees them when it evaluates a plan, and what must hold of plans.
//!
//! Texts, numbers and bits come from the bytes of the record alone, as a program in the kernel would read them; kind,
//! protocol and ends of a descriptor from the state, since user space takes them from the kernel as well; of a connect
//! the ends come from the record, too. Bits of the image are what the reference evaluator answers.
//!
//! [`Watcher::look`] is the property: a rule that matches passes, with everything known that the kernel can know, with
//! nothing known, and with any choice in between.

use crate::{engines, fuzzing, generate, scap};
use arbitrary::Unstructured;
use bumpalo::Bump;
use peregrine_compiler::eval;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::PredicateId;
use peregrine_compiler::kernel::decide::{is_signed, is_unsigned};
use peregrine_compiler::kernel::eval::{answer, passes_with};
use peregrine_compiler::kernel::plan::Limits;
use peregrine_compiler::kernel::{
    Answer, Atom, End, EventPlan, KernelPlan, KernelView, Kind, Node, Number, Protocol, Source,
};
use peregrine_compiler::value::{Event as _, FactsKey};
use peregrine_runtime::capture::Capture;
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::{Delivered, Session};
use peregrine_runtime::state::net::SockTuple;
use peregrine_runtime::state::{Addr, FdKind, L4, Role};
use peregrine_schema as schema;
use schema::Type;
use schema::events::code;
use std::collections::HashMap;
use std::hash::{Hash as _, Hasher as _};

const IN_PROGRESS: i64 = -115;

/// One event of a capture.
pub struct CaptureView<'a> {
    event: Delivered<'a>,
    bits: &'a dyn Fn(u32) -> Option<bool>,
}

impl<'a> CaptureView<'a> {
    /// An event, and what is known of the bits of its image.
    pub fn new(event: Delivered<'a>, bits: &'a dyn Fn(u32) -> Option<bool>) -> CaptureView<'a> {
        CaptureView { event, bits }
    }

    fn param(&self, index: usize) -> Option<i128> {
        let ty = self.event.record.event().params.get(index)?.ty;
        let bytes = self.event.record.params.get(index)?;
        if Some(bytes.len()) != ty.size() || bytes.len() > 8 {
            return None;
        }
        if is_signed(ty) {
            return self.event.record.params.int(index).map(i128::from);
        }
        let unsigned = is_unsigned(ty) || ty == Type::Bool;
        unsigned.then(|| self.event.record.params.uint(index)).flatten().map(i128::from)
    }
}

impl KernelView for CaptureView<'_> {
    fn number(&self, of: Number) -> Option<i128> {
        let record = self.event.record;
        let thread = self.event.state.event_thread(self.event.current, record.tid);
        match of {
            Number::Result => match record.params.get(0)?.len() {
                4 | 8 => record.params.int(0).map(i128::from),
                _ => None,
            },
            Number::Param(index) => self.param(usize::from(index)),
            Number::Tid => Some(i128::from(record.tid)).filter(|id| (-1..=i128::from(u32::MAX)).contains(id)),
            Number::Pid => Some(i128::from(thread?.pid)).filter(|id| (-1..=i128::from(u32::MAX)).contains(id)),
            Number::Uid => Some(thread?.uid.into()),
            Number::Gid => Some(thread?.gid.into()),
            Number::LoginUid => Some(if thread?.loginuid == u32::MAX { -1 } else { thread?.loginuid.into() }),
        }
    }

    fn text(&self, source: Source) -> Option<&[u8]> {
        match source {
            Source::Param(index) => {
                // An empty parameter is one that could not be read.
                let bytes = self.event.record.params.get(usize::from(index)).filter(|bytes| !bytes.is_empty())?;
                Some(&bytes[..bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len())])
            }
            Source::Descriptor => {
                let fd = self.event.state.event_fd(self.event.current)?;
                matches!(fd.kind, FdKind::File | FdKind::FileV2 | FdKind::Directory).then_some(&fd.name[..])
            }
        }
    }

    fn kind(&self) -> Option<Kind> {
        Some(match self.event.state.event_fd(self.event.current)?.kind {
            FdKind::File | FdKind::FileV2 => Kind::File,
            FdKind::Directory => Kind::Directory,
            FdKind::Ipv4Sock | FdKind::Ipv4ServSock => Kind::Ipv4,
            FdKind::Ipv6Sock | FdKind::Ipv6ServSock => Kind::Ipv6,
            FdKind::UnixSock => Kind::Unix,
            FdKind::Fifo => Kind::Pipe,
            FdKind::Event => Kind::Event,
            FdKind::SignalFd => Kind::Signalfd,
            FdKind::EventPoll => Kind::Eventpoll,
            FdKind::Inotify => Kind::Inotify,
            FdKind::TimerFd => Kind::Timerfd,
            FdKind::Netlink => Kind::Netlink,
            FdKind::Bpf => Kind::Bpf,
            FdKind::Userfaultfd => Kind::Userfaultfd,
            FdKind::IoUring => Kind::IoUring,
            FdKind::Memfd => Kind::Memfd,
            FdKind::PidFd => Kind::Pidfd,
            FdKind::Unknown | FdKind::Unsupported | FdKind::Uninitialized => Kind::Other,
        })
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(match self.event.state.event_fd(self.event.current)?.l4proto() {
            L4::Tcp => Protocol::Tcp,
            L4::Udp => Protocol::Udp,
            L4::Icmp => Protocol::Icmp,
            L4::Raw => Protocol::Raw,
            L4::Unknown | L4::Na => Protocol::Other,
        })
    }

    fn ends(&self, end: End) -> Option<Vec<(Vec<u8>, u16)>> {
        let fd = self.event.state.event_fd(self.event.current)?;
        if self.event.record.code == code::CONNECT_X && fd.role == Role::Client {
            return self.connected(end);
        }
        let ends = match fd.addr() {
            Addr::V4 { sip, dip, sport, dport } => [(sip.to_vec(), sport), (dip.to_vec(), dport)],
            Addr::V6 { sip, dip, sport, dport } => [(sip.to_vec(), sport), (dip.to_vec(), dport)],
            Addr::ServV4 { ip, port } if end == End::Either => return Some(vec![(ip.to_vec(), port)]),
            Addr::ServV6 { ip, port } if end == End::Either => return Some(vec![(ip.to_vec(), port)]),
            _ => return None,
        };
        let [client, server] = ends;
        match end {
            End::Either => Some(vec![client, server]),
            _ if fd.role == Role::None => None,
            End::Client => Some(vec![client]),
            End::Server => Some(vec![server]),
            End::Local | End::Remote => None,
        }
    }

    fn image(&self, bit: u32) -> Option<bool> {
        (self.bits)(bit)
    }
}

impl CaptureView<'_> {
    /// Ends of a connection being made: the client is this process.
    fn connected(&self, end: End) -> Option<Vec<(Vec<u8>, u16)>> {
        let params = &self.event.record.params;
        if !matches!(params.int(0)?, 0.. | IN_PROGRESS) {
            return None;
        }
        let (client, server) = match SockTuple::parse(params.get(1)?)?.unmapped() {
            SockTuple::V4 { sip, sport, dip, dport } => ((sip.to_vec(), sport), (dip.to_vec(), dport)),
            SockTuple::V6 { sip, sport, dip, dport } => ((sip.to_vec(), sport), (dip.to_vec(), dport)),
            _ => return None,
        };
        match end {
            End::Either => Some(vec![client, server]),
            End::Client => Some(vec![client]),
            End::Server => Some(vec![server]),
            End::Local | End::Remote => None,
        }
    }
}

/// What became of one event.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The rules that match.
    pub matched: Vec<usize>,
    /// Whether it passes if no bit of the image is known.
    pub without_bits: bool,
    /// Whether it passes if bits are known once user space has seen the image.
    pub with_bits: bool,
}

/// Evaluates a plan on the events of a capture.
pub struct Watcher<'r> {
    rules: &'r RuleSet,
    plan: &'r KernelPlan,
    bound: Bound,
    env: Env,
    scratch: Bump,
    /// Answers to the bits of an image, as far as they were asked for.
    known: HashMap<u32, (u64, Vec<Option<bool>>)>,
}

/// Events after which the process image is another one.
fn makes_image(code: u16) -> bool {
    use code::*;
    matches!(code, EXECVE_19_X | EXECVEAT_X | CLONE_20_X | CLONE3_X | FORK_20_X | VFORK_20_X)
}

impl<'r> Watcher<'r> {
    /// A watcher for a plan of the rules.
    pub fn new(rules: &'r RuleSet, plan: &'r KernelPlan) -> Watcher<'r> {
        let bound = Bound::new(&rules.fields);
        Watcher { rules, plan, bound, env: Env::default(), scratch: Bump::new(), known: HashMap::new() }
    }

    /// Looks at one event; `matching` tells which rules match. An error if one matches that may not pass, with
    /// everything known, with nothing known, and with three choices between.
    pub fn look(
        &mut self,
        event: Delivered<'_>,
        matching: &mut dyn FnMut(&EventView<'_>) -> Vec<usize>,
    ) -> Result<Outcome, String> {
        self.scratch.reset();
        let view = EventView::new(event, &self.bound, &self.scratch, &self.env);
        let matched = matching(&view);
        let plan = self.plan.event(event.record.code);
        let (rules, image) = (self.rules, self.plan);
        let answers = kept(&mut self.known, view.image(), image.image.len());
        let cell = std::cell::RefCell::new(answers);
        let bit = |bit: u32| {
            let known = cell.borrow()[bit as usize];
            Some(known.unwrap_or_else(|| {
                let mut one = |p: PredicateId| eval::holds(rules, &image.predicates[p.0 as usize], &view);
                let holds = image.image[bit as usize].holds(&mut one);
                cell.borrow_mut()[bit as usize] = Some(holds);
                holds
            }))
        };
        let seen = CaptureView::new(event, &bit);
        let with = |hidden: &dyn Fn(&Atom) -> bool| {
            passes_with(plan, &mut |atom| if hidden(atom) { Answer::Unknown } else { answer(atom, &seen) })
        };
        let fresh = makes_image(event.record.code);
        let all = with(&|_| false);
        let outcome = Outcome {
            without_bits: with(&|atom| matches!(atom, Atom::Image(_))),
            with_bits: if fresh { with(&|atom| matches!(atom, Atom::Image(_))) } else { all },
            matched,
        };
        if outcome.matched.is_empty() {
            return Ok(outcome);
        }
        let seeds = [1_u64, 2, 3];
        let chosen = |seed: u64| with(&|atom| chance(seed ^ event.number, atom));
        if all && outcome.without_bits && with(&|_| true) && seeds.into_iter().all(chosen) {
            return Ok(outcome);
        }
        let names: Vec<&str> = outcome.matched.iter().map(|rule| &*rules.rules[*rule].name).collect();
        let told: Vec<String> = atoms(plan).iter().map(|atom| format!("{:?}: {atom:?}", answer(atom, &seen))).collect();
        Err(format!(
            "{} {names:?} would be kept back:\n{}",
            schema::EVENTS[usize::from(event.record.code)].id,
            told.join("\n")
        ))
    }
}

fn kept(
    known: &mut HashMap<u32, (u64, Vec<Option<bool>>)>,
    image: Option<FactsKey>,
    bits: usize,
) -> &mut Vec<Option<bool>> {
    let slot = image.map_or(u32::MAX, |key| key.slot);
    let entry = known.entry(slot).or_default();
    let version = image.map_or(0, |key| key.version);
    if entry.0 != version || image.is_none() || entry.1.len() != bits {
        *entry = (version, vec![None; bits]);
    }
    &mut entry.1
}

/// A choice that is the same for the same atom and seed.
fn chance(seed: u64, atom: &Atom) -> bool {
    let mut hasher = std::hash::DefaultHasher::new();
    (seed, atom).hash(&mut hasher);
    hasher.finish() & 1 == 0
}

fn atoms(plan: &EventPlan) -> &[Atom] {
    match plan {
        EventPlan::Filter(filter) => &filter.atoms,
        _ => &[],
    }
}

/// The plan with one atom of one event taken the other way round: what a mistake would make. `None` if the event has
/// no filter with so many atoms.
pub fn mutated(plan: &KernelPlan, code: u16, which: usize) -> Option<KernelPlan> {
    let mut plan = plan.clone();
    let EventPlan::Filter(filter) = plan.by_code.get_mut(usize::from(code))? else { return None };
    let leaves = filter.nodes.iter_mut().filter(|node| matches!(node, Node::Atom(_) | Node::NotAtom(_)));
    let node = leaves.into_iter().nth(which)?;
    *node = match node {
        Node::Atom(atom) => Node::NotAtom(*atom),
        Node::NotAtom(atom) => Node::Atom(*atom),
        _ => return None,
    };
    Some(plan)
}

/// What happened on generated rules and events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events of codes with a filter.
    pub filtered: usize,
    /// Of these, that some rule matches.
    pub matched: usize,
    /// Of these, that are kept back.
    pub dropped: usize,
    /// Plans of events that were weakened.
    pub weakened: usize,
}

impl Seen {
    /// Adds what another run saw.
    pub fn add(&mut self, other: &Seen) {
        self.filtered += other.filtered;
        self.matched += other.matched;
        self.dropped += other.dropped;
        self.weakened += other.weakened;
    }
}

/// A machine with processes `init`, `sh` and, in a container, `cat`, as a capture begins with it.
pub fn small_machine() -> scap::Scap {
    fuzzing::machine()
}

/// Events of a small machine, of the types that [`generate::kernel_condition`] asks for.
pub fn events(u: &mut Unstructured<'_>, count: usize) -> arbitrary::Result<Vec<u8>> {
    let mut capture = fuzzing::machine();
    let mut ts = 1_500_000_000_000_000_000;
    for _ in 0..count {
        let code = generate::kernel_code(u)?;
        let row = &schema::EVENTS[usize::from(code)];
        let tid = *u.choose(&[1_i64, 2, 3, 3, 4])?;
        let params: Vec<Vec<u8>> = match code {
            code::GENERIC_X => {
                let number = |name: &str| schema::syscalls::syscall_by_name(name).map_or(0, |s| s.code);
                let id = *u.choose(&[number("acct"), number("swapon"), 0])?;
                vec![id.to_le_bytes().to_vec(), 163_u16.to_le_bytes().to_vec()]
            }
            _ => row.params.iter().map(|p| generate::kernel_parameter(u, p.ty)).collect::<arbitrary::Result<_>>()?,
        };
        let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
        ts += 1000;
        capture = capture.event_raw(scap::Form::default(), ts, tid, code, &params);
    }
    Ok(capture.bytes())
}

/// Shows the events of a capture to a plan: the number of errors, and what was seen.
pub fn watch(rules: &RuleSet, plan: &KernelPlan, capture: &[u8]) -> (Vec<String>, Seen) {
    let mut watcher = Watcher::new(rules, plan);
    let (mut errors, mut seen) = (Vec::new(), Seen::default());
    let mut session = Session::new(Capture::from_bytes(capture));
    let mut visit = |event: Delivered<'_>| {
        let filtered = matches!(plan.event(event.record.code), EventPlan::Filter(_));
        match watcher.look(event, &mut |view| eval::run(rules, false, view)) {
            Err(error) => errors.push(error),
            Ok(outcome) if filtered => {
                seen.filtered += 1;
                seen.matched += usize::from(!outcome.matched.is_empty());
                seen.dropped += usize::from(!outcome.with_bits);
            }
            Ok(_) => {}
        }
    };
    while let Ok(true) = session.step(&mut visit) {}
    (errors, seen)
}

/// Generated rules and events: whatever matches passes, in a plan of any size.
pub fn plans_hold(u: &mut Unstructured<'_>) -> arbitrary::Result<Seen> {
    let count = u.int_in_range(1..=6)?;
    let conditions = (0..count).map(|_| generate::kernel_condition(u)).collect::<arbitrary::Result<Vec<_>>>()?;
    let rules =
        engines::compile(&conditions).unwrap_or_else(|e| panic!("a generated condition does not compile: {e:#}"));
    let limits = match u.int_in_range(0..=3)? {
        0 => Limits { atoms: u.int_in_range(0..=12)?, texts: u.int_in_range(0..=4)?, image: u.int_in_range(0..=4)? },
        _ => Limits::default(),
    };
    let plan = KernelPlan::within(&rules, limits);
    let capture = events(u, 30)?;
    let (errors, mut seen) = watch(&rules, &plan, &capture);
    assert!(errors.is_empty(), "{conditions:#?}\n{}", errors.join("\n"));
    let weakened = |plan: &EventPlan| matches!(plan, EventPlan::Filter(filter) if filter.weakened);
    seen.weakened = plan.by_code.iter().filter(|plan| weakened(plan)).count();
    Ok(seen)
}
