//! The chunk decoder: no panic, and the same body, end or refusal wherever the bytes are split; what it accepts, a naive
//! decoder reads as the same body.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/framing.rs"]
mod framing;
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

use framing::Decoder;
use parse::BodyKind;
use refusal::Refusal;

const LARGEST: u64 = 4096;

/// The data, and how many bytes belong to the body where that has come to its end.
type Outcome = Result<(Vec<u8>, Option<usize>), Refusal>;

fn decode<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new(BodyKind::Chunked, LARGEST);
    let mut data = Vec::new();
    let mut length = 0;
    for part in parts {
        let (piece, used) = decoder.take(part)?;
        assert!(used <= part.len() && piece.len() <= used);
        assert!(used == part.len() || decoder.is_done());
        data.extend_from_slice(&piece);
        length += used;
    }
    let end = decoder.is_done().then_some(length);
    Ok((data, end))
}

/// A body that is known to be sound: sizes, data and nothing checked.
fn naive(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let line = body.windows(2).position(|pair| pair == b"\r\n").expect("the end of a size");
        let digits = body[..line].split(|byte| *byte == b';').next().expect("a size");
        let size = usize::from_str_radix(std::str::from_utf8(digits).expect("ASCII"), 16).expect("a number");
        if size == 0 {
            return data;
        }
        data.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 2 + size + 2..];
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = decode(std::iter::once(bytes));
    for size in [1, 2, 3, 7, 64] {
        let split = decode(bytes.chunks(size));
        assert_eq!(split, whole);
    }
    if let Some((first, rest)) = bytes.split_first() {
        let (before, after) = rest.split_at(usize::from(*first).min(rest.len()));
        assert_eq!(decode([before, after].into_iter()), decode(std::iter::once(rest)));
    }
    if let Ok((data, Some(end))) = whole {
        assert!(bytes[..end].ends_with(b"\r\n"));
        assert_eq!(naive(&bytes[..end]), data);
    }
});
