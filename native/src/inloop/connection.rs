//! One connection: what is known of it between two events. No I/O here: `server` moves the bytes.

use super::io::Socket;
use super::limits::Limits;
use super::logged::Logged;
use super::tls::Tls;
use super::uv::Handle;
use crate::http::framing::Decoder;
use crate::http::parse::{BodyKind, Head};

/// Where the input stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// In the body of the request under way, or of one that was answered before its end.
    Body,
    /// About to leave the engine, once all that was written is sent.
    HandOff,
    /// Before or in a head.
    Head,
    /// The last answer is written: what comes is let go until the client closes.
    Linger,
    /// Before or in the header of the PROXY protocol.
    Proxy,
    /// It carries what is no HTTP of ours: bytes go to JavaScript and come from there as they are.
    Raw,
}

/// What the connection waits for, which says how long it may.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wait {
    Body,
    Head,
    Idle,
    Linger,
    /// For JavaScript: the app's own time limit runs.
    Nothing,
    /// For the header of the PROXY protocol.
    Proxy,
    Write,
}

/// How the response under way is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    /// In chunks.
    Chunked,
    /// Bytes still to come.
    Length(u64),
    /// As they are, see `Phase::Raw`.
    Raw,
    /// Up to the end of the connection (HTTP/1.0).
    UntilClose,
}

pub struct Connection {
    /// The peer's address, where those of one address are counted.
    pub address: Option<Box<str>>,
    /// When the request under way began, and what has come of its body: a body may be too slow without a pause.
    pub began: u64,
    pub body_bytes: u64,
    /// The request is with JavaScript, and not answered whole.
    pub is_busy: bool,
    /// The connection ends after the answer under way, or the last one.
    pub closes: bool,
    pub decoder: Decoder,
    /// The client waits for a 100.
    pub expects_continue: bool,
    /// When one of the reserve was accepted, see `Standing::Extra`.
    pub extra_since: Option<u64>,
    /// The head of the request under way, once JavaScript needs it for longer than its callback.
    pub head: Option<Box<(Vec<u8>, Head)>>,
    /// The address of the client, once a line of the access log has had it.
    pub ip: Option<Box<str>>,
    /// The client has sent its last byte.
    pub is_ended: bool,
    /// Bytes for it are held, see `output`.
    pub is_held: bool,
    pub is_http10: bool,
    /// JavaScript wants no input for now.
    pub is_paused: bool,
    pub is_reading: bool,
    /// JavaScript takes the body.
    pub is_receiving: bool,
    /// The end of the stream has been sent, or is about to be.
    pub is_shut: bool,
    pub keep_alive: bool,
    /// Set where the request under way is to have a line in the access log.
    pub logged: Option<Logged>,
    /// Tells it from others that have its slot before or after it.
    pub number: u32,
    pub output: Option<Output>,
    /// Whose connection it is, where a proxy has announced that.
    pub peer: Option<Box<str>>,
    /// Input that has come and is not used yet.
    pub pending: Vec<u8>,
    /// Counts the connection where it was accepted, for as long as it is held.
    pub permit: Option<Box<dyn Send>>,
    pub phase: Phase,
    /// How much of a head that is not complete has been looked at.
    pub scanned: usize,
    /// How many requests there have been.
    pub requests: u32,
    /// Which request of the server this is: a call for an earlier one is let go.
    pub serial: u32,
    pub since: u64,
    pub socket: Socket,
    /// The session, where its bytes are those of TLS.
    pub tls: Option<Box<Tls>>,
    /// Bytes that libuv holds for the socket.
    pub unsent: usize,
    /// How many of them the last sweep saw.
    pub unsent_seen: usize,
    pub wait: Wait,
    /// A stream waits for room.
    pub wants_drain: bool,
}

impl Connection {
    pub fn new(handle: *mut Handle, number: u32, now: u64) -> Self {
        Self {
            address: None,
            began: now,
            body_bytes: 0,
            closes: false,
            decoder: Decoder::new(BodyKind::None, 0),
            expects_continue: false,
            extra_since: None,
            head: None,
            ip: None,
            is_busy: false,
            is_ended: false,
            is_held: false,
            is_http10: false,
            is_paused: false,
            is_reading: false,
            is_receiving: false,
            is_shut: false,
            keep_alive: true,
            logged: None,
            number,
            output: None,
            peer: None,
            pending: Vec::new(),
            permit: None,
            phase: Phase::Head,
            requests: 0,
            scanned: 0,
            serial: 0,
            since: now,
            socket: Socket::new(handle),
            tls: None,
            unsent: 0,
            unsent_seen: 0,
            wait: Wait::Head,
            wants_drain: false,
        }
    }

    /// Begins a request.
    pub fn begin(&mut self, serial: u32, head: &Head, limits: &Limits, now: u64) {
        self.requests = self.requests.wrapping_add(1);
        self.began = now;
        self.body_bytes = 0;
        let is_last = limits.max_requests > 0 && self.requests >= limits.max_requests;
        self.closes = !head.keep_alive || is_last || self.extra_since.is_some();
        self.decoder = Decoder::new(head.body, limits.largest_chunk);
        self.expects_continue = head.expects_continue;
        self.is_busy = true;
        self.is_http10 = head.is_http10;
        self.is_receiving = false;
        self.keep_alive = head.keep_alive;
        self.phase = if head.body == BodyKind::None { Phase::Head } else { Phase::Body };
        self.scanned = 0;
        self.serial = serial;
        self.since = now;
        self.wait = if head.body == BodyKind::None { Wait::Nothing } else { Wait::Body };
    }

    /// The connection of a proxy, which is to announce whose it is.
    pub fn expect_proxy(&mut self) {
        self.phase = Phase::Proxy;
        self.wait = Wait::Proxy;
    }

    /// It has.
    pub fn announced(&mut self, peer: Option<Box<str>>, now: u64) {
        self.peer = peer;
        self.phase = Phase::Head;
        self.since = now;
        self.wait = Wait::Head;
    }

    /// Whether all that was written is with the system.
    pub fn is_sent(&self) -> bool {
        self.unsent == 0 && !self.is_held
    }

    /// Settles what the connection waits for; its time runs from here when that is something else than before.
    pub fn wait_on(&mut self, now: u64) {
        let wait = match self.phase {
            _ if self.unsent > 0 && self.phase != Phase::Raw => Wait::Write,
            Phase::Body => Wait::Body,
            // Whoever it is handed to has time limits of its own.
            Phase::HandOff | Phase::Raw => Wait::Nothing,
            Phase::Head if self.is_busy => Wait::Nothing,
            Phase::Head => Wait::Idle,
            Phase::Linger => Wait::Linger,
            Phase::Proxy => Wait::Proxy,
        };
        if wait != self.wait {
            self.since = now;
            self.wait = wait;
        }
    }

    /// Notes how much libuv still holds: a client that has taken some of it has its time anew.
    pub fn notes_unsent(&mut self, unsent: usize, now: u64) {
        if unsent != self.unsent_seen {
            self.unsent_seen = unsent;
            self.since = now;
        }
    }

    /// Whether the client has shut its side in the middle of a body: the rest of it will never come.
    pub fn is_cut_off(&self) -> bool {
        self.is_ended && self.is_busy && self.phase == Phase::Body && self.pending.is_empty()
    }

    /// Whether more of a body is wanted now.
    #[cfg(target_os = "linux")]
    pub fn takes_body(&self) -> bool {
        self.phase == Phase::Body && self.is_receiving && self.is_reading && !self.is_paused
    }

    /// JavaScript takes no more of the body for now, or takes it again: the time meanwhile is not the client's.
    pub fn pause(&mut self, is_paused: bool, now: u64) {
        self.is_paused = is_paused;
        self.count_anew(now);
    }

    /// The rate of a body, and the pause within it, are counted from here.
    fn count_anew(&mut self, now: u64) {
        self.began = now;
        self.body_bytes = 0;
        self.since = now;
    }

    /// The request under way is answered whole.
    pub fn answered(&mut self, now: u64) {
        if self.phase == Phase::Body {
            // What is left of the body has its own time, and `MOST_UNREAD`.
            self.count_anew(now);
        }
        self.head = None;
        self.is_busy = false;
        self.is_paused = false;
        self.is_receiving = false;
        self.output = None;
        self.wait_on(now);
        // Room that one large head took is given back.
        if self.pending.is_empty() && self.pending.capacity() > 4096 {
            self.pending = Vec::new();
        }
        if let Some(tls) = &mut self.tls {
            tls.shrink();
        }
    }
}
