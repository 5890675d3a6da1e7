//! Listening sockets: where they come from, and their end.

use std::ffi::{CString, c_int};
#[cfg(unix)]
use std::os::fd::{AsRawFd, IntoRawFd};
use std::rc::Rc;

use super::handles::{on_closed, own};
use super::server::Server;
use super::uv::{Address, Handle, OsSocket, TCP, Uv};
use super::{accept, timers};
#[cfg(unix)]
use crate::queue;

/// Why an address could not be listened on: the system's name for it, and what it says.
pub struct ListenError {
    pub code: String,
    pub message: String,
}

/// Where a listening socket comes from.
#[derive(Clone, Copy, PartialEq)]
pub enum Origin {
    /// It is opened here, for this process alone.
    Own,
    /// It is opened here, for a port that other processes listen on too.
    Shared,
    /// It listens already, and may outlive this process.
    Given(i32),
    /// It was opened elsewhere, for a port that other processes listen on too, and is held there as well.
    Held(i32),
}

/// A listening socket.
pub struct Listener {
    handle: *mut Handle,
    origin: Origin,
}

/// Listens on an IP address, or with a socket that does, and gives the address and the port.
pub fn listen(
    server: &Rc<Server>,
    host: &str,
    port: u16,
    backlog: i32,
    origin: Origin,
) -> Result<(String, u16), ListenError> {
    let uv = server.uv;
    let handle = uv.handle(TCP);
    // SAFETY: the handle has the size of its kind; once it is initialised, it is freed by its close callback alone.
    unsafe {
        let status = (uv.tcp_init)(server.looper, handle);
        if status < 0 {
            uv.free(handle, TCP);
            return Err(error(uv, status));
        }
        own(handle, server, u32::MAX);
    }
    let begun = begin(uv, handle, host, port, backlog, origin);
    if begun.is_err() {
        // SAFETY: as above.
        unsafe { (uv.close)(handle, Some(on_closed)) };
    } else {
        server.state.borrow_mut().listeners.push(Listener { handle, origin });
        timers::start(server);
    }
    begun
}

fn begin(
    uv: &Uv,
    handle: *mut Handle,
    host: &str,
    port: u16,
    backlog: i32,
    origin: Origin,
) -> Result<(String, u16), ListenError> {
    let check = |status: c_int| if status < 0 { Err(error(uv, status)) } else { Ok(()) };
    let wrong = |message: &str| ListenError { code: "EINVAL".into(), message: message.into() };
    let mut address = Address::empty();
    // SAFETY: the handle is open. libuv writes an address no larger than the room for one; the text is terminated. A
    // descriptor that libuv has taken is closed by it.
    unsafe {
        match origin {
            Origin::Own | Origin::Shared => {
                let text = CString::new(host).map_err(|_| wrong("not an address"))?;
                let is_ipv4 = (uv.ip4_addr)(text.as_ptr(), port.into(), &mut address) >= 0;
                if !is_ipv4 {
                    check((uv.ip6_addr)(text.as_ptr(), port.into(), &mut address))?;
                }
                if origin == Origin::Shared {
                    #[cfg(unix)]
                    share(uv, handle, is_ipv4)?;
                }
                check((uv.tcp_bind)(handle, &address, 0))?;
            }
            Origin::Given(descriptor) | Origin::Held(descriptor) => {
                check((uv.tcp_open)(handle, descriptor as OsSocket))?;
                let mut size = size_of::<Address>() as c_int;
                check((uv.tcp_getsockname)(handle, &mut address, &mut size))?;
                if uv.text_of(&address).0.is_empty() {
                    return Err(wrong("it is no socket of TCP"));
                }
            }
        }
        check((uv.listen)(handle, backlog, accept::on_connection))?;
        let mut size = size_of::<Address>() as c_int;
        check((uv.tcp_getsockname)(handle, &mut address, &mut size))?;
    }
    Ok(uv.text_of(&address))
}

/// Has the handle bind with a socket whose port others may bind too. libuv has no such option before 1.49.
#[cfg(unix)]
fn share(uv: &Uv, handle: *mut Handle, is_ipv4: bool) -> Result<(), ListenError> {
    let failed = |reason: std::io::Error| {
        let (code, message) = uv.error(-reason.raw_os_error().unwrap_or(libc::EIO));
        ListenError { code, message }
    };
    let socket = queue::shared(is_ipv4).map_err(failed)?;
    // SAFETY: the handle is open and has no socket yet; the descriptor is libuv's from here on, if it takes it.
    let status = unsafe { (uv.tcp_open)(handle, socket.as_raw_fd()) };
    if status < 0 {
        return Err(error(uv, status));
    }
    let _ = socket.into_raw_fd();
    Ok(())
}

fn error(uv: &Uv, status: c_int) -> ListenError {
    let (code, message) = uv.error(status);
    ListenError { code, message }
}

/// Takes no more connections, but those that wait already: with the listener they would be reset.
pub fn close(server: &Rc<Server>) {
    server.is_closing.set(true);
    let (listeners, waiting) = {
        let mut state = server.state.borrow_mut();
        (std::mem::take(&mut state.listeners), std::mem::take(&mut state.waiting))
    };
    for handle in waiting {
        accept::accept(server, handle);
    }
    for Listener { handle, origin } in listeners {
        // The queue of one that was given is left to who listens on it next.
        #[cfg(unix)]
        if !matches!(origin, Origin::Given(_)) {
            accept::accept_queued(server, handle);
        }
        #[cfg(windows)]
        let _ = origin;
        // SAFETY: a listener is open until it is taken out of the list.
        unsafe { (server.uv.close)(handle, Some(on_closed)) };
    }
}
