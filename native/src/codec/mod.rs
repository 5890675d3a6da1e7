//! Compression of whole bodies as tasks on libuv's thread pool. Streams are node:zlib's: what they need is state
//! between chunks, and there node is as fast.
//!
//! `binding` is what JavaScript sees, `task` the way to the pool and back, `queue` what waits and who takes it; `job` is
//! the work itself, which touches no JavaScript, with `encode` (and `brotli`, which has most to it) and `decode`; `body`
//! and `scratch` keep memory that is needed again and again, `text` makes UTF-8 of what a JavaScript string holds.

mod binding;
mod body;
mod brotli;
mod decode;
mod encode;
mod job;
mod queue;
mod scratch;
mod task;
#[cfg(test)]
mod tests;
mod text;

pub use binding::create;
pub use job::Coding;

use scratch::Scratch;

/// Compresses a body here and now; `None` where a library refuses.
pub fn compress(input: &[u8], coding: Coding, level: u32) -> Option<Vec<u8>> {
    let mut scratch = Scratch::take();
    let coded = encode::encode(&mut scratch, input, coding, level).ok().map(|length| scratch.output[..length].to_vec());
    scratch.give();
    coded
}
