//! What is to be done for an event, by its code: everything that its schema row decides, in one small row.

use peregrine_schema::events::code;
use peregrine_schema::{EVENT_COUNT, EVENTS, Effect, EventFlags};

/// How the thread of an event is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The event is not about a thread.
    None,
    /// In the table.
    Find,
    /// In the table; the original asks the machine about an unknown one, and makes a placeholder of what it does not
    /// find.
    Make,
}

/// What to do for an event.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// The effect; none for those without a trace in what rules can see.
    pub(super) effect: Effect,
    pub(super) lookup: Lookup,
    usual: bool,
    /// Usual, an exit event, and without effect unless it is a transfer that tells something about a socket.
    pub(super) quiet: bool,
    /// The event takes part in the pairing of enter and exit events.
    pub(super) pairs: bool,
    /// It is not for rules.
    pub(super) kept: bool,
    /// Parameter with the addresses that a transfer has told, [`NO_PARAM`] if there is none.
    pub(super) tuple: u8,
    /// The event creates, uses or closes a descriptor.
    pub(super) about_fd: bool,
    /// Parameter with the number of the descriptor that the event works on, [`NO_PARAM`] if there is none.
    pub(super) fd_param: u8,
}

impl Plan {
    /// What holds for nearly all events: they are of a thread, and pair.
    #[inline(always)]
    pub(super) fn is_usual(&self) -> bool {
        self.usual
    }
}

/// No parameter.
pub(super) const NO_PARAM: u8 = u8::MAX;

/// By event code.
pub(super) static PLANS: [Plan; EVENT_COUNT] = {
    let mut plans = [plan(0); EVENT_COUNT];
    let mut code = 1;
    while code < EVENT_COUNT {
        plans[code] = plan(code as u16);
        code += 1;
    }
    plans
};

const fn plan(code: u16) -> Plan {
    let event = &EVENTS[code as usize];
    let skips = event.flags.has(EventFlags::SKIP_PARSE_RESET);
    let lookup = match code {
        code::PROCINFO_E => Lookup::Find,
        code::CONTAINER_JSON_2_E
        | code::USER_ADDED_E
        | code::USER_DELETED_E
        | code::GROUP_ADDED_E
        | code::GROUP_DELETED_E
        | code::PLUGINEVENT_E
        | code::ASYNCEVENT_E => Lookup::None,
        _ if skips => Lookup::None,
        code::CLONE_20_X
        | code::CLONE3_X
        | code::FORK_20_X
        | code::VFORK_20_X
        | code::SCHEDSWITCH_6_E
        | code::PROCEXIT_1_E => Lookup::Find,
        _ => Lookup::Make,
    };
    const ABOUT_FD: EventFlags = EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD);
    let pairs = code != code::SCHEDSWITCH_6_E && !skips;
    let effect = match event.effect {
        Effect::Sendfile | Effect::Procinfo | Effect::Shutdown | Effect::Listen | Effect::Getsockopt => Effect::None,
        effect => effect,
    };
    let tuple = match code {
        code::RECVFROM_X => 2,
        code::RECVMSG_X => 3,
        code::SEND_X | code::SENDTO_X | code::SENDMSG_X | code::SENDMMSG_X | code::RECV_X | code::RECVMMSG_X => 4,
        _ => NO_PARAM,
    };
    let usual = pairs && matches!(lookup, Lookup::Make);
    Plan {
        effect,
        lookup,
        usual,
        quiet: usual && code & 1 == 1 && matches!(effect, Effect::None | Effect::Io),
        pairs,
        kept: matches!(event.effect, Effect::StoreEnter),
        tuple,
        about_fd: event.flags.any(ABOUT_FD),
        fd_param: match event.fd_param {
            Some(index) if event.flags.has(EventFlags::USES_FD) => index,
            _ => NO_PARAM,
        },
    }
}
