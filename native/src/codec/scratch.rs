//! What a worker needs while it runs, and the next one needs again: memory that is touched already, and contexts that
//! take as long to set up as a small body takes to compress.
//!
//! Kept in one list for all threads, not in each: threads of the pool are not ours to clean up after, and there may be
//! hundreds. The list is locked for as long as it takes to move a box.

use std::sync::{Mutex, PoisonError};

use libdeflater::{CompressionLvl, Compressor};
use zstd_safe::CCtx;

use super::brotli::Memory;

/// How many are kept that nobody uses. More run at once only where somebody asks for it.
const MOST_IDLE: usize = 8;

/// Bytes above which a part of a scratch is not kept: larger bodies are rare, and slow enough not to miss it.
const LARGEST_KEPT: usize = 1 << 20;

#[derive(Default)]
pub struct Scratch {
    pub brotli: Memory,
    pub gzip: Option<(u32, Compressor)>,
    pub output: Vec<u8>,
    /// A text as UTF-8.
    pub utf8: Vec<u8>,
    pub zstd: Option<CCtx<'static>>,
}

// Boxes, since what is under the lock is to be a pointer.
#[allow(clippy::vec_box)]
static IDLE: Mutex<Vec<Box<Scratch>>> = Mutex::new(Vec::new());

impl Scratch {
    pub fn take() -> Box<Scratch> {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives it back, for the next worker.
    pub fn give(mut self: Box<Self>) {
        if self.output.capacity() > LARGEST_KEPT {
            self.output = Vec::new();
        }
        if self.utf8.capacity() > LARGEST_KEPT {
            self.utf8 = Vec::new();
        }
        self.zstd.take_if(|context| context.sizeof() > 2 * LARGEST_KEPT);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(self);
        }
    }

    /// A compressor of libdeflate, which is made for one level.
    pub fn gzip(kept: &mut Option<(u32, Compressor)>, level: u32) -> &mut Compressor {
        kept.take_if(|(other, _)| *other != level);
        let (_, compressor) = kept.get_or_insert_with(|| {
            let valid = CompressionLvl::new(level as i32).unwrap_or_default();
            (level, Compressor::new(valid))
        });
        compressor
    }
}
