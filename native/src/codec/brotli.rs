//! Google's brotli encoder, with memory that outlives it. An encoder takes 1 to 2 MB for a body of 100 KB, and what is
//! taken from the system anew costs half as much as the compressing: page faults.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use brotlic_sys::*;

use super::job::Failure;

/// Bytes that are kept between two bodies at most.
const MOST_KEPT: usize = 4 << 20;

/// Of a block, in front of it: its size, and room so that what follows is aligned as malloc would align it.
const HEADER: usize = 16;

/// The blocks that an encoder has given back, for the next.
#[derive(Default)]
pub struct Memory {
    free: Vec<Block>,
}

struct Block {
    size: usize,
    start: *mut u8,
}

// SAFETY: a block is memory of the heap, which any thread may use and free, and nobody else knows of a free one.
unsafe impl Send for Block {}

impl Block {
    fn new(size: usize) -> Option<Block> {
        let whole = size.checked_add(HEADER).filter(|whole| *whole < isize::MAX as usize - HEADER)?;
        // SAFETY: the layout is valid and not of size 0.
        let start = unsafe { alloc(Layout::from_size_align_unchecked(whole, HEADER)) };
        if start.is_null() {
            return None;
        }
        // SAFETY: the header is there, and aligned.
        unsafe { start.cast::<usize>().write(size) };
        Some(Block { size, start })
    }

    /// What the encoder sees of it, which is its owner then.
    fn lend(self) -> *mut c_void {
        let block = std::mem::ManuallyDrop::new(self);
        // SAFETY: the block is longer than its header.
        unsafe { block.start.add(HEADER).cast() }
    }

    /// # Safety
    /// The pointer came from `lend`, and is not used again.
    unsafe fn returned(lent: *mut c_void) -> Block {
        unsafe {
            let start = lent.cast::<u8>().sub(HEADER);
            Block { size: start.cast::<usize>().read(), start }
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the layout it was made with.
        unsafe { dealloc(self.start, Layout::from_size_align_unchecked(self.size + HEADER, HEADER)) };
    }
}

impl Memory {
    /// The smallest free block that will do, unless it is several times too large.
    fn take(&mut self, size: usize) -> Option<Block> {
        let fitting = self.free.iter().enumerate().filter(|(_, block)| (size..=size * 4).contains(&block.size));
        let (index, _) = fitting.min_by_key(|(_, block)| block.size)?;
        Some(self.free.swap_remove(index))
    }

    /// Lets go of what is above the bound, the largest first.
    fn trim(&mut self) {
        self.free.sort_unstable_by_key(|block| block.size);
        let mut kept = 0;
        let within = self.free.iter().take_while(|block| {
            kept += block.size;
            kept <= MOST_KEPT
        });
        let count = within.count();
        self.free.truncate(count);
    }
}

extern "C" fn allocate(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: `compress` gives the encoder this pointer, and is the only one to use it meanwhile.
    let memory = unsafe { &mut *memory.cast::<Memory>() };
    memory.take(size).or_else(|| Block::new(size)).map_or(null_mut(), Block::lend)
}

extern "C" fn release(memory: *mut c_void, lent: *mut c_void) {
    if lent.is_null() {
        return;
    }
    // SAFETY: as above; the encoder gives back what it was lent, once.
    unsafe { (*memory.cast::<Memory>()).free.push(Block::returned(lent)) };
}

/// The most that a body of this length becomes, at any quality: what would be larger is stored as it is.
pub fn bound(length: usize) -> Option<usize> {
    // SAFETY: it computes with a number. It gives 0 for what is beyond its reach.
    let bound = unsafe { BrotliEncoderMaxCompressedSize(length) };
    (bound > 0).then_some(bound)
}

/// Compresses a body; returns the length of what was written.
pub fn compress(memory: &mut Memory, input: &[u8], output: &mut [u8], quality: u32) -> Result<usize, Failure> {
    let opaque: *mut Memory = memory;
    // SAFETY: the encoder lives within this block, and so do the pointers that it is given; it writes no more than
    // there is room for.
    let length = unsafe {
        let encoder = BrotliEncoderCreateInstance(Some(allocate), Some(release), opaque.cast());
        if encoder.is_null() {
            return Err(Failure::Broken);
        }
        let hint = u32::try_from(input.len()).unwrap_or(u32::MAX);
        BrotliEncoderSetParameter(encoder, BrotliEncoderParameter_BROTLI_PARAM_QUALITY, quality);
        BrotliEncoderSetParameter(encoder, BrotliEncoderParameter_BROTLI_PARAM_LGWIN, window(input.len()));
        BrotliEncoderSetParameter(encoder, BrotliEncoderParameter_BROTLI_PARAM_SIZE_HINT, hint);
        let (mut left, mut next) = (input.len(), input.as_ptr());
        let (mut room, mut target, mut written) = (output.len(), output.as_mut_ptr(), 0);
        let done = BrotliEncoderCompressStream(
            encoder,
            BrotliEncoderOperation_BROTLI_OPERATION_FINISH,
            &mut left,
            &mut next,
            &mut room,
            &mut target,
            &mut written,
        );
        let is_finished: c_int = BrotliEncoderIsFinished(encoder);
        BrotliEncoderDestroyInstance(encoder);
        (done != 0 && is_finished != 0).then_some(written)
    };
    memory.trim();
    length.ok_or(Failure::Broken)
}

/// Bits of the smallest window that holds the body: a larger one only costs memory, here and in the client.
fn window(length: usize) -> u32 {
    // RFC 7932, 9.1: a window of n bits reaches 2^n - 16 bytes back.
    length.saturating_add(16).next_power_of_two().trailing_zeros().clamp(10, 22)
}
