//! What the streams of a connection of HTTP/3 have in common, and what goes wrong on them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use quinn::{Connection, VarInt};

use crate::edge::context::Context;
use crate::edge::frames::{Allowance, OTHERS, RESETS};
use crate::edge::outbox::{Gathered, Message};

use crate::http::refusal::Refusal;

/// Errors of HTTP/3 (RFC 9114, 8.1) and of QPACK (RFC 9204, 6).
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
pub enum Code {
    No = 0x100,
    Internal = 0x102,
    StreamCreation = 0x103,
    ClosedCriticalStream = 0x104,
    FrameUnexpected = 0x105,
    Frame = 0x106,
    ExcessiveLoad = 0x107,
    Id = 0x108,
    Settings = 0x109,
    MissingSettings = 0x10a,
    RequestRejected = 0x10b,
    RequestCancelled = 0x10c,
    RequestIncomplete = 0x10d,
    Message = 0x10e,
    Decompression = 0x200,
    EncoderStream = 0x201,
    DecoderStream = 0x202,
}

impl From<Code> for VarInt {
    fn from(code: Code) -> Self {
        Self::from_u32(code as u32)
    }
}

/// What ends a stream before its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The client breaks a rule, and the whole connection ends for it.
    Connection(Code),
    /// The connection is no more.
    Lost,
    /// The client has given the stream up.
    Reset,
    /// The client breaks a rule, and the stream ends for it.
    Stream(Code),
    /// There is more of something than the work of a client needs.
    TooMuch(&'static str),
}

/// What a client may do for a while at no cost of its own.
struct Allowances {
    errors: Allowance,
    others: Allowance,
    resets: Allowance,
}

pub type Acknowledged = Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Shared {
    /// Answers that have been given to the connection, each ready once the client has all of it.
    pub acknowledged: Mutex<Vec<Acknowledged>>,
    allowances: Mutex<Allowances>,
    pub connection: Connection,
    pub context: Arc<Context>,
    pub gathered: Gathered,
}

impl Shared {
    pub fn new(connection: Connection, context: Arc<Context>) -> Self {
        let now = Instant::now();
        let allowances = Allowances {
            errors: Allowance::new(RESETS, now),
            others: Allowance::new(OTHERS, now),
            resets: Allowance::new(RESETS, now),
        };
        Self {
            acknowledged: Mutex::default(),
            allowances: Mutex::new(allowances),
            connection,
            context,
            gathered: Gathered::default(),
        }
    }

    /// A frame without use: empty, unknown, or one that says nothing.
    pub fn count_idle_frame(&self) -> Result<(), Fault> {
        let may = self.allowances.lock().unwrap_or_else(PoisonError::into_inner).others.take();
        if may { Ok(()) } else { Err(Fault::TooMuch("a client sends more frames of HTTP/3 than its requests need")) }
    }

    /// A request, or a part of a body: it allows one more frame of the others.
    pub fn count_use(&self) {
        self.allowances.lock().unwrap_or_else(PoisonError::into_inner).others.give();
    }

    /// Sees to what has gone wrong beyond its stream: closes the connection, or counts what may not come too often.
    pub fn fail(&self, fault: Fault) {
        let too_much = {
            let mut allowances = self.allowances.lock().unwrap_or_else(PoisonError::into_inner);
            match fault {
                Fault::Connection(code) => return self.connection.close(code.into(), b""),
                Fault::Lost => return,
                Fault::Reset if allowances.resets.take() => return,
                Fault::Reset => "a client resets more requests than it lets be answered",
                Fault::Stream(_) if allowances.errors.take() => return,
                Fault::Stream(_) => "a client sends more malformed requests than a mistake explains",
                Fault::TooMuch(reason) => reason,
            }
        };
        if self.connection.close_reason().is_none() {
            self.connection.close(Code::ExcessiveLoad.into(), b"");
            let section = "RFC 9114, 10.5";
            let refusal = Refusal { code: "FLOOD", limit: 0, reason: too_much, section, status: 0 };
            self.gathered.push(Message::Refused(refusal));
        }
    }

    pub fn keep(&self, acknowledged: Acknowledged) {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(acknowledged);
    }
}
