//! HTTP/3 (RFC 9114) over the QUIC of the quinn crate: one task for a connection and all its streams.
//!
//! ```text
//! quic ─▶ connection ─▶ wire ─▶ body ─▶ framing, head ─▶ qpack ─▶ huffman, table
//!              ├──▶ control ─▶ framing
//!              └──▶ shared (what goes wrong, and how often it may)
//! ```
//!
//! The frames and the fields are read here and not by the h3 crate: that keeps any frame but DATA until it is whole, however
//! long a client says it is, takes a body that was cut off for one that has ended, and does not tell of a client that has
//! given its request up.

mod body;
mod connection;
mod control;
mod framing;
mod head;
mod huffman;
mod qpack;
mod said;
mod shared;
mod table;
#[cfg(test)]
mod tests;
mod wire;

pub use connection::begin;
pub use shared::Code;
