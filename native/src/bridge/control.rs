//! What Rust and JavaScript tell each other by numbers that both can read and write: an array read is the cheapest way
//! from one to the other. `src/transports/native-control.ts` has the same list.

use std::cell::UnsafeCell;

/// Of the request that is handed over.
pub const SLOT: usize = 0;
pub const SERIAL: usize = 1;
/// The id of the route; 2^32 - 1 where none matched.
pub const ROUTE: usize = 2;
/// See `method_number`; 0 for a method to be asked for.
pub const METHOD: usize = 3;
/// 0 for no body, 1 for one of known length, 2 for a chunked one; and 4 for one of JSON, 8 for one with a
/// `Content-Encoding`.
pub const BODY: usize = 4;
pub const LENGTH_LOW: usize = 5;
pub const LENGTH_HIGH: usize = 6;
/// 1 where the connection is closed after the answer, whatever that says.
pub const CLOSES: usize = 7;
/// Of an answer that the callback returns: what its value is, see `ANSWER_…`.
pub const ANSWER: usize = 8;
/// Of a whole answer that is given by a call: the status, and the index of the content type times 65,536.
pub const STATUS: usize = 9;
pub const FLAGS: usize = 10;
/// 1 where the client wants another protocol.
pub const UPGRADES: usize = 11;
/// As `STATUS` and `FLAGS`, of an answer that the callback returns: others may be given before it has returned.
pub const RETURNED_STATUS: usize = 12;
pub const RETURNED_FLAGS: usize = 13;
/// Bytes of header lines of such an answer, which stand at `LINES`.
pub const RETURNED_LINES: usize = 14;
/// How long a text is that is the body of such an answer, in units of UTF-16; and of one that is given by a call.
pub const RETURNED_UNITS: usize = 15;
pub const UNITS: usize = 16;
/// The serial of the request whose callback is running, microtasks and ticks after it included; 0 at other times.
pub const WITHIN: usize = 17;
/// 1 where the whole body of the request that is handed over stands at `WHOLE`: JavaScript may take it from there.
pub const IS_WHOLE: usize = 18;
/// Which headers the request may have, see `names`.
pub const NAMES: usize = 19;
/// Which connection the request came by: one that takes its slot later has another number.
pub const CONNECTION: usize = 20;
/// The first bit: whether it came over TLS. Those above: which HTTP it came by, see `Version`.
pub const SECURE: usize = 21;
/// 1 where it came by a connection beyond the limit.
pub const EXTRA: usize = 22;
/// Bytes of the query: 0 where there is none to be asked for.
pub const QUERY_SIZE: usize = 23;
/// Bytes of lines of the access log that wait to be taken; and how many lines were taken last.
pub const LOGGED_SIZE: usize = 24;
pub const LOGGED_LINES: usize = 25;
/// Room for header lines, of `LINES_SIZE` bytes.
pub const LINES: usize = 32;
/// Room for a body, of `WHOLE_SIZE` bytes.
pub const WHOLE: usize = LINES + LINES_SIZE / 4;

/// In bytes.
pub const LINES_SIZE: usize = 1024;
pub const WHOLE_SIZE: usize = 4096;
pub const SIZE: usize = WHOLE + WHOLE_SIZE / 4;
pub type Control = UnsafeCell<[u32; SIZE]>;

pub const ANSWER_STRING: u32 = 1;
pub const ANSWER_BYTES: u32 = 2;
/// Not an answer: the connection leaves the engine, with this request still to be served.
pub const HAND_OFF: u32 = 4;
/// Beside one of the others: the answer was settled by a microtask or a tick, after the callback had returned. Its body is
/// only in the array that both sides share.
pub const ANSWER_LATER: u32 = 8;

/// The number by which a method is handed over; 0 for one that has none.
pub fn method_number(method: &[u8]) -> u32 {
    match method {
        b"DELETE" => 1,
        b"GET" => 2,
        b"HEAD" => 3,
        b"OPTIONS" => 4,
        b"PATCH" => 5,
        b"POST" => 6,
        b"PUT" => 7,
        _ => 0,
    }
}

/// What the other callback is told of.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Event {
    /// A part of a body; `BodyEnd` for the last, which may be empty.
    Body = 0,
    BodyEnd = 1,
    /// There is room for more of a stream.
    Drain = 2,
    /// The client is gone, or was refused, before its answer was complete.
    Gone = 3,
    /// The client has sent its last byte while its answer was due: it may be gone, or only wait.
    Ended = 4,
    /// A request was refused before it was one; the serial is its status, and the reason comes with it.
    Refused = 5,
    /// A connection has left the engine: the serial is its descriptor, and what was read of it comes with it.
    #[cfg(unix)]
    HandedOff = 6,
    /// Something for the log: its text comes with it.
    Log = 7,
    /// A connection is raw from here on, under the serial of the request that it is handed over with: what was read of it
    /// comes with it, then `Body` and `BodyEnd`.
    Raw = 8,
}
