use super::{head, status};
use crate::http::parse::parse;

fn host(value: &str) -> Option<u16> {
    status(parse(&head(&["GET / HTTP/1.1", &format!("Host: {value}")])))
}

fn target_of(request_line: &str) -> Result<(String, String), u16> {
    let bytes = head(&[request_line, "Host: h"]);
    let parsed = parse(&bytes).map_err(|refusal| refusal.status)?;
    let text = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap();
    Ok((text(parsed.path.of(&bytes)), text(parsed.query.of(&bytes))))
}

fn target(path: &str, query: &str) -> Result<(String, String), u16> {
    Ok((path.into(), query.into()))
}

#[test]
fn targets() {
    for (text, expected) in [
        ("GET / HTTP/1.1", target("/", "")),
        ("GET /a/b HTTP/1.1", target("/a/b", "")),
        ("GET /a?b=c?d HTTP/1.1", target("/a", "b=c?d")),
        ("GET /a? HTTP/1.1", target("/a", "")),
        ("GET //a HTTP/1.1", target("//a", "")),
        ("GET /a:b://c HTTP/1.1", target("/a:b://c", "")),
        ("GET http://h/a?b HTTP/1.1", target("/a", "b")),
        ("GET HTTPS://H/a HTTP/1.1", target("/a", "")),
        ("GET http://h HTTP/1.1", target("/", "")),
        ("GET http://h?a HTTP/1.1", target("/", "a")),
        ("OPTIONS * HTTP/1.1", target("*", "")),
        ("GET * HTTP/1.1", Err(400)),
        ("OPTIONS *a HTTP/1.1", Err(400)),
        ("OPTIONS *?a HTTP/1.1", Err(400)),
        ("GET a HTTP/1.1", Err(400)),
        ("GET ?a HTTP/1.1", Err(400)),
        ("GET h:80 HTTP/1.1", Err(400)),
        ("CONNECT h:80 HTTP/1.1", Err(400)),
        ("CONNECT / HTTP/1.1", Err(400)),
        ("GET ftp://h/ HTTP/1.1", Err(400)),
        ("GET http://other/ HTTP/1.1", Err(400)),
        ("GET http://h@h/ HTTP/1.1", Err(400)),
        ("GET http:/// HTTP/1.1", Err(400)),
        ("GET http://h#/ HTTP/1.1", Err(400)),
        ("GET /a#b HTTP/1.1", Err(400)),
        ("GET /?a#b HTTP/1.1", Err(400)),
        ("GET /\u{e9} HTTP/1.1", Err(400)),
        ("GET /\u{7f} HTTP/1.1", Err(400)),
        ("GET /\u{1} HTTP/1.1", Err(400)),
        ("GET /?\0 HTTP/1.1", Err(400)),
    ] {
        assert_eq!(target_of(text), expected, "{text:?}");
    }
}

#[test]
fn hosts() {
    for sound in [
        "h",
        "h:80",
        "h:",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:80",
        "[::ffff:1.2.3.4]",
        "h.example.",
        "a-b_c~",
        "%41",
        " h ",
    ] {
        assert_eq!(host(sound), None, "{sound:?}");
    }
    for malformed in [
        "",
        " ",
        ":80",
        "h:a",
        "h:-1",
        "h:123456",
        "h:1:2",
        "::1",
        "[::1",
        "[]",
        "[::1]h",
        "[::1]h:80",
        "[fe80::1%25e]",
        "u@h",
        "u:p@h",
        "h/a",
        "h?a",
        "h#a",
        "h\\a",
        "a, b",
        "a,",
        "a b",
        "a\tb",
        "http://h",
        "<h>",
        "\"h\"",
        "h\u{e9}",
    ] {
        assert_eq!(host(malformed), Some(400), "{malformed:?}");
    }
    for lines in [
        &["GET / HTTP/1.1"][..],
        &["GET / HTTP/1.1", "Accept: */*"],
        &["GET / HTTP/1.1", "Host: a", "hOsT: a"],
        &["GET / HTTP/1.0", "Host: a", "Host: b"],
        &["GET / HTTP/1.0", "Host: a/b"],
    ] {
        assert_eq!(status(parse(&head(lines))), Some(400), "{lines:?}");
    }
    assert_eq!(status(parse(&head(&["GET / HTTP/1.0"]))), None);
}
