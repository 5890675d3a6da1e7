//! What goes over with a request, and what comes back.

use super::values::Answer;
use crate::http::parse::Head;

/// The head that is being handed over, for as long as JavaScript's callback runs.
#[derive(Clone, Copy)]
pub struct Current {
    /// The number of the connection.
    pub connection: u32,
    pub head: Head,
    pub length: usize,
    pub start: *const u8,
    pub serial: u32,
}

/// What JavaScript is told of a request beside its head.
pub struct Told {
    /// Whether the connection is closed after the answer, whatever that says.
    pub closes: bool,
    /// Whether its connection is one beyond the limit: what may be answered there is for JavaScript to say.
    pub is_extra: bool,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// Whether the whole body stands in the numbers, see `place`.
    pub is_whole: bool,
    pub route: i32,
    pub slot: u32,
    pub version: Version,
}

/// Which HTTP a request came by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// Its head says whether it is 1.0 or 1.1.
    Http1,
    Http2,
    Http3,
}

impl Version {
    /// As `native-control.ts` knows it.
    pub fn number(self, head: &Head) -> u32 {
        match self {
            Version::Http1 if head.is_http10 => 1,
            Version::Http1 => 2,
            Version::Http2 => 3,
            Version::Http3 => 4,
        }
    }
}

/// What a callback has left behind.
pub enum Returned<'a> {
    Answer(Answer<'a>),
    /// The connection is to leave the engine.
    HandOff,
    /// The answer comes later, or has been given by a call.
    Nothing,
}
