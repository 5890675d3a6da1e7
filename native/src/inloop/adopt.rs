//! Connections that come from the edge: accepted there, and with their handshake done.

use std::net::TcpStream;
use std::rc::Rc;

use rustls::ServerConnection;

use super::server::Server;

/// What the edge gives away. It is sent from thread to thread.
pub struct Adopted {
    /// There are too many connections with it: it is to be told so, and closed.
    pub is_over: bool,
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
}

/// Serves HTTP/1.1 on a connection.
pub fn adopt(server: &Rc<Server>, adopted: Adopted) {
    drop((server, adopted));
}
