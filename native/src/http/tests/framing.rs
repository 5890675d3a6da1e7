use super::Random;
use crate::http::framing::Decoder;
use crate::http::parse::BodyKind;

const LARGEST: u64 = 1000;

/// What became of a body: its data and how many bytes were left over, or the status it was refused with. `None` when
/// more of it is to come.
type Outcome = Result<Option<(Vec<u8>, usize)>, u16>;

fn decode(kind: BodyKind, parts: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(kind, LARGEST);
    let mut data = Vec::new();
    let mut left = 0;
    for part in parts {
        let (piece, used) = decoder.take(part).map_err(|refusal| refusal.status)?;
        data.extend_from_slice(&piece);
        left += part.len() - used;
        assert!(used == part.len() || decoder.is_done());
    }
    Ok(decoder.is_done().then_some((data, left)))
}

fn chunked(body: &str) -> Outcome {
    decode(BodyKind::Chunked, &[body.as_bytes()])
}

fn data(text: &str) -> Outcome {
    Ok(Some((text.into(), 0)))
}

#[test]
fn a_body_of_known_length() {
    assert_eq!(decode(BodyKind::None, &[b"GET"]), Ok(Some((vec![], 3))));
    assert_eq!(decode(BodyKind::Length(5), &[b"hello"]), data("hello"));
    assert_eq!(decode(BodyKind::Length(5), &[b"hel", b"", b"lo"]), data("hello"));
    assert_eq!(decode(BodyKind::Length(5), &[b"hello, world"]), Ok(Some((b"hello".into(), 7))));
    assert_eq!(decode(BodyKind::Length(5), &[b"hell"]), Ok(None));
}

#[test]
fn chunks() {
    for (body, expected) in [
        ("0\r\n\r\n", data("")),
        ("5\r\nhello\r\n0\r\n\r\n", data("hello")),
        ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", data("hello!")),
        ("A\r\n0123456789\r\n0\r\n\r\n", data("0123456789")),
        ("a\r\n0123456789\r\n0\r\n\r\n", data("0123456789")),
        ("0005\r\nhello\r\n000\r\n\r\n", data("hello")),
        ("5\r\nhello\r\n0\r\n\r\nGET", Ok(Some((b"hello".into(), 3)))),
        ("5\r\nhello\r\n0\r\n", Ok(None)),
        ("5\r\nhello\r\n", Ok(None)),
        ("\r\nhello\r\n0\r\n\r\n", Err(400)),
        ("zz\r\n", Err(400)),
        ("5g\r\n", Err(400)),
        ("-5\r\n", Err(400)),
        ("+5\r\n", Err(400)),
        ("0x5\r\n", Err(400)),
        (" 5\r\n", Err(400)),
        ("5 \r\n", Err(400)),
        ("5\t\r\n", Err(400)),
        ("5\nhello", Err(400)),
        ("5\rhello", Err(400)),
        ("5\r\nhello\n", Err(400)),
        ("5\r\nhelloXX", Err(400)),
        ("5\r\nhello!\r\n", Err(400)),
        ("5\r\nhello\r\n0\n", Err(400)),
        ("3e8\r\n", Ok(None)),
        ("3e9\r\n", Err(413)),
        ("10000000000000000\r\n", Err(413)),
        ("ffffffffffffffffffffffff\r\n", Err(413)),
        ("0000000000001\r\n", Err(400)),
    ] {
        assert_eq!(chunked(body), expected, "{body:?}");
    }
}

#[test]
fn extensions_are_passed_over() {
    assert_eq!(chunked("5;a\r\nhello\r\n0;b=\"c;d\"\r\n\r\n"), data("hello"));
    assert_eq!(chunked("5;a=b;c\r\nhello\r\n0\r\n\r\n"), data("hello"));
    for malformed in ["5;\r\n", "5;a\n", "5;a\rb", "5;\0", "5;\x01", "5;\x7f", "5;=a\r\n", "5 a=b\r\n", ";a\r\n"] {
        assert_eq!(chunked(malformed), Err(400), "{malformed:?}");
    }
    assert_eq!(chunked(&format!("5;a={}\r\n", "b".repeat(8192))), Err(431));
    assert_eq!(chunked(&format!("{}0\r\n\r\n", "1;abcd\r\nx\r\n".repeat(1600))), data(&"x".repeat(1600)));
    assert_eq!(chunked(&"1;abcd\r\nx\r\n".repeat(2100)), Err(431));
}

#[test]
fn trailers_are_passed_over() {
    assert_eq!(chunked("0\r\nX: 1\r\nY:\r\n\r\n"), data(""));
    assert_eq!(chunked("0\r\nX: 1\r\n\r\nGET"), Ok(Some((vec![], 3))));
    for malformed in [
        "0\r\nX\r\n",
        "0\r\n: 1\r\n",
        "0\r\n X: 1\r\n",
        "0\r\nX : 1\r\n",
        "0\r\nX: \0\r\n",
        "0\r\nX: 1\n",
        "0\r\nX: 1\r\r",
        "0\r\nGET / HTTP/1.1\r\n",
    ] {
        assert_eq!(chunked(malformed), Err(400), "{malformed:?}");
    }
    assert_eq!(chunked(&format!("0\r\n{}", "X: 1\r\n".repeat(3000))), Err(431));
}

#[test]
fn a_body_is_the_same_wherever_it_is_split() {
    for (kind, body) in [
        (BodyKind::Length(5), &b"hello!"[..]),
        (BodyKind::Chunked, b"5;a=b\r\nhello\r\n00a\r\n0123456789\r\n0;c\r\nX: 1\r\n\r\nGET"),
        (BodyKind::Chunked, b"5\r\nhello\r\n0\n\r\n"),
        (BodyKind::Chunked, b"5\r\nhello\r\n3e9\r\n"),
    ] {
        let whole = decode(kind, &[body]);
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let parts = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(decode(kind, &parts), whole, "{first}, {second}");
            }
        }
    }
}

/// A body in random chunks, some with extensions, and perhaps trailers.
fn encode(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(1 + random.below(rest.len().min(LARGEST as usize)));
        let size = match random.below(3) {
            0 => format!("{:x}", chunk.len()),
            1 => format!("{:X}", chunk.len()),
            _ => format!("{:06x}", chunk.len()),
        };
        let extension = random.pick(&["", "", ";a", ";a=b", ";a=\"b c\";d"]);
        encoded.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
        encoded.extend_from_slice(chunk);
        encoded.extend_from_slice(b"\r\n");
        rest = after;
    }
    encoded
        .extend_from_slice(random.pick(&["0\r\n\r\n", "000\r\n\r\n", "0;a\r\n\r\n", "0\r\nX: 1\r\n\r\n"]).as_bytes());
    encoded
}

#[test]
fn any_body_in_any_chunks_and_any_split_comes_back() {
    let mut random = Random::new(11);
    for _ in 0..2000 {
        let body: Vec<u8> = (0..random.below(3000)).map(|_| random.pick(b"\r\n0;:ab\0\xff")).collect();
        let encoded = encode(&body, &mut random);
        let next = random.below(5);
        let bytes = [encoded.as_slice(), &b"GET /"[..next]].concat();
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let most = random.pick(&[1, 3, 100, 5000]).min(rest.len());
            let (part, after) = rest.split_at(1 + random.below(most));
            parts.push(part);
            rest = after;
        }
        assert_eq!(decode(BodyKind::Chunked, &parts), Ok(Some((body, next))));
    }
}
