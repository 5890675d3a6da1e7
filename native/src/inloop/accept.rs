//! Accepting connections, and refusing what is too much.

use std::ffi::c_int;
#[cfg(unix)]
use std::mem::ManuallyDrop;
#[cfg(unix)]
use std::net::TcpListener;
#[cfg(unix)]
use std::os::fd::FromRawFd;
use std::rc::Rc;

#[cfg(unix)]
use super::adopt;
use super::connection::Connection;
use super::handles::{own, owner};
use super::limits::Standing;
use super::output;
use super::server::Server;
use super::state::State;
use super::uv::{Address, Handle, TCP};
use crate::http::respond;
#[cfg(unix)]
use crate::queue;

// libuv itself sees to EMFILE: it lets go of a descriptor that it keeps for this, accepts, and closes.
pub unsafe extern "C" fn on_connection(listener: *mut Handle, status: c_int) {
    if status < 0 {
        return;
    }
    // SAFETY: libuv calls this with the listener it was given.
    let server = unsafe { Rc::clone(&owner(listener).server) };
    if server.limits.waits && is_full(&server) {
        // One that is not accepted keeps libuv from looking for further ones: they stay in the system's backlog.
        server.state.borrow_mut().waiting.push(listener);
        return;
    }
    accept(&server, listener);
}

/// A connection has ended: one that waits takes its place.
pub fn accept_waiting(server: &Rc<Server>) {
    if server.state.borrow().waiting.is_empty() || is_full(server) || server.is_closing.get() {
        return;
    }
    let listener = server.state.borrow_mut().waiting.pop();
    if let Some(listener) = listener {
        accept(server, listener);
    }
}

/// Accepts what waits in the queue of a listener that is about to close.
#[cfg(unix)]
pub fn accept_queued(server: &Rc<Server>, handle: *mut Handle) {
    let mut descriptor = -1;
    // SAFETY: the listener is open, and keeps its descriptor.
    let listener = unsafe {
        if (server.uv.fileno)(handle, &mut descriptor) < 0 {
            return;
        }
        ManuallyDrop::new(TcpListener::from_raw_fd(descriptor))
    };
    for (stream, _) in queue::queued(&listener) {
        if let Some((slot, tcp)) = adopt::open(server, stream) {
            admit(server, slot, tcp);
        }
    }
}

/// A connection is no longer counted for its address.
pub fn forget(state: &mut State, connection: &Connection) {
    let Some(address) = &connection.address else { return };
    if let Some(count) = state.by_address.get_mut(address) {
        *count -= 1;
        if *count == 0 {
            state.by_address.remove(address);
        }
    }
}

/// Takes the connection that libuv has accepted.
pub fn accept(server: &Rc<Server>, listener: *mut Handle) {
    let uv = server.uv;
    let tcp = uv.handle(TCP);
    // SAFETY: as in `listen`. A handle that was initialised is closed, never freed at once.
    let slot = unsafe {
        if (uv.tcp_init)(server.looper, tcp) < 0 {
            uv.free(tcp, TCP);
            return;
        }
        let slot = take_slot(server, tcp);
        own(tcp, server, slot);
        if (uv.accept)(listener, tcp) < 0 {
            server.destroy(slot);
            return;
        }
        (uv.tcp_nodelay)(tcp, 1);
        server.with(slot, |connection| connection.socket.connected(uv));
        slot
    };
    admit(server, slot, tcp);
}

/// Reads of a connection that was accepted, or tells it that there are too many.
fn admit(server: &Rc<Server>, slot: u32, tcp: *mut Handle) {
    let limits = &server.limits;
    let standing = limits.standing(server.state.borrow().open);
    let announces = !server.proxies.is_empty() && server.proxies.has(&address_of(server, tcp).unwrap_or_default());
    if announces {
        // The connections of a proxy are those of many, and counted once it has said whose each is.
        server.with(slot, Connection::expect_proxy);
    }
    if standing == Standing::Over || (limits.max_per_address > 0 && !announces && !count(server, slot, None)) {
        overloaded(server, slot);
        return;
    }
    if standing == Standing::Extra {
        set_extra(server, slot);
    }
    server.start_reading(slot);
}

fn is_full(server: &Server) -> bool {
    server.limits.max_connections > 0 && server.state.borrow().open >= server.limits.max_connections
}

/// The address of a peer, whose handle is open; `None` where it has left.
pub fn address_of(server: &Server, tcp: *mut Handle) -> Option<String> {
    let mut address = Address::empty();
    let mut size = size_of::<Address>() as c_int;
    // SAFETY: the handle is open, and libuv writes no more than the size.
    let status = unsafe { (server.uv.tcp_getpeername)(tcp, &mut address, &mut size) };
    (status >= 0).then(|| server.uv.text_of(&address).0)
}

/// Counts a connection for its peer's address, or the one that was announced; false when that has too many.
pub fn count(server: &Server, slot: u32, announced: Option<Box<str>>) -> bool {
    let own = || Some(address_of(server, server.with(slot, |connection| connection.socket.handle)?)?.into());
    let Some(name) = announced.or_else(own) else { return true };
    let mut state = server.state.borrow_mut();
    let count = state.by_address.entry(name.clone()).or_default();
    *count += 1;
    let is_allowed = *count <= server.limits.max_per_address;
    if let Some(Some(connection)) = state.connections.get_mut(slot as usize) {
        connection.address = Some(name);
    }
    is_allowed
}

pub fn take_slot(server: &Rc<Server>, tcp: *mut Handle) -> u32 {
    let now = server.now();
    let mut state = server.state.borrow_mut();
    state.open += 1;
    state.accepted = state.accepted.wrapping_add(1);
    let connection = Some(Connection::new(tcp, state.accepted, now));
    if let Some(slot) = state.free.pop() {
        state.connections[slot as usize] = connection;
        slot
    } else {
        state.connections.push(connection);
        state.connections.len() as u32 - 1
    }
}

/// A connection is one of the reserve.
pub fn set_extra(server: &Server, slot: u32) {
    let now = server.now();
    server.with(slot, |connection| connection.extra_since = Some(now));
}

/// One connection too many: it is told so, and closed.
pub fn overloaded(server: &Rc<Server>, slot: u32) {
    let mut out = Vec::new();
    {
        let now = server.now();
        let mut state = server.state.borrow_mut();
        respond::refusal(&mut out, &respond::OVERLOADED, state.clock.line(now));
    }
    server.with(slot, |connection| connection.closes = true);
    output::send(server, slot, &out);
    server.finish(slot);
    server.after(slot);
    server.handover.refused(slot, &respond::OVERLOADED);
}
