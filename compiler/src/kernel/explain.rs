//! Plans for people: where each predicate is answered and why, and filters as text.
//!
//! ```text
//! any                                   a filter: members of a node are indented below it
//!   all
//!     flags has 0x1                     atoms, by the names of the event's parameters
//!     i3                                a bit of the image
//!     not path of name begins with "/etc/" "/usr/"
//! ```

use super::atoms::{Atom, End, Kind, Network, Number, Part, Protocol, Ranges, Reading, Source, Text, TextSet};
use super::atoms::{LEAST, MOST};
use super::decide::Reason;
use super::plan::{EventPlan, Filter, ImageCondition, KernelPlan, Limits, Node, NodeId, Planner};
use crate::hir::{Predicate, RuleSet};
use crate::ir::cost::{Lifetime, lifetime};
use crate::ir::formula::{Form, FormId};
use crate::ir::{PredicateId, RuleId};
use crate::print::{Quoted, With};
use peregrine_schema::Event;
use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a predicate is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the kernel, for each event.
    Kernel,
    /// In user space, once for a process image; the kernel has its bit.
    Image,
    /// In user space; in the kernel something that it implies.
    Partly(Reason),
    /// In user space.
    User(Reason),
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Place::Kernel => "kernel",
            Place::Image => "image bit",
            Place::Partly(_) => "partly",
            Place::User(_) => "user space",
        })
    }
}

/// A predicate of a rule on events of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The predicate.
    pub predicate: Predicate,
    /// Whether the rule asks for its opposite.
    pub negated: bool,
    /// Where it is answered.
    pub place: Place,
}

/// A rule on events of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The rule.
    pub rule: RuleId,
    /// What the type of the event leaves of its predicates, in order of first use in the rule set.
    pub predicates: Vec<Answered>,
}

/// Explains the rules that may match events of a type.
pub fn explain(rules: &RuleSet, event: &'static Event) -> Vec<Explained> {
    let mut planner = Planner::new(rules, Limits::default());
    let left = planner.left(event.code);
    let explained = |(rule, condition)| {
        let mut literals = BTreeSet::new();
        literals_of(&planner.formulas, condition, &mut literals);
        let predicates = literals.into_iter().map(|(id, holds)| {
            let predicate = planner.formulas.predicates()[id.0 as usize].clone();
            let place = place(&mut planner, &predicate, holds, rule, event);
            Answered { predicate, negated: !holds, place }
        });
        Explained { rule, predicates: predicates.collect() }
    };
    left.into_iter().map(explained).collect()
}

fn place(planner: &mut Planner<'_>, predicate: &Predicate, holds: bool, rule: RuleId, event: &'static Event) -> Place {
    if !super::plan::is_made(event) {
        return Place::User(Reason::NotOfKernel);
    }
    if planner.looks_back(rule) {
        return Place::User(Reason::LooksBack);
    }
    let decision = planner.decider.decide(predicate, event);
    let form = if holds { decision.holds } else { decision.fails };
    match decision.reason {
        None => Place::Kernel,
        Some(_) if lifetime(planner.rules, predicate) == Lifetime::Image => Place::Image,
        Some(reason) if form == super::form::ALWAYS => Place::User(reason),
        Some(reason) => Place::Partly(reason),
    }
}

fn literals_of(formulas: &crate::ir::formula::Formulas, form: FormId, out: &mut BTreeSet<(PredicateId, bool)>) {
    match formulas.get(form) {
        Form::Const(_) => {}
        Form::Test(predicate, holds) => {
            out.insert((*predicate, *holds));
        }
        Form::All(members) | Form::Any(members) => members.iter().for_each(|m| literals_of(formulas, *m, out)),
    }
}

/// A filter of an event type.
pub struct Tree<'a>(pub &'a Filter, pub &'static Event);

impl Display for Tree<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.node(f, self.0.root, 0)
    }
}

impl Tree<'_> {
    fn node(&self, f: &mut Formatter<'_>, id: NodeId, depth: usize) -> Result {
        let Some(node) = self.0.nodes.get(id.0 as usize) else { return Ok(()) };
        write!(f, "{:1$}", "", 2 * depth)?;
        let mut members = |word: &str, members: &[NodeId]| {
            writeln!(f, "{word}")?;
            members.iter().try_for_each(|member| self.node(f, *member, depth + 1))
        };
        match node {
            Node::All(all) => members("all", all),
            Node::Any(any) => members("any", any),
            Node::Atom(atom) => writeln!(f, "{}", Shown(&self.0.atoms[*atom as usize], self.1)),
            Node::NotAtom(atom) => writeln!(f, "not {}", Shown(&self.0.atoms[*atom as usize], self.1)),
        }
    }
}

/// An atom, with the names of an event's parameters.
pub struct Shown<'a>(pub &'a Atom, pub &'static Event);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            Atom::Number { of, ranges } => {
                self.number(f, *of)?;
                write_ranges(f, ranges)
            }
            Atom::Bits { of, mask } => {
                self.number(f, *of)?;
                write!(f, " has any of {mask:#x}")
            }
            Atom::Text(text) => self.text(f, text),
            Atom::Kind(kinds) => {
                f.write_str("descriptor is")?;
                let shown = Kind::ALL.into_iter().filter(|kind| kinds.contains(*kind));
                shown.into_iter().try_for_each(|kind| write!(f, " {}", kind.names().0))
            }
            Atom::Protocol(set) => {
                f.write_str("protocol is")?;
                let shown = Protocol::ALL.into_iter().filter(|p| set >> *p as u8 & 1 == 1);
                shown.into_iter().try_for_each(|protocol| write!(f, " {}", protocol.name()))
            }
            Atom::Address { end, networks } => {
                write!(f, "{} address in", end_name(*end))?;
                networks.iter().try_for_each(|network| write_network(f, network))
            }
            Atom::Port { end, ranges } => {
                write!(f, "{} port", end_name(*end))?;
                write_ranges(f, ranges)
            }
            Atom::Image(bit) => write!(f, "i{bit}"),
        }
    }
}

impl Shown<'_> {
    fn number(&self, f: &mut Formatter<'_>, of: Number) -> Result {
        if let Number::Param(index) = of {
            return match self.1.params.get(usize::from(index)) {
                Some(param) => write!(f, "arg.{}", param.name),
                None => write!(f, "arg[{index}]"),
            };
        }
        f.write_str(match of {
            Number::Result | Number::Param(_) => "result",
            Number::Uid => "uid",
            Number::Gid => "gid",
            Number::LoginUid => "loginuid",
            Number::Tid => "tid",
            Number::Pid => "pid",
        })
    }

    fn text(&self, f: &mut Formatter<'_>, text: &Text) -> Result {
        f.write_str(match text.part {
            Part::Whole => "",
            Part::Directory => "directory of ",
            Part::FileName => "file name of ",
        })?;
        match text.source {
            Source::Param(index) => self.number(f, Number::Param(index))?,
            Source::Descriptor => f.write_str("descriptor's path")?,
        }
        f.write_str(match text.reading {
            Reading::Raw => "",
            Reading::Squeezed => " (if no slashes are doubled)",
            Reading::Absolute => " (if absolute)",
            Reading::Path => " (if absolute and clean)",
        })?;
        let TextSet { equal, prefix, suffix, contains, icontains, path } = &text.set;
        let lists = [
            ("is", equal),
            ("begins with", prefix),
            ("ends with", suffix),
            ("contains", contains),
            ("icontains", icontains),
            ("is or lies below", path),
        ];
        let mut first = true;
        for (word, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "{} {word}", if std::mem::take(&mut first) { "" } else { ", or" })?;
            list.iter().try_for_each(|text| write!(f, " {}", Quoted(text)))?;
        }
        Ok(())
    }
}

fn write_ranges(f: &mut Formatter<'_>, ranges: &Ranges) -> Result {
    for (index, (low, high)) in ranges.ranges().iter().enumerate() {
        f.write_str(if index == 0 { " " } else { " or " })?;
        match (*low, *high) {
            (low, high) if low == high => write!(f, "= {low}")?,
            (LEAST, high) => write!(f, "<= {high}")?,
            (low, MOST) => write!(f, ">= {low}")?,
            (low, high) => write!(f, "{low}..{high}")?,
        }
    }
    Ok(())
}

fn write_network(f: &mut Formatter<'_>, network: &Network) -> Result {
    if let Ok(address) = <[u8; 4]>::try_from(&network.address[..]) {
        write!(f, " {}/{}", Ipv4Addr::from(address), network.bits)
    } else if let Ok(address) = <[u8; 16]>::try_from(&network.address[..]) {
        write!(f, " {}/{}", Ipv6Addr::from(address), network.bits)
    } else {
        f.write_char('?')
    }
}

fn end_name(end: End) -> &'static str {
    match end {
        End::Server => "server",
        End::Client => "client",
        End::Local => "local",
        End::Remote => "remote",
        End::Either => "either",
    }
}

/// A condition on a process image, in the condition language.
pub struct Image<'a>(pub &'a ImageCondition, pub &'a KernelPlan, pub &'a RuleSet);

impl Display for Image<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (members, word) = match self.0 {
            ImageCondition::Test(predicate, holds) => {
                f.write_str(if *holds { "" } else { "not " })?;
                let predicate = self.1.predicates.get(predicate.0 as usize);
                return predicate.map_or(Ok(()), |p| write!(f, "{}", With(&self.2.fields, p)));
            }
            ImageCondition::All(members) => (members, " and "),
            ImageCondition::Any(members) => (members, " or "),
        };
        f.write_char('(')?;
        for (index, member) in members.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { word })?;
            write!(f, "{}", Image(member, self.1, self.2))?;
        }
        f.write_char(')')
    }
}

/// One word for a plan.
pub fn verdict(plan: &EventPlan) -> &'static str {
    match plan {
        EventPlan::Never => "not listened to",
        EventPlan::Always { .. } => "unfiltered",
        EventPlan::Filter(_) => "filtered",
    }
}
