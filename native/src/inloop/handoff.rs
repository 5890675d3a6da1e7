//! A connection leaves the engine: its descriptor and what was read of it go to Node's own sockets. Descriptors that can
//! be duplicated are POSIX's, and a session of TLS cannot leave: those connections stay, and are raw from then on.

use std::rc::Rc;

use super::raw;
use super::server::Server;

pub fn hand_off(server: &Rc<Server>, slot: u32) {
    let is_secure = server.with(slot, |connection| connection.tls.is_some());
    if server.gives_descriptors && is_secure == Some(false) {
        give(server, slot);
    } else {
        raw::begin(server, slot);
    }
}

#[cfg(unix)]
fn give(server: &Rc<Server>, slot: u32) {
    let Some((tcp, peer, read)) = server.with(slot, |connection| {
        (connection.socket.handle, connection.peer.take(), std::mem::take(&mut connection.pending))
    }) else {
        return;
    };
    let mut descriptor = -1;
    // SAFETY: the handle is open while its slot names it; its descriptor stays libuv's, and the copy becomes ours.
    let copy = unsafe { if (server.uv.fileno)(tcp, &mut descriptor) < 0 { -1 } else { libc::dup(descriptor) } };
    server.destroy(slot);
    let Ok(number) = u32::try_from(copy) else { return };
    if server.handover.is_dead.get() {
        // SAFETY: nobody else has been told of the copy.
        unsafe { libc::close(copy) };
    } else {
        server.handover.handed_off(slot, number, &read, peer.as_deref());
    }
}

#[cfg(not(unix))]
fn give(server: &Rc<Server>, slot: u32) {
    raw::begin(server, slot);
}
