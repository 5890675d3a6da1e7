//! HTTP as both engines of the native transport read and write it. Pure: bytes in, offsets, facts and bytes out.

pub mod facts;
pub mod framing;
pub mod names;
pub mod parse;
pub mod peers;
pub mod proxy;
pub mod refusal;
pub mod respond;
#[cfg(test)]
mod tests;
