//! Sockets that listen, as the system has them: those of a port that is shared, and what waits in their queues.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Connections that are still accepted when a listener ends: more than wait in any queue.
const MOST_WAITING: usize = 65_536;

/// What waits in the queue of a listener that does not block, each of which does not block either.
pub fn queued(listener: &TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let mut accepted = std::iter::repeat_with(|| listener.accept()).take(MOST_WAITING);
    std::iter::from_fn(move || {
        loop {
            match accepted.next()? {
                Ok((stream, address)) if stream.set_nonblocking(true).is_ok() => return Some((stream, address)),
                Ok(_) => {}
                // It was there, and has left.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => return None,
            }
        }
    })
}

/// A socket of TCP that is bound to a port which others may bind too, and does not listen yet.
#[cfg(unix)]
pub fn bound(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = shared(address.is_ipv4())?;
    let one: libc::c_int = 1;
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // Else a port stays taken for as long as old connections of it are remembered.
    // SAFETY: plain calls of the system, with values of the sizes that are told.
    let status = unsafe {
        let descriptor = socket.as_raw_fd();
        libc::setsockopt(descriptor, libc::SOL_SOCKET, libc::SO_REUSEADDR, (&raw const one).cast(), size);
        match address {
            SocketAddr::V4(address) => {
                let mut raw: libc::sockaddr_in = std::mem::zeroed();
                raw.sin_family = libc::AF_INET as libc::sa_family_t;
                raw.sin_port = address.port().to_be();
                raw.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
                libc::bind(descriptor, (&raw const raw).cast(), size_of_val(&raw) as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let mut raw: libc::sockaddr_in6 = std::mem::zeroed();
                raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                raw.sin6_port = address.port().to_be();
                raw.sin6_addr.s6_addr = address.ip().octets();
                raw.sin6_scope_id = address.scope_id();
                libc::bind(descriptor, (&raw const raw).cast(), size_of_val(&raw) as libc::socklen_t)
            }
        }
    };
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

/// A socket of TCP to be bound to a port that others may bind too (SO_REUSEPORT).
#[cfg(unix)]
pub fn shared(is_ipv4: bool) -> io::Result<OwnedFd> {
    let family = if is_ipv4 { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: plain calls of the system; the descriptor is nobody else's.
    unsafe {
        let descriptor = libc::socket(family, libc::SOCK_STREAM, 0);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        let socket = OwnedFd::from_raw_fd(descriptor);
        let one: libc::c_int = 1;
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        if libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) < 0
            || libc::setsockopt(descriptor, libc::SOL_SOCKET, libc::SO_REUSEPORT, (&raw const one).cast(), size) < 0
        {
            return Err(io::Error::last_os_error());
        }
        Ok(socket)
    }
}

/// A socket that listens already. It is not closed when there is something wrong with it.
#[cfg(unix)]
pub fn given(descriptor: i32, backlog: u32) -> io::Result<TcpListener> {
    // SAFETY: plain calls of the system, which refuse a descriptor that is not open or no socket; one that is open is
    // the caller's to give away.
    unsafe {
        if libc::listen(descriptor, i32::try_from(backlog).unwrap_or(i32::MAX)) < 0 {
            return Err(io::Error::last_os_error());
        }
        let listener = TcpListener::from_raw_fd(descriptor);
        if let Err(error) = listener.local_addr() {
            std::mem::forget(listener);
            return Err(error);
        }
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}
