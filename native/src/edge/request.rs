//! A request of HTTP/2 or HTTP/3 as the engines hand it over: one block of bytes, and what it says. The rules are those of
//! HTTP/1.1, by the same module.

use h2::ext::Protocol;
use http::header::{COOKIE, HOST};
use http::request::Parts;

use crate::http::facts::Facts;
use crate::http::names::Names;
use crate::http::parse::{BodyKind, Head, MAX_HEADERS, Span};
use crate::http::refusal::{HOST_MALFORMED, LINE_TOO_LONG, OTHER_HOST, Refusal, TARGET, TOO_MANY_HEADERS};

/// The pseudo-header of an extended CONNECT (RFC 8441), as a header line.
const PROTOCOL: &[u8] = b":protocol";

/// A head, and the bytes that it has its offsets into.
#[derive(Debug)]
pub struct Request {
    pub head: Head,
    pub lines: Vec<u8>,
}

/// Reads the head of a request.
///
/// `longest_line` is for what would be the request line of HTTP/1.1. A request that asks for another protocol is only
/// taken where `upgrades` says so.
pub fn read(parts: &Parts, is_ended: bool, longest_line: usize, upgrades: bool) -> Result<Request, Refusal> {
    let method = parts.method.as_str().as_bytes();
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes();
    let authority = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    let protocol = parts.extensions.get::<Protocol>().map(|protocol| protocol.as_str().as_bytes());
    if method.len() + target.len() + 10 > longest_line {
        return Err(LINE_TOO_LONG);
    }
    if parts.headers.len() > MAX_HEADERS {
        return Err(TOO_MANY_HEADERS);
    }
    let is_connect = method == b"CONNECT";
    // CONNECT by itself is for proxies; with a protocol it is an upgrade.
    if is_connect && !(upgrades && protocol.is_some()) {
        return Err(TARGET);
    }
    let mut facts = Facts::new(false);
    let mut names = Names::default();
    let mut lines = Vec::with_capacity(256);
    let span = |lines: &mut Vec<u8>, bytes: &[u8]| {
        let start = lines.len() as u32;
        lines.extend_from_slice(bytes);
        Span { start, end: lines.len() as u32 }
    };
    let method_span = span(&mut lines, method);
    let target_span = span(&mut lines, target);
    let start = lines.len() as u32;
    let mut write = |name: &[u8], value: &[&[u8]], lines: &mut Vec<u8>| {
        names.add(name);
        lines.extend_from_slice(name);
        lines.extend_from_slice(b": ");
        for part in value {
            lines.extend_from_slice(part);
        }
        lines.extend_from_slice(b"\r\n");
    };
    if let Some(protocol) = protocol {
        write(PROTOCOL, &[protocol], &mut lines);
    }
    let host = parts.headers.get(HOST).map(|host| host.as_bytes());
    if let Some(authority) = authority {
        // Who is before us may have looked at either (RFC 9113, 8.3.1).
        if host.is_some_and(|host| !host.eq_ignore_ascii_case(authority)) {
            return Err(OTHER_HOST);
        }
        if authority.contains(&b'@') {
            return Err(HOST_MALFORMED);
        }
        if host.is_none() {
            facts.add(b"host", authority)?;
            write(b"host", &[authority], &mut lines);
        }
    }
    let mut has_cookie = false;
    for (name, value) in &parts.headers {
        facts.add(name.as_str().as_bytes(), value.as_bytes())?;
        if name != COOKIE {
            write(name.as_str().as_bytes(), &[value.as_bytes()], &mut lines);
        } else if !has_cookie {
            // It may come in crumbs, which compress better (RFC 9113, 8.2.3).
            has_cookie = true;
            let crumbs: Vec<&[u8]> = parts.headers.get_all(COOKIE).iter().map(|crumb| crumb.as_bytes()).collect();
            write(b"cookie", &[&crumbs.join(&b"; "[..])], &mut lines);
        }
    }
    let headers = Span { start, end: lines.len() as u32 };
    // The target of an upgrade is that of the GET that it would be.
    let (path, query) = facts.target(if is_connect { b"GET" } else { method }, target, false)?;
    let path = Span { start: target_span.start, end: target_span.start + path.len() as u32 };
    let query = query.map_or(Span::default(), |_| Span { start: path.end + 1, end: target_span.end });
    let body = match facts.body(false)? {
        _ if is_ended || is_connect => BodyKind::None,
        BodyKind::None if parts.headers.contains_key(http::header::CONTENT_LENGTH) => BodyKind::None,
        BodyKind::None => BodyKind::Chunked,
        body => body,
    };
    let head = Head {
        body,
        expects_continue: facts.expects_continue,
        headers,
        is_coded: facts.is_coded,
        is_http10: false,
        is_json: facts.is_json,
        keep_alive: true,
        method: method_span,
        names,
        path,
        query,
        upgrades: is_connect,
    };
    Ok(Request { head, lines })
}

#[cfg(test)]
mod tests {
    use http::Request as HttpRequest;

    use super::*;

    fn parts(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        let request = build(HttpRequest::builder().uri("https://example.com/a/b?c=d")).body(()).expect("a request");
        request.into_parts().0
    }

    fn text(request: &Request, span: Span) -> String {
        String::from_utf8_lossy(span.of(&request.lines)).into_owned()
    }

    fn refused(parts: &Parts) -> Refusal {
        read(parts, true, 8192, false).expect_err("a refusal")
    }

    #[test]
    fn a_head_has_the_parts_of_one_of_http_1() {
        let parts =
            parts(|builder| builder.header("accept", "text/html").header("cookie", "a=1").header("cookie", "b=2"));
        let request = read(&parts, true, 8192, false).expect("a head");
        let head = &request.head;
        assert_eq!(text(&request, head.method), "GET");
        assert_eq!(text(&request, head.path), "/a/b");
        assert_eq!(text(&request, head.query), "c=d");
        assert_eq!(text(&request, head.headers), "host: example.com\r\naccept: text/html\r\ncookie: a=1; b=2\r\n");
        assert_eq!(head.body, BodyKind::None);
    }

    #[test]
    fn bodies_are_those_that_are_still_to_come() {
        let of = |length: Option<&str>, is_ended| {
            let parts = parts(|builder| match length {
                Some(length) => builder.method("POST").header("content-length", length),
                None => builder.method("POST"),
            });
            read(&parts, is_ended, 8192, false).expect("a head").head.body
        };
        assert_eq!(of(None, true), BodyKind::None);
        assert_eq!(of(None, false), BodyKind::Chunked);
        assert_eq!(of(Some("5"), false), BodyKind::Length(5));
        assert_eq!(of(Some("0"), false), BodyKind::None);
    }

    #[test]
    fn what_http_1_refuses_is_refused() {
        assert_eq!(refused(&parts(|builder| builder.header("host", "other.example"))), OTHER_HOST);
        assert_eq!(refused(&parts(|builder| builder.uri("https://user@example.com/"))), HOST_MALFORMED);
        assert_eq!(refused(&parts(|builder| builder.method("CONNECT").uri("example.com:443"))), TARGET);
        assert_eq!(refused(&parts(|builder| builder.header("expect", "miracles"))).status, 417);
        let long = format!("https://example.com/{}", "a".repeat(9000));
        assert_eq!(refused(&parts(|builder| builder.uri(long))), LINE_TOO_LONG);
        let two = parts(|builder| builder.header("content-length", "1").header("content-length", "2"));
        assert_eq!(refused(&two).status, 400);
        let mut many = parts(|builder| builder);
        for number in 0..=MAX_HEADERS {
            many.headers.append("x-a", number.into());
        }
        assert_eq!(refused(&many), TOO_MANY_HEADERS);
    }

    #[test]
    fn either_of_authority_and_host_will_do() {
        let parts = parts(|builder| builder.uri("/a").header("host", "example.com"));
        let request = read(&parts, true, 8192, false).expect("a head");
        assert_eq!(text(&request, request.head.headers), "host: example.com\r\n");
        let none = self::parts(|builder| builder.uri("/a"));
        assert_eq!(refused(&none).status, 400);
    }
}
