//! A request that is being answered.
//!
//! What JavaScript wants comes as commands; what it is to be told goes to the outbox. The two directions go on beside each
//! other: an answer may begin, and end, before the body of its request.

mod answering;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use super::answer;
use super::context::Context;
use super::exchange::{Command, Exchange};
use super::outbox::{Gathered, Message};
use super::pace::{Late, Pace};
use super::wire::{Broken, Cut, Wire};
use crate::http::refusal::Refusal;

/// The most that one write of a body gives to the protocol.
const PIECE: usize = 16_384;

pub const TOO_SLOW: Refusal = Refusal {
    code: "READ_TIMEOUT",
    limit: 0,
    reason: "it did not arrive in time",
    section: "RFC 9110, 15.5.9",
    status: 408,
};

enum Event {
    Body(Option<Result<Bytes, Broken>>),
    Command(Command),
    Gone,
    LateBody,
    LateRoom,
    Room(Result<usize, Broken>),
}

pub struct Running<W: Wire> {
    context: Arc<Context>,
    /// What has come of a small body that did not come whole.
    early: Option<Bytes>,
    /// What ends the answer, once that has all been given: trailers, where there are any.
    end: Option<Vec<u8>>,
    pub exchange: Arc<Exchange>,
    pub expects_continue: bool,
    pub gathered: Gathered,
    has_begun: bool,
    pub is_body_done: bool,
    /// The answer is complete, or never will be.
    is_over: bool,
    is_paused: bool,
    is_receiving: bool,
    /// JavaScript knows of the request, and is told when it is given up.
    pub is_told: bool,
    pub is_upgrade: bool,
    pending: VecDeque<Bytes>,
    pace: Pace,
    wire: W,
}

impl<W: Wire> Running<W> {
    pub fn new(wire: W, exchange: Arc<Exchange>, context: Arc<Context>, gathered: Gathered) -> Self {
        Self {
            context,
            early: None,
            end: None,
            exchange,
            expects_continue: false,
            gathered,
            has_begun: false,
            is_body_done: false,
            is_over: false,
            is_paused: false,
            is_receiving: false,
            is_told: false,
            is_upgrade: false,
            pending: VecDeque::new(),
            pace: Pace::new(),
            wire,
        }
    }

    /// The whole of a small body, if it is there already and nothing follows it; a part that has come is left where it can be
    /// taken from.
    pub async fn whole(&mut self, length: usize) -> Option<Bytes> {
        let mut body = BytesMut::new();
        loop {
            if body.len() == length && self.wire.is_received() {
                return Some(body.freeze());
            }
            let part = poll_fn(|task| match self.wire.poll_body(task) {
                Poll::Ready(part) => Poll::Ready(Some(part)),
                Poll::Pending => Poll::Ready(None),
            })
            .await;
            match part {
                Some(Some(Ok(part))) => {
                    self.wire.took(part.len());
                    if body.is_empty() && part.len() == length && self.wire.is_received() {
                        return Some(part);
                    }
                    body.extend_from_slice(&part);
                }
                Some(None) if body.len() == length && self.wire.is_received() => return Some(body.freeze()),
                _ => {
                    if !body.is_empty() {
                        self.early = Some(body.freeze());
                    }
                    return None;
                }
            }
        }
    }

    /// Goes on until the answer is complete, or never will be.
    pub async fn run(&mut self) {
        while !self.is_over {
            let event = poll_fn(|task| self.poll_event(task)).await;
            match event {
                Event::Body(part) => self.body(part),
                Event::Command(command) => self.obey(command),
                Event::Gone => self.is_over = true,
                Event::LateBody => self.late(),
                Event::LateRoom => self.cut(Cut::TooSlow),
                Event::Room(Ok(room)) => self.write(room),
                Event::Room(Err(Broken)) => self.is_over = true,
            }
        }
        let sent = poll_fn(|task| self.wire.poll_sent(task));
        match self.context.write_timeout() {
            Duration::ZERO => sent.await,
            // Who is too slow has the answer cut off where the wire is let go of.
            longest => drop(timeout(longest, sent).await),
        }
    }

    fn poll_event(&mut self, task: &mut Task) -> Poll<Event> {
        if let Poll::Ready(command) = self.exchange.poll_command(task) {
            return Poll::Ready(Event::Command(command));
        }
        let wanted = self.pending.front().map(Bytes::len);
        if let Some(wanted) = wanted
            && let Poll::Ready(room) = self.wire.poll_room(task, wanted.min(PIECE))
        {
            return Poll::Ready(Event::Room(room));
        }
        let takes_body = self.takes_body();
        if takes_body {
            if let Some(early) = self.early.take() {
                return Poll::Ready(Event::Body(Some(Ok(early))));
            }
            if let Poll::Ready(part) = self.wire.poll_body(task) {
                return Poll::Ready(Event::Body(part));
            }
        }
        if self.wire.poll_gone(task).is_ready() {
            return Poll::Ready(Event::Gone);
        }
        let (limits, is_upgrade) = (&self.context.limits, self.is_upgrade);
        let room = (wanted.is_some() && limits.write_timeout > 0).then(|| self.context.write_timeout());
        let body = (takes_body && !is_upgrade && limits.read_timeout > 0).then(|| self.context.read_timeout());
        self.pace.poll_late(task, room, body).map(|late| match late {
            Late::Body => Event::LateBody,
            Late::Room => Event::LateRoom,
        })
    }

    fn takes_body(&self) -> bool {
        self.is_receiving && !self.is_paused && !self.is_body_done && self.exchange.may_send_body()
    }

    fn body(&mut self, part: Option<Result<Bytes, Broken>>) {
        let exchange = Arc::clone(&self.exchange);
        match part {
            Some(Ok(bytes)) => {
                let timeout = (!self.is_upgrade).then(|| self.context.read_timeout());
                if self.pace.body_came(bytes.len(), timeout.filter(|timeout| !timeout.is_zero())) {
                    return self.late();
                }
                self.wire.took(bytes.len());
                exchange.sends(bytes.len());
                self.gathered.push(Message::Body(exchange, bytes));
            }
            Some(Err(Broken)) => self.is_over = true,
            None => {
                self.is_body_done = true;
                self.gathered.push(Message::BodyEnd(exchange, answer::lines(&self.wire.trailers())));
            }
        }
    }

    /// The body does not come: the request is answered with a 408, if it can be.
    fn late(&mut self) {
        if self.has_begun {
            self.cut(Cut::TooSlow);
        } else {
            let was_told = self.is_told;
            self.refuse(&TOO_SLOW);
            if was_told {
                self.gathered.push(Message::Gone(Arc::clone(&self.exchange)));
            }
        }
    }
}

impl<W: Wire> Drop for Running<W> {
    fn drop(&mut self) {
        // Whatever has ended it before its answer was given: the client, its connection, or a panic.
        if self.is_told {
            self.gathered.push(Message::Gone(Arc::clone(&self.exchange)));
        }
    }
}
