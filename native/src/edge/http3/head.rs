//! Heads: the fields of a request, checked by RFC 9114, 4.2 and 4.3, and those of an answer as a section.

use h2::ext::Protocol;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, Uri, Version, uri};

use super::qpack::{self, Unreadable};

/// Why a head is not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refused {
    /// It breaks a rule of HTTP/3 (RFC 9114, 4.1.2).
    Malformed,
    TooLarge,
    /// It cannot be read, and nothing that comes after it on the connection can be trusted.
    Undecodable,
}

impl From<Unreadable> for Refused {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Malformed => Self::Undecodable,
            Unreadable::TooLarge => Self::TooLarge,
        }
    }
}

#[derive(Default)]
struct Pseudo {
    authority: Option<Authority>,
    method: Option<Method>,
    path: Option<PathAndQuery>,
    protocol: Option<Protocol>,
    scheme: Option<Scheme>,
}

impl Pseudo {
    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refused> {
        match name {
            b":authority" => once(&mut self.authority, Authority::try_from(value).ok()),
            b":method" => once(&mut self.method, Method::from_bytes(value).ok()),
            b":path" => {
                // A fragment is no part of it, and would be left out without a word.
                let is_path = (value.first() == Some(&b'/') || value == b"*") && !value.contains(&b'#');
                once(&mut self.path, PathAndQuery::try_from(value).ok().filter(|_| is_path))
            }
            b":protocol" => once(&mut self.protocol, std::str::from_utf8(value).ok().map(Protocol::from)),
            b":scheme" => once(&mut self.scheme, Scheme::try_from(value).ok()),
            _ => Err(Refused::Malformed),
        }
    }

    fn into_parts(self) -> Result<Parts, Refused> {
        let Self { authority, method, path, protocol, scheme } = self;
        let method = method.ok_or(Refused::Malformed)?;
        let is_connect = method == Method::CONNECT;
        let is_whole = if is_connect && protocol.is_none() {
            // A tunnel has its authority and nothing else (RFC 9114, 4.4).
            authority.is_some() && path.is_none() && scheme.is_none()
        } else {
            path.is_some() && scheme.is_some() && (protocol.is_none() || (is_connect && authority.is_some()))
        };
        if !is_whole {
            return Err(Refused::Malformed);
        }
        let mut given = uri::Parts::default();
        given.scheme = scheme.filter(|_| authority.is_some());
        given.authority = authority;
        given.path_and_query = path;
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_parts(given).map_err(|_| Refused::Malformed)?;
        *request.version_mut() = Version::HTTP_3;
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(protocol);
        }
        Ok(request.into_parts().0)
    }
}

/// Sets what there may be one of.
fn once<T>(place: &mut Option<T>, value: Option<T>) -> Result<(), Refused> {
    if place.is_some() || value.is_none() {
        return Err(Refused::Malformed);
    }
    *place = value;
    Ok(())
}

/// Reads the head of a request.
pub fn read(section: &[u8], limit: usize) -> Result<Parts, Refused> {
    let mut headers = HeaderMap::with_capacity(12);
    let mut pseudo = Pseudo::default();
    qpack::decode(section, limit, |name, value| {
        if name.first() != Some(&b':') {
            add(&mut headers, name, value)
        } else if headers.is_empty() {
            pseudo.set(name, value)
        } else {
            Err(Refused::Malformed)
        }
    })?;
    let mut parts = pseudo.into_parts()?;
    parts.headers = headers;
    Ok(parts)
}

/// Reads the fields after a body.
pub fn read_trailers(section: &[u8], limit: usize) -> Result<HeaderMap, Refused> {
    let mut trailers = HeaderMap::new();
    qpack::decode(section, limit, |name, value| add(&mut trailers, name, value))?;
    Ok(trailers)
}

fn add(fields: &mut HeaderMap, name: &[u8], value: &[u8]) -> Result<(), Refused> {
    // Also what begins with a colon, and what has a capital.
    let name = HeaderName::from_lowercase(name).map_err(|_| Refused::Malformed)?;
    let is_of_connection = name == CONNECTION
        || name == TRANSFER_ENCODING
        || name == UPGRADE
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
        || (name == TE && !value.eq_ignore_ascii_case(b"trailers"));
    // Values have no space around them (RFC 9110, 5.5): here nothing has taken it off.
    if is_of_connection || value.trim_ascii().len() != value.len() {
        return Err(Refused::Malformed);
    }
    let value = HeaderValue::from_bytes(value).map_err(|_| Refused::Malformed)?;
    fields.try_append(name, value).map_err(|_| Refused::TooLarge)?;
    Ok(())
}

/// How long the body is to be, where the head says it in a way that can be read.
pub fn length(parts: &Parts) -> Option<u64> {
    let mut given = parts.headers.get_all(CONTENT_LENGTH).iter();
    let first = given.next()?.to_str().ok()?;
    // What is not a number, or not one alone, is refused by who reads the head.
    first.bytes().all(|byte| byte.is_ascii_digit()).then(|| first.parse().ok())?.filter(|_| given.next().is_none())
}

/// The head of an answer as a section.
pub fn write(head: &Response<()>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    qpack::begin(&mut out);
    qpack::append(&mut out, b":status", head.status().as_str().as_bytes());
    write_fields(&mut out, head.headers());
    out
}

/// Fields after a body as a section.
pub fn write_trailers(trailers: &HeaderMap) -> Vec<u8> {
    let mut out = Vec::new();
    qpack::begin(&mut out);
    write_fields(&mut out, trailers);
    out
}

fn write_fields(out: &mut Vec<u8>, fields: &HeaderMap) {
    for (name, value) in fields {
        qpack::append(out, name.as_str().as_bytes(), value.as_bytes());
    }
}
