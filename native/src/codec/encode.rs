//! Whole bodies into each coding, one-shot: the size is known from the start, so that windows and tables are no larger
//! than the body needs, and the room is enough for the worst.

use libdeflater::Compressor;
use zstd_safe::CCtx;

use super::brotli::{self, Memory};
use super::job::{Coding, Failure};
use super::scratch::Scratch;

/// Compresses into a scratch's output; returns the length.
pub fn encode(scratch: &mut Scratch, input: &[u8], coding: Coding, level: u32) -> Result<usize, Failure> {
    let Scratch { brotli, gzip, output, zstd, .. } = scratch;
    match coding {
        Coding::Brotli => brotli_of(brotli, input, output, level),
        Coding::Gzip => deflate(Scratch::gzip(gzip, level), input, output),
        Coding::Zstd => zstandard(zstd.get_or_insert_with(CCtx::create), input, output, level),
    }
}

fn brotli_of(memory: &mut Memory, input: &[u8], output: &mut Vec<u8>, level: u32) -> Result<usize, Failure> {
    grow(output, brotli::bound(input.len()).ok_or(Failure::Broken)?);
    brotli::compress(memory, input, output, level)
}

fn deflate(compressor: &mut Compressor, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Failure> {
    grow(output, compressor.gzip_compress_bound(input.len()));
    compressor.gzip_compress(input, output).map_err(|_| Failure::Broken)
}

fn zstandard(context: &mut CCtx<'_>, input: &[u8], output: &mut Vec<u8>, level: u32) -> Result<usize, Failure> {
    grow(output, zstd_safe::compress_bound(input.len()));
    context.compress(&mut output[..], input, level as i32).map_err(|_| Failure::Broken)
}

/// Makes room, and only ever grows: room that was there before need not be cleared again.
fn grow(output: &mut Vec<u8>, length: usize) {
    if output.len() < length {
        output.resize(length, 0);
    }
}
