//! Answers: from what JavaScript gives to bytes on their way out.

use std::rc::Rc;

use napi::sys::{self, napi_env, napi_value};

use super::connection::{Output, Phase};
use super::limits::{HIGH_WATER, MOST_UNREAD};
use super::logged;
use super::output;
use super::raw;
use super::server::Server;
use super::state::State;
use crate::bridge::values::{Answer, Body, flag};
use crate::http::parse::Head;
use crate::http::respond::{self, ID_LENGTH};

/// What the answers of a server have in common, settled when it is made.
pub struct Defaults {
    /// Header lines, each with its CRLF.
    lines: Vec<u8>,
    /// The status line of a 200, the default lines, and the name of the request's id where that is sent.
    usual: Vec<u8>,
    pub sends_id: bool,
    /// `Content-Type` lines by index; the first is empty.
    types: Vec<Vec<u8>>,
}

impl Defaults {
    pub fn new(lines: Vec<u8>, sends_id: bool, types: Vec<String>) -> Self {
        let mut usual = Vec::new();
        respond::status_line(&mut usual, 200);
        usual.extend_from_slice(&lines);
        if sends_id {
            usual.extend_from_slice(ID);
        }
        let types = types.into_iter().map(|text| format!("Content-Type: {text}\r\n").into_bytes());
        Self { lines, sends_id, types: std::iter::once(Vec::new()).chain(types).collect(), usual }
    }
}

const ID: &[u8] = b"X-Request-ID: ";

/// Writes a whole answer.
///
/// `request` is its head, where that is with no connection yet.
pub fn whole(server: &Rc<Server>, slot: u32, serial: u32, answer: Answer, request: Option<(&[u8], &Head)>) {
    let Answer { body, flags, head, status } = answer;
    let Some(closes) = settle(server, slot, serial, flags) else { return };
    let env = server.handover.env;
    let mut sent = Sent::default();
    gather(server, slot, |out, state| {
        let has_length = flags & flag::BODILESS == 0;
        sent.id = start(server, out, state, status, flags, head, Ending { closes, has_length });
        if !has_length {
            out.extend_from_slice(b"\r\n");
        } else {
            let is_sent = flags & flag::HEAD == 0;
            let size = match body {
                Body::Bytes(bytes) => {
                    respond::number(out, bytes.len() as u64);
                    out.extend_from_slice(b"\r\n\r\n");
                    if is_sent {
                        out.extend_from_slice(bytes);
                    }
                    bytes.len()
                }
                Body::None => {
                    out.extend_from_slice(b"0\r\n\r\n");
                    0
                }
                Body::String(value, units) => append_string(env, value, units, out, is_sent),
            };
            sent.bytes = if is_sent { size } else { 0 };
        }
    });
    if server.log.is_some() {
        server.with(slot, |connection| {
            logged::answers(connection, status, flags);
            logged::sends(connection, sent.bytes);
        });
        logged::ends(server, slot, sent.id.as_ref().map(|id| &id[..]), request);
    }
    complete(server, slot);
}

/// Begins an answer whose body comes in parts.
///
/// `length` is negative where it is not known: then it goes in chunks, or to a client of HTTP/1.0 up to the end of the
/// connection.
pub fn begin(server: &Rc<Server>, slot: u32, serial: u32, status: u32, flags: u32, head: &[u8], length: f64) {
    let is_old = server.with_request(slot, serial, |connection| {
        if length < 0.0 && connection.is_http10 {
            connection.closes = true;
        }
        connection.is_http10
    });
    let Some(is_old) = is_old else { return };
    let Some(closes) = settle(server, slot, serial, flags) else { return };
    let output = match (length < 0.0, is_old) {
        (false, _) => Output::Length(length as u64),
        (true, false) => Output::Chunked,
        (true, true) => Output::UntilClose,
    };
    server.with(slot, |connection| logged::answers(connection, status, flags));
    gather(server, slot, |out, state| {
        let has_length = matches!(output, Output::Length(_));
        start(server, out, state, status, flags, head, Ending { closes, has_length });
        match output {
            Output::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Output::Length(length) => {
                respond::number(out, length);
                out.extend_from_slice(b"\r\n");
            }
            Output::Raw | Output::UntilClose => {}
        }
        out.extend_from_slice(b"\r\n");
    });
    if flags & flag::HEAD != 0 {
        logged::ends(server, slot, None, None);
        return complete(server, slot);
    }
    server.with(slot, |connection| connection.output = Some(output));
}

/// Writes a part of the body. False when it is time to wait for `Event::Drain`.
pub fn write(server: &Rc<Server>, slot: u32, serial: u32, chunk: &[u8]) -> bool {
    if chunk.is_empty() {
        // It would be the last one.
        return true;
    }
    let Some(Some(output)) = server.with_request(slot, serial, |connection| {
        if let Some(Output::Length(left)) = &mut connection.output {
            // The transport counts, and cuts off what is too long; this is only never to send it.
            *left = left.saturating_sub(chunk.len() as u64);
        }
        logged::sends(connection, chunk.len());
        connection.output
    }) else {
        return true;
    };
    if output == Output::Chunked {
        let mut framed = Vec::with_capacity(chunk.len() + 20);
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
        output::write(server, slot, &framed);
    } else {
        output::write(server, slot, chunk);
    }
    let has_room = server.with_request(slot, serial, |connection| {
        let has_room = connection.unsent < HIGH_WATER;
        connection.wants_drain = !has_room;
        has_room
    });
    has_room.unwrap_or(true)
}

/// Sends a 103 (RFC 8297) before the answer; false where it cannot: to HTTP/1.0, or after the answer has begun.
pub fn hint(server: &Rc<Server>, slot: u32, serial: u32, lines: &[u8]) -> bool {
    let may = server.with_request(slot, serial, |connection| !connection.is_http10 && connection.output.is_none());
    if may != Some(true) {
        return false;
    }
    let mut out = Vec::with_capacity(lines.len() + 32);
    respond::status_line(&mut out, 103);
    out.extend_from_slice(lines);
    out.extend_from_slice(b"\r\n");
    output::write(server, slot, &out);
    true
}

/// Ends an answer that was begun. The trailers are header lines, each with its CRLF; only chunks can have them. False
/// where it is time to wait for `Event::Drain`, which is what a raw connection has to know before it is closed.
pub fn end(server: &Rc<Server>, slot: u32, serial: u32, trailers: &[u8]) -> bool {
    let Some(Some(output)) = server.with_request(slot, serial, |connection| connection.output) else { return true };
    match output {
        Output::Chunked => output::write(server, slot, &[b"0\r\n", trailers, b"\r\n"].concat()),
        Output::Length(0) | Output::UntilClose => {}
        // Less than was promised: only a broken connection says so.
        Output::Length(_) => {
            server.destroy(slot);
            return true;
        }
        Output::Raw => return raw::end(server, slot, serial),
    }
    logged::ends(server, slot, None, None);
    complete(server, slot);
    true
}

/// Whether the connection closes after this answer; `None` when there is nobody to answer.
fn settle(server: &Rc<Server>, slot: u32, serial: u32, flags: u32) -> Option<bool> {
    server.with_request(slot, serial, |connection| {
        if connection.output.is_some() {
            return None;
        }
        // A client that waited for a 100 in vain may send its body or a next request: nobody can tell which.
        let is_unsent = connection.expects_continue && connection.phase == Phase::Body && connection.body_bytes == 0;
        let is_long = connection.phase == Phase::Body && connection.decoder.left_of_length() > MOST_UNREAD;
        connection.closes |= flags & flag::CLOSE != 0 || server.is_closing.get() || is_unsent || is_long;
        Some(connection.closes)
    })?
}

/// Lets `fill` append to what goes out to a connection, and sends it unless more may gather.
pub fn gather(server: &Rc<Server>, slot: u32, fill: impl FnOnce(&mut Vec<u8>, &mut State)) {
    let mut state = server.state.borrow_mut();
    let is_corked = state.outgoing.corked == Some(slot);
    // What has gathered belongs to the corked connection; any other has room of its own.
    let mut out = if is_corked { std::mem::take(&mut state.outgoing.bytes) } else { Vec::new() };
    fill(&mut out, &mut state);
    if is_corked {
        state.outgoing.bytes = out;
        return;
    }
    drop(state);
    output::send(server, slot, &out);
}

/// How a head ends.
pub struct Ending {
    /// The connection, after the answer.
    pub closes: bool,
    /// Then the name of `Content-Length` is its end, and the caller writes the number.
    pub has_length: bool,
}

/// The status line and the headers, but for what frames the body. Gives the id that was made for it, where a log wants it.
pub fn start(
    server: &Server,
    out: &mut Vec<u8>,
    state: &mut State,
    status: u32,
    flags: u32,
    head: &[u8],
    Ending { closes, has_length }: Ending,
) -> Option<[u8; ID_LENGTH]> {
    let mut id = None;
    let defaults = &server.defaults;
    let has_id = defaults.sends_id && flags & (flag::COMPLETE | flag::HAS_ID) == 0;
    if status & 0xffff == 200 && has_id {
        out.extend_from_slice(&defaults.usual);
    } else {
        respond::status_line(out, (status & 0xffff) as u16);
        if flags & flag::COMPLETE == 0 {
            out.extend_from_slice(&defaults.lines);
        }
        if has_id {
            out.extend_from_slice(ID);
        }
    }
    if has_id {
        // A generator that fails leaves the header empty, and the answer goes out.
        if state.ids.write(out) && server.log.is_some() {
            id = out.last_chunk().copied();
        }
        out.extend_from_slice(b"\r\n");
    }
    if let Some(line) = defaults.types.get((status >> 16) as usize) {
        out.extend_from_slice(line);
    }
    out.extend_from_slice(head);
    if let Some(line) = server.alternative.get()
        && !has_alternative(head)
    {
        out.extend_from_slice(line);
    }
    state.clock.write(out, server.now(), closes, has_length);
    id
}

/// Whether header lines have an `Alt-Svc` of their own.
fn has_alternative(lines: &[u8]) -> bool {
    let name = b"alt-svc:";
    lines
        .split(|byte| *byte == b'\n')
        .any(|line| line.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name)))
}

pub fn complete(server: &Rc<Server>, slot: u32) {
    server.finish(slot);
    server.resume(slot);
}

/// What a line of the access log has of an answer.
#[derive(Default)]
struct Sent {
    bytes: usize,
    id: Option<[u8; ID_LENGTH]>,
}

/// The length and the body of a text, in UTF-8, written where they are to stand: the length is only known once the text
/// has been written, so room is left for as many digits as an ASCII text would need, which most texts are.
///
/// Gives the length.
fn append_string(env: napi_env, value: napi_value, units: usize, out: &mut Vec<u8>, is_sent: bool) -> usize {
    let at = out.len();
    respond::number(out, units as u64);
    out.extend_from_slice(b"\r\n\r\n");
    let start = out.len();
    // A unit is at most three bytes, and N-API writes a terminator.
    out.reserve(3 * units + 1);
    let mut length = 0;
    // SAFETY: there is room for what N-API may write, and it says how much it wrote.
    unsafe {
        let room = out.as_mut_ptr().add(start).cast();
        sys::napi_get_value_string_utf8(env, value, room, 3 * units + 1, &mut length);
        out.set_len(start + length);
    }
    if length != units {
        let body = out.split_off(start);
        out.truncate(at);
        respond::number(out, length as u64);
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&body);
    }
    if !is_sent {
        out.truncate(out.len() - length);
    }
    length
}
