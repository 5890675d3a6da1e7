//! A request and its answer, as the event loop and a thread of the edge share it: commands go one way by a mailbox, and
//! both count what is on its way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::peer::Peer;

/// From here on a stream waits for room, and a body for its reader.
pub const HIGH_WATER: usize = 65_536;

/// What each part of a body counts at least while it is on its way: as many as are less would fill memory by what they are
/// held with.
const LEAST_PART: usize = 256;

/// Of an answer: its head.
pub struct AnswerHead {
    pub flags: u32,
    /// Header lines, each with its CRLF.
    pub lines: Vec<u8>,
    /// And the index of the content type, times 65,536.
    pub status: u32,
}

/// What JavaScript wants done.
pub enum Command {
    Answer(AnswerHead, Bytes),
    /// The head of an answer whose body comes in parts, and how long that is, where it is known.
    Begin(AnswerHead, Option<u64>),
    Chunk(Bytes),
    Cut,
    /// With trailers: lines, each with its CRLF.
    End(Vec<u8>),
    /// Header lines of a 103.
    Hint(Vec<u8>),
    Pause(bool),
    /// Whether somebody reads the body: a client that waits for a 100 has it then.
    Receive(bool),
}

#[derive(Default)]
struct Mailbox {
    commands: VecDeque<Command>,
    waker: Option<Waker>,
}

pub struct Exchange {
    mailbox: Mutex<Mailbox>,
    pub peer: Arc<Peer>,
    /// By which the event loop knows it, once it has been handed over.
    pub serial: AtomicU32,
    pub slot: AtomicU32,
    /// Bytes of the answer that JavaScript has given and the client has not been sent.
    pub unsent: AtomicUsize,
    /// Bytes of the body on their way to JavaScript.
    untaken: AtomicUsize,
    pub wants_drain: AtomicBool,
}

impl Exchange {
    pub fn new(peer: Arc<Peer>) -> Arc<Self> {
        Arc::new(Self {
            mailbox: Mutex::default(),
            peer,
            serial: AtomicU32::new(0),
            slot: AtomicU32::new(0),
            unsent: AtomicUsize::new(0),
            untaken: AtomicUsize::new(0),
            wants_drain: AtomicBool::new(false),
        })
    }

    /// Leaves a command; gives who is to be woken for it.
    #[must_use]
    pub fn command(&self, command: Command) -> Option<Waker> {
        let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        mailbox.commands.push_back(command);
        mailbox.waker.take()
    }

    /// A part of the body is on its way to JavaScript.
    pub fn sends(&self, bytes: usize) {
        self.untaken.fetch_add(bytes.max(LEAST_PART), Ordering::AcqRel);
    }

    /// JavaScript has taken a part of the body; gives who waits for that.
    #[must_use]
    pub fn took(&self, bytes: usize) -> Option<Waker> {
        let before = self.untaken.fetch_sub(bytes.max(LEAST_PART), Ordering::AcqRel);
        if before < HIGH_WATER {
            return None;
        }
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner).waker.take()
    }

    /// The next command.
    pub fn poll_command(&self, context: &mut Context) -> Poll<Command> {
        let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        match mailbox.commands.pop_front() {
            Some(command) => Poll::Ready(command),
            None => {
                mailbox.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether more of the body may be sent to JavaScript. Who is told no is woken by [`took`](Self::took).
    pub fn may_send_body(&self) -> bool {
        self.untaken.load(Ordering::Acquire) < HIGH_WATER
    }
}
