//! Answers on their way out, as they gather while a connection's input is worked through.
//!
//! Those that are complete when the socket's turn ends are held, a few connections' worth, until the event loop has been
//! through what was readable: system calls in a row, and JavaScript in a row, find more of themselves in the processor's
//! caches than the two in turn. That is worth some 2 % of a small request.

use std::rc::Rc;

use super::connection::{Connection, Phase};
use super::limits::HIGH_WATER;
use super::output;
use super::server::Server;
use super::state::State;
use super::uv::Uv;

/// Connections whose answers are held at most. More gain nothing, and a handler that takes long delays what is held.
const MOST_HELD: usize = 8;

/// What is to go out, and to whom.
pub struct Outgoing {
    /// Where the bytes of the corked connection begin; those before are held.
    begun: usize,
    pub bytes: Vec<u8>,
    /// The connection whose input is being worked through: its answers gather in `bytes`.
    pub corked: Option<u32>,
    /// Slots, and where the bytes for each end.
    held: Vec<(u32, usize)>,
    /// Room for the records of one connection.
    pub sealed: Vec<u8>,
    /// The tick in which the first of them were.
    since: u64,
    /// Whether the loop is certain to come by before it waits again: only then may answers be held.
    pub may_hold: bool,
}

impl Outgoing {
    pub fn new() -> Self {
        Self {
            begun: 0,
            bytes: Vec::with_capacity(HIGH_WATER),
            corked: None,
            held: Vec::with_capacity(MOST_HELD),
            sealed: Vec::new(),
            since: 0,
            may_hold: false,
        }
    }

    /// From here on the answers of a connection gather.
    pub fn cork(&mut self, slot: u32) {
        self.corked = Some(slot);
        self.begun = self.bytes.len();
    }

    /// How many bytes have gathered for the corked connection.
    pub fn gathered(&self) -> usize {
        self.bytes.len() - self.begun
    }

    /// Drops what has gathered for a connection that is gone; says whether that was anything.
    pub fn forget(&mut self, slot: u32) -> bool {
        let is_lost = self.corked == Some(slot) && self.gathered() > 0;
        if is_lost {
            self.bytes.truncate(self.begun);
        }
        is_lost
    }
}

/// The input of the corked connection is worked through: its answers are held, or sent with what is held before them.
pub fn uncork(server: &Rc<Server>, slot: u32) {
    hold(server, slot);
    server.state.borrow_mut().outgoing.corked = None;
}

/// What has gathered so far is to go out, in its turn.
pub fn hold(server: &Rc<Server>, slot: u32) {
    let is_due = {
        let mut state = server.state.borrow_mut();
        let State { connections, outgoing, .. } = &mut *state;
        if outgoing.gathered() == 0 {
            return;
        }
        let Some(connection) = connections.get_mut(slot as usize).and_then(Option::as_mut) else {
            outgoing.forget(slot);
            return;
        };
        let end = outgoing.bytes.len();
        outgoing.begun = end;
        outgoing.held.push((slot, end));
        connection.is_held = true;
        let now = tick(server.uv);
        if outgoing.held.len() == 1 {
            outgoing.since = now;
        }
        let may_wait = outgoing.may_hold && may_wait(connection);
        !may_wait || outgoing.held.len() >= MOST_HELD || end >= HIGH_WATER || now != outgoing.since
    };
    if is_due {
        release(server);
    }
}

/// Whether nothing is to follow on the answer's being sent.
pub fn may_wait(connection: &Connection) -> bool {
    matches!(connection.phase, Phase::Body | Phase::Head) && !connection.is_ended && connection.unsent == 0
}

/// A clock that is nearly free to read, and goes by milliseconds: what was handled long ago is not held for more.
#[cfg(target_os = "linux")]
fn tick(_uv: &Uv) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system writes a time.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

#[cfg(not(target_os = "linux"))]
fn tick(uv: &Uv) -> u64 {
    // SAFETY: reads a clock.
    unsafe { (uv.hrtime)() >> 22 }
}

/// Sends all that is held. No JavaScript runs until it is done.
pub fn release(server: &Rc<Server>) {
    let (mut bytes, mut held, gathered) = {
        let mut state = server.state.borrow_mut();
        let State { connections, outgoing, .. } = &mut *state;
        if outgoing.held.is_empty() {
            return;
        }
        let gathered = outgoing.bytes.split_off(outgoing.begun);
        outgoing.begun = 0;
        for (slot, _) in &outgoing.held {
            if let Some(Some(connection)) = connections.get_mut(*slot as usize) {
                connection.is_held = false;
            }
        }
        (std::mem::take(&mut outgoing.bytes), std::mem::take(&mut outgoing.held), gathered)
    };
    let mut broken = Vec::new();
    let mut start = 0;
    for (slot, end) in held.drain(..) {
        if !output::try_send(server, slot, &bytes[start..end]) {
            broken.push(slot);
        }
        start = end;
    }
    {
        let outgoing = &mut server.state.borrow_mut().outgoing;
        // The room is kept for the next, unless one large answer has made it larger than is usual.
        if bytes.capacity() > 4 * HIGH_WATER {
            bytes = Vec::with_capacity(HIGH_WATER);
        }
        bytes.clear();
        bytes.extend_from_slice(&gathered);
        outgoing.bytes = bytes;
        outgoing.held = held;
    }
    for slot in broken {
        server.destroy(slot);
    }
}
