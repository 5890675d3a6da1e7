//! The edge as the event loop has it: requests that are with JavaScript, and the way from its threads.
//!
//! Everything here runs on the event loop's thread. Requests come in batches, and those who are to send what JavaScript
//! has answered meanwhile are woken when a batch is done.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quinn::Endpoint;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::calls::bytes_of;
use super::context::Ending;
use super::entries::{EDGE, Entries};
use super::exchange::{AnswerHead, Command, Exchange, HIGH_WATER};
use super::outbox::{Arrival, Message, Outbox};
use super::permits::Permits;
use super::tls::Identity;
use crate::bridge::told::{Current, Returned, Told};
use crate::bridge::values::{Answer, flag};
use crate::inloop::adopt::adopt;
use crate::inloop::handles::{on_closed, own};
use crate::inloop::server::Server;
use crate::inloop::uv::{ASYNC, Handle};

/// How long one batch may keep the event loop from everything else.
const LONGEST: Duration = Duration::from_micros(2500);

/// Requests between two looks at the clock.
const UNTIMED: u32 = 8;

/// How long the threads have to end when the environment does.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long connections of HTTP/3 that are cut off have to say so.
const LAST_WORDS: Duration = Duration::from_millis(5);

pub struct Door {
    /// Of HTTP/3.
    pub endpoints: RefCell<Vec<Endpoint>>,
    pub entries: Entries,
    ending: watch::Sender<Ending>,
    /// Those who hold certificates that may be changed.
    pub identities: RefCell<Vec<Arc<Identity>>>,
    /// Requests are being handed over.
    is_busy: Cell<bool>,
    pub numbers: Arc<AtomicU32>,
    pub outbox: Arc<Outbox>,
    pub permits: Arc<Permits>,
    runtime: RefCell<Option<Runtime>>,
    /// What has come and is still to be seen to.
    waiting: RefCell<VecDeque<Message>>,
    woken: RefCell<Vec<Waker>>,
}

impl Door {
    /// Opens the way from a runtime's threads to the event loop.
    pub fn open(server: &Rc<Server>, runtime: Runtime) -> Rc<Self> {
        let limits = &server.limits;
        let door = Rc::new(Self {
            ending: watch::channel(Ending::No).0,
            endpoints: RefCell::default(),
            entries: Entries::default(),
            identities: RefCell::default(),
            is_busy: Cell::new(false),
            numbers: Arc::default(),
            outbox: Arc::default(),
            permits: Permits::new(limits.max_connections, limits.max_per_address),
            runtime: RefCell::new(Some(runtime)),
            waiting: RefCell::default(),
            woken: RefCell::default(),
        });
        let handle = server.uv.handle(ASYNC);
        // SAFETY: the handle has the size of its kind, and is freed by its close callback.
        unsafe {
            (server.uv.async_init)(server.looper, handle, on_wake);
            own(handle, server, u32::MAX);
        }
        door.outbox.open(server.uv, handle);
        door
    }

    pub fn ending(&self) -> watch::Receiver<Ending> {
        self.ending.subscribe()
    }

    /// Runs `start` where tasks can be begun; `None` after the end.
    pub fn within<R>(&self, start: impl FnOnce(&Runtime) -> R) -> Option<R> {
        let runtime = self.runtime.borrow();
        let runtime = runtime.as_ref()?;
        let _guard = runtime.enter();
        Some(start(runtime))
    }

    /// Accepts no more; connections end after the requests that are under way, and those without one yet after a while.
    pub fn drain(&self, grace: Duration) {
        self.ending.send_if_modified(|ending| {
            let is_new = *ending == Ending::No;
            if is_new {
                *ending = Ending::Draining(grace);
            }
            is_new
        });
    }

    /// Cuts everything off, and ends the threads.
    pub fn close(&self, server: &Server) {
        self.ending.send_replace(Ending::Over);
        if let Some(handle) = self.outbox.close() {
            // SAFETY: the handle is open until it is taken out of the outbox.
            unsafe { (server.uv.close)(handle, Some(on_closed)) };
        }
        self.waiting.borrow_mut().clear();
        self.entries.clear();
        if let Some(runtime) = self.runtime.take() {
            if server.handover.is_dead.get() {
                // What they run may be gone from memory after the environment.
                runtime.shutdown_timeout(FAREWELL);
                return;
            }
            let endpoints = self.endpoints.take();
            if endpoints.is_empty() {
                return runtime.shutdown_background();
            }
            if endpoints.iter().any(|endpoint| endpoint.open_connections() > 0) {
                // Unlike TCP's, their clients would not learn of it.
                runtime.block_on(async { tokio::time::sleep(LAST_WORDS).await });
            }
            drop(endpoints);
            // The port is free again when this returns, as that of TCP is when its listener ends.
            runtime.shutdown_timeout(FAREWELL);
        }
    }

    /// Leaves a command for a request that is not answered yet. After one that ends the request it is let go of here.
    pub fn command(&self, slot: u32, serial: u32, command: Command) {
        let ends = match &command {
            Command::Answer(..) | Command::Cut | Command::End(_) => true,
            Command::Begin(head, _) => head.flags & flag::HEAD != 0,
            _ => false,
        };
        let Some(exchange) = self.entries.exchange(slot, serial) else { return };
        let waker = exchange.command(command);
        if ends {
            self.entries.release(slot);
        }
        self.wake(waker);
    }

    /// Gives a part of a body to a request's thread; says whether there is room for more.
    pub fn write(&self, slot: u32, serial: u32, bytes: Bytes) -> bool {
        let Some(exchange) = self.entries.exchange(slot, serial) else { return true };
        if bytes.is_empty() {
            return true;
        }
        let unsent = exchange.unsent.fetch_add(bytes.len(), Ordering::AcqRel) + bytes.len();
        self.wake(exchange.command(Command::Chunk(bytes)));
        if unsent < HIGH_WATER {
            return true;
        }
        exchange.wants_drain.store(true, Ordering::Release);
        // It may have been sent between the two.
        let has_room = exchange.unsent.load(Ordering::Acquire) < HIGH_WATER / 2;
        has_room && exchange.wants_drain.swap(false, Ordering::AcqRel)
    }

    fn wake(&self, waker: Option<Waker>) {
        let Some(waker) = waker else { return };
        if self.is_busy.get() {
            self.woken.borrow_mut().push(waker);
        } else {
            waker.wake();
        }
    }

    /// Sees to what has come, for as long as one turn may take.
    fn turn(&self, server: &Rc<Server>) {
        self.waiting.borrow_mut().append(&mut self.outbox.take());
        let begun = Instant::now();
        let mut untimed = 0;
        self.is_busy.set(true);
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some(message) = next else { break };
            self.see_to(server, message);
            untimed += 1;
            if untimed == UNTIMED {
                untimed = 0;
                if begun.elapsed() >= LONGEST {
                    // The rest after what else the loop has to do.
                    self.outbox.wake();
                    break;
                }
            }
        }
        self.is_busy.set(false);
        // Emptied first: nobody may be woken while it is borrowed.
        for waker in self.woken.take() {
            waker.wake();
        }
    }

    fn see_to(&self, server: &Rc<Server>, message: Message) {
        let handover = &server.handover;
        match message {
            Message::Adopt(adopted) => adopt(server, *adopted),
            Message::Body(exchange, bytes) => {
                if let Some((slot, serial)) = self.known(&exchange) {
                    handover.body(slot, serial, &bytes, false);
                }
                self.wake(exchange.took(bytes.len()));
            }
            Message::BodyEnd(exchange, trailers) => {
                if let Some((slot, serial)) = self.known(&exchange) {
                    handover.body_end(slot, serial, &[], &trailers);
                }
            }
            Message::Drained(exchange) => {
                if let Some((slot, serial)) = self.known(&exchange) {
                    handover.drained(slot, serial);
                }
            }
            Message::Gone(exchange) => {
                if let Some((slot, serial)) = self.known(&exchange) {
                    self.entries.release(slot);
                    handover.gone(slot, serial);
                }
            }
            Message::Log(text) => handover.logged(&text),
            Message::Refused(refusal) => handover.refused(EDGE, &refusal),
            Message::Request(arrival) => self.request(server, *arrival),
        }
    }

    /// The slot and serial of a request that JavaScript still has.
    fn known(&self, exchange: &Exchange) -> Option<(u32, u32)> {
        let (slot, serial) = (exchange.slot.load(Ordering::Relaxed), exchange.serial.load(Ordering::Relaxed));
        self.entries.exchange(slot, serial).map(|_| (slot, serial))
    }

    /// Hands a request over. One that goes on by itself keeps its head here.
    fn request(&self, server: &Rc<Server>, arrival: Arrival) {
        let Arrival { body, exchange, head, lines, offsets, route } = arrival;
        let serial = server.next_serial();
        let peer = Arc::clone(&exchange.peer);
        let slot = self.entries.take(Arc::clone(&exchange), serial);
        exchange.serial.store(serial, Ordering::Relaxed);
        exchange.slot.store(slot, Ordering::Relaxed);
        server.router.place(&offsets);
        if let Some(body) = &body {
            server.handover.place(body);
        }
        let current = Current { connection: peer.number, head, length: lines.len(), serial, start: lines.as_ptr() };
        let is_extra = peer.is_extra();
        let told = Told {
            closes: is_extra,
            is_extra,
            is_secure: peer.is_secure,
            is_whole: body.is_some(),
            route,
            slot,
            version: peer.version,
        };
        let env = server.handover.env;
        server.handover.request(current, told, |returned| match returned {
            Returned::Answer(Answer { body, flags, head, status }) => {
                let head = AnswerHead { flags, lines: head.to_vec(), status };
                self.command(slot, serial, Command::Answer(head, bytes_of(env, body)));
            }
            Returned::HandOff | Returned::Nothing => {}
        });
        self.entries.keep(slot, serial, lines, head);
    }
}

unsafe extern "C" fn on_wake(handle: *mut Handle) {
    // SAFETY: libuv calls this with a handle of ours; its owner lives until the handle is closed.
    let server = unsafe { Rc::clone(&crate::inloop::handles::owner(handle).server) };
    let door = server.door.borrow().clone();
    if let Some(door) = door {
        door.turn(&server);
    }
}
