//! The work of one task. Nothing here touches JavaScript: it runs on a thread of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scratch::Scratch;
use super::{decode, encode, text};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Coding {
    Brotli,
    Gzip,
    Zstd,
}

#[derive(Debug, Eq, PartialEq)]
pub enum Failure {
    /// A library refuses what it should not, or panics.
    Broken,
    Malformed,
    TooLarge,
}

#[derive(Clone, Copy)]
pub enum Work {
    Compress { coding: Coding, level: u32 },
    Decompress { limit: usize },
}

/// A body and what is to be done with it.
pub struct Job {
    pub is_text: bool,
    pub outcome: Result<Box<[u8]>, Failure>,
    /// Holds the body; `None` when it has been given back, or lost to a panic.
    pub scratch: Option<Box<Scratch>>,
    pub work: Work,
}

impl Job {
    pub fn new(scratch: Box<Scratch>, is_text: bool, work: Work) -> Job {
        Job { is_text, outcome: Err(Failure::Broken), scratch: Some(scratch), work }
    }

    /// Does it, and keeps the outcome. A panic is an outcome too.
    pub fn run(&mut self) {
        let Some(mut scratch) = self.scratch.take() else { return };
        let (is_text, work) = (self.is_text, self.work);
        let done = catch_unwind(AssertUnwindSafe(move || {
            let outcome = compute(&mut scratch, is_text, work);
            scratch.give();
            outcome
        }));
        self.outcome = done.unwrap_or(Err(Failure::Broken));
    }
}

fn compute(scratch: &mut Scratch, is_text: bool, work: Work) -> Result<Box<[u8]>, Failure> {
    if is_text {
        text::write_utf8(&scratch.units, &mut scratch.input);
    }
    match work {
        // The output is made in memory that is kept, which is as large as the worst case, and what came of it is moved
        // into memory of its own: a few KB, against the pages that a new worst case would take from the system.
        Work::Compress { coding, level } => {
            let length = encode::encode(scratch, coding, level)?;
            Ok(scratch.output[..length].into())
        }
        Work::Decompress { limit } => decode::decode(&scratch.input, limit).map(Vec::into_boxed_slice),
    }
}
