//! Bytes to a socket: sent by one call, and queued by libuv where the socket does not take them all.

use std::ffi::c_int;
use std::rc::Rc;

use super::connection::Phase;
use super::limits::HIGH_WATER;
use super::outgoing::{hold, release};
use super::secure;
use super::server::Server;
use super::uv::{Buffer, Request, SHUTDOWN, WRITE};

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
    flush(server, slot);
    if !try_send(server, slot, bytes) {
        server.destroy(slot);
    }
}

/// Sends what is held or has gathered for a connection.
pub fn flush(server: &Rc<Server>, slot: u32) {
    if server.state.borrow().outgoing.corked == Some(slot) {
        hold(server, slot);
    }
    if server.with(slot, |connection| connection.is_held) == Some(true) {
        release(server);
    }
}

/// The same where nothing is before them; false when the connection is broken.
pub fn try_send(server: &Rc<Server>, slot: u32, bytes: &[u8]) -> bool {
    if server.with(slot, |connection| connection.tls.is_some()) != Some(true) {
        return put(server, slot, bytes);
    }
    let mut records = std::mem::take(&mut server.state.borrow_mut().outgoing.sealed);
    let is_well = server.with(slot, |connection| connection.tls.as_mut()?.seal(bytes, &mut records).then_some(()));
    let is_sent = is_well.flatten().is_some() && put(server, slot, &records);
    secure::keep(&mut records);
    server.state.borrow_mut().outgoing.sealed = records;
    is_sent
}

/// Bytes as they are.
fn put(server: &Rc<Server>, slot: u32, bytes: &[u8]) -> bool {
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
    let is_new = server.with(slot, |connection| {
        let is_last = matches!(connection.phase, Phase::Linger | Phase::Raw);
        is_last && !std::mem::replace(&mut connection.is_shut, true)
    });
    if is_new != Some(true) {
        return;
    }
    secure::say_last(server, slot);
    let Some(tcp) = server.with(slot, |connection| connection.socket.handle) else { return };
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
