//! Options of sockets that belong to another library, which gives no way to their descriptors.

/// Sets the receive buffer of every socket of this process that listens on a port; the connections that it accepts from
/// then on have it too. Says whether there was one. Linux only.
#[cfg(target_os = "linux")]
pub fn limit_receive_buffers(port: u16, bytes: u32) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return false };
    let mut is_set = false;
    for entry in entries.flatten() {
        let descriptor = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(descriptor) = descriptor.filter(|descriptor| listens_on(*descriptor, port)) else { continue };
        let size = bytes.min(i32::MAX as u32) as libc::c_int;
        // SAFETY: the value is an int, and its size is told; a descriptor that was closed meanwhile is an error.
        let status = unsafe {
            let value = (&raw const size).cast();
            libc::setsockopt(
                descriptor,
                libc::SOL_SOCKET,
                libc::SO_RCVBUF,
                value,
                size_of_val(&size) as libc::socklen_t,
            )
        };
        is_set |= status == 0;
    }
    is_set
}

#[cfg(not(target_os = "linux"))]
pub fn limit_receive_buffers(_port: u16, _bytes: u32) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn listens_on(descriptor: libc::c_int, port: u16) -> bool {
    let mut is_listening: libc::c_int = 0;
    let mut size = size_of_val(&is_listening) as libc::socklen_t;
    // SAFETY: there is room for an int, and its size is told; what is no socket is an error.
    let status = unsafe {
        let value = (&raw mut is_listening).cast();
        libc::getsockopt(descriptor, libc::SOL_SOCKET, libc::SO_ACCEPTCONN, value, &raw mut size)
    };
    if status != 0 || is_listening == 0 {
        return false;
    }
    // SAFETY: all zeros are an address of no family.
    let mut address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    let mut size = size_of_val(&address) as libc::socklen_t;
    // SAFETY: there is room for the larger of the two kinds of address, and its size is told.
    let status = unsafe { libc::getsockname(descriptor, (&raw mut address).cast(), &raw mut size) };
    // The port stands at the same place in both.
    let is_internet = matches!(i32::from(address.sin6_family), libc::AF_INET | libc::AF_INET6);
    status == 0 && is_internet && u16::from_be(address.sin6_port) == port
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    fn buffer_of(socket: &impl AsRawFd) -> libc::c_int {
        let mut bytes: libc::c_int = 0;
        let mut size = size_of_val(&bytes) as libc::socklen_t;
        let value = (&raw mut bytes).cast();
        // SAFETY: as above.
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, &raw mut size) };
        bytes
    }

    #[test]
    fn sets_what_listens_there_and_what_it_accepts() {
        let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let before = buffer_of(&other);
        let address = one.local_addr().unwrap();
        assert!(limit_receive_buffers(address.port(), 20_000));
        // The system counts what it needs for itself on top.
        assert_eq!(buffer_of(&one), 40_000);
        assert_eq!(buffer_of(&other), before);
        let _client = TcpStream::connect(address).unwrap();
        assert_eq!(buffer_of(&one.accept().unwrap().0), 40_000);
    }

    #[test]
    fn says_when_nothing_listens_there() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(!limit_receive_buffers(port, 20_000));
    }
}
