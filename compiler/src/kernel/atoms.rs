//! What the kernel can be asked about an event when a system call returns, as data.
//!
//! | atom | asks |
//! |---|---|
//! | [`Atom::Number`] | whether a number lies in one of several ranges |
//! | [`Atom::Bits`] | whether any of several bits of a number is set |
//! | [`Atom::Text`] | whether a text equals, begins with, ends with, holds one of several texts |
//! | [`Atom::Kind`] | what kind of thing the event's descriptor is |
//! | [`Atom::Protocol`] | the transport protocol of the event's socket |
//! | [`Atom::Address`], [`Atom::Port`] | an end of the event's socket |
//! | [`Atom::Image`] | a bit that user space has worked out for the process image |
//!
//! Numbers, bits and kinds stand in values of the capture format, which the schema's tables list. An atom whose answer
//! the kernel does not get (a text that cannot be read or is cut, a task whose bits are not known, a descriptor that
//! is not resolved) is *unknown*; when that is, is said at each atom. Unknown is always right.
//!
//! Constants are sorted and different, so that equal atoms are equal data.

use serde::{Deserialize, Serialize};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Atom {
    /// The number lies in one of the ranges.
    Number {
        /// Which.
        of: Number,
        /// Where it must lie.
        ranges: Ranges,
    },
    /// Any bit of the mask is set.
    Bits {
        /// Of which number.
        of: Number,
        /// The bits.
        mask: u64,
    },
    /// The text is one of the set.
    Text(Text),
    /// The descriptor of the event is of one of these kinds. An IPv6 socket may be called an IPv4 one when it talks to
    /// a mapped address: if only one of the two is in the set, the kernel must look at the address, or not know.
    Kind(KindSet),
    /// The transport protocol of the event's descriptor, a bit for each [`Protocol`]. User space tells it of a socket
    /// that has been connected, bound to a port or accepted, or is raw: of others the kernel must not know it.
    Protocol(u8),
    /// The address of an end of the socket lies in one of the networks. Mapped IPv4 addresses count as IPv4 ones.
    /// Unknown if the event's descriptor is no connected internet socket, or if it is not known which end is which.
    Address {
        /// Which end.
        end: End,
        /// The networks.
        networks: Vec<Network>,
    },
    /// The port of an end of the socket lies in one of the ranges; unknown as for addresses.
    Port {
        /// Which end.
        end: End,
        /// Host order.
        ranges: Ranges,
    },
    /// The bit with this number holds for the task's image: [`super::KernelPlan::image`]. Unknown from the fork or
    /// exec until user space has told, and after whatever changes the image's facts.
    Image(u32),
}

/// A number that the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Number {
    /// What the system call returned, signed.
    Result,
    /// A parameter of the event, by index, as the record holds it: type, width and sign are those of the schema's row.
    Param(u8),
    /// User id of the thread, as in the origin of its records.
    Uid,
    /// Group id of the thread, as in the origin of its records.
    Gid,
    /// Audit id of the session, -1 if unset.
    LoginUid,
    /// Id of the thread, as the host sees it.
    Tid,
    /// Id of the process, as the host sees it.
    Pid,
}

/// Smallest and largest number of any type.
pub const LEAST: i128 = i64::MIN as i128;
/// See [`LEAST`].
pub const MOST: i128 = u64::MAX as i128;

/// Ranges with both ends, ascending, neither touching nor overlapping. Values are mathematical: of an unsigned 64-bit
/// parameter up to `u64::MAX`, of a signed one from `i64::MIN` on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ranges(Vec<(i128, i128)>);

impl Ranges {
    /// All numbers.
    pub fn all() -> Ranges {
        Ranges(vec![(LEAST, MOST)])
    }

    /// From `low` to `high`; empty if `low` is larger.
    pub fn new(low: i128, high: i128) -> Ranges {
        Ranges(if low <= high { vec![(low.max(LEAST), high.min(MOST))] } else { Vec::new() })
    }

    /// One number.
    pub fn one(n: i128) -> Ranges {
        Ranges::new(n, n)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[(i128, i128)] {
        &self.0
    }

    /// Whether no number is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every number is in it.
    pub fn is_all(&self) -> bool {
        self.0 == [(LEAST, MOST)]
    }

    /// Whether the number is in it.
    pub fn contains(&self, n: i128) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&n))
    }

    /// Numbers in either.
    #[must_use]
    pub fn union(&self, other: &Ranges) -> Ranges {
        let mut all: Vec<(i128, i128)> = self.0.iter().chain(&other.0).copied().collect();
        all.sort_unstable();
        let mut joined: Vec<(i128, i128)> = Vec::with_capacity(all.len());
        for (low, high) in all {
            match joined.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        Ranges(joined)
    }

    /// Numbers in neither.
    #[must_use]
    pub fn complement(&self) -> Ranges {
        let mut rest = Vec::with_capacity(self.0.len() + 1);
        let mut from = LEAST;
        for (low, high) in &self.0 {
            if from < *low {
                rest.push((from, low - 1));
            }
            from = high + 1;
        }
        if from <= MOST {
            rest.push((from, MOST));
        }
        Ranges(rest)
    }

    /// Numbers in both.
    #[must_use]
    pub fn intersection(&self, other: &Ranges) -> Ranges {
        self.complement().union(&other.complement()).complement()
    }
}

/// A question about a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text {
    /// Where the bytes are.
    pub source: Source,
    /// When these bytes are what the field gives.
    pub reading: Reading,
    /// Which part of them is compared.
    pub part: Part,
    /// With what.
    pub set: TextSet,
}

/// Where the kernel finds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// A text parameter of the event, by index: bytes of the process, up to their NUL. Unknown if they cannot be read
    /// or are longer than what is read.
    Param(u8),
    /// The path of the event's descriptor, as the kernel resolves it for the record. Unknown if it does not; what is
    /// neither file, directory, UNIX socket, memfd nor pidfd has no name that begins with a slash.
    Descriptor,
}

/// When the bytes are what the field gives. If they are not, the answer is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reading {
    /// Always.
    Raw,
    /// If no slash follows a slash.
    Squeezed,
    /// If they begin with a slash: a relative path is shown joined with its directory.
    Absolute,
    /// If they are an absolute path as joining leaves it: no empty component, none that is `.` or `..`, no slash at the
    /// end, shorter than [`LONGEST_PATH`]. Of a relative path one thing is known nevertheless: its last component, if
    /// that is an ordinary one, is the last of the joined path as well. So the answer is no if every text of the set
    /// is to be equal, begins with a slash, and ends in another component.
    Path,
}

/// Paths from this length on may be cut or replaced by user space.
pub const LONGEST_PATH: usize = 512;

/// Which part of a path is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// All of it.
    Whole,
    /// What stands before the last slash; of a path with one slash, the slash.
    Directory,
    /// What stands behind the last slash.
    FileName,
}

/// Texts of which one must fit. A generator makes one trie, automaton or map for each list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TextSet {
    /// The text is one of these.
    pub equal: Vec<Vec<u8>>,
    /// It begins with one of these.
    pub prefix: Vec<Vec<u8>>,
    /// It ends with one of these.
    pub suffix: Vec<Vec<u8>>,
    /// It holds one of these.
    pub contains: Vec<Vec<u8>>,
    /// In lower case (ASCII), it holds one of these.
    pub icontains: Vec<Vec<u8>>,
    /// It is one of these paths or lies below one: `/a/b` fits `/a/b` and `/a/b/c`, not `/a/bc`. Each begins with a
    /// slash and does not end in one. Unknown for a text that is not an absolute path as of [`Reading::Path`].
    pub path: Vec<Vec<u8>>,
}

impl TextSet {
    fn lists(&mut self) -> [&mut Vec<Vec<u8>>; 6] {
        [&mut self.equal, &mut self.prefix, &mut self.suffix, &mut self.contains, &mut self.icontains, &mut self.path]
    }

    /// Texts of either.
    #[must_use]
    pub fn union(mut self, mut other: TextSet) -> TextSet {
        for (all, more) in self.lists().into_iter().zip(other.lists()) {
            all.append(more);
        }
        self.sorted()
    }

    /// The same set in its one form.
    #[must_use]
    pub fn sorted(mut self) -> TextSet {
        for list in self.lists() {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        let lists = [&self.equal, &self.prefix, &self.suffix, &self.contains, &self.icontains, &self.path];
        lists.iter().map(|list| list.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether only a text that begins with a slash can fit.
    pub fn begins_with_slash(&self) -> bool {
        let slash = |list: &[Vec<u8>]| list.iter().all(|text| text.first() == Some(&b'/'));
        self.suffix.is_empty()
            && self.contains.is_empty()
            && self.icontains.is_empty()
            && slash(&self.equal)
            && slash(&self.prefix)
    }
}

/// What a descriptor stands for, as rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the values of fd.type")]
pub enum Kind {
    File,
    Directory,
    Ipv4,
    Ipv6,
    Unix,
    Pipe,
    Event,
    Signalfd,
    Eventpoll,
    Inotify,
    Timerfd,
    Netlink,
    Bpf,
    Userfaultfd,
    IoUring,
    Memfd,
    Pidfd,
    /// Anything else.
    Other,
    /// There is no such descriptor, or user space does not know it. The kernel never answers that; it is what the
    /// opposite of a test holds for as well.
    Missing,
}

impl Kind {
    /// All kinds, in order of their bits.
    pub const ALL: [Kind; 19] = [
        Kind::File,
        Kind::Directory,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Unix,
        Kind::Pipe,
        Kind::Event,
        Kind::Signalfd,
        Kind::Eventpoll,
        Kind::Inotify,
        Kind::Timerfd,
        Kind::Netlink,
        Kind::Bpf,
        Kind::Userfaultfd,
        Kind::IoUring,
        Kind::Memfd,
        Kind::Pidfd,
        Kind::Other,
        Kind::Missing,
    ];

    /// `fd.type`, and the letters that `fd.typechar` may give.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Kind::File => ("file", "f"),
            Kind::Directory => ("directory", "d"),
            Kind::Ipv4 => ("ipv4", "4"),
            Kind::Ipv6 => ("ipv6", "6"),
            Kind::Unix => ("unix", "u"),
            Kind::Pipe => ("pipe", "p"),
            Kind::Event => ("event", "e"),
            Kind::Signalfd => ("signalfd", "s"),
            Kind::Eventpoll => ("eventpoll", "l"),
            Kind::Inotify => ("inotify", "i"),
            Kind::Timerfd => ("timerfd", "t"),
            Kind::Netlink => ("netlink", "n"),
            Kind::Bpf => ("bpf", "b"),
            Kind::Userfaultfd => ("userfaultfd", "u"),
            Kind::IoUring => ("io_uring", "r"),
            Kind::Memfd => ("memfd", "m"),
            Kind::Pidfd => ("pidfd", "P"),
            Kind::Other => ("<NA>", "oX?"),
            Kind::Missing => ("missing", "o"),
        }
    }

    /// Whether its name never begins with a slash.
    pub const fn has_no_path(self) -> bool {
        !matches!(
            self,
            Kind::File
                | Kind::Directory
                | Kind::Unix
                | Kind::Memfd
                | Kind::Pidfd
                | Kind::Netlink
                | Kind::Other
                | Kind::Missing
        )
    }
}

/// A set of kinds, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KindSet(pub u32);

impl KindSet {
    /// Every kind.
    pub const ALL: KindSet = KindSet((1 << Kind::ALL.len()) - 1);
    /// Internet sockets.
    pub const INET: KindSet = KindSet(1 << Kind::Ipv4 as u32 | 1 << Kind::Ipv6 as u32);

    /// The kinds of which the test holds.
    pub fn of(test: impl Fn(Kind) -> bool) -> KindSet {
        KindSet(Kind::ALL.into_iter().filter(|kind| test(*kind)).fold(0, |set, kind| set | 1 << kind as u32))
    }

    /// Whether the kind is in it.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }

    /// All others.
    #[must_use]
    pub fn complement(self) -> KindSet {
        KindSet(!self.0 & KindSet::ALL.0)
    }
}

/// Transport protocols, with the text of `fd.l4proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the values of fd.l4proto")]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
    Raw,
    /// Another one, or no internet socket.
    Other,
    /// See [`Kind::Missing`].
    Missing,
}

impl Protocol {
    /// All, in order of their bits.
    pub const ALL: [Protocol; 6] =
        [Protocol::Tcp, Protocol::Udp, Protocol::Icmp, Protocol::Raw, Protocol::Other, Protocol::Missing];

    /// `fd.l4proto`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
            Protocol::Raw => "raw",
            Protocol::Other => "<NA>",
            Protocol::Missing => "missing",
        }
    }
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum End {
    /// The one that was connected to.
    Server,
    /// The one that connected.
    Client,
    /// This machine's or container's.
    Local,
    /// The other one.
    Remote,
    /// Either of both; of a bound socket that is not connected, its own.
    Either,
}

/// A network: address of 4 or 16 bytes, bits that count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Network {
    /// As written, not masked.
    pub address: Vec<u8>,
    /// Length of the prefix.
    pub bits: u8,
}

impl Network {
    /// Whether an address of the same family lies in it.
    pub fn contains(&self, address: &[u8]) -> bool {
        let bit = |bytes: &[u8], i: usize| bytes[i / 8] >> (7 - i % 8) & 1;
        address.len() == self.address.len()
            && (0..usize::from(self.bits).min(8 * address.len())).all(|i| bit(address, i) == bit(&self.address, i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let r = Ranges::new(1, 3).union(&Ranges::new(4, 5)).union(&Ranges::one(9));
        assert_eq!(r.ranges(), [(1, 5), (9, 9)]);
        assert_eq!(r.complement().ranges(), [(LEAST, 0), (6, 8), (10, MOST)]);
        assert_eq!(r.complement().complement(), r);
        assert_eq!(r.intersection(&Ranges::new(5, 100)).ranges(), [(5, 5), (9, 9)]);
        assert!(Ranges::new(3, 2).is_empty() && Ranges::new(3, 2).complement().is_all());
        assert!(r.union(&r.complement()).is_all() && r.intersection(&r.complement()).is_empty());
        assert!(r.contains(9) && !r.contains(8));
    }

    #[test]
    fn networks() {
        let network = Network { address: vec![10, 1, 0, 0], bits: 15 };
        assert!(network.contains(&[10, 0, 9, 9]) && !network.contains(&[10, 2, 0, 0]) && !network.contains(&[10; 16]));
    }
}
