//! The body of a request, exact by RFC 9112, 6 and 7. Pure: bytes in, the parts of them that are body out.

use std::borrow::Cow;

use super::parse::BodyKind;
use super::refusal::Refusal;

const BAD_CHUNK: Refusal =
    Refusal { code: "BAD_FRAMING", limit: 0, reason: "a chunk is malformed", section: "RFC 9112, 7.1", status: 400 };
const BIG_CHUNK: Refusal = Refusal {
    code: "CHUNK_TOO_LARGE",
    limit: 0,
    reason: "a chunk is larger than the limit",
    section: "RFC 9110, 15.5.14",
    status: 413,
};
const BIG_TRAILERS: Refusal = Refusal {
    code: "HEADERS_TOO_LARGE",
    limit: 0,
    reason: "the chunk extensions or trailers are too large",
    section: "RFC 6585, 5",
    status: 431,
};

/// The most that chunk extensions and trailers of one body may have together: they are read and let go.
const MOST_ASIDE: u32 = 8192;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Inside a chunk, or a body of known length.
    Data,
    /// After the data of a chunk, before its CR; `DataLf` before its LF.
    DataCr,
    DataLf,
    Done,
    /// In the extensions of a chunk, and before the name of the first; `SizeLf` after the CR that ends them.
    Extension,
    ExtensionStart,
    /// In the digits of a chunk's size.
    Size,
    SizeLf,
    /// At the start of a line after the last chunk.
    TrailerStart,
    /// In a trailer line, which has had a colon where `true`; `TrailerLf` after its CR.
    Trailer(bool),
    TrailerLf,
    /// After the CR of the empty line that ends the body.
    EndLf,
}

/// Decodes one body.
#[derive(Debug)]
pub struct Decoder {
    aside: u32,
    digits: u8,
    is_chunked: bool,
    largest_chunk: u64,
    left: u64,
    step: Step,
    /// Lines of the trailers, each with its CRLF.
    trailers: Vec<u8>,
}

/// What a call of [`Decoder::decode`] did.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// Where in the input there is data.
    pub data: std::ops::Range<usize>,
    /// How much of the input was used. What is left belongs to the next call, or the next request.
    pub used: usize,
}

impl Decoder {
    pub fn new(body: BodyKind, largest_chunk: u64) -> Self {
        let (is_chunked, left, step) = match body {
            BodyKind::Chunked => (true, 0, Step::Size),
            BodyKind::Length(length) => (false, length, Step::Data),
            BodyKind::None => (false, 0, Step::Done),
        };
        Self { aside: 0, digits: 0, is_chunked, largest_chunk, left, step, trailers: Vec::new() }
    }

    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Takes in all that belongs to the body, and gives its data in one piece with how much was used. What comes in a
    /// thousand small chunks is not a thousand pieces to hand over.
    pub fn take<'a>(&mut self, input: &'a [u8]) -> Result<(Cow<'a, [u8]>, usize), Refusal> {
        let mut data = Cow::Borrowed(&input[..0]);
        let mut used = 0;
        while used < input.len() && !self.is_done() {
            let decoded = self.decode(&input[used..])?;
            let piece = &input[used..][decoded.data];
            if data.is_empty() {
                data = Cow::Borrowed(piece);
            } else {
                data.to_mut().extend_from_slice(piece);
            }
            used += decoded.used;
        }
        Ok((data, used))
    }

    /// The trailers of a body that is done.
    pub fn take_trailers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.trailers)
    }

    /// Bytes of a body of known length that are still to come.
    pub fn left_of_length(&self) -> u64 {
        if self.is_chunked { 0 } else { self.left }
    }

    /// Takes in bytes up to the end of the next piece of data, or all of them.
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, Refusal> {
        let mut used = 0;
        while used < input.len() && self.step != Step::Done {
            if self.step == Step::Data {
                let take = self.left.min((input.len() - used) as u64);
                self.left -= take;
                let data = used..used + take as usize;
                if self.left == 0 {
                    self.step = if self.is_chunked { Step::DataCr } else { Step::Done };
                }
                return Ok(Decoded { used: data.end, data });
            }
            self.step = self.next(input[used])?;
            used += 1;
        }
        Ok(Decoded { data: 0..0, used })
    }

    fn next(&mut self, byte: u8) -> Result<Step, Refusal> {
        match (self.step, byte) {
            (Step::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.size(byte),
            (Step::Size, b'\r') if self.digits > 0 => Ok(Step::SizeLf),
            (Step::Size, b';') if self.digits > 0 => Ok(Step::ExtensionStart),
            (Step::ExtensionStart, byte) if is_name(byte) => self.aside(Step::Extension),
            (Step::Extension, b'\r') => Ok(Step::SizeLf),
            (Step::Extension, byte) if is_text(byte) => self.aside(Step::Extension),
            (Step::SizeLf, b'\n') => Ok(self.chunk()),
            (Step::DataCr, b'\r') => Ok(Step::DataLf),
            (Step::DataLf, b'\n') => Ok(Step::Size),
            (Step::TrailerStart, b'\r') => Ok(Step::EndLf),
            (Step::TrailerStart, byte) if is_name(byte) => self.trailer(byte, Step::Trailer(false)),
            (Step::Trailer(false), b':') => self.trailer(byte, Step::Trailer(true)),
            (Step::Trailer(false), byte) if is_name(byte) => self.trailer(byte, Step::Trailer(false)),
            (Step::Trailer(true), b'\r') => Ok(Step::TrailerLf),
            (Step::Trailer(true), byte) if is_text(byte) => self.trailer(byte, Step::Trailer(true)),
            (Step::TrailerLf, b'\n') => {
                self.trailers.extend_from_slice(b"\r\n");
                Ok(Step::TrailerStart)
            }
            (Step::EndLf, b'\n') => Ok(Step::Done),
            _ => Err(BAD_CHUNK),
        }
    }

    fn size(&mut self, digit: u8) -> Result<Step, Refusal> {
        let value = u64::from((digit as char).to_digit(16).unwrap_or_default());
        self.digits += 1;
        // More digits than any size has are refused before they can overflow.
        if self.digits > 12 {
            return Err(BAD_CHUNK);
        }
        self.left = self.left * 16 + value;
        if self.left > self.largest_chunk {
            return Err(Refusal { limit: self.largest_chunk, ..BIG_CHUNK });
        }
        Ok(Step::Size)
    }

    fn chunk(&mut self) -> Step {
        self.digits = 0;
        if self.left == 0 { Step::TrailerStart } else { Step::Data }
    }

    fn trailer(&mut self, byte: u8, step: Step) -> Result<Step, Refusal> {
        self.trailers.push(byte);
        self.aside(step)
    }

    fn aside(&mut self, step: Step) -> Result<Step, Refusal> {
        self.aside += 1;
        if self.aside > MOST_ASIDE { Err(BIG_TRAILERS) } else { Ok(step) }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}
