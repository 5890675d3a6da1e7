//! One request and its answer on a stream of their own.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as Task, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use quinn::{SendStream, StoppedError, VarInt};

use super::framing::{Frames, frame_head, kind};
use super::head::{self, Refused};
use super::shared::{Code, Fault, Shared};
use crate::edge::wire::{Broken, Cut, Wire};
use crate::http::refusal::{HEAD_TOO_LARGE, Refusal};

/// Bytes of an answer that wait here to be given to the connection, and to leave together.
const GATHERED: usize = 16_384;

type Stopped = Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send + Sync>>;

pub struct Http3Wire {
    /// Bytes of the body that are still to come, where the head has said how many.
    expected: Option<u64>,
    frames: Frames,
    /// Everything of the answer has been given to `out`, and then to the connection.
    is_complete: bool,
    /// Of the frame that is being read.
    is_data: bool,
    is_finished: bool,
    is_received: bool,
    /// A part of the body that came with the head.
    first: Option<Bytes>,
    out: VecDeque<Bytes>,
    out_bytes: usize,
    send: SendStream,
    shared: Arc<Shared>,
    /// Ready when the client does not want the rest, or has all of it.
    stopped: Option<Stopped>,
    /// The fields after the body are being read, or have been.
    trailers: Trailers,
}

#[derive(Clone, Copy, PartialEq)]
enum Trailers {
    Coming,
    No,
    Seen,
}

impl Http3Wire {
    pub fn new(send: SendStream, frames: Frames, shared: Arc<Shared>) -> Self {
        Self {
            expected: None,
            first: None,
            frames,
            is_complete: false,
            is_data: false,
            is_finished: false,
            is_received: false,
            out: VecDeque::new(),
            out_bytes: 0,
            send,
            shared,
            stopped: None,
            trailers: Trailers::No,
        }
    }

    /// The head of the request; or why it is refused by an answer.
    pub async fn head(&mut self) -> Result<Result<Parts, Refusal>, Fault> {
        let limit = self.shared.context.limits.head;
        loop {
            let Some((kind, length)) = self.frames.next().await? else {
                return Err(Fault::Stream(Code::RequestIncomplete));
            };
            match kind {
                // Its bytes are no more than the fields that they stand for, but for texts that are coded badly.
                kind::HEADERS if length > limit as u64 => return Ok(Err(HEAD_TOO_LARGE)),
                kind::HEADERS => break,
                kind::DATA => return Err(Fault::Connection(Code::FrameUnexpected)),
                _ => self.pass(kind).await?,
            }
        }
        let parts = match head::read(&self.frames.whole().await?, limit) {
            Ok(parts) => parts,
            Err(Refused::TooLarge) => return Ok(Err(HEAD_TOO_LARGE)),
            Err(refused) => return Err(fault_of(refused)),
        };
        self.expected = head::length(&parts);
        self.shared.count_use();
        // Most requests end with their head, which their handler is told.
        let first = poll_fn(|task| Poll::Ready(self.poll_part(task))).await;
        if let Poll::Ready(first) = first {
            self.first = first?;
        }
        Ok(Ok(parts))
    }

    async fn pass(&mut self, kind: u64) -> Result<(), Fault> {
        if kind::is_misplaced(kind) {
            return Err(Fault::Connection(Code::FrameUnexpected));
        }
        self.shared.count_idle_frame()?;
        poll_fn(|task| self.frames.poll_skip(task)).await
    }

    /// Ends the stream, and more than that where it is called for.
    pub fn fail(&mut self, fault: Fault) {
        match fault {
            Fault::Stream(code) => self.reset(code),
            Fault::Reset => self.reset(Code::RequestCancelled),
            Fault::Connection(_) | Fault::Lost | Fault::TooMuch(_) => {}
        }
        self.shared.fail(fault);
    }

    fn reset(&mut self, code: Code) {
        self.is_finished = true;
        let _ = self.send.reset(code.into());
        self.frames.stop(code);
    }

    /// The next part of the body; `None` at its end.
    fn poll_part(&mut self, task: &mut Task) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            if self.trailers == Trailers::Coming {
                let section = ready!(self.frames.poll_whole(task))?;
                head::read_trailers(&section, self.shared.context.limits.head).map_err(fault_of)?;
                self.trailers = Trailers::Seen;
            }
            if self.frames.left() > 0 {
                let part = ready!(self.frames.poll_part(task))?;
                // A frame of another kind is passed over.
                if !self.is_data {
                    continue;
                }
                self.count(part.len())?;
                self.shared.count_use();
                return Poll::Ready(Ok(Some(part)));
            }
            let Some((kind, length)) = ready!(self.frames.poll_next(task))? else {
                self.is_received = true;
                let is_whole = self.expected.is_none_or(|expected| expected == 0);
                return Poll::Ready(if is_whole { Ok(None) } else { Err(Fault::Stream(Code::Message)) });
            };
            self.begin_frame(kind, length)?;
        }
    }

    fn begin_frame(&mut self, kind: u64, length: u64) -> Result<(), Fault> {
        self.is_data = kind == kind::DATA;
        match kind {
            kind::DATA | kind::HEADERS if self.trailers != Trailers::No => {
                Err(Fault::Connection(Code::FrameUnexpected))
            }
            kind::DATA if length > 0 => Ok(()),
            kind::HEADERS if length > self.shared.context.limits.head as u64 => {
                Err(Fault::Stream(Code::ExcessiveLoad))
            }
            kind::HEADERS => {
                self.trailers = Trailers::Coming;
                Ok(())
            }
            _ if kind::is_misplaced(kind) => Err(Fault::Connection(Code::FrameUnexpected)),
            _ => self.shared.count_idle_frame(),
        }
    }

    /// The body is as long as the head has said, or the request is malformed (RFC 9114, 4.1.2).
    fn count(&mut self, length: usize) -> Result<(), Fault> {
        if let Some(expected) = &mut self.expected {
            *expected = expected.checked_sub(length as u64).ok_or(Fault::Stream(Code::Message))?;
        }
        Ok(())
    }

    fn push(&mut self, bytes: Bytes) {
        self.out_bytes += bytes.len();
        self.out.push_back(bytes);
    }

    fn push_section(&mut self, section: Vec<u8>) {
        let mut frame = frame_head(kind::HEADERS, section.len());
        frame.extend_from_slice(&section);
        self.push(frame.into());
    }

    /// Gives the connection what has gathered, and then the end of the answer.
    fn poll_flush(&mut self, task: &mut Task) -> Poll<Result<(), Fault>> {
        while !self.out.is_empty() {
            let chunks = self.out.make_contiguous();
            let written = match ready!(pin!(self.send.write_chunks(chunks)).poll(task)) {
                Ok(written) => written,
                Err(quinn::WriteError::Stopped(_)) => return Poll::Ready(Err(Fault::Reset)),
                Err(_) => return Poll::Ready(Err(Fault::Lost)),
            };
            self.out_bytes -= written.bytes;
            self.out.drain(..written.chunks);
        }
        if self.is_complete && !self.is_finished {
            self.is_finished = true;
            let _ = self.send.finish();
            // What is left of the body is of no use to anybody (RFC 9114, 4.1).
            if !self.is_received {
                self.frames.stop(Code::No);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_stopped(&mut self, task: &mut Task) -> Poll<()> {
        let stopped = self.stopped.get_or_insert_with(|| Box::pin(self.send.stopped()));
        match ready!(stopped.as_mut().poll(task)) {
            Ok(None) => Poll::Pending,
            Ok(Some(_)) | Err(_) => Poll::Ready(()),
        }
    }
}

fn fault_of(refused: Refused) -> Fault {
    match refused {
        Refused::Malformed => Fault::Stream(Code::Message),
        Refused::TooLarge => Fault::Stream(Code::ExcessiveLoad),
        Refused::Undecodable => Fault::Connection(Code::Decompression),
    }
}

impl Wire for Http3Wire {
    fn begin(&mut self, head: Response<()>, is_end: bool) -> Result<(), Broken> {
        self.push_section(head::write(&head));
        self.is_complete = is_end;
        Ok(())
    }

    fn cut(&mut self, why: Cut) {
        self.reset(match why {
            Cut::Failed => Code::Internal,
            Cut::TooSlow => Code::RequestCancelled,
        });
    }

    fn end(&mut self, trailers: HeaderMap) -> Result<(), Broken> {
        if !trailers.is_empty() {
            self.push_section(head::write_trailers(&trailers));
        }
        self.is_complete = true;
        Ok(())
    }

    fn hint(&mut self, head: Response<()>) -> bool {
        self.push_section(head::write(&head));
        true
    }

    fn is_received(&self) -> bool {
        self.is_received
    }

    fn poll_body(&mut self, task: &mut Task) -> Poll<Option<Result<Bytes, Broken>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if self.is_received {
            return Poll::Ready(None);
        }
        match ready!(self.poll_part(task)) {
            Ok(part) => Poll::Ready(part.map(Ok)),
            Err(fault) => {
                self.fail(fault);
                Poll::Ready(Some(Err(Broken)))
            }
        }
    }

    fn poll_gone(&mut self, task: &mut Task) -> Poll<()> {
        // Nothing else is to be done now: what waits to be sent is.
        let fault = match self.poll_flush(task) {
            Poll::Ready(Err(fault)) => fault,
            _ if self.poll_stopped(task).is_ready() || self.frames.poll_reset(task).is_ready() => {
                if self.shared.connection.close_reason().is_some() { Fault::Lost } else { Fault::Reset }
            }
            _ => return Poll::Pending,
        };
        self.fail(fault);
        Poll::Ready(())
    }

    fn poll_room(&mut self, task: &mut Task, wanted: usize) -> Poll<Result<usize, Broken>> {
        if self.out_bytes >= GATHERED
            && let Err(fault) = ready!(self.poll_flush(task))
        {
            self.fail(fault);
            return Poll::Ready(Err(Broken));
        }
        Poll::Ready(Ok(wanted))
    }

    fn poll_sent(&mut self, task: &mut Task) -> Poll<()> {
        if self.is_complete
            && !self.is_finished
            && let Err(fault) = ready!(self.poll_flush(task))
        {
            self.fail(fault);
        }
        Poll::Ready(())
    }

    fn send(&mut self, bytes: Bytes, is_end: bool) -> Result<(), Broken> {
        self.push(frame_head(kind::DATA, bytes.len()).into());
        self.push(bytes);
        self.is_complete = is_end;
        Ok(())
    }

    fn took(&mut self, _: usize) {
        // The client was allowed as much again when it was read.
    }
}

impl Drop for Http3Wire {
    fn drop(&mut self) {
        if !self.is_finished {
            // Else the end of the stream would be taken for that of the answer.
            self.reset(Code::Internal);
        } else if self.is_complete {
            let stopped = self.stopped.take().unwrap_or_else(|| Box::pin(self.send.stopped()));
            self.shared.keep(Box::pin(async move {
                let _ = stopped.await;
            }));
        }
    }
}
