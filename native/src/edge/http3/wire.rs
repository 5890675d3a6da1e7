//! One request and its answer on a stream of their own.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as Task, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use quinn::{SendStream, StoppedError, VarInt};

use super::body::Incoming;
use super::framing::{Frames, frame_head, kind};
use super::head;
use super::shared::{Code, Fault, Shared};
use crate::edge::wire::{Broken, Cut, Wire};
use crate::http::refusal::Refusal;

/// Bytes of an answer that wait here to be given to the connection, and to leave together.
const GATHERED: usize = 16_384;

type Stopped = Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send + Sync>>;

pub struct Http3Wire {
    incoming: Incoming,
    /// The stream has been reset, or its connection ends: nothing more is read or sent.
    is_broken: bool,
    /// Everything of the answer has been given to `out`, and then to the connection.
    is_complete: bool,
    is_finished: bool,
    out: VecDeque<Bytes>,
    out_bytes: usize,
    send: SendStream,
    shared: Arc<Shared>,
    /// Ready when the client does not want the rest, or has all of it.
    stopped: Option<Stopped>,
}

impl Http3Wire {
    pub fn new(send: SendStream, frames: Frames, shared: Arc<Shared>) -> Self {
        Self {
            incoming: Incoming::new(frames, Arc::clone(&shared)),
            is_broken: false,
            is_complete: false,
            is_finished: false,
            out: VecDeque::new(),
            out_bytes: 0,
            send,
            shared,
            stopped: None,
        }
    }

    /// The head of the request; or why it is refused by an answer.
    pub async fn head(&mut self) -> Result<Result<Parts, Refusal>, Fault> {
        self.incoming.head().await
    }

    /// Ends the stream, and more than that where it is called for.
    pub fn fail(&mut self, fault: Fault) {
        self.is_broken = true;
        match fault {
            Fault::Stream(code) => self.reset(code),
            Fault::Reset => self.reset(Code::RequestCancelled),
            Fault::Connection(_) | Fault::Lost | Fault::TooMuch(_) => {}
        }
        self.shared.fail(fault);
    }

    fn reset(&mut self, code: Code) {
        (self.is_broken, self.is_finished) = (true, true);
        let _ = self.send.reset(code.into());
        self.incoming.frames.stop(code);
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
            if !self.incoming.is_received {
                self.incoming.frames.stop(Code::No);
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
        self.incoming.is_received && self.incoming.trailers.is_empty()
    }

    fn poll_body(&mut self, task: &mut Task) -> Poll<Option<Result<Bytes, Broken>>> {
        if self.is_broken {
            return Poll::Ready(Some(Err(Broken)));
        }
        match ready!(self.incoming.poll_body(task)) {
            Ok(part) => Poll::Ready(part.map(Ok)),
            Err(fault) => {
                self.fail(fault);
                Poll::Ready(Some(Err(Broken)))
            }
        }
    }

    fn poll_gone(&mut self, task: &mut Task) -> Poll<()> {
        if self.is_broken {
            return Poll::Ready(());
        }
        // Nothing else is to be done now: what waits to be sent is.
        let fault = match self.poll_flush(task) {
            Poll::Ready(Err(fault)) => fault,
            _ if self.poll_stopped(task).is_ready() || self.incoming.frames.poll_reset(task).is_ready() => {
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
            && !self.is_broken
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

    fn trailers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.incoming.trailers)
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
        } else if self.is_complete && !self.is_broken {
            // Of one that was reset nothing would be told.
            let stopped = self.stopped.take().unwrap_or_else(|| Box::pin(self.send.stopped()));
            self.shared.keep(Box::pin(async move {
                let _ = stopped.await;
            }));
        }
    }
}
