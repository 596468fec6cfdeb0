//! How many bytes of data an event may hold: as configured, or more by the ports and the content of a socket's data.
//!
//! What must hold: the number is at most [`Capturing::most`](super::Capturing), the bound with which programs are
//! generated.

use super::emit::{Emit, Written};
use super::layout::cell;
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::capture::{
    Fd, Int, Limit, MAX_PARAM, Peer, Place, SNAPLEN_DNS, SNAPLEN_PORT_RANGE, SNAPLEN_PROTOCOL, Source,
};

use Reg::{R0, R1, R2, R3, R7, R9, R10};

/// Offset of the port in a `struct sockaddr_in` and `struct sockaddr_in6`.
const PORT: i32 = 2;
const DNS_PORT: i32 = 53;
const MYSQL_PORT: i32 = 3306;
const POSTGRES_PORT: i32 = 5432;
const MONGODB_PORT: i32 = 27017;
/// Bytes of the data that are looked at.
const LOOK: u16 = 16;
/// Argument with the length of the data, in the calls whose data are looked at.
const LENGTH_ARGUMENT: u8 = 2;
/// First words of HTTP requests.
const HTTP_REQUESTS: [&[u8; 4]; 7] = [b"GET ", b"POST", b"PUT ", b"DELE", b"TRAC", b"CONN", b"OPTI"];
/// First word of an HTTP response; a slash follows.
const HTTP_RESPONSE: &[u8; 4] = b"HTTP";

/// What is known while the number is being found.
#[derive(Clone, Copy)]
struct Search {
    /// Ports of the socket in host order, 0 if there are none.
    local: Slot,
    remote: Slot,
    /// First bytes of the data.
    first: Slot,
    /// Where the number is known.
    done: Label,
}

impl Emit<'_> {
    /// Writes into the cell [`cell::LEFT`] how many bytes of data the event may hold. Uses R0 to R5, and R9.
    pub(super) fn limit(&mut self, limit: Limit, place: Place) -> Written {
        let configured = match limit {
            Limit::Param => i32::from(MAX_PARAM),
            Limit::SnaplenByPort | Limit::SnaplenByContent => self.k.capturing.at_least(0),
        };
        self.a.store(Size::B8, R7, cell::LEFT, configured);
        if limit == Limit::Param || !self.k.capturing.dynamic {
            return Ok(());
        }
        let done = self.a.label("limit known");
        let mark = self.a.mark();
        let [local, remote] = ["local port", "remote port"].map(|name| self.a.slot(name, 8, 8));
        let first = self.a.slot("first bytes", LOOK, 8);
        let search = Search { local, remote, first, done };
        self.by_ports(search)?;
        if let (Limit::SnaplenByContent, Place::Buffer(pointer)) = (limit, place) {
            self.by_content(search, pointer);
        }
        self.a.bind(done).release(mark);
        Ok(())
    }

    /// The number is at least `bytes`, and nothing else decides.
    fn decided(&mut self, search: Search, bytes: u16) {
        let bytes = self.k.capturing.at_least(bytes);
        self.a.store(Size::B8, R7, cell::LEFT, bytes).jump(search.done);
    }

    /// Peer that the call names, if it names one.
    fn peer(&self) -> Option<Peer> {
        let captures = self.event.params.iter().filter_map(|p| p.capture.as_ref());
        captures.map(|c| c.source).find_map(|source| match source {
            Source::Tuple { peer, .. } => peer,
            _ => None,
        })
    }

    /// By the ports of the socket; goes on behind if they decide nothing.
    fn by_ports(&mut self, search: Search) -> Written {
        let (inet, undecided) = (self.a.label("has ports"), self.a.label("ports decide nothing"));
        let (by_range, by_statsd, by_dns) =
            (self.a.label("port in the range"), self.a.label("port of statsd"), self.a.label("port of DNS"));
        self.a.store(Size::B8, R10, search.local.at(0), 0).store(Size::B8, R10, search.remote.at(0), 0);
        self.file_pointer(Fd::Arg(0))?;
        self.a.jump_if(Cond::Eq, R9, 0, search.done);
        self.sock(search.done)?;
        self.family()?;
        self.a.jump_if(Cond::Eq, R0, libc::AF_INET, inet).jump_if(Cond::Ne, R0, libc::AF_INET6, undecided).bind(inet);
        self.local_port()?;
        self.a.store(Size::B8, R10, search.local.at(0), R0);
        self.remote_port()?;
        self.a.store(Size::B8, R10, search.remote.at(0), R0);
        if let Some(peer) = self.peer() {
            let known = self.a.label("remote port known");
            self.a.jump_if(Cond::Ne, R0, 0, known);
            self.peer_pointer(peer)?;
            self.a.jump_if(Cond::Eq, R3, 0, known).add(R3, PORT);
            self.read_user(Int::U16);
            self.a.to_network(Size::B2, R0).store(Size::B8, R10, search.remote.at(0), R0).bind(known);
        }
        let (from, to) = self.k.capturing.port_range;
        for port in [search.local, search.remote].into_iter().filter(|_| to > 0) {
            let outside = self.a.label("not in the range");
            self.a.load(Size::B8, R0, R10, port.at(0)).jump_if(Cond::Lt, R0, i32::from(from), outside);
            self.a.jump_if(Cond::Le, R0, i32::from(to), by_range).bind(outside);
        }
        let statsd = i32::from(self.k.capturing.statsd_port);
        self.a.load(Size::B8, R0, R10, search.remote.at(0)).jump_if(Cond::Eq, R0, statsd, by_statsd);
        self.a.jump_if(Cond::Eq, R0, DNS_PORT, by_dns).jump(undecided);
        if to > 0 {
            self.a.bind(by_range);
            self.decided(search, SNAPLEN_PORT_RANGE);
        }
        self.a.bind(by_statsd);
        self.decided(search, SNAPLEN_PROTOCOL);
        self.a.bind(by_dns);
        self.decided(search, SNAPLEN_DNS);
        self.a.bind(undecided);
        Ok(())
    }

    /// Goes to `other` unless one of the ports is this one.
    fn unless_port(&mut self, search: Search, port: i32, other: Label) {
        let is = self.a.label("on the port");
        self.a.load(Size::B8, R0, R10, search.local.at(0)).jump_if(Cond::Eq, R0, port, is);
        self.a.load(Size::B8, R0, R10, search.remote.at(0)).jump_if(Cond::Ne, R0, port, other).bind(is);
    }

    /// Goes to `to` if bytes of the data, from byte `at` on, are these.
    fn if_bytes(&mut self, search: Search, at: u16, bytes: &[u8], to: Label) {
        let other = self.a.label("other bytes");
        for (at, byte) in (at..).zip(bytes) {
            self.a.load(Size::B1, R0, R10, search.first.at(at)).jump_if(Cond::Ne, R0, i32::from(*byte), other);
        }
        self.a.jump(to).bind(other);
    }

    /// By the first bytes of the data at the address in an argument.
    fn by_content(&mut self, search: Search, pointer: u8) {
        let known = self.a.label("a known protocol");
        let (postgres, mongodb, http) = (self.a.label("PostgreSQL?"), self.a.label("MongoDB?"), self.a.label("HTTP?"));
        self.argument(R3, pointer);
        self.a.slot_address(R1, search.first, 0).mov(R2, i32::from(LOOK)).call(Helper::ProbeReadUser);
        self.a.jump_if(Cond::Ne, R0, 0, search.done);
        self.argument(R9, LENGTH_ARGUMENT);
        self.a.mov32(R9, R9);

        self.unless_port(search, MYSQL_PORT, postgres);
        self.a.jump_if(Cond::Lt, R9, 5, postgres);
        for at in 0..5 {
            self.if_bytes(search, at, &[3], known);
        }
        self.if_bytes(search, 2, &[0, 0], known);
        self.a.jump(search.done).bind(postgres);

        self.unless_port(search, POSTGRES_PORT, mongodb);
        self.a.jump_if(Cond::Lt, R9, 7, mongodb);
        for command in [b'Q', b'P', b'E'] {
            self.if_bytes(search, 0, &[command, 0], known);
        }
        self.if_bytes(search, 4, &[0, 3, 0], known);
        self.a.jump(search.done).bind(mongodb);

        let not_its_port = self.a.label("not MongoDB's port");
        self.unless_port(search, MONGODB_PORT, not_its_port);
        self.a.jump(known).bind(not_its_port);
        self.a.jump_if(Cond::Lt, R9, 16, http).load(Size::B4, R0, R10, search.first.at(12));
        self.a.jump_if(Cond::Eq, R0, 1, known).jump_if(Cond::Lt, R0, 2001, http).jump_if(Cond::Le, R0, 2007, known);

        self.a.bind(http).jump_if(Cond::Lt, R9, 5, search.done).load(Size::B4, R0, R10, search.first.at(0));
        for word in HTTP_REQUESTS {
            self.a.jump_if(Cond::Eq, R0, i32::from_le_bytes(*word), known);
        }
        self.a.jump_if(Cond::Ne, R0, i32::from_le_bytes(*HTTP_RESPONSE), search.done);
        self.a.load(Size::B1, R0, R10, search.first.at(4)).jump_if(Cond::Ne, R0, i32::from(b'/'), search.done);
        self.a.bind(known);
        self.decided(search, SNAPLEN_PROTOCOL);
    }
}
