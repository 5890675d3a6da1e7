//! Listening sockets: binding, accepting, refusing what is too much.

use std::ffi::{CString, c_int};
use std::rc::Rc;

use super::connection::Connection;
use super::handles::{on_closed, own, owner};
use super::output;
use super::server::Server;
use super::state::State;
use super::timers;
use super::uv::{Address, Handle, TCP};
use crate::http::respond;

/// Why an address could not be listened on: the system's name for it, and what it says.
pub struct ListenError {
    pub code: String,
    pub message: String,
}

/// Listens on an IP address, and gives the port.
pub fn listen(server: &Rc<Server>, host: &str, port: u16, backlog: i32) -> Result<u16, ListenError> {
    let uv = server.uv;
    let error = |status: c_int| {
        let (code, message) = uv.error(status);
        ListenError { code, message }
    };
    let check = |status: c_int| if status < 0 { Err(error(status)) } else { Ok(()) };
    let text =
        CString::new(host).map_err(|_| ListenError { code: "EINVAL".into(), message: "not an address".into() })?;
    let mut address = Address::empty();
    // SAFETY: libuv writes an address no larger than the room for one; the text is terminated.
    unsafe {
        if (uv.ip4_addr)(text.as_ptr(), port.into(), &mut address) < 0 {
            check((uv.ip6_addr)(text.as_ptr(), port.into(), &mut address))?;
        }
    }
    let handle = uv.handle(TCP);
    // SAFETY: the handle has the size of its kind; once it is initialised, it is freed by its close callback alone.
    unsafe {
        let status = (uv.tcp_init)(server.looper, handle);
        if status < 0 {
            uv.free(handle, TCP);
            return Err(error(status));
        }
        own(handle, server, u32::MAX);
        let bound = check((uv.tcp_bind)(handle, &address, 0))
            .and_then(|()| check((uv.listen)(handle, backlog, on_connection)))
            .and_then(|()| {
                let mut size = size_of::<Address>() as c_int;
                check((uv.tcp_getsockname)(handle, &mut address, &mut size))
            });
        if let Err(reason) = bound {
            (uv.close)(handle, Some(on_closed));
            return Err(reason);
        }
    }
    server.state.borrow_mut().listeners.push(handle);
    timers::start(server);
    Ok(uv.text_of(&address).1)
}

/// Takes no more connections.
pub fn close(server: &Rc<Server>) {
    server.is_closing.set(true);
    let listeners = {
        let mut state = server.state.borrow_mut();
        state.waiting.clear();
        std::mem::take(&mut state.listeners)
    };
    for handle in listeners {
        // SAFETY: a listener is open until it is taken out of the list.
        unsafe { (server.uv.close)(handle, Some(on_closed)) };
    }
}

// libuv itself sees to EMFILE: it lets go of a descriptor that it keeps for this, accepts, and closes.
unsafe extern "C" fn on_connection(listener: *mut Handle, status: c_int) {
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

fn accept(server: &Rc<Server>, listener: *mut Handle) {
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
    let limits = &server.limits;
    let is_over = limits.max_connections > 0 && server.state.borrow().open > limits.max_connections;
    let announces = !server.proxies.is_empty() && server.proxies.has(&address_of(server, tcp).unwrap_or_default());
    if announces {
        // The connections of a proxy are those of many, and counted once it has said whose each is.
        server.with(slot, Connection::expect_proxy);
    }
    if is_over || (limits.max_per_address > 0 && !announces && !count(server, slot, None)) {
        overloaded(server, slot);
    } else {
        server.start_reading(slot);
    }
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
