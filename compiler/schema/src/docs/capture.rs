//! The sections of `events.md` on how the kernel side obtains parameters: a phrase for each recipe, a row for each
//! flag map.

use super::{cell, put};
use crate::capture::maps::MAPS;
use crate::capture::*;
use crate::syscalls::Arch;
use crate::{EVENTS, Event, Flag};
use std::fmt::{Debug, Write};

/// What is made where, and how each parameter is obtained.
pub(super) fn captures(out: &mut String) {
    put!(
        out,
        "## Capture\n\nHow the kernel side obtains each parameter. *Arguments* count from 0; they are those of the system \
         call, or of the tracepoint. *At* an argument means: in user memory, at the address in it. *By* names a \
         conversion of the next section. `s32`, `u64` and so on are the bits that count and whether they have a sign; \
         then a number is cut to the parameter's type. What cannot be read is 0 or empty; an empty parameter has length \
         0. *On success* means that the return value is not negative.\n\n\
         Limits: paths and `exe` {MAX_PATH} bytes, `exe` and `args` together {MAX_ARGS}, `env` {MAX_ARGS}, \
         {MAX_STRINGS} strings of an array, {MAX_IOVECS} elements of a vector, {MAX_MESSAGES} messages and as many \
         events of one call, {MAX_POLLFDS} descriptors of `poll`, {MAX_UNIX_PATH} bytes of a unix socket's path, \
         {MAX_CGROUP_DEPTH} components of a control group's path, {MAX_PATH_DEPTH} of a file's, 64 KiB of an event. \
         *snaplen* is {SNAPLEN} bytes unless configured; the dynamic one raises it to {SNAPLEN_PORT_RANGE} for the \
         configured ports, {SNAPLEN_PROTOCOL} for statsd, {SNAPLEN_DNS} for DNS and, *by content*, {SNAPLEN_PROTOCOL} \
         for HTTP, MySQL, PostgreSQL and MongoDB.\n\n\
         | event | made | parameters |\n|---|---|---|\n"
    );
    for e in EVENTS.iter().filter(|e| !e.producers.is_empty()) {
        let made = e.producers.iter().map(producer).collect::<Vec<_>>().join("; ");
        put!(out, "| {} {} | {made} | {} |\n", e.code, e.id, cell(&parameters(e)));
    }
    out.push('\n');
}

fn parameters(e: &Event) -> String {
    let phrase = |p: &crate::Param| Some(format!("`{}` {}", p.name, recipe(p.capture.as_ref()?)));
    e.params.iter().filter_map(phrase).collect::<Vec<_>>().join("; ")
}

fn producer(p: &Producer) -> String {
    let mut text = match p.hook {
        Hook::SysEnter => "on entry".to_string(),
        Hook::SysExit => "on return".into(),
        Hook::SchedProcessExec => "`sched_process_exec`".into(),
        Hook::SchedProcessFork => "`sched_process_fork`".into(),
        Hook::SchedProcessExit => "`sched_process_exit`".into(),
        Hook::SchedSwitch => "`sched_switch`".into(),
        Hook::SignalDeliver => "`signal_deliver`".into(),
        Hook::PageFaultUser => "`page_fault_user`".into(),
        Hook::PageFaultKernel => "`page_fault_kernel`".into(),
        Hook::IterTask => "`iter/task`".into(),
        Hook::IterTaskFile => "`iter/task_file`".into(),
        Hook::Probe => "by the probe".into(),
    };
    if let Some(test) = p.when {
        put!(text, " {}", ret(test));
    }
    match p.only {
        Some(Arch::X86_64) => text.push_str(", x86_64"),
        Some(Arch::Aarch64) => text.push_str(", aarch64"),
        None => {}
    }
    text
}

/// A recipe as a phrase.
pub(super) fn recipe(c: &Capture) -> String {
    let mut text = source(&c.source);
    match c.convert {
        Convert::Plain => {}
        Convert::Int(int) => put!(text, " as {}", name(int)),
        Convert::Map(map) => put!(text, " by {}", map.name),
        Convert::OpenFlags => text.push_str(" by OPEN, made or not and layer of the opened file"),
        Convert::CloneFlags => text.push_str(" by CLONE, in a namespace of processes or not"),
        Convert::Device => text.push_str(", encoded"),
        Convert::Bits { shift, mask } => put!(text, " >> {shift} & {mask:#x}"),
    }
    if !c.when.is_empty() {
        let tests = c.when.iter().map(test).collect::<Vec<_>>().join(" and ");
        put!(text, " {tests}");
        match c.otherwise {
            Otherwise::Empty => text.push_str(", else empty"),
            Otherwise::Const(number) => put!(text, ", else {number}"),
            Otherwise::Capture(other) => put!(text, ", else {}", recipe(other)),
        }
    }
    text
}

fn test(test: &Test) -> String {
    match test {
        Test::Ret(test) => ret(*test).into(),
        Test::In { of, shift, values } => {
            let shift = if *shift == 0 { String::new() } else { format!(" >> {shift}") };
            let values = values.iter().map(|value| format!("{value:#x}")).collect::<Vec<_>>().join(" or ");
            format!("if {}{shift} is {values}", source(of))
        }
        Test::Any { of, mask } if mask.x86_64 == mask.aarch64 => format!("if {} & {:#x}", source(of), mask.x86_64),
        Test::Any { of, mask } => {
            format!("if {} & {:#x} (aarch64 {:#x})", source(of), mask.x86_64, mask.aarch64)
        }
    }
}

fn ret(test: RetTest) -> &'static str {
    match test {
        RetTest::Zero => "if 0 was returned",
        RetTest::NotZero => "if not 0 was returned",
        RetTest::Success => "on success",
        RetTest::Positive => "if more than 0 was returned",
        RetTest::Connecting => "if 0 or `EINPROGRESS` was returned",
    }
}

/// A variant's name as words.
fn words(variant: impl Debug) -> String {
    let mut text = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn name(int: Int) -> String {
    format!("`{}`", format!("{int:?}").to_lowercase())
}

fn fd(fd: Fd) -> String {
    match fd {
        Fd::Ret => "the returned descriptor".into(),
        Fd::Arg(arg) => format!("the descriptor in argument {arg}"),
        Fd::Pair { pointer, index } => format!("descriptor {index} of the pair at argument {pointer}"),
        Fd::Visited => "the visited file".into(),
    }
}

fn vector(vector: Vector) -> String {
    match vector {
        Vector::Array { pointer, count } => format!("the vector at argument {pointer}, with argument {count} elements"),
        Vector::Header(arg) => format!("the message at argument {arg}"),
        Vector::Message(arg) => format!("each message at argument {arg}"),
    }
}

fn source(source: &Source) -> String {
    match *source {
        Source::Empty => "always empty".into(),
        Source::Const(number) => number.to_string(),
        Source::Ret => "return value".into(),
        Source::Arg(arg) => format!("argument {arg}"),
        Source::Member { pointer, at: 0, int } => format!("{} at argument {pointer}", name(int)),
        Source::Member { pointer, at, int } => format!("{} at argument {pointer} + {at}", name(int)),
        Source::Word { pointer, index } => format!("word {index} at argument {pointer}"),
        Source::PairFd { pointer, index } => format!("number {index} of the pair at argument {pointer}"),
        Source::Timespec { pointer } => format!("timespec at argument {pointer}, in ns"),
        Source::Task(Who::Subject, fact) => format!("task: {}", words(fact)),
        Source::Task(Who::Current, fact) => format!("current task: {}", words(fact)),
        Source::Task(Who::Arg(arg), fact) => format!("task in argument {arg}: {}", words(fact)),
        Source::File(file, fact) => format!("{}: {}", fd(file), words(fact)),
        Source::SyscallCode => "code of the system call".into(),
        Source::SyscallNumber => "the kernel's number of the system call".into(),
        Source::Text { pointer, max: MAX_PATH } => format!("text at argument {pointer}"),
        Source::Text { pointer, max } => format!("text at argument {pointer}, {max} bytes"),
        Source::Strings { pointer, part } => format!("{} of the strings at argument {pointer}", words(part)),
        Source::Region(region) => format!("task: {}", words(region)),
        Source::Comm => "task: comm".into(),
        Source::ExecFilename => "name of the executed file".into(),
        Source::Path(path) => match path {
            PathOf::File(file) => format!("path of {}", fd(file)),
            PathOf::Socket(file) => format!("path of the unix socket, {}", fd(file)),
            PathOf::Exe => "task: path of the program".into(),
            PathOf::Cwd => "task: working directory".into(),
            PathOf::Root => "task: root".into(),
        },
        Source::Cgroups => "task: control groups".into(),
        Source::Data { place, length, limit } => data(place, length, limit),
        Source::VectorSize(v) => format!("sum of lengths of {}", vector(v)),
        Source::MessageLength => "length of each message".into(),
        Source::Control(v) => format!("control data of {}", vector(v)),
        Source::Sockaddr { pointer, length } => {
            format!("socket address at argument {pointer}, with argument {length} bytes")
        }
        Source::Tuple { fd: file, direction, peer } => {
            let peer = match peer {
                None => String::new(),
                Some(Peer::Arg(arg)) => format!(", peer at argument {arg}"),
                Some(Peer::Name(v)) => format!(", peer named by {}", vector(v)),
            };
            format!("ends of {}, {}{peer}", fd(file), words(direction))
        }
        Source::Pollfds { pointer, count } => {
            format!("descriptors at argument {pointer}, as many as argument {count} says, returned events by POLL")
        }
        Source::Special(special) => special_phrase(special),
    }
}

fn data(place: Place, length: Length, limit: Limit) -> String {
    let place = match place {
        Place::Buffer(arg) => format!("bytes at argument {arg}"),
        Place::Vector(v) => format!("bytes of {}", vector(v)),
    };
    let length = match length {
        Length::Ret => "as many as the return value says".into(),
        Length::RetOrArg(arg) => format!("as many as the return value says or, if not above 0, argument {arg}"),
        Length::RetOrAll => "as many as the return value says or, if not above 0, all".into(),
        Length::Arg(arg) => format!("as many as argument {arg} says (`u16`)"),
        Length::Message => "as many as its length says".into(),
        Length::MessageOrAll => "as many as its length says or, if 0, all".into(),
    };
    let limit = match limit {
        Limit::Param => "",
        Limit::SnaplenByPort => ", snaplen by port",
        Limit::SnaplenByContent => ", snaplen by content",
    };
    format!("{place}, {length}{limit}")
}

fn special_phrase(special: Special) -> String {
    match special {
        Special::SplitOffset => "(argument 1 << 32) + argument 2".into(),
        Special::MountFlags => "argument 3 as `u32`, without a magic number in its upper half".into(),
        Special::PtraceAddr => "kind 0, argument 2 on success, else 0".into(),
        Special::PtraceData => "by the request: word at argument 3, signal or word in argument 3; 0 on failure".into(),
        Special::Sockopt { length_by_pointer } => format!(
            "value at argument 3 by level and option, length {} argument 4",
            if length_by_pointer { "at" } else { "in" }
        ),
        Special::Keyctl(arg) => format!("argument {arg} by operation: number, text, or not used"),
        Special::QuotaMember { at, int, valid_at, valid } => {
            format!("{} at argument 3 + {at} if its bit {valid:#x} at {valid_at} is set, else 0,", name(int))
        }
        Special::FaultIp => "instruction pointer of the registers in argument 1".into(),
        Special::SignalSender => "sender by the information in argument 1".into(),
        Special::Reaper => "thread that inherits the task's children".into(),
        Special::Cpu => "processor".into(),
        Special::SamplingRatio => "ratio of sampling".into(),
    }
}

/// The flag maps.
pub(super) fn flag_maps(out: &mut String) {
    out.push_str(
        "## Conversion of kernel values\n\nEach name of a capture with the kernel's value that gives it. A bit gives its \
         name if it is set (of several bits: any of them), `!` if none is set, `mask=value` if the bits under the mask \
         have this value. Enumerations, marked `=`, compare the whole value, or its bits under a mask, after a shift; \
         *else* is for other values. Where the architectures differ aarch64 stands second.\n\n\
         | map | from | names |\n|---|---|---|\n",
    );
    for map in MAPS {
        let (from, names) = match map.form {
            Form::Bits { void, rules } => {
                let from = if void == 0 { "bits".into() } else { format!("bits; nothing if {void:#x} is set") };
                (from, rules.iter().map(|r| format!("{} {}", flag(map, r.gives), rule(r))).collect::<Vec<_>>())
            }
            Form::Values { shift, mask, rows, default } => {
                let mut from = "=".to_string();
                if shift != 0 {
                    put!(from, " >> {shift}");
                }
                if mask != u32::MAX {
                    put!(from, " & {mask:#x}");
                }
                let mut names: Vec<_> = rows.iter().map(|r| format!("{} {}", flag(map, r.gives), row(r))).collect();
                names.push(match flag(map, default) {
                    "" => format!("else {default}"),
                    name => format!("else {name}"),
                });
                (from, names)
            }
        };
        put!(out, "| {} | {from} | {} |\n", map.name, names.join(", "));
    }
    out.push('\n');
}

fn flag(map: &FlagMap, value: u32) -> &'static str {
    map.table.iter().find(|f: &&Flag| f.value == value).map_or("", |f| f.name)
}

fn rule(rule: &Rule) -> String {
    let mask = match rule.mask {
        PerArch { x86_64, aarch64 } if x86_64 == aarch64 => format!("{x86_64:#x}"),
        PerArch { x86_64, aarch64 } => format!("{x86_64:#x}/{aarch64:#x}"),
    };
    match rule.bits {
        Bits::Any => mask,
        Bits::None => format!("!{mask}"),
        Bits::Equal(value) => format!("{mask}={value:#x}"),
    }
}

fn row(row: &Row) -> String {
    let text = |value: Option<u32>| value.map_or("-".into(), |value| format!("{value:#x}"));
    let (x86_64, aarch64) = (text(row.x86_64), text(row.aarch64));
    if x86_64 == aarch64 { x86_64 } else { format!("{x86_64}/{aarch64}") }
}
