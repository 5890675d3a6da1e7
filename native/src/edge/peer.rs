//! Who is at the other end of a connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bridge::told::Version;

/// What is known of a client's connection; the same for all its requests.
#[derive(Debug)]
pub struct Peer {
    /// Its own, or the one that a proxy has announced.
    pub address: IpAddr,
    /// The client's own certificate as DER, where it has shown one that was verified.
    pub certificate: Option<Arc<[u8]>>,
    /// Whether it is one beyond the limit, see `Standing::Extra`.
    pub is_extra: AtomicBool,
    pub is_secure: bool,
    /// Tells the connection from others of the server.
    pub number: u32,
    /// The host name that the client asked for when it began the handshake.
    pub server_name: Option<Box<str>>,
    pub version: Version,
}

impl Peer {
    pub fn is_extra(&self) -> bool {
        self.is_extra.load(Ordering::Relaxed)
    }
}
