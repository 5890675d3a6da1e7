//! Frames (RFC 9114, 7) as they come by a stream. What is passed over is never kept, and of what has to be whole its reader
//! says how long it may be.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use quinn::{ReadError, RecvStream};
use tokio::time::{Sleep, sleep};

use super::shared::{Code, Fault, Shared};

pub mod kind {
    pub const DATA: u64 = 0x0;
    pub const HEADERS: u64 = 0x1;
    pub const CANCEL_PUSH: u64 = 0x3;
    pub const SETTINGS: u64 = 0x4;
    pub const PUSH_PROMISE: u64 = 0x5;
    pub const GOAWAY: u64 = 0x7;
    pub const MAX_PUSH_ID: u64 = 0xd;

    /// Those of HTTP/2 that HTTP/3 has not (RFC 9114, 7.2.8).
    pub fn is_of_http2(kind: u64) -> bool {
        matches!(kind, 0x2 | 0x6 | 0x8 | 0x9)
    }

    /// Whether a request may not bring it (RFC 9114, 7).
    pub fn is_misplaced(kind: u64) -> bool {
        is_of_http2(kind) || matches!(kind, CANCEL_PUSH | SETTINGS | PUSH_PROMISE | GOAWAY | MAX_PUSH_ID)
    }
}

/// How often it is looked whether a client has given up that nobody reads from.
const LOOK: Duration = Duration::from_millis(500);

/// Packets whose bytes are read at once.
const MOST_PARTS: usize = 32;

pub struct Frames {
    /// What has come of a number, or of the two that a frame begins with.
    have: usize,
    head: [u8; 16],
    is_ended: bool,
    /// Of the frame that is being read.
    left: u64,
    /// When it is looked again whether the client has given up, though it has sent more than is read.
    look: Option<Pin<Box<Sleep>>>,
    recv: RecvStream,
    rest: Bytes,
    /// What has come of a payload that is to be whole.
    whole: BytesMut,
}

impl Frames {
    pub fn new(recv: RecvStream) -> Self {
        Self {
            have: 0,
            head: [0; 16],
            is_ended: false,
            left: 0,
            look: None,
            recv,
            rest: Bytes::new(),
            whole: BytesMut::new(),
        }
    }

    pub fn left(&self) -> u64 {
        self.left
    }

    /// Ready once the client has given up to send; never where it has sent all. One part is read ahead for it. To ask for
    /// the reset alone would leave a waker behind in the connection when the rest is read (quinn 0.11).
    pub fn poll_reset(&mut self, task: &mut Task) -> Poll<()> {
        let had_something = !self.rest.is_empty() || self.is_ended;
        if ready!(self.poll_more(task)).is_err() {
            return Poll::Ready(());
        }
        if !had_something {
            // It has come since whoever reads has asked, who is to ask again.
            task.waker().wake_by_ref();
        }
        while !self.is_ended {
            // Takes nothing: it fails after a reset, and else says whether there is anything.
            match pin!(self.recv.read_chunk(0, true)).poll(task) {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => {
                    self.is_ended = true;
                    break;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
            // While there is, nobody is woken for a reset.
            let look = self.look.get_or_insert_with(|| Box::pin(sleep(LOOK)));
            ready!(look.as_mut().poll(task));
            self.look = None;
        }
        Poll::Pending
    }

    pub fn stop(&mut self, code: Code) {
        if !self.is_ended {
            let _ = self.recv.stop(code.into());
        }
    }

    /// The kind and the length of the next frame; `None` after the last.
    pub fn poll_next(&mut self, task: &mut Task) -> Poll<Result<Option<(u64, u64)>, Fault>> {
        debug_assert_eq!(self.left, 0);
        loop {
            let mut head = &self.head[..self.have];
            if let (Some(kind), Some(length)) = (number(&mut head), number(&mut head)) {
                self.have = 0;
                self.left = length;
                return Poll::Ready(Ok(Some((kind, length))));
            }
            if !ready!(self.poll_more(task))? {
                // A frame that is cut off (RFC 9114, 7.1).
                let is_whole = self.have == 0;
                return Poll::Ready(if is_whole { Ok(None) } else { Err(Fault::Connection(Code::Frame)) });
            }
            self.head[self.have] = self.rest.get_u8();
            self.have += 1;
        }
    }

    pub async fn next(&mut self) -> Result<Option<(u64, u64)>, Fault> {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// All of the payload. How long it is has been looked at.
    pub async fn whole(&mut self) -> Result<Bytes, Fault> {
        poll_fn(|task| self.poll_whole(task)).await
    }

    /// A number that stands by itself.
    pub fn poll_number(&mut self, task: &mut Task) -> Poll<Result<Option<u64>, Fault>> {
        loop {
            if let Some(number) = number(&mut &self.head[..self.have]) {
                self.have = 0;
                return Poll::Ready(Ok(Some(number)));
            }
            if !ready!(self.poll_more(task))? {
                return Poll::Ready(Ok(None));
            }
            self.head[self.have] = self.rest.get_u8();
            self.have += 1;
        }
    }

    /// The next part of the payload, of which something is left.
    pub fn poll_part(&mut self, task: &mut Task) -> Poll<Result<Bytes, Fault>> {
        if !ready!(self.poll_more(task))? {
            return Poll::Ready(Err(Fault::Connection(Code::Frame)));
        }
        let length = self.rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= length as u64;
        Poll::Ready(Ok(self.rest.split_to(length)))
    }

    pub fn poll_whole(&mut self, task: &mut Task) -> Poll<Result<Bytes, Fault>> {
        while self.left > 0 {
            let part = ready!(self.poll_part(task))?;
            if self.left == 0 && self.whole.is_empty() {
                return Poll::Ready(Ok(part));
            }
            self.whole.extend_from_slice(&part);
        }
        Poll::Ready(Ok(self.whole.split().freeze()))
    }

    /// Passes over what is left of the payload. Each part of it counts as another frame does: it may say that it has no end.
    pub fn poll_skip(&mut self, task: &mut Task, shared: &Shared) -> Poll<Result<(), Fault>> {
        while self.left > 0 {
            ready!(self.poll_part(task))?;
            shared.count_idle_frame()?;
        }
        Poll::Ready(Ok(()))
    }

    /// Bytes of a stream that has no frames, in parts; `None` at its end.
    pub fn poll_bytes(&mut self, task: &mut Task) -> Poll<Result<Option<Bytes>, Fault>> {
        Poll::Ready(Ok(ready!(self.poll_more(task))?.then(|| std::mem::take(&mut self.rest))))
    }

    /// Sees to it that there is something in `rest`; false at the end of the stream.
    fn poll_more(&mut self, task: &mut Task) -> Poll<Result<bool, Fault>> {
        while self.rest.is_empty() {
            if self.is_ended {
                return Poll::Ready(Ok(false));
            }
            let mut parts = [const { Bytes::new() }; MOST_PARTS];
            let read = ready!(pin!(self.recv.read_chunks(&mut parts)).poll(task));
            match read {
                Ok(Some(1)) => self.rest = std::mem::take(&mut parts[0]),
                // Each is of a packet of its own: one after the other they would cost their reader more than to be copied.
                Ok(Some(count)) => self.rest = parts[..count].concat().into(),
                Ok(None) => self.is_ended = true,
                Err(ReadError::Reset(_)) => return Poll::Ready(Err(Fault::Reset)),
                Err(_) => return Poll::Ready(Err(Fault::Lost)),
            }
        }
        Poll::Ready(Ok(true))
    }
}

/// A number of variable length (RFC 9000, 16); `None` where there is more to come.
pub fn number(rest: &mut &[u8]) -> Option<u64> {
    let first = *rest.first()?;
    let (bytes, after) = rest.split_at_checked(1 << (first >> 6))?;
    *rest = after;
    Some(bytes[1..].iter().fold(u64::from(first & 0x3f), |number, byte| number << 8 | u64::from(*byte)))
}

pub fn put_number(out: &mut Vec<u8>, number: u64) {
    match number {
        0..0x40 => out.push(number as u8),
        0x40..0x4000 => out.extend_from_slice(&(number as u16 | 0x4000).to_be_bytes()),
        0x4000..0x4000_0000 => out.extend_from_slice(&(number as u32 | 0x8000_0000).to_be_bytes()),
        _ => out.extend_from_slice(&(number | 0xc000_0000_0000_0000).to_be_bytes()),
    }
}

/// What a frame begins with.
pub fn frame_head(kind: u64, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length.min(1024) + 9);
    put_number(&mut out, kind);
    put_number(&mut out, length as u64);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        for given in [0, 1, 63, 64, 16_383, 16_384, 0x3fff_ffff, 0x4000_0000, (1 << 62) - 1] {
            let mut out = Vec::new();
            put_number(&mut out, given);
            assert_eq!(number(&mut &out[..]), Some(given));
            for end in 0..out.len() {
                assert_eq!(number(&mut &out[..end]), None);
            }
        }
        // RFC 9000, A.1: also longer than need be.
        assert_eq!(number(&mut &[0x40, 0x25][..]), Some(37));
        assert_eq!(number(&mut &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..]), Some(151_288_809_941_952_652));
    }
}
