//! The head of a request: no panic, spans within bounds, the same outcome wherever the bytes are split, and of what is
//! accepted, only what the rules of RFC 9112 allow.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/facts.rs"]
mod facts;
#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/names.rs"]
mod names;
#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/parse.rs"]
mod parse;
#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/refusal.rs"]
mod refusal;

use parse::{BodyKind, Head, find_end};
use refusal::Refusal;

/// What a server that reads these parts comes to: the length of the head, `None` for a head that is not complete.
fn read<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Result<Option<usize>, Refusal> {
    let mut bytes = Vec::new();
    let mut scanned = 0;
    for part in parts {
        bytes.extend_from_slice(part);
        if let Some(end) = find_end(&bytes, scanned)? {
            return Ok(Some(end));
        }
        scanned = bytes.len();
    }
    Ok(None)
}

fn check(bytes: &[u8], head: &Head) {
    for span in [head.headers, head.method, head.path, head.query] {
        assert!(span.start <= span.end && span.end as usize <= bytes.len(), "{span:?}");
    }
    let (method, path) = (head.method.of(bytes), head.path.of(bytes));
    assert!(!method.is_empty() && method.iter().all(u8::is_ascii_graphic));
    assert!(path.starts_with(b"/") || path == b"*");
    for byte in path.iter().chain(head.query.of(bytes)) {
        assert!(byte.is_ascii_graphic() && *byte != b'#');
    }
    assert!(!path.contains(&b'?'));

    // What is read from the header lines here, naively, is what the parser says.
    let lines = head.headers.of(bytes);
    assert!(lines.is_empty() || lines.ends_with(b"\r\n"));
    let fields: Vec<(String, String)> = String::from_utf8_lossy(lines)
        .split_terminator("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a colon in each line");
            assert!(!name.is_empty() && !name.contains([' ', '\t']));
            assert!(!value.contains(['\r', '\n', '\0', '\x7f']));
            (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_ascii_lowercase())
        })
        .collect();
    let values =
        |name: &str| fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect::<Vec<_>>();
    assert!(values("host").len() == 1 || (head.is_http10 && values("host").is_empty()));
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match head.body {
        BodyKind::Chunked => assert!(codings == ["chunked"] && lengths.is_empty() && !head.is_http10),
        BodyKind::Length(length) => {
            assert!(codings.is_empty() && lengths.len() == 1 && lengths[0].parse() == Ok(length))
        }
        BodyKind::None => assert!(codings.is_empty() && lengths.iter().all(|length| length.parse() == Ok(0))),
    }
    let closes = values("connection").iter().any(|value| value.split(',').any(|option| option.trim() == "close"));
    assert!(!(closes && head.keep_alive));
}

fuzz_target!(|bytes: &[u8]| {
    let whole = find_end(bytes, 0);
    assert_eq!(read(bytes.chunks(1)), whole);
    for size in [2, 3, 7, 64] {
        assert_eq!(read(bytes.chunks(size)), whole);
    }
    let Ok(Some(end)) = whole else { return };
    if let Ok(head) = parse::parse(&bytes[..end]) {
        check(&bytes[..end], &head);
    }
});
