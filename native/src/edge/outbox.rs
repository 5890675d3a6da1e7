//! From the edge's threads to the event loop: a queue, and a handle of libuv that wakes the loop when the queue was empty.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::exchange::Exchange;
use crate::http::parse::Head;
use crate::http::refusal::Refusal;
use crate::inloop::adopt::Adopted;
use crate::inloop::uv::{Handle, Uv};

/// A request that is to be handed over.
pub struct Arrival {
    /// The whole of a small body that came with its head.
    pub body: Option<Bytes>,
    pub exchange: Arc<Exchange>,
    pub head: Head,
    /// What `head` has its offsets into.
    pub lines: Vec<u8>,
    /// Of the parameters in the path.
    pub offsets: Box<[u32]>,
    pub route: i32,
}

/// What JavaScript is to be told.
pub enum Message {
    Adopt(Box<Adopted>),
    Body {
        bytes: Bytes,
        exchange: Arc<Exchange>,
        is_last: bool,
    },
    Drained(Arc<Exchange>),
    /// The client is gone before its answer was complete.
    Gone(Arc<Exchange>),
    /// Something that is to be looked into, for the log.
    Log(String),
    Refused(Refusal),
    Request(Box<Arrival>),
}

/// The handle by which libuv is woken. It is there while it may be.
struct Bell {
    handle: *mut Handle,
    uv: &'static Uv,
}

// SAFETY: waking is what the handle may be used for on any thread, and it is taken out of the outbox before it is closed.
unsafe impl Send for Bell {}

#[derive(Default)]
pub struct Outbox {
    bell: Mutex<Option<Bell>>,
    queue: Mutex<VecDeque<Message>>,
}

impl Outbox {
    /// Has the event loop woken by a handle of it.
    pub fn open(&self, uv: &'static Uv, handle: *mut Handle) {
        *self.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(Bell { handle, uv });
    }

    /// Wakes nobody any more; gives the handle, to be closed. What has not been taken is let go.
    pub fn close(&self) -> Option<*mut Handle> {
        let bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(self.take());
        bell.map(|bell| bell.handle)
    }

    pub fn send(&self, message: Message) {
        let was_empty = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push_back(message);
            queue.len() == 1
        };
        if was_empty {
            self.wake();
        }
    }

    /// Sends what a connection has gathered in one turn: the event loop is woken once for all of it.
    pub fn send_all(&self, messages: &mut Vec<Message>) {
        if messages.is_empty() {
            return;
        }
        let was_empty = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let was_empty = queue.is_empty();
            queue.extend(messages.drain(..));
            was_empty
        };
        if was_empty {
            self.wake();
        }
    }

    /// Everything that has been sent since the last call.
    pub fn take(&self) -> VecDeque<Message> {
        mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn wake(&self) {
        if let Some(Bell { handle, uv }) = &*self.bell.lock().unwrap_or_else(PoisonError::into_inner) {
            // SAFETY: the handle is open while it is here.
            unsafe { (uv.async_send)(*handle) };
        }
    }
}

/// What the requests of a connection tell, gathered until its turn is over.
#[derive(Clone, Default)]
pub struct Gathered(Arc<Mutex<Vec<Message>>>);

impl Gathered {
    pub fn push(&self, message: Message) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    /// Sends them on.
    pub fn flush(&self, outbox: &Outbox) {
        outbox.send_all(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
