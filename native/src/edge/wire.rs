//! One request's stream of HTTP/2 or HTTP/3, as `serve` needs it.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};

/// The client is gone, or has broken the rules of its protocol: nothing can be read or written any more.
#[derive(Debug)]
pub struct Broken;

/// Why a stream is cut off by the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// The answer cannot be completed.
    Failed,
    /// The client takes nothing of it.
    TooSlow,
}

pub trait Wire: Send + Unpin {
    /// Begins the answer; with `is_end` it has no body.
    fn begin(&mut self, head: Response<()>, is_end: bool) -> Result<(), Broken>;
    fn cut(&mut self, why: Cut);
    /// Ends the answer, after bytes have been sent.
    fn end(&mut self, trailers: HeaderMap) -> Result<(), Broken>;
    /// Sends an answer of 100 or 103 before the answer; says whether it could.
    fn hint(&mut self, head: Response<()>) -> bool;
    /// Whether there is no body, or nothing of it is to come, and nothing has come after it.
    fn is_received(&self) -> bool;
    /// The next part of the body; `None` at its end.
    fn poll_body(&mut self, context: &mut Context) -> Poll<Option<Result<Bytes, Broken>>>;
    /// Ready once the client has given the request up.
    fn poll_gone(&mut self, context: &mut Context) -> Poll<()>;
    /// How many of so many bytes may be sent now, at least one.
    fn poll_room(&mut self, context: &mut Context, wanted: usize) -> Poll<Result<usize, Broken>>;
    /// Ready once the connection has everything that was sent.
    fn poll_sent(&mut self, _context: &mut Context) -> Poll<()> {
        Poll::Ready(())
    }
    /// Sends bytes that there is room for.
    fn send(&mut self, bytes: Bytes, is_end: bool) -> Result<(), Broken>;
    /// What has come after the body, once that is at its end.
    fn trailers(&mut self) -> HeaderMap;
    /// So many bytes of the body have found their reader: the client may send as many more.
    fn took(&mut self, bytes: usize);
}
