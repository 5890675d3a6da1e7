//! Connections that come from the edge: accepted there, and with their handshake done.

use std::net::TcpStream;
use std::rc::Rc;

use rustls::ServerConnection;

use super::handles::own;
use super::limits::Standing;
use super::server::Server;
use super::tls::{Input, Tls};
use super::uv::{Handle, OsSocket, TCP};
use super::{accept, output, secure, timers};

/// What the edge gives away. It is sent from thread to thread.
pub struct Adopted {
    /// Whose connection it is, where a proxy has announced that.
    pub peer: Option<Box<str>>,
    /// Counts the connection for as long as it is held.
    pub permit: Box<dyn Send>,
    /// What has been read and belongs to requests, decrypted.
    pub received: Vec<u8>,
    /// The session after its handshake; `None` for plaintext. It may hold plaintext that nobody has read, and records
    /// that nobody has sent.
    pub session: Option<Box<ServerConnection>>,
    /// It does not block.
    pub socket: TcpStream,
    pub standing: Standing,
}

/// Serves HTTP/1.1 on a connection. Limits of how many there may be are those of whoever accepted it. One that comes while
/// the server closes may bring a request, which is answered.
pub fn adopt(server: &Rc<Server>, adopted: Adopted) {
    let Adopted { peer, permit, received, session, socket, standing } = adopted;
    let Some((slot, _)) = open(server, socket) else { return };
    let mut plain = received;
    let input = server.with(slot, |connection| {
        connection.peer = peer;
        connection.permit = Some(permit);
        let mut tls = Box::new(Tls::new(session?));
        let input = tls.open(&[], &mut plain);
        let has_news = tls.has_news();
        connection.tls = Some(tls);
        Some((input, has_news))
    });
    let (input, has_news) = input.flatten().unwrap_or((Input::Open, false));
    match standing {
        Standing::Extra => accept::set_extra(server, slot),
        Standing::Over => return accept::overloaded(server, slot),
        Standing::Within => {}
    }
    if has_news && !output::try_send(server, slot, &[]) {
        return server.destroy(slot);
    }
    server.start_reading(slot);
    if !plain.is_empty() {
        server.take_in(slot, &plain);
    }
    secure::follow(server, slot, input);
}

/// A handle of libuv over a socket that does not block, and a connection of it.
pub fn open(server: &Rc<Server>, socket: TcpStream) -> Option<(u32, *mut Handle)> {
    let uv = server.uv;
    let tcp = uv.handle(TCP);
    // SAFETY: the handle has the size of its kind; once it is initialised, it is freed by its close callback alone.
    let slot = unsafe {
        if (uv.tcp_init)(server.looper, tcp) < 0 {
            uv.free(tcp, TCP);
            return None;
        }
        let slot = accept::take_slot(server, tcp);
        own(tcp, server, slot);
        slot
    };
    // There may be no listener in the loop that has started it.
    timers::start(server);
    let raw = into_raw(socket);
    // SAFETY: the socket is open, and libuv's from here on if it takes it; else nobody else has it.
    let is_open = unsafe {
        let is_open = (uv.tcp_open)(tcp, raw) >= 0;
        if !is_open {
            drop(from_raw(raw));
        }
        is_open
    };
    if !is_open {
        server.destroy(slot);
        return None;
    }
    // SAFETY: the handle is open.
    unsafe {
        (uv.tcp_nodelay)(tcp, 1);
        server.with(slot, |connection| connection.socket.connected(uv));
    }
    Some((slot, tcp))
}

#[cfg(unix)]
fn into_raw(socket: TcpStream) -> OsSocket {
    std::os::fd::IntoRawFd::into_raw_fd(socket)
}

#[cfg(unix)]
unsafe fn from_raw(raw: OsSocket) -> TcpStream {
    // SAFETY: as the caller says.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(raw) }
}

#[cfg(windows)]
fn into_raw(socket: TcpStream) -> OsSocket {
    std::os::windows::io::IntoRawSocket::into_raw_socket(socket) as OsSocket
}

#[cfg(windows)]
unsafe fn from_raw(raw: OsSocket) -> TcpStream {
    // SAFETY: as the caller says.
    unsafe { std::os::windows::io::FromRawSocket::from_raw_socket(raw as _) }
}
