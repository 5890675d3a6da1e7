//! From UTF-16, as JavaScript strings are read, to UTF-8, as bodies are sent.

/// Units that are looked at together: a choice of the optimizer's, which makes a few wide instructions of it.
const STEP: usize = 64;

/// Writes text to UTF-8, in place of what `output` holds. A surrogate without its pair becomes U+FFFD, as it does
/// everywhere in Node.
pub fn write_utf8(units: &[u16], output: &mut Vec<u8>) {
    output.clear();
    output.reserve(units.len());
    let mut rest = units;
    while !rest.is_empty() {
        rest = write_ascii(rest, output);
        rest = write_other(rest, output);
    }
}

/// Writes the ASCII that the text begins with, but for the last few units; returns what follows it.
fn write_ascii<'a>(units: &'a [u16], output: &mut Vec<u8>) -> &'a [u16] {
    let mut rest = units;
    while let Some((step, after)) = rest.split_first_chunk::<STEP>() {
        if step.iter().fold(0, |all, unit| all | unit) >= 0x80 {
            break;
        }
        output.extend(step.map(|unit| unit as u8));
        rest = after;
    }
    rest
}

/// Writes a step of any text; a pair of surrogates stays together.
fn write_other<'a>(units: &'a [u16], output: &mut Vec<u8>) -> &'a [u16] {
    let mut end = units.len().min(STEP);
    if end < units.len() && (0xd800..0xdc00).contains(&units[end - 1]) {
        end += 1;
    }
    let mut bytes = [0; 4];
    for decoded in char::decode_utf16(units[..end].iter().copied()) {
        let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        output.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
    }
    &units[end..]
}
