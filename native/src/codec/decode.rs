//! A zstd body of a request, decoded under a limit. gzip and br are node:zlib's, which every Node has; zstd is not.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::job::Failure;

/// RFC 9659: a coding of HTTP needs a window of 8 MB at most, and whoever asks for more asks for the memory.
const WINDOW_LOG: u32 = 23;

/// Bytes that are decoded before the limit is looked at again.
const STEP: usize = 64 * 1024;

/// Decodes all frames of a body. It stops where the limit is passed: what it took from memory by then is the limit,
/// the window and one step.
pub fn decode(input: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let mut context = DCtx::try_create().ok_or(Failure::Broken)?;
    context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(|_| Failure::Broken)?;
    let mut source = InBuffer::around(input);
    let mut output = Vec::new();
    let mut step = vec![0; STEP.min(limit.saturating_add(1))];
    loop {
        let mut target = OutBuffer::around(&mut step[..]);
        let left = context.decompress_stream(&mut target, &mut source).map_err(|_| Failure::Malformed)?;
        let given = target.as_slice();
        if given.len() > limit - output.len() {
            return Err(Failure::TooLarge);
        }
        output.extend_from_slice(given);
        // More may wait inside while a step is full; after that, only what the input still has.
        let is_drained = given.len() < step.len() || left == 0;
        if source.pos() == input.len() && is_drained {
            return if left == 0 { Ok(output) } else { Err(Failure::Malformed) };
        }
    }
}
