mod framing;
mod parse;
mod proxy;
mod respond;
mod target;

use super::parse::Head;
use super::refusal::Refusal;

/// xorshift64*: the same numbers on every run, so that a failure is found again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A head of these lines, each with its CRLF, and the empty line after them.
pub fn head(lines: &[&str]) -> Vec<u8> {
    format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// `None` for a request that is sound.
pub fn status(outcome: Result<Head, Refusal>) -> Option<u16> {
    outcome.err().map(|refusal| refusal.status)
}
