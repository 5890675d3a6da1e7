use super::{Random, head, status};
use crate::http::parse::{BodyKind, Head, MAX_HEADERS, find_end, parse};
use crate::http::refusal::{BARE_LF, Refusal};

/// A GET of `/` with these lines beside Host.
fn get(lines: &[&str]) -> Result<Head, Refusal> {
    parse(&head(&[&["GET / HTTP/1.1", "Host: h"], lines].concat()))
}

fn line(line: &str) -> Result<Head, Refusal> {
    parse(&head(&[line, "Host: h"]))
}

#[test]
fn request_lines() {
    for (text, expected) in [
        ("GET / HTTP/1.1", None),
        ("GET / HTTP/1.0", None),
        ("PURGE / HTTP/1.1", None),
        ("get / HTTP/1.1", None),
        ("M!#$%&'*+-.^_`|~9 / HTTP/1.1", None),
        ("GET / HTTP/1.2", Some(505)),
        ("GET / HTTP/2.0", Some(505)),
        ("GET / HTTP/0.9", Some(505)),
        ("GET / HTTP/1.10", Some(400)),
        ("GET / HTTP/1", Some(400)),
        ("GET / http/1.1", Some(400)),
        ("GET / ICE/1.1", Some(400)),
        ("GET /", Some(400)),
        ("GET", Some(400)),
        ("\r\nGET / HTTP/1.1", Some(400)),
        ("", Some(400)),
        ("GE/T / HTTP/1.1", Some(400)),
        ("G\u{e9}T / HTTP/1.1", Some(400)),
        (" GET / HTTP/1.1", Some(400)),
        ("GET  / HTTP/1.1", Some(400)),
        ("GET /  HTTP/1.1", Some(400)),
        ("GET / HTTP/1.1 ", Some(400)),
        ("GET\t/ HTTP/1.1", Some(400)),
        ("GET /a b HTTP/1.1", Some(400)),
    ] {
        assert_eq!(status(line(text)), expected, "{text:?}");
    }
}

#[test]
fn bodies() {
    const NONE: Result<BodyKind, u16> = Ok(BodyKind::None);
    const CHUNKED: Result<BodyKind, u16> = Ok(BodyKind::Chunked);
    let table: &[(&[&str], Result<BodyKind, u16>)] = &[
        (&[], NONE),
        (&["Content-Length: 0"], NONE),
        (&["Content-Length: 5"], Ok(BodyKind::Length(5))),
        (&["content-length:  005 "], Ok(BodyKind::Length(5))),
        (&["Content-Length:\t5\t"], Ok(BodyKind::Length(5))),
        (&["Content-Length: 999999999999999"], Ok(BodyKind::Length(999_999_999_999_999))),
        (&["Content-Length: 1000000000000000"], Err(400)),
        (&["Content-Length: 18446744073709551621"], Err(400)),
        (&["Content-Length:"], Err(400)),
        (&["Content-Length: "], Err(400)),
        (&["Content-Length: +5"], Err(400)),
        (&["Content-Length: -0"], Err(400)),
        (&["Content-Length: 0x5"], Err(400)),
        (&["Content-Length: 5, 5"], Err(400)),
        (&["Content-Length: 5 5"], Err(400)),
        (&["Content-Length: 5.0"], Err(400)),
        (&["Content-Length: 5", "Content-Length: 5"], Err(400)),
        (&["Content-Length: 0", "CONTENT-LENGTH: 5"], Err(400)),
        (&["Content_Length: 5"], NONE),
        (&["Transfer-Encoding: chunked"], CHUNKED),
        (&["TRANSFER-ENCODING:CHUNKED"], CHUNKED),
        (&["Transfer-Encoding:\tchunked\t"], CHUNKED),
        (&["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], Err(400)),
        (&["Transfer-Encoding: chunked, chunked"], Err(400)),
        (&["Transfer-Encoding: gzip, chunked"], Err(501)),
        (&["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], Err(400)),
        (&["Transfer-Encoding: chunked, gzip"], Err(400)),
        (&["Transfer-Encoding: , chunked"], Err(400)),
        (&["Transfer-Encoding: chunked,"], Err(400)),
        (&["Transfer-Encoding: identity"], Err(400)),
        (&["Transfer-Encoding: xchunked"], Err(400)),
        (&["Transfer-Encoding: chunkedx"], Err(400)),
        (&["Transfer-Encoding: \"chunked\""], Err(400)),
        (&["Transfer-Encoding: chunked;q=1"], Err(400)),
        (&["Transfer-Encoding:"], Err(400)),
        (&["Transfer-Encoding: chunked", "Content-Length: 5"], Err(400)),
        (&["Content-Length: 0", "Transfer-Encoding: chunked"], Err(400)),
    ];
    for (lines, expected) in table {
        assert_eq!(get(lines).map(|head| head.body).map_err(|refusal| refusal.status), *expected, "{lines:?}");
    }
    let old =
        |field: &str| parse(&head(&["POST / HTTP/1.0", field])).map(|head| head.body).map_err(|refusal| refusal.status);
    assert_eq!(old("Content-Length: 5"), Ok(BodyKind::Length(5)));
    assert_eq!(old("Transfer-Encoding: chunked"), Err(400));
}

#[test]
fn header_lines() {
    for sound in
        ["X: 1", "X:1", "X:", "X: ", "X: a\tb", "!#$%&'*+-.^_`|~09AZaz: 1", "X: caf\u{e9}", "X: :::", "__proto__: 1"]
    {
        assert_eq!(status(get(&[sound])), None, "{sound:?}");
    }
    for malformed in [
        "X",
        ": 1",
        " : 1",
        "X : 1",
        "X\t: 1",
        " X: 1",
        "X: 1\r\n 2",
        "X: 1\r\n\t2",
        "X Y: 1",
        "X\u{1}: 1",
        "X\0: 1",
        "X\u{e9}: 1",
        "X(: 1",
        "X,: 1",
        "X/: 1",
        "X\": 1",
        "X: \0",
        "X: \u{1}",
        "X: \u{7f}",
        "X: \u{b}",
        "X: \u{1b}[31m",
        "X: a\rb",
        "X\rY: 1",
        "X: a\r",
    ] {
        assert_eq!(status(get(&[malformed])), Some(400), "{malformed:?}");
    }
}

#[test]
fn a_hundred_header_lines_and_no_more() {
    let lines: Vec<String> = (1..MAX_HEADERS).map(|index| format!("X-{index}: 1")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(status(get(&lines)), None);
    lines.push("Y: 1");
    assert_eq!(status(get(&lines)), Some(431));
}

#[test]
fn what_the_connection_is_to_become() {
    let keeps = |version: &str, lines: &[&str]| {
        let start = format!("GET / {version}");
        parse(&head(&[&[start.as_str(), "Host: h"], lines].concat())).unwrap().keep_alive
    };
    assert!(keeps("HTTP/1.1", &[]));
    assert!(!keeps("HTTP/1.1", &["Connection: close"]));
    assert!(!keeps("HTTP/1.1", &["connection: x,\tCLOSE ,y"]));
    assert!(!keeps("HTTP/1.1", &["Connection: keep-alive", "Connection: close"]));
    assert!(keeps("HTTP/1.1", &["Connection: closed"]));
    assert!(!keeps("HTTP/1.0", &[]));
    assert!(keeps("HTTP/1.0", &["Connection: Keep-Alive"]));
    assert!(!keeps("HTTP/1.0", &["Connection: keep-alive, close"]));

    let upgrades = |lines: &[&str]| get(lines).unwrap().upgrades;
    assert!(upgrades(&["Connection: keep-alive, Upgrade", "Upgrade: websocket"]));
    assert!(!upgrades(&["Upgrade: websocket"]));
    assert!(!upgrades(&["Connection: upgrade"]));

    assert!(get(&["Expect: 100-Continue"]).unwrap().expects_continue);
    assert_eq!(status(get(&["Expect: 200-ok"])), Some(417));
    assert!(!parse(&head(&["GET / HTTP/1.0", "Expect: 100-continue"])).unwrap().expects_continue);
}

#[test]
fn spans_cut_out_the_parts() {
    let bytes = head(&["POST http://h/a?b HTTP/1.1", "Host: h", "X: 1"]);
    let parsed = parse(&bytes).unwrap();
    assert_eq!(parsed.method.of(&bytes), b"POST");
    assert_eq!(parsed.headers.of(&bytes), b"Host: h\r\nX: 1\r\n");
    let bytes = head(&["GET / HTTP/1.0"]);
    assert_eq!(parse(&bytes).unwrap().headers.of(&bytes), b"");
}

#[test]
fn the_end_of_a_head_is_found_wherever_the_bytes_are_split() {
    let bytes = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nmore";
    let end = bytes.len() - 4;
    assert_eq!(find_end(bytes, 0), Ok(Some(end)));
    for split in 0..=bytes.len() {
        let first = find_end(&bytes[..split], 0);
        assert_eq!(first, Ok((split >= end).then_some(end)), "{split}");
        if split < end {
            assert_eq!(find_end(bytes, split), Ok(Some(end)), "{split}");
        }
    }
}

#[test]
fn a_bare_lf_is_refused_wherever_the_bytes_are_split() {
    for text in ["\n", "\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\n"]
    {
        let bytes = text.as_bytes();
        assert_eq!(find_end(bytes, 0), Err(BARE_LF), "{text:?}");
        for split in 0..bytes.len() {
            let outcome = find_end(&bytes[..split], 0).and_then(|_| find_end(bytes, split));
            assert_eq!(outcome, Err(BARE_LF), "{text:?} at {split}");
        }
    }
}

#[test]
fn random_edits_of_a_head_never_panic_and_keep_spans_within_bounds() {
    let sound = b"POST /a/b?c=d HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\nConnection: close, upgrade\r\nUpgrade: x\r\n\r\n";
    let mut random = Random::new(7);
    for _ in 0..50_000 {
        let mut bytes = sound.to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes.insert(at, random.pick(b"\r\n \t:/?#*,;\0\x7f\xff")),
                _ => drop(bytes.remove(at)),
            }
        }
        let Ok(Some(end)) = find_end(&bytes, 0) else { continue };
        let Ok(parsed) = parse(&bytes[..end]) else { continue };
        for span in [parsed.headers, parsed.method, parsed.path, parsed.query] {
            assert!(span.start <= span.end && span.end as usize <= end, "{span:?} of {bytes:?}");
        }
        assert!(!parsed.path.of(&bytes).is_empty() && !parsed.method.of(&bytes).is_empty(), "{bytes:?}");
    }
}
