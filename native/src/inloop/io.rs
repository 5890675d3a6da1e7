//! Bytes between sockets and the engine. libuv says when a socket can be read, and queues what it does not take at once;
//! on Linux the calls in between are our own, `recv` and `send`, which cost the system less than the `read` and `write`
//! of libuv's streams. Elsewhere libuv makes them.

use std::rc::Rc;

use super::handles::owner;
use super::secure;
use super::server::Server;
use super::uv::{self, Buffer, Handle, Uv};

/// As much as one read takes in. One buffer serves all connections: what is read is used before the next read.
pub const READ_SIZE: usize = 65_536;

/// How often one connection is read before the next has its turn, while it brings a body that JavaScript takes: a body
/// that is whole is let go the sooner.
#[cfg(target_os = "linux")]
const MOST_READS: usize = 8;

/// The socket of a connection.
#[derive(Clone, Copy)]
pub struct Socket {
    #[cfg(target_os = "linux")]
    descriptor: std::ffi::c_int,
    pub handle: *mut Handle,
}

impl Socket {
    /// Of a handle that is not connected yet.
    pub fn new(handle: *mut Handle) -> Self {
        Self {
            #[cfg(target_os = "linux")]
            descriptor: -1,
            handle,
        }
    }

    /// The connection is there.
    ///
    /// # Safety
    /// The handle is open.
    pub unsafe fn connected(&mut self, _uv: &Uv) {
        #[cfg(target_os = "linux")]
        // SAFETY: as the caller says.
        unsafe {
            (_uv.fileno)(self.handle, &mut self.descriptor);
        }
    }

    /// # Safety
    /// The handle is open.
    pub unsafe fn start_reading(self, uv: &Uv) {
        // SAFETY: as the caller says.
        unsafe { (uv.read_start)(self.handle, allocate, on_read) };
    }

    /// # Safety
    /// The handle is open.
    pub unsafe fn stop_reading(self, uv: &Uv) {
        // SAFETY: as the caller says.
        unsafe { (uv.read_stop)(self.handle) };
    }

    /// Sends as many bytes as the socket takes now. None are taken by one that is full as by one that is broken: the queue
    /// of libuv waits for the one, and reports the other.
    ///
    /// # Safety
    /// The handle is open, and libuv's queue for it empty.
    #[cfg(target_os = "linux")]
    pub unsafe fn try_send(self, _uv: &Uv, bytes: &[u8]) -> usize {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: the bytes live for the call, and the descriptor is open while its handle is.
        let taken = unsafe { libc::send(self.descriptor, bytes.as_ptr().cast(), bytes.len(), flags) };
        usize::try_from(taken).unwrap_or(0)
    }

    /// As above.
    ///
    /// # Safety
    /// As above.
    #[cfg(not(target_os = "linux"))]
    pub unsafe fn try_send(self, uv: &Uv, bytes: &[u8]) -> usize {
        // SAFETY: the bytes live for the call.
        let taken = unsafe { (uv.try_write)(self.handle, &Buffer::over(bytes), 1) };
        usize::try_from(taken).unwrap_or(0)
    }

    /// Whether bytes have come that nobody has read, where the system tells.
    pub fn has_unread(self) -> bool {
        #[cfg(target_os = "linux")]
        {
            let mut byte = 0_u8;
            let flags = libc::MSG_DONTWAIT | libc::MSG_PEEK;
            // SAFETY: the system writes no more than there is room for.
            unsafe { libc::recv(self.descriptor, (&raw mut byte).cast(), 1, flags) > 0 }
        }
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// What can be read now, in the server's buffer. `None` where that is nothing; an empty slice is the end.
    #[cfg(target_os = "linux")]
    fn receive(self, buffer: &mut [u8]) -> Option<Result<usize, ()>> {
        loop {
            // SAFETY: the system writes no more than there is room for.
            let count =
                unsafe { libc::recv(self.descriptor, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
            if let Ok(count) = usize::try_from(count) {
                return Some(Ok(count));
            }
            match std::io::Error::last_os_error().kind() {
                std::io::ErrorKind::Interrupted => {}
                std::io::ErrorKind::WouldBlock => return None,
                _ => return Some(Err(())),
            }
        }
    }
}

/// Without room libuv reads nothing, and calls back all the same: that is how it leaves the reading to us.
#[cfg(target_os = "linux")]
unsafe extern "C" fn allocate(_handle: *mut Handle, _suggested: usize, buffer: *mut Buffer) {
    // SAFETY: libuv calls this with a buffer to fill in.
    unsafe { *buffer = Buffer { base: std::ptr::null_mut(), len: 0 } };
}

#[cfg(not(target_os = "linux"))]
unsafe extern "C" fn allocate(handle: *mut Handle, _suggested: usize, buffer: *mut Buffer) {
    // SAFETY: libuv calls this with a handle of ours and a buffer to fill in.
    unsafe {
        let server = &owner(handle).server;
        // Without room libuv leaves what there is, and comes again.
        let bytes = server.read_buffer.get();
        *buffer = if server.turn.may_read() { Buffer::over(&*bytes) } else { Buffer::over(&[]) };
    }
}

#[cfg(target_os = "linux")]
unsafe extern "C" fn on_read(handle: *mut Handle, count: isize, _buffer: *const Buffer) {
    // SAFETY: libuv calls this with a handle of ours. The owner outlives this call, since handles are freed by close
    // callbacks only.
    let (server, slot) = unsafe {
        let owner = owner(handle);
        (Rc::clone(&owner.server), owner.slot)
    };
    if count != uv::ENOBUFS && count != uv::EOF {
        return server.destroy(slot);
    }
    // What is left unread is readable in the next round.
    if !server.turn.may_read() {
        return;
    }
    for _ in 0..MOST_READS {
        // Another connection may have the slot by now.
        let found = server.with(slot, |connection| (connection.socket, connection.tls.is_some()));
        let Some((socket, is_secure)) = found.filter(|(socket, _)| socket.handle == handle) else { return };
        // SAFETY: nothing else uses the buffer until the next read.
        let buffer = unsafe { &mut *server.read_buffer.get() };
        match socket.receive(buffer) {
            None => return,
            Some(Err(())) => return server.destroy(slot),
            Some(Ok(0)) => return server.end_of_input(slot),
            Some(Ok(count)) => {
                let is_full = count == buffer.len();
                read(&server, slot, &buffer[..count], is_secure);
                if !is_full || server.with(slot, |connection| connection.takes_body()) != Some(true) {
                    return;
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
unsafe extern "C" fn on_read(handle: *mut Handle, count: isize, buffer: *const Buffer) {
    // SAFETY: as above. The owner outlives this call, since handles are freed by close callbacks only.
    let (server, slot) = unsafe {
        let owner = owner(handle);
        (Rc::clone(&owner.server), owner.slot)
    };
    match count {
        0 | uv::ENOBUFS => {}
        uv::EOF => server.end_of_input(slot),
        ..0 => server.destroy(slot),
        _ => {
            // SAFETY: libuv has written `count` bytes to the buffer, which nothing else uses until the next read.
            let bytes = unsafe { std::slice::from_raw_parts((*buffer).base.cast::<u8>(), count as usize) };
            let is_secure = server.with(slot, |connection| connection.tls.is_some()) == Some(true);
            read(&server, slot, bytes, is_secure);
        }
    }
}

/// libuv reads while it goes round what is readable, and calls its checks after that: answers may wait for them. On
/// Windows it may also read before it goes to sleep.
fn read(server: &Rc<Server>, slot: u32, bytes: &[u8], is_secure: bool) {
    server.state.borrow_mut().outgoing.may_hold = cfg!(unix);
    if is_secure {
        secure::read(server, slot, bytes);
    } else {
        server.take_in(slot, bytes);
    }
    server.state.borrow_mut().outgoing.may_hold = false;
}
