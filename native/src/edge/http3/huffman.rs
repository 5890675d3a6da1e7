//! Text in the Huffman code of HPACK and QPACK (RFC 7541, 5.2 and appendix B), decoded.

/// The end of a text, of which only a part may stand at its end.
const END: u16 = 256;
const LONGEST: usize = 30;
const SHORTEST: usize = 5;

/// How many bits each byte takes, and last the end. The code is canonical: of one length, codes follow each other in the
/// order of what they stand for, so that the lengths tell all of it.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The code by its lengths.
struct Code {
    /// The first code of each length, and how many there are.
    first: [u32; LONGEST + 1],
    count: [u32; LONGEST + 1],
    /// Where those of each length begin in `symbols`.
    start: [usize; LONGEST + 1],
    symbols: [u16; 257],
}

const CODE: Code = {
    let mut code =
        Code { first: [0; LONGEST + 1], count: [0; LONGEST + 1], start: [0; LONGEST + 1], symbols: [0; 257] };
    let (mut next, mut at, mut length) = (0_u32, 0, 1);
    while length <= LONGEST {
        next <<= 1;
        code.first[length] = next;
        code.start[length] = at;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                code.symbols[at] = symbol as u16;
                at += 1;
                next += 1;
                code.count[length] += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    code
};

static TABLE: Code = CODE;

/// Appends the text to `out`; false where it is no such text.
#[must_use]
pub fn decode(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = bytes.iter();
    // The bits that are still to be read stand at the upper end.
    let (mut bits, mut have) = (0_u64, 0);
    loop {
        while have <= 56
            && let Some(byte) = rest.next()
        {
            bits |= u64::from(*byte) << (56 - have);
            have += 8;
        }
        let Some((symbol, length)) = next(bits, have) else {
            // What fills the last byte are ones, fewer than a byte (RFC 7541, 5.2).
            return have < 8 && bits == !(u64::MAX >> have);
        };
        if symbol == END {
            return false;
        }
        out.push(symbol as u8);
        bits <<= length;
        have -= length;
    }
}

/// What the next bits stand for, and how many they are.
fn next(bits: u64, have: usize) -> Option<(u16, usize)> {
    for length in SHORTEST..=LONGEST.min(have) {
        let code = (bits >> (64 - length)) as u32;
        let at = code.wrapping_sub(TABLE.first[length]);
        if at < TABLE.count[length] {
            return Some((TABLE.symbols[TABLE.start[length] + at as usize], length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &[u8]) -> Vec<u8> {
        let (mut out, mut bits, mut have) = (Vec::new(), 0_u64, 0);
        for byte in text {
            let length = LENGTHS[usize::from(*byte)] as usize;
            let at = TABLE.symbols.iter().position(|symbol| *symbol == u16::from(*byte)).expect("a symbol");
            let code = TABLE.first[length] + (at - TABLE.start[length]) as u32;
            bits = bits << length | u64::from(code);
            have += length;
            while have >= 8 {
                have -= 8;
                out.push((bits >> have) as u8);
            }
        }
        if have > 0 {
            out.push((bits << (8 - have) | 0xff >> have) as u8);
        }
        out
    }

    fn decoded(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(bytes, &mut out).then_some(out)
    }

    #[test]
    fn decodes_the_examples_of_the_standard() {
        // RFC 7541, C.4.1 and C.6.1.
        let host = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&host).as_deref(), Some(&b"www.example.com"[..]));
        assert_eq!(decoded(&[0x64, 0x02]).as_deref(), Some(&b"302"[..]));
        assert_eq!(decoded(&[]).as_deref(), Some(&b""[..]));
    }

    #[test]
    fn decodes_every_byte() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        assert_eq!(decoded(&encode(&all)), Some(all));
    }

    #[test]
    fn refuses_what_is_no_text() {
        // Ones for a whole byte, zeros to fill up, the end itself, and a code that is cut off.
        for bytes in [&[0xff][..], &[0x00], &[0xff, 0xff, 0xff, 0xff], &[0x64, 0x02, 0xff], &[0xff, 0xff]] {
            assert_eq!(decoded(bytes), None, "{bytes:x?}");
        }
    }
}
