//! Sockets that listen, as the system has them: those of a port that is shared, and what waits in their queues.

use std::io::{self, ErrorKind};
#[cfg(unix)]
use std::mem::ManuallyDrop;
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::FromRawFd;

#[cfg(unix)]
use socket2::{Domain, Protocol, Socket, Type};

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
pub fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = shared(address.is_ipv4())?;
    // Else a port stays taken for as long as old connections of it are remembered.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A socket of TCP to be bound to a port that others may bind too (SO_REUSEPORT).
#[cfg(unix)]
pub fn shared(is_ipv4: bool) -> io::Result<Socket> {
    let socket = Socket::new(if is_ipv4 { Domain::IPV4 } else { Domain::IPV6 }, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    Ok(socket)
}

/// A socket that listens already. It is not closed when there is something wrong with it.
#[cfg(unix)]
pub fn given(descriptor: i32, backlog: u32) -> io::Result<TcpListener> {
    // SAFETY: what is not open, or is no socket, is refused by the system; what is open is the caller's to give away.
    let socket = ManuallyDrop::new(unsafe { Socket::from_raw_fd(descriptor) });
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    if socket.local_addr()?.as_socket().is_none() {
        return Err(ErrorKind::InvalidInput.into());
    }
    socket.set_nonblocking(true)?;
    Ok(ManuallyDrop::into_inner(socket).into())
}
