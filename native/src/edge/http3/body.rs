//! What comes of a request: its head, its body and the fields after it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context as Task, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;

use super::framing::{Frames, kind};
use super::head::{self, Refused};
use super::shared::{Code, Fault, Shared};
use crate::http::refusal::{HEAD_TOO_LARGE, Refusal};

pub struct Incoming {
    /// Bytes of the body that are still to come, where the head has said how many.
    expected: Option<u64>,
    /// A part of the body that came with the head.
    first: Option<Bytes>,
    pub frames: Frames,
    /// Of the frame that is being read.
    is_data: bool,
    /// The stream has been read to its end.
    pub is_received: bool,
    section: Section,
    shared: Arc<Shared>,
    /// What has come after the body, until it is asked for.
    pub trailers: HeaderMap,
}

/// How far the fields after a body have come.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Coming,
    No,
    Seen,
}

impl Incoming {
    pub fn new(frames: Frames, shared: Arc<Shared>) -> Self {
        Self {
            expected: None,
            first: None,
            frames,
            is_data: false,
            is_received: false,
            section: Section::No,
            shared,
            trailers: HeaderMap::new(),
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

    /// Passes over a frame that no request needs.
    async fn pass(&mut self, kind: u64) -> Result<(), Fault> {
        if kind::is_misplaced(kind) {
            return Err(Fault::Connection(Code::FrameUnexpected));
        }
        self.shared.count_idle_frame()?;
        poll_fn(|task| self.frames.poll_skip(task, &self.shared)).await
    }

    /// The next part of the body; `None` at its end.
    pub fn poll_body(&mut self, task: &mut Task) -> Poll<Result<Option<Bytes>, Fault>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(Some(first)));
        }
        if self.is_received { Poll::Ready(Ok(None)) } else { self.poll_part(task) }
    }

    fn poll_part(&mut self, task: &mut Task) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            if self.section == Section::Coming {
                let section = ready!(self.frames.poll_whole(task))?;
                self.trailers = head::read_trailers(&section, self.shared.context.limits.head).map_err(fault_of)?;
                self.section = Section::Seen;
            }
            // A frame of another kind is passed over.
            if !self.is_data {
                ready!(self.frames.poll_skip(task, &self.shared))?;
            }
            if self.frames.left() > 0 {
                let part = ready!(self.frames.poll_part(task))?;
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
            kind::DATA | kind::HEADERS if self.section != Section::No => Err(Fault::Connection(Code::FrameUnexpected)),
            kind::DATA if length > 0 => Ok(()),
            kind::HEADERS if length > self.shared.context.limits.head as u64 => Err(Fault::Stream(Code::ExcessiveLoad)),
            kind::HEADERS => {
                self.section = Section::Coming;
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
}

fn fault_of(refused: Refused) -> Fault {
    match refused {
        Refused::Malformed => Fault::Stream(Code::Message),
        Refused::TooLarge => Fault::Stream(Code::ExcessiveLoad),
        Refused::Undecodable => Fault::Connection(Code::Decompression),
    }
}
