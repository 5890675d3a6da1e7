//! The work of one task. Nothing here touches JavaScript: it runs on a thread of the pool.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::body::Body;
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
    /// It was taken out of the queue before it had begun.
    Cancelled,
    Malformed,
    TooLarge,
}

pub type Outcome = Result<Box<[u8]>, Failure>;

#[derive(Clone, Copy)]
pub enum Work {
    Compress { coding: Coding, level: u32 },
    Decompress { limit: usize },
}

/// A body and what is to be done with it.
pub struct Job {
    pub body: Body,
    pub work: Work,
}

impl Job {
    /// Does it. A panic is an outcome too, and leaves a new scratch: a context may be in any state then.
    pub fn run(self, scratch: &mut Box<Scratch>) -> Outcome {
        let Job { body, work } = self;
        let mut taken = mem::take(scratch);
        let done = catch_unwind(AssertUnwindSafe(move || {
            let outcome = compute(&mut taken, &body, work);
            body.give();
            (taken, outcome)
        }));
        match done {
            Ok((kept, outcome)) => {
                *scratch = kept;
                outcome
            }
            Err(_) => Err(Failure::Broken),
        }
    }
}

fn compute(scratch: &mut Scratch, body: &Body, work: Work) -> Outcome {
    let mut utf8 = mem::take(&mut scratch.utf8);
    let input = match body {
        Body::Bytes(bytes) => bytes,
        Body::Text(units) => {
            text::write_utf8(units, &mut utf8);
            &utf8
        }
    };
    let outcome = match work {
        // The output is made in memory that is kept, which is as large as the worst case, and what came of it is moved
        // into memory of its own: a few KB, against the pages that a new worst case would take from the system.
        Work::Compress { coding, level } => {
            encode::encode(scratch, input, coding, level).map(|length| scratch.output[..length].into())
        }
        Work::Decompress { limit } => decode::decode(input, limit).map(Vec::into_boxed_slice),
    };
    scratch.utf8 = utf8;
    outcome
}
