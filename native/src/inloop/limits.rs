//! What a server allows. Times are in milliseconds, sizes in bytes; 0 is no limit where that is said.

#[derive(Clone, Debug)]
pub struct Limits {
    /// A whole head: the request line and the headers.
    pub head: usize,
    pub idle_timeout: u64,
    pub largest_chunk: u64,
    /// Connections at once. 0 for no limit.
    pub max_connections: u32,
    /// Of one address. 0 for no limit.
    pub max_per_address: u32,
    /// Requests of one connection, which is closed after the last. 0 for no limit.
    pub max_requests: u32,
    /// Until a head is complete, or the header of the PROXY protocol, and the longest pause within a body.
    pub read_timeout: u64,
    pub request_line: usize,
    /// Connections beyond the limit of which one request is read, since some are answered all the same.
    pub reserve: u32,
    /// A connection beyond the limit waits to be accepted, and is not refused.
    pub waits: bool,
    /// The longest that unsent bytes may wait for the client to take some.
    pub write_timeout: u64,
}

/// How a connection stands to the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    Within,
    /// It is one of the reserve.
    Extra,
    /// It is told that there are too many.
    Over,
}

impl Limits {
    /// The standing of a connection that is one of so many.
    pub fn standing(&self, open: u32) -> Standing {
        if self.max_connections == 0 || open <= self.max_connections {
            Standing::Within
        } else if open - self.max_connections <= self.reserve {
            Standing::Extra
        } else {
            Standing::Over
        }
    }
}

/// How long one of the reserve has for its request and the answer: those who say nothing hold it no longer.
pub const EXTRA: u64 = 5000;

/// After the answer that closes a connection, its input is still read (and let go) for this long: closing with input
/// unread resets the connection, and a reset can take the answer away before the client has read it (RFC 9112, 9.6).
pub const LINGER: u64 = 1000;

/// From here on a connection whose client is slow to read has no further requests parsed, and streams wait.
pub const HIGH_WATER: usize = 65_536;

/// Input that waits because an answer is due first (pipelining); no more is read until it has shrunk.
pub const MOST_PENDING: usize = 65_536;

/// The most that is read of a body whose request has been answered, to keep its connection: beyond, it is closed.
pub const MOST_UNREAD: u64 = 1 << 20;

/// Bytes a second that a body must bring once it has taken longer than the read timeout.
pub const LEAST_RATE: u64 = 500;
