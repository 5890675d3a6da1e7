//! What the headers say about a request: whose they are to read, how its body is framed, and whether the connection
//! stays. Pure.

use super::parse::BodyKind;
use super::refusal::{
    BOTH_FRAMINGS, CODING_IN_HTTP10, CODING_NOT_CHUNKED, CODING_UNKNOWN, EXPECTATION, HEADER_BYTE, HOST_COUNT,
    HOST_MALFORMED, LENGTH_COUNT, LENGTH_MALFORMED, OTHER_HOST, Refusal, TARGET,
};

/// Gathered header by header.
#[derive(Default)]
pub struct Facts<'a> {
    pub closes: bool,
    coding: Option<&'a [u8]>,
    codings: u32,
    pub connection_upgrade: bool,
    pub expects_continue: bool,
    host: Option<&'a [u8]>,
    pub is_coded: bool,
    pub is_json: bool,
    pub keep_alive: bool,
    length: Option<&'a [u8]>,
    pub upgrades: bool,
}

impl<'a> Facts<'a> {
    /// A connection of HTTP/1.1 stays, one of HTTP/1.0 does not, unless the headers say otherwise.
    pub fn new(is_http10: bool) -> Self {
        Self { keep_alive: !is_http10, ..Self::default() }
    }

    /// Takes a header line in.
    pub fn add(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
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

    /// How the body is framed (RFC 9112, 6.3).
    pub fn body(&self, is_http10: bool) -> Result<BodyKind, Refusal> {
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
    pub fn target(
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
        name => !name.is_empty() && name.iter().all(|byte| HOST_BYTES[usize::from(*byte)]),
    };
    is_name && is_port
}

/// By byte: whether it may stand in a name.
const HOST_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-._~!$&'()*+;=%";
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
};
