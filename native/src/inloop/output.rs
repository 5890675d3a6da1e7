//! Bytes on their way out: gathered while a connection's input is worked through, sent by one call, and queued by libuv
//! where the socket does not take them all.

use std::ffi::c_int;
use std::rc::Rc;

use super::connection::Phase;
use super::limits::HIGH_WATER;
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

/// Sends what has gathered for a connection.
pub fn flush_corked(server: &Rc<Server>, slot: u32) {
    let mut out = {
        let mut state = server.state.borrow_mut();
        if state.out.is_empty() {
            return;
        }
        std::mem::take(&mut state.out)
    };
    send(server, slot, &out);
    out.clear();
    // The room is kept for the next, unless one large answer has made it larger than is usual.
    if out.capacity() <= 4 * HIGH_WATER {
        server.state.borrow_mut().out = out;
    }
}

/// Appends to what gathers for a connection, or sends at once when it is not being worked through.
pub fn write(server: &Rc<Server>, slot: u32, bytes: &[u8]) {
    {
        let mut state = server.state.borrow_mut();
        if state.corked == Some(slot) && state.out.len() < HIGH_WATER {
            state.out.extend_from_slice(bytes);
            return;
        }
        if state.corked == Some(slot) {
            drop(state);
            flush_corked(server, slot);
        }
    }
    send(server, slot, bytes);
}

/// Sends bytes: as many as the socket takes now, the rest by libuv's queue.
pub fn send(server: &Rc<Server>, slot: u32, bytes: &[u8]) {
    let Some((tcp, unsent)) = server.with(slot, |connection| (connection.tcp, connection.unsent)) else { return };
    let mut sent = 0;
    if unsent == 0 {
        // SAFETY: the handle is open while its slot names it, and the bytes live for the call.
        let taken = unsafe { (server.uv.try_write)(tcp, &Buffer::over(bytes), 1) };
        // A negative result is either "not now", which the queue waits out, or an error, which it reports.
        sent = usize::try_from(taken).unwrap_or(0);
    }
    if sent < bytes.len() {
        queue(server, slot, bytes[sent..].to_vec());
    }
}

fn queue(server: &Rc<Server>, slot: u32, bytes: Vec<u8>) {
    let now = server.now();
    let length = bytes.len();
    let Some(tcp) = server.with(slot, |connection| {
        connection.unsent += length;
        connection.wait_on(now);
        connection.tcp
    }) else {
        return;
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
        server.destroy(slot);
    }
}

unsafe extern "C" fn on_written(request: *mut Request, status: c_int) {
    // SAFETY: the pointer is the one that `queue` put there.
    let write = unsafe { Box::from_raw((*request).data.cast::<Write>()) };
    let (server, slot) = (Rc::clone(&write.server), write.slot);
    let now = server.now();
    let outcome = server.with(slot, |connection| {
        // The slot may belong to another connection by now.
        if connection.tcp as usize != write.tcp {
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
    let scope = server.handover.enter();
    if status < 0 {
        server.destroy(slot);
    } else if is_empty {
        if let Some(serial) = drained {
            server.handover.drained(slot, serial);
        }
        server.resume(slot);
    }
    server.handover.leave(scope);
}

/// Sends the end of the stream; the connection then waits for the client to close.
pub fn shut(server: &Rc<Server>, slot: u32) {
    let Some((tcp, is_new)) = server.with(slot, |connection| {
        let is_new = connection.phase == Phase::Linger && !connection.is_shut;
        connection.is_shut = true;
        (connection.tcp, is_new)
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
