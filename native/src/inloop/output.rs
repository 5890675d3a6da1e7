//! Bytes on their way out: gathered while a connection's input is worked through, sent by one call, and queued by libuv
//! where the socket does not take them all.
//!
//! Answers that are complete when the socket's turn ends are held, a few connections' worth, until the event loop has
//! been through what was readable: system calls in a row, and JavaScript in a row, find more of themselves in the
//! processor's caches than the two in turn. That is worth some 3 % of a small request.

use std::ffi::c_int;
use std::rc::Rc;

use super::connection::{Connection, Phase};
use super::limits::HIGH_WATER;
use super::server::{Server, State};
use super::uv::{Buffer, Request, SHUTDOWN, Uv, WRITE};

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
    fn gathered(&self) -> usize {
        self.bytes.len() - self.begun
    }

    /// Drops what has gathered for a connection that is gone.
    pub fn forget(&mut self, slot: u32) {
        if self.corked == Some(slot) {
            self.bytes.truncate(self.begun);
        }
    }
}

/// A write that libuv finishes later, with the bytes that it reads from.
struct Write {
    bytes: Vec<u8>,
    server: Rc<Server>,
    slot: u32,
    tcp: usize,
    /// libuv's own part; its first word is the pointer to this whole.
    words: Box<[u64]>,
}

/// A shutdown under way; its words are libuv's.
struct Shutdown {
    words: Box<[u64]>,
}

/// The input of the corked connection is worked through: its answers are held, or sent with what is held before them.
pub fn uncork(server: &Rc<Server>, slot: u32) {
    hold(server, slot);
    server.state.borrow_mut().outgoing.corked = None;
}

fn hold(server: &Rc<Server>, slot: u32) {
    let is_due = {
        let mut state = server.state.borrow_mut();
        let State { connections, outgoing, .. } = &mut *state;
        if outgoing.gathered() == 0 {
            return;
        }
        let Some(connection) = connections.get_mut(slot as usize).and_then(Option::as_mut) else {
            return outgoing.forget(slot);
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
fn may_wait(connection: &Connection) -> bool {
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
        if !try_send(server, slot, &bytes[start..end]) {
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

/// Appends to what gathers for a connection, or sends at once when it is not being worked through.
pub fn write(server: &Rc<Server>, slot: u32, bytes: &[u8]) {
    {
        let outgoing = &mut server.state.borrow_mut().outgoing;
        if outgoing.corked == Some(slot) && outgoing.gathered() < HIGH_WATER {
            outgoing.bytes.extend_from_slice(bytes);
            return;
        }
    }
    send(server, slot, bytes);
}

/// Sends bytes, after what is held or has gathered for the same connection: as many as the socket takes now, the rest
/// by libuv's queue.
pub fn send(server: &Rc<Server>, slot: u32, bytes: &[u8]) {
    if server.state.borrow().outgoing.corked == Some(slot) {
        hold(server, slot);
    }
    if server.with(slot, |connection| connection.is_held) == Some(true) {
        release(server);
    }
    if !try_send(server, slot, bytes) {
        server.destroy(slot);
    }
}

/// The same where nothing is before them; false when the connection is broken.
fn try_send(server: &Rc<Server>, slot: u32, bytes: &[u8]) -> bool {
    let Some((socket, unsent)) = server.with(slot, |connection| (connection.socket, connection.unsent)) else {
        return true;
    };
    let mut sent = 0;
    if unsent == 0 {
        // SAFETY: the handle is open while its slot names it, and without unsent bytes its queue is empty.
        sent = unsafe { socket.try_send(server.uv, bytes) };
    }
    sent == bytes.len() || queue(server, slot, bytes[sent..].to_vec())
}

fn queue(server: &Rc<Server>, slot: u32, bytes: Vec<u8>) -> bool {
    let now = server.now();
    let length = bytes.len();
    let Some(tcp) = server.with(slot, |connection| {
        connection.unsent += length;
        connection.wait_on(now);
        connection.socket.handle
    }) else {
        return true;
    };
    let words = server.uv.request(WRITE);
    let mut write = Box::new(Write { bytes, server: Rc::clone(server), slot, tcp: tcp as usize, words });
    let buffer = Buffer::over(&write.bytes);
    let request: *mut Request = write.words.as_mut_ptr().cast();
    let raw = Box::into_raw(write);
    // SAFETY: the request and the bytes stay where they are until the callback takes the box back.
    let status = unsafe {
        (*request).data = raw.cast();
        (server.uv.write)(request, tcp, &buffer, 1, on_written)
    };
    if status < 0 {
        // SAFETY: libuv did not take it.
        drop(unsafe { Box::from_raw(raw) });
    }
    status >= 0
}

unsafe extern "C" fn on_written(request: *mut Request, status: c_int) {
    // SAFETY: the pointer is the one that `queue` put there.
    let write = unsafe { Box::from_raw((*request).data.cast::<Write>()) };
    let (server, slot) = (Rc::clone(&write.server), write.slot);
    let now = server.now();
    let outcome = server.with(slot, |connection| {
        // The slot may belong to another connection by now.
        if connection.socket.handle as usize != write.tcp {
            return None;
        }
        connection.unsent -= write.bytes.len();
        connection.since = now;
        let is_empty = connection.unsent == 0;
        connection.wait_on(now);
        let drained = is_empty && std::mem::take(&mut connection.wants_drain);
        Some((is_empty, drained.then_some(connection.serial)))
    });
    drop(write);
    let Some(Some((is_empty, drained))) = outcome else { return };
    if status < 0 {
        server.destroy(slot);
    } else if is_empty {
        if let Some(serial) = drained {
            server.handover.drained(slot, serial);
        }
        server.resume(slot);
    }
}

/// Sends the end of the stream; the connection then waits for the client to close.
pub fn shut(server: &Rc<Server>, slot: u32) {
    let Some((tcp, is_new)) = server.with(slot, |connection| {
        let is_new = connection.phase == Phase::Linger && !connection.is_shut;
        connection.is_shut = true;
        (connection.socket.handle, is_new)
    }) else {
        return;
    };
    if !is_new {
        return;
    }
    let mut shutdown = Box::new(Shutdown { words: server.uv.request(SHUTDOWN) });
    let request: *mut Request = shutdown.words.as_mut_ptr().cast();
    let raw = Box::into_raw(shutdown);
    // SAFETY: the request stays where it is until the callback takes it back.
    let status = unsafe {
        (*request).data = raw.cast();
        (server.uv.shutdown)(request, tcp, on_shut)
    };
    if status < 0 {
        // SAFETY: libuv did not take it.
        drop(unsafe { Box::from_raw(raw) });
        server.destroy(slot);
    }
}

unsafe extern "C" fn on_shut(request: *mut Request, _status: c_int) {
    // SAFETY: the pointer is the one that `shut` put there.
    drop(unsafe { Box::from_raw((*request).data.cast::<Shutdown>()) });
}
