//! The inside of a string of JSON, in ASCII alone.

/// Bytes of Latin-1. What does not print, the quote and the backslash are escaped.
pub fn json(out: &mut Vec<u8>, text: &[u8]) {
    // Most texts have nothing to escape, which is seen by many bytes at once.
    if !text.chunks(32).any(|chunk| chunk.iter().fold(false, |found, &byte| found | is_unsafe(byte))) {
        out.extend_from_slice(text);
        return;
    }
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 15)];
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            _ if is_unsafe(byte) => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]),
            _ => out.push(byte),
        }
    }
}

fn is_unsafe(byte: u8) -> bool {
    !(0x20..=0x7e).contains(&byte) | (byte == b'"') | (byte == b'\\')
}
