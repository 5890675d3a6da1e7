//! Answers of HTTP/2 and HTTP/3: from the header lines that JavaScript gives, and those that every answer has, to fields.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{
    ALT_SVC, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Response, StatusCode};

use super::exchange::AnswerHead;
use crate::bridge::fixed::{Found, Given};
use crate::bridge::values::flag;
use crate::codec::{self, Coding};
use crate::http::refusal::Refusal;
use crate::http::respond::{self, Ids};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the answers of a server have in common, settled when it is made.
pub struct Defaults {
    alt_svc: Option<HeaderValue>,
    fields: Vec<(HeaderName, HeaderValue)>,
    sends_id: bool,
    /// By index; the first stands for none.
    types: Vec<Option<HeaderValue>>,
}

/// What a thread keeps between answers.
struct Kept {
    /// The date, and the second that it is of.
    date: (u64, HeaderValue),
    ids: Ids,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept { date: (0, HeaderValue::from_static("")), ids: Ids::new() });
}

impl Defaults {
    /// With `alt_svc`, answers tell where else the same is to be had (RFC 7838).
    pub fn new(lines: &[u8], sends_id: bool, types: &[String], alt_svc: Option<&str>) -> Self {
        Self {
            alt_svc: alt_svc.and_then(|text| HeaderValue::from_str(text).ok()),
            fields: fields(lines).collect(),
            sends_id,
            types: std::iter::once(None).chain(types.iter().map(|text| HeaderValue::from_str(text).ok())).collect(),
        }
    }

    /// The head of an answer, with the length of its body where that is known.
    pub fn head(&self, given: &AnswerHead, length: Option<u64>) -> Response<()> {
        let AnswerHead { flags, lines, status } = given;
        let mut head = Response::new(());
        *head.status_mut() =
            StatusCode::from_u16((status & 0xffff) as u16).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut map = HeaderMap::with_capacity(12);
        if flags & flag::COMPLETE == 0 {
            for (name, value) in &self.fields {
                map.append(name.clone(), value.clone());
            }
            if self.sends_id && flags & flag::HAS_ID == 0 {
                map.insert(REQUEST_ID, id());
            }
        }
        if let Some(Some(value)) = self.types.get((status >> 16) as usize) {
            map.insert(CONTENT_TYPE, value.clone());
        }
        for (name, value) in fields(lines) {
            map.append(name, value);
        }
        self.complete(&mut map, if flags & flag::BODILESS != 0 { None } else { length });
        *head.headers_mut() = map;
        head
    }

    /// An answer that needs no JavaScript: its head, and its body.
    pub fn fixed(&self, found: &Found) -> (Response<()>, Bytes) {
        let Found { body, head, is_head, status } = found;
        let mut flags = if *is_head { flag::HEAD } else { 0 };
        let mut lines = head.to_vec();
        let mut status = *status;
        let body = match body {
            Given::Bytes(bytes) => Bytes::copy_from_slice(bytes),
            Given::Document(document, subject) => {
                // The id stands in the head and in the document.
                let id = id();
                let [before, between, after] = &document.parts;
                if self.sends_id {
                    lines.extend_from_slice(&[b"x-request-id: ", id.as_bytes(), b"\r\n"].concat());
                }
                flags |= flag::HAS_ID;
                status |= document.type_index;
                Bytes::from([before.as_slice(), subject, between, id.as_bytes(), after].concat())
            }
            Given::None => {
                flags |= flag::BODILESS;
                Bytes::new()
            }
        };
        let head = self.head(&AnswerHead { flags, lines, status }, Some(body.len() as u64));
        (head, if *is_head { Bytes::new() } else { body })
    }

    /// The answer to what is refused: a problem document.
    pub fn refusal(&self, refusal: &Refusal) -> (Response<()>, Bytes) {
        let body = Bytes::from(respond::refusal_body(refusal));
        let lines = b"content-type: application/problem+json\r\nx-content-type-options: nosniff\r\n".to_vec();
        let head = AnswerHead { flags: flag::COMPLETE, lines, status: refusal.status.into() };
        (self.head(&head, Some(body.len() as u64)), body)
    }

    fn complete(&self, map: &mut HeaderMap, length: Option<u64>) {
        map.insert(DATE, date());
        if let Some(value) = &self.alt_svc {
            map.entry(ALT_SVC).or_insert_with(|| value.clone());
        }
        if let Some(length) = length {
            map.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
    }
}

/// A body in the coding that an answer's flags ask for; `None` where it is to be sent as it is.
pub fn coded(flags: u32, body: &[u8]) -> Option<Bytes> {
    let coding = match (flags & flag::CODING) >> 8 {
        1 => Coding::Brotli,
        2 => Coding::Gzip,
        3 => Coding::Zstd,
        _ => return None,
    };
    let coded = codec::compress(body, coding, (flags & flag::LEVEL) >> 12)?;
    (coded.len() < body.len() || flags & flag::CODED_ALWAYS != 0).then(|| Bytes::from(coded))
}

/// An answer before the answer (RFC 9110, 15.2).
pub fn interim(status: StatusCode, lines: &[u8]) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = status;
    head.headers_mut().extend(fields(lines));
    head
}

/// Fields as lines, each with its CRLF.
pub fn lines(fields: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in fields {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

/// Fields that stand after a body.
pub fn trailers(lines: &[u8]) -> HeaderMap {
    fields(lines).collect()
}

/// The fields in lines that JavaScript has checked. Those that are about a connection of HTTP/1.1 are left out (RFC 9113,
/// 8.2.2).
fn fields(lines: &[u8]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = memchr::memchr(b':', line)?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let is_of_connection = name == CONNECTION
            || name == TRANSFER_ENCODING
            || name == UPGRADE
            || matches!(name.as_str(), "keep-alive" | "proxy-connection");
        if is_of_connection {
            return None;
        }
        let mut value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        // What is different each time is of no use in the other side's table of fields.
        value.set_sensitive(name == REQUEST_ID);
        Some((name, value))
    })
}

/// The identifier of a request; empty where the generator has failed.
fn id() -> HeaderValue {
    let mut text = Vec::with_capacity(36);
    KEPT.with_borrow_mut(|kept| kept.ids.write(&mut text));
    let mut value = HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn date() -> HeaderValue {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    KEPT.with_borrow_mut(|kept| {
        if kept.date.0 != now {
            let text = respond::http_date(now);
            kept.date = (now, HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("")));
        }
        kept.date.1.clone()
    })
}
