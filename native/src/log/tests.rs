use std::collections::HashSet;
use std::time::Duration;

use super::escape;
use super::redact;
use super::template::{Header, HeaderKind, Template};
use super::{End, write};
use crate::http::names::Names;
use crate::http::parse;

fn keys() -> HashSet<String> {
    ["code", "token"].into_iter().map(String::from).collect()
}

fn redacted(query: &str) -> String {
    String::from_utf8(redact::query(query.as_bytes(), &keys()).into_owned()).unwrap()
}

fn header(name: &str, kind: HeaderKind) -> Header {
    let member = format!(",\"{name}\":\"").into_bytes();
    Header { bit: Names::bit(name.as_bytes()), kind, member, name: name.as_bytes().into() }
}

fn template() -> Template {
    let route = |method: &str, pattern: &str| (method.into(), format!(",\"http.route\":\"{pattern}\"").into_bytes());
    Template {
        aborted: b"},\"msg\":\"request aborted\"}\n".to_vec(),
        completed: b"},\"msg\":\"request completed\"}\n".to_vec(),
        headers: vec![
            header("user-agent", HeaderKind::Plain),
            header("referer", HeaderKind::Url),
            header("x-secret", HeaderKind::Hidden),
        ],
        keys: keys(),
        process: b",\"pid\":1,\"requestId\":\"".to_vec(),
        routes: vec![vec![], vec![route("GET", "/a/:b"), route("PUT", "/a/:c")]],
        slow: Duration::from_secs(1),
        ..Template::default()
    }
}

fn line(request: &str, change: impl FnOnce(&mut End)) -> String {
    let bytes = request.replace('\n', "\r\n").into_bytes();
    let head = parse::parse(&bytes).unwrap();
    let mut end = End {
        bytes: 12,
        duration: Duration::from_nanos(1_234_567),
        epoch: 1_700_000_000_123,
        id: b"the-id",
        ip: b"127.0.0.1",
        is_aborted: false,
        is_secure: false,
        route: 1,
        status: 200,
    };
    change(&mut end);
    let mut out = Vec::new();
    write(&mut out, &template(), &bytes, &head, &end);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_line_has_what_is_known_of_a_request() {
    let request = "GET /a/%22?x=1&Token=2 HTTP/1.1\nHost: a\nUser-Agent:  \"curl\"\t\nReferer: http://a/?code=1#token=2\nX-Secret: 3\n\n";
    let expected = concat!(
        r#"{"level":30,"time":1700000000123,"pid":1,"requestId":"the-id","http.request.method":"GET","url.path":"/a/%22","#,
        r#""url.query":"x=1&Token=[redacted]","url.scheme":"http","network.protocol.version":"1.1","http.route":"/a/:b","#,
        r#""http.response.status_code":200,"http.response.body.size":12,"duration":1.235,"client.address":"127.0.0.1","#,
        r#""user-agent":"\"curl\"","referer":"http://a/?code=[redacted]#token=[redacted]","x-secret":"[redacted]"},"#,
        r#""msg":"request completed"}"#,
        "\n"
    );
    assert_eq!(line(request, |_| ()), expected);
}

#[test]
fn a_line_says_how_bad_it_was() {
    let request = "HEAD /a/1 HTTP/1.0\n\n";
    let level = |change: fn(&mut End)| line(request, change)[..11].to_owned();
    assert_eq!(level(|end| end.status = 499), r#"{"level":30"#);
    assert_eq!(level(|end| end.status = 500), r#"{"level":50"#);
    assert_eq!(level(|end| end.is_aborted = true), r#"{"level":40"#);
    assert_eq!(level(|end| (end.is_aborted, end.status) = (true, 500)), r#"{"level":40"#);
    assert_eq!(level(|end| end.duration = Duration::from_secs(1)), r#"{"level":40"#);
    let slow = line(request, |end| end.duration = Duration::from_secs(12));
    assert!(
        slow.contains(r#""duration":12000.000,"client.address":"127.0.0.1","slow":true},"msg":"request completed"}"#),
        "{slow}"
    );
    // A HEAD is answered by the route for GET.
    assert!(slow.contains(r#""network.protocol.version":"1.0","http.route":"/a/:b","#), "{slow}");
    let gone = line(request, |end| (end.is_aborted, end.ip, end.route, end.status) = (true, b"", -1, 0));
    assert!(
        gone.contains(r#"version":"1.0","http.response.body.size":12,"duration":1.235},"msg":"request aborted"}"#),
        "{gone}"
    );
    assert!(line("POST /a/1 HTTP/1.1\nHost: a\n\n", |_| ()).contains(r#""1.1","http.response.status_code""#));
}

#[test]
fn nothing_in_a_line_ends_it() {
    for byte in 0..=255_u8 {
        for padding in [0, 31, 32, 70] {
            let mut text = vec![b'a'; padding];
            text.push(byte);
            let mut out = Vec::new();
            escape::json(&mut out, &text);
            let expected = match byte {
                b'"' => "\\\"".to_owned(),
                b'\\' => "\\\\".to_owned(),
                0x20..=0x7e => char::from(byte).to_string(),
                _ => format!("\\u{byte:04x}"),
            };
            assert_eq!(String::from_utf8(out).unwrap(), "a".repeat(padding) + &expected);
        }
    }
}

#[test]
fn credentials_of_queries_are_hidden_however_they_are_spelled() {
    for (query, expected) in [
        ("", ""),
        ("a=1", "a=1"),
        ("token=1", "token=[redacted]"),
        ("a=1&token=x=y;code=&b", "a=1&token=[redacted];code=[redacted]&b"),
        ("TOKEN=1&token[]=2&token[a]=3&tokens=4", "TOKEN=[redacted]&token[]=[redacted]&token[a]=[redacted]&tokens=4"),
        ("%74oken=1&+token+=2&%20code=3", "%74oken=[redacted]&+token+=[redacted]&%20code=[redacted]"),
        ("%zztoken=1&token%=2&%c3%28=3&token", "%zztoken=1&token%=2&%c3%28=3&token"),
        ("&&=1&token=", "&&=1&token=[redacted]"),
    ] {
        assert_eq!(redacted(query), expected, "{query}");
    }
}
