//! The head of a request: request line and headers, by httparse, and what RFC 9112 refuses that httparse does not.
//! Pure: bytes in, offsets out.

use std::mem::MaybeUninit;

use httparse::{Header, Status};

/// The most header lines a request may have.
pub const MAX_HEADERS: usize = 100;

/// A part of the head, as offsets into it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn of<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.start as usize..self.end as usize]
    }

    fn in_head(head: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize - head.as_ptr() as usize) as u32;
        Self { start, end: start + part.len() as u32 }
    }
}

/// How the body is framed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BodyKind {
    Chunked,
    Length(u64),
    None,
}

/// What a head says, beyond the headers themselves.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub body: BodyKind,
    /// Whether the client waits for a 100 before it sends the body.
    pub expects_continue: bool,
    /// The header lines, without the empty line after them.
    pub headers: Span,
    /// Whether there is a `Content-Encoding`.
    pub is_coded: bool,
    pub is_http10: bool,
    /// Whether the `Content-Type` is that of JSON as most clients write it; another may be one too.
    pub is_json: bool,
    pub keep_alive: bool,
    pub method: Span,
    pub path: Span,
    pub query: Span,
    pub upgrades: bool,
}

/// Why a request is refused: a row of the table that `src/core/guard.ts` has too, where it is the same rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    pub code: &'static str,
    pub reason: &'static str,
    pub section: &'static str,
    pub status: u16,
}

const fn bad(reason: &'static str, section: &'static str) -> Refusal {
    Refusal { code: "BAD_FRAMING", reason, section, status: 400 }
}

pub const BARE_LF: Refusal = bad("a line ends without a carriage return", "RFC 9112, 2.2");
const BOTH_FRAMINGS: Refusal = bad("there is both a Content-Length and a Transfer-Encoding", "RFC 9112, 6.1");
const CODING_IN_HTTP10: Refusal = bad("HTTP/1.0 has no Transfer-Encoding", "RFC 9112, 6.1");
const CODING_NOT_CHUNKED: Refusal = bad("the Transfer-Encoding does not end in a single chunked", "RFC 9112, 6.3");
const CODING_UNKNOWN: Refusal = Refusal {
    code: "CODING_UNKNOWN",
    reason: "there is a transfer coding beside chunked",
    section: "RFC 9112, 6.1",
    status: 501,
};
const EXPECTATION: Refusal = Refusal {
    code: "BAD_FRAMING",
    reason: "there is an expectation other than 100-continue",
    section: "RFC 9110, 10.1.1",
    status: 417,
};
const HEADER_BYTE: Refusal = bad("a header holds a byte that is not allowed there", "RFC 9110, 5.5");
const HOST_COUNT: Refusal = bad("there must be one Host header", "RFC 9112, 3.2");
const HOST_MALFORMED: Refusal = bad("the Host header is not a host and port", "RFC 9110, 7.2");
const LENGTH_COUNT: Refusal = bad("there is more than one Content-Length", "RFC 9112, 6.3");
const LENGTH_MALFORMED: Refusal = bad("the Content-Length is not a number", "RFC 9112, 6.3");
const METHOD: Refusal = bad("the method is not a token", "RFC 9112, 3.1");
const OTHER_HOST: Refusal = bad("the request target names another host", "RFC 9112, 3.2.2");
const REQUEST_LINE: Refusal = bad("the request line is malformed", "RFC 9112, 3");
const TARGET: Refusal = bad("the request target is not a path of printable ASCII", "RFC 9112, 3.2");
pub const HEAD_TOO_LARGE: Refusal =
    Refusal { code: "HEADERS_TOO_LARGE", reason: "the headers are too large", section: "RFC 6585, 5", status: 431 };
pub const LINE_TOO_LONG: Refusal = Refusal {
    code: "LINE_TOO_LONG",
    reason: "the request line is too long",
    section: "RFC 9110, 15.5.15",
    status: 414,
};
const TOO_MANY_HEADERS: Refusal =
    Refusal { code: "HEADERS_TOO_LARGE", reason: "there are too many headers", section: "RFC 6585, 5", status: 431 };
const VERSION: Refusal = Refusal {
    code: "BAD_FRAMING",
    reason: "the version is neither HTTP/1.1 nor HTTP/1.0",
    section: "RFC 9110, 15.6.6",
    status: 505,
};

/// Looks for the end of a head in `bytes`, of which those before `from` have been looked at.
///
/// Returns the length of the head with its empty line; `None` when it is not complete.
pub fn find_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Refusal> {
    for found in memchr::memchr_iter(b'\n', &bytes[from..]) {
        let at = from + found;
        if at == 0 || bytes[at - 1] != b'\r' {
            return Err(BARE_LF);
        }
        if at >= 3 && &bytes[at - 3..at - 1] == b"\r\n" {
            return Ok(Some(at + 1));
        }
    }
    Ok(None)
}

/// Parses a complete head, as [`find_end`] found it. Empty lines before it are the caller's to pass over.
pub fn parse(head: &[u8]) -> Result<Head, Refusal> {
    // httparse passes over them too, and the header lines would seem to begin a line early.
    if head.starts_with(b"\r") {
        return Err(REQUEST_LINE);
    }
    // Left as it is: to clear room for a hundred headers would cost as much as to parse a few.
    let mut headers = [const { MaybeUninit::<Header>::uninit() }; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut headers) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(HEADER_BYTE),
        Err(error) => return Err(refusal_of(error, head)),
    }
    let method = request.method.unwrap_or_default().as_bytes();
    let target = request.path.unwrap_or_default().as_bytes();
    let is_http10 = request.version == Some(0);
    let line_end = memchr::memchr(b'\n', head).unwrap_or_default() + 1;
    let mut facts = Facts { keep_alive: !is_http10, ..Facts::default() };
    for header in request.headers.iter() {
        facts.add(header.name.as_bytes(), header.value)?;
    }
    let (path, query) = facts.target(method, target, is_http10)?;
    Ok(Head {
        body: facts.body(is_http10)?,
        expects_continue: facts.expects_continue && !is_http10,
        headers: Span { start: line_end as u32, end: head.len() as u32 - 2 },
        is_coded: facts.is_coded,
        is_http10,
        is_json: facts.is_json,
        keep_alive: facts.keep_alive && !facts.closes,
        method: Span::in_head(head, method),
        path: Span::in_head(head, path),
        query: query.map_or(Span::default(), |query| Span::in_head(head, query)),
        upgrades: facts.upgrades && facts.connection_upgrade,
    })
}

fn refusal_of(error: httparse::Error, head: &[u8]) -> Refusal {
    match error {
        httparse::Error::HeaderName | httparse::Error::HeaderValue | httparse::Error::NewLine => HEADER_BYTE,
        httparse::Error::TooManyHeaders => TOO_MANY_HEADERS,
        httparse::Error::Version if has_other_version(head) => VERSION,
        httparse::Error::Token => {
            let end = head.iter().position(|byte| *byte == b' ').unwrap_or(0);
            if end == 0 || !head[..end].iter().all(|byte| is_token(*byte)) { METHOD } else { TARGET }
        }
        _ => REQUEST_LINE,
    }
}

/// Whether the request line ends in a version of HTTP, though not one that is served.
fn has_other_version(head: &[u8]) -> bool {
    let line = &head[..memchr::memchr(b'\r', head).unwrap_or(head.len())];
    let Some(at) = memchr::memrchr(b' ', line) else { return false };
    matches!(&line[at + 1..], [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit() && !(*major == b'1' && matches!(minor, b'0' | b'1')))
}

#[derive(Default)]
struct Facts<'a> {
    closes: bool,
    coding: Option<&'a [u8]>,
    codings: u32,
    connection_upgrade: bool,
    expects_continue: bool,
    host: Option<&'a [u8]>,
    is_coded: bool,
    is_json: bool,
    keep_alive: bool,
    length: Option<&'a [u8]>,
    upgrades: bool,
}

impl<'a> Facts<'a> {
    fn add(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        // httparse lets DEL through, which RFC 9110, 5.5 does not.
        if value.contains(&0x7f) {
            return Err(HEADER_BYTE);
        }
        // By length first: most headers are none of these.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => only(self.host.replace(value), HOST_COUNT)?,
            6 if name.eq_ignore_ascii_case(b"expect") => {
                if !value.eq_ignore_ascii_case(b"100-continue") {
                    return Err(EXPECTATION);
                }
                self.expects_continue = true;
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrades = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for option in value.split(|byte| *byte == b',') {
                    let option = option.trim_ascii();
                    self.closes |= option.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    self.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
                }
            }
            12 if name.eq_ignore_ascii_case(b"content-type") => {
                self.is_json = value == b"application/json" || value == b"application/json; charset=utf-8";
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => only(self.length.replace(value), LENGTH_COUNT)?,
            16 if name.eq_ignore_ascii_case(b"content-encoding") => self.is_coded = true,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.coding = Some(value);
                self.codings += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn body(&self, is_http10: bool) -> Result<BodyKind, Refusal> {
        if let Some(coding) = self.coding {
            if is_http10 {
                return Err(CODING_IN_HTTP10);
            }
            if self.length.is_some() {
                return Err(BOTH_FRAMINGS);
            }
            if self.codings == 1 && is_coding_then_chunked(coding) {
                return Err(CODING_UNKNOWN);
            }
            if self.codings > 1 || !coding.eq_ignore_ascii_case(b"chunked") {
                return Err(CODING_NOT_CHUNKED);
            }
            return Ok(BodyKind::Chunked);
        }
        let Some(length) = self.length else { return Ok(BodyKind::None) };
        // 15 digits are exact in a JavaScript number, and more than any body.
        if length.is_empty() || length.len() > 15 || !length.iter().all(u8::is_ascii_digit) {
            return Err(LENGTH_MALFORMED);
        }
        let length = length.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        Ok(if length == 0 { BodyKind::None } else { BodyKind::Length(length) })
    }

    /// The path and the query of the target (RFC 9112, 3.2), once `Host` is in order.
    fn target(
        &self,
        method: &[u8],
        target: &'a [u8],
        is_http10: bool,
    ) -> Result<(&'a [u8], Option<&'a [u8]>), Refusal> {
        let mut origin = target;
        let mut authority = None;
        if let Some(rest) = without_scheme(target) {
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
            authority = Some(&rest[..end]);
            origin = &rest[end..];
        }
        let is_asterisk = target == b"*" && method == b"OPTIONS";
        let has_path = origin.first() == Some(&b'/') || is_asterisk || authority.is_some();
        // CONNECT names an authority and no path (RFC 9110, 9.3.6): it is for proxies.
        if !has_path || method == b"CONNECT" || !origin.iter().all(|byte| matches!(byte, 0x21..=0x7e) && *byte != b'#')
        {
            return Err(TARGET);
        }
        match self.host {
            None if !is_http10 => return Err(HOST_COUNT),
            Some(host) if !is_host(host) => return Err(HOST_MALFORMED),
            _ => {}
        }
        if authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(self.host.unwrap_or_default())) {
            return Err(OTHER_HOST);
        }
        let (path, query) = match memchr::memchr(b'?', origin) {
            Some(mark) => (&origin[..mark], Some(&origin[mark + 1..])),
            None => (origin, None),
        };
        // An absolute target without a path means the root (RFC 9112, 3.2.1), and has its slash in `://`.
        let is_root = authority.is_some() && path.is_empty();
        let slash = memchr::memchr(b'/', target).unwrap_or_default();
        Ok((if is_root { &target[slash..=slash] } else { path }, query))
    }
}

/// Refuses a second one of what there may be one of.
fn only(before: Option<&[u8]>, refusal: Refusal) -> Result<(), Refusal> {
    if before.is_some() { Err(refusal) } else { Ok(()) }
}

fn without_scheme(target: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at(end);
    let is_http = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    if is_http { rest.strip_prefix(b"://") } else { None }
}

/// `gzip, chunked` and the like: well formed, and not served.
fn is_coding_then_chunked(coding: &[u8]) -> bool {
    let Some(comma) = memchr::memchr(b',', coding) else { return false };
    let (first, rest) = (&coding[..comma], coding[comma + 1..].trim_ascii());
    !first.is_empty()
        && first.last() != Some(&b' ')
        && rest.eq_ignore_ascii_case(b"chunked")
        && !first.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

/// A name, an IPv4 address or a bracketed IP literal, and perhaps a port (RFC 3986, 3.2.2 and 3.2.3).
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.first() {
        Some(b'[') => match memchr::memchr(b']', value) {
            Some(end) => (&value[..=end], &value[end + 1..]),
            None => return false,
        },
        _ => value.split_at(memchr::memchr(b':', value).unwrap_or(value.len())),
    };
    let is_port = match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    let is_name = match host {
        [b'[', address @ .., b']'] => {
            !address.is_empty() && address.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        }
        name => !name.is_empty() && name.iter().all(|byte| is_host_byte(*byte)),
    };
    is_name && is_port
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(&byte)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
