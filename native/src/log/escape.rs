//! The inside of a string of JSON, in ASCII alone.

/// Bytes of Latin-1. What does not print, the quote and the backslash are escaped.
pub fn json(out: &mut Vec<u8>, text: &[u8]) {
    let mut start = 0;
    for (at, &byte) in text.iter().enumerate() {
        if matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[start..at]);
        start = at + 1;
        if byte == b'"' || byte == b'\\' {
            out.extend_from_slice(&[b'\\', byte]);
        } else {
            let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 15)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]);
        }
    }
    out.extend_from_slice(&text[start..]);
}
