//! Lines of the access log in JSON, byte for byte those of `src/observability/access-log/json-format.ts`: of requests whose
//! head is here and whose answer goes out from here, of which JavaScript then has nothing to do. Pure.

mod escape;
mod redact;
pub mod template;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::http::names;
use crate::http::parse::Head;
use crate::http::respond::number;
use template::{HeaderKind, Template};

/// How a request has ended.
pub struct End<'a> {
    /// Of the answer's body.
    pub bytes: u64,
    pub duration: Duration,
    /// Milliseconds since 1970.
    pub epoch: u64,
    /// Of characters that stand in JSON as they are.
    pub id: &'a [u8],
    /// Of the client, of such characters; empty where nobody knows it any more.
    pub ip: &'a [u8],
    pub is_aborted: bool,
    pub is_secure: bool,
    /// The number of the route that has answered; negative where none has.
    pub route: i32,
    /// 0 where there was no answer.
    pub status: u16,
}

/// Writes the line of a request.
pub fn write(out: &mut Vec<u8>, template: &Template, bytes: &[u8], head: &Head, end: &End) {
    let is_slow = end.duration >= template.slow;
    let is_error = end.status >= 500 && !end.is_aborted;
    let level: &[u8] = match (is_error, end.is_aborted || is_slow) {
        (true, _) => b"{\"level\":50,\"time\":",
        (false, true) => b"{\"level\":40,\"time\":",
        (false, false) => b"{\"level\":30,\"time\":",
    };
    out.extend_from_slice(level);
    number(out, end.epoch);
    out.extend_from_slice(&template.process);
    out.extend_from_slice(end.id);
    out.extend_from_slice(b"\",\"http.request.method\":\"");
    let method = head.method.of(bytes);
    escape::json(out, method);
    out.extend_from_slice(b"\",\"url.path\":\"");
    escape::json(out, head.path.of(bytes));
    let query = head.query.of(bytes);
    if !query.is_empty() {
        out.extend_from_slice(b"\",\"url.query\":\"");
        escape::json(out, &redact::query(query, &template.keys));
    }
    let (scheme, version): (&[u8], &[u8]) =
        (if end.is_secure { b"https" } else { b"http" }, if head.is_http10 { b"1.0" } else { b"1.1" });
    for part in [b"\",\"url.scheme\":\"", scheme, b"\",\"network.protocol.version\":\"", version, b"\""] {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(template.route(end.route, method));
    if end.status != 0 {
        out.extend_from_slice(b",\"http.response.status_code\":");
        number(out, end.status.into());
    }
    out.extend_from_slice(b",\"http.response.body.size\":");
    number(out, end.bytes);
    out.extend_from_slice(b",\"duration\":");
    milliseconds(out, end.duration);
    if !end.ip.is_empty() {
        out.extend_from_slice(b",\"client.address\":\"");
        out.extend_from_slice(end.ip);
        out.push(b'"');
    }
    for header in &template.headers {
        if head.names.0 & header.bit == 0 {
            continue;
        }
        let Some(value) = names::values(head.headers.of(bytes), &header.name).next() else { continue };
        out.extend_from_slice(&header.member);
        match header.kind {
            HeaderKind::Hidden => out.extend_from_slice(redact::REDACTED),
            HeaderKind::Plain => escape::json(out, value),
            HeaderKind::Url => escape::json(out, &redact::url(value, &template.keys)),
        }
        out.push(b'"');
    }
    if is_slow {
        out.extend_from_slice(b",\"slow\":true");
    }
    out.extend_from_slice(if end.is_aborted { &template.aborted } else { &template.completed });
}

/// With three digits behind the point.
fn milliseconds(out: &mut Vec<u8>, duration: Duration) {
    let microseconds = (duration.as_nanos() + 500) / 1000;
    let rest = (microseconds % 1000) as u32;
    number(out, (microseconds / 1000) as u64);
    let digit = |value: u32| b'0' + (value % 10) as u8;
    out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
}
