//! Sections of fields (RFC 9204) without the dynamic table: this server announces no room for one, and uses none.

use super::huffman;
use super::table::{self, FIELDS};

/// What a field counts beside its bytes (RFC 9114, 4.2.2).
const OVERHEAD: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unreadable {
    /// No section, or one that refers to a table that there is not.
    Malformed,
    TooLarge,
}

/// Gives each field of a section in its order, as long as `take` agrees and they are within `limit`.
pub fn decode<E: From<Unreadable>>(
    section: &[u8],
    limit: usize,
    mut take: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = section;
    let (mut name_text, mut value_text) = (Vec::new(), Vec::new());
    // The number of insertions that the section needs, and the base, which without any means nothing.
    let (_, needed) = integer(&mut rest, 8)?;
    if needed != 0 {
        return Err(Unreadable::Malformed.into());
    }
    integer(&mut rest, 7)?;
    let mut size = 0;
    while let Some(first) = rest.first() {
        let (name, value): (&[u8], &[u8]) = match first {
            // Indexed: in the static table, or else in the dynamic one.
            0x80.. => {
                let (flags, number) = integer(&mut rest, 6)?;
                let (name, value) = field(flags & 1 != 0, number)?;
                (name.as_bytes(), value.as_bytes())
            }
            0x40.. => {
                let (flags, number) = integer(&mut rest, 4)?;
                let (name, _) = field(flags & 1 != 0, number)?;
                (name.as_bytes(), text(&mut rest, 7, &mut value_text)?)
            }
            0x20.. => (text(&mut rest, 3, &mut name_text)?, text(&mut rest, 7, &mut value_text)?),
            // Both kinds count from the base of a dynamic table.
            _ => return Err(Unreadable::Malformed.into()),
        };
        size += name.len() + value.len() + OVERHEAD;
        if size > limit {
            return Err(Unreadable::TooLarge.into());
        }
        take(name, value)?;
    }
    Ok(())
}

/// Begins a section.
pub fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0]);
}

/// Appends a field. Texts go as they are: to code them would save a fifth of the bytes and cost most of the time.
pub fn append(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    match table::find(name, value) {
        Some((number, true)) => put_integer(out, 0xc0, 6, number),
        Some((number, false)) => {
            put_integer(out, 0x50, 4, number);
            put_integer(out, 0, 7, value.len());
            out.extend_from_slice(value);
        }
        None => {
            put_integer(out, 0x20, 3, name.len());
            out.extend_from_slice(name);
            put_integer(out, 0, 7, value.len());
            out.extend_from_slice(value);
        }
    }
}

/// A number, and what stands before it in its first byte (RFC 9204, 4.1.1). None here is beyond 2^28: what would be is no
/// length of anything that was sent.
pub fn integer(rest: &mut &[u8], bits: u32) -> Result<(u8, usize), Unreadable> {
    let (first, mut after) = rest.split_first().ok_or(Unreadable::Malformed)?;
    let most = (1_usize << bits) - 1;
    let flags = if bits == 8 { 0 } else { first >> bits };
    let mut number = usize::from(*first) & most;
    if number == most {
        let mut shift = 0;
        loop {
            let (byte, left) = after.split_first().ok_or(Unreadable::Malformed)?;
            after = left;
            if shift > 21 {
                return Err(Unreadable::Malformed);
            }
            number += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = after;
    Ok((flags, number))
}

/// A text whose length has so many bits in its first byte, and before them one that says whether it is coded.
fn text<'a, 'b: 'a>(rest: &mut &'b [u8], bits: u32, room: &'a mut Vec<u8>) -> Result<&'a [u8], Unreadable> {
    let (flags, length) = integer(rest, bits)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(Unreadable::Malformed)?;
    *rest = after;
    if flags & 1 == 0 {
        return Ok(bytes);
    }
    room.clear();
    if huffman::decode(bytes, room) { Ok(room) } else { Err(Unreadable::Malformed) }
}

fn field(is_static: bool, number: usize) -> Result<(&'static str, &'static str), Unreadable> {
    if is_static { FIELDS.get(number).copied().ok_or(Unreadable::Malformed) } else { Err(Unreadable::Malformed) }
}

fn put_integer(out: &mut Vec<u8>, flags: u8, bits: u32, number: usize) {
    let most = (1_usize << bits) - 1;
    if number < most {
        return out.push(flags | number as u8);
    }
    out.push(flags | most as u8);
    let mut rest = number - most;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(section: &[u8], limit: usize) -> Result<Vec<(String, String)>, Unreadable> {
        let mut fields = Vec::new();
        decode(section, limit, |name, value| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            fields.push((text(name), text(value)));
            Ok::<(), Unreadable>(())
        })?;
        Ok(fields)
    }

    #[test]
    fn reads_the_example_of_the_standard() {
        // RFC 9204, B.1: a literal with the name of a number.
        let section = [&[0x00, 0x00, 0x51, 0x0b][..], b"/index.html"].concat();
        assert_eq!(decoded(&section, 100), Ok(vec![(":path".into(), "/index.html".into())]));
    }

    #[test]
    fn reads_what_it_writes() {
        let long = "v".repeat(5000);
        let fields = [(":status", "200"), (":status", "299"), ("vary", "origin"), ("x-own", &long), ("date", "")];
        let mut section = Vec::new();
        begin(&mut section);
        for (name, value) in fields {
            append(&mut section, name.as_bytes(), value.as_bytes());
        }
        let expected = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(decoded(&section, 10_000), Ok(expected.to_vec()));
        assert_eq!(decoded(&section, 5000), Err(Unreadable::TooLarge));
        for end in 0..section.len() {
            let _ = decoded(&section[..end], 10_000);
        }
    }

    #[test]
    fn reads_texts_that_are_coded() {
        let section = [0, 0, 0x50, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&section, 100), Ok(vec![(":authority".into(), "www.example.com".into())]));
    }

    #[test]
    fn whatever_comes_is_read_or_refused() {
        // By xorshift, the same each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut read = 0;
        for _ in 0..100_000 {
            let length = next() % 40;
            let mut section = vec![0, 0];
            section.extend((0..length).map(|_| next() as u8));
            if let Ok(fields) = decoded(&section, 500) {
                let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
                // What is no UTF-8 takes three bytes where it is shown.
                assert!(size <= 3 * 500 && fields.len() <= 500 / OVERHEAD, "{section:x?}");
                read += 1;
            }
            let _ = decoded(&section[next() as usize % 3..], 500);
        }
        assert!(read > 1000, "{read}");
    }

    #[test]
    fn refuses_what_is_no_section() {
        let sections: [&[u8]; 12] = [
            &[],
            &[0],
            // Needs the dynamic table; refers to it, in each way; a number that the static one has not.
            &[1, 0],
            &[0, 0, 0x80],
            &[0, 0, 0x40, 0],
            &[0, 0, 0x10],
            &[0, 0, 0x00, 0],
            &[0, 0, 0xff, 0x40],
            // A text that is cut off, one whose length is beyond anything, and one in no code.
            &[0, 0, 0x51, 5, b'/'],
            &[0, 0, 0x51, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[0, 0, 0x51, 0x81, 0xff],
            &[0, 0, 0x27],
        ];
        for section in sections {
            assert_eq!(decoded(section, 1000), Err(Unreadable::Malformed), "{section:x?}");
        }
    }
}
