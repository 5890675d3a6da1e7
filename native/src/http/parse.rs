//! The head of a request: request line and headers, by httparse, and what RFC 9112 refuses that httparse does not.
//! Pure: bytes in, offsets out.

use std::mem::MaybeUninit;

use httparse::{Header, Status};

use super::facts::Facts;
use super::names::Names;
use super::refusal::{BARE_LF, HEADER_BYTE, METHOD, REQUEST_LINE, Refusal, TARGET, TOO_MANY_HEADERS, VERSION};

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
    /// Which headers there may be.
    pub names: Names,
    pub path: Span,
    pub query: Span,
    pub upgrades: bool,
}

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
    let mut facts = Facts::new(is_http10);
    let mut names = Names::default();
    for header in request.headers.iter() {
        names.add(header.name.as_bytes());
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
        names,
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

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
