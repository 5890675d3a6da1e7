//! A server: its connections, and what follows from what happens on them.

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::sys::napi_async_cleanup_hook_handle;

use super::answer::Defaults;
use super::connection::{Connection, Phase};
use super::io::READ_SIZE;
use super::limits::{HIGH_WATER, Limits, MOST_PENDING};
use super::logged::Log;
use super::outgoing;
use super::state::State;
use super::turn::Turn;
use super::uv::{Loop, Uv};
use super::{accept, handles, handoff, logged, output, raw, secure};
use crate::bridge::fixed::Fixed;
use crate::bridge::handover::Handover;
use crate::edge::door::Door;
use crate::http::peers::Peers;
use crate::router_binding::Instance;

pub struct Server {
    /// The line that tells of HTTP/3 on the same port, where that is served.
    pub alternative: OnceCell<Vec<u8>>,
    /// Where the environment waits for the server's handles before it ends.
    pub cleanup: Cell<napi_async_cleanup_hook_handle>,
    pub defaults: Defaults,
    /// What of it runs beside the loop, once it listens there.
    pub door: RefCell<Option<Rc<Door>>>,
    pub fixed: Arc<Fixed>,
    /// Whether a connection in plaintext that leaves goes over with its descriptor; else it is raw from then on.
    pub gives_descriptors: bool,
    /// Handles that libuv still knows; at none, JavaScript can let go of the server.
    pub handles: Cell<u32>,
    pub handover: Handover,
    /// Every connection is closed after its answer.
    pub is_closing: Cell<bool>,
    pub limits: Limits,
    /// Its access log, where the lines are made here.
    pub log: Option<Log>,
    /// What its answers have in common, as it was given.
    pub common: Common,
    pub looper: *mut Loop,
    /// Peers that announce whose their connections are.
    pub proxies: Peers,
    pub read_buffer: UnsafeCell<Box<[u8]>>,
    pub router: Rc<Instance>,
    pub state: RefCell<State>,
    pub turn: Turn,
    pub uv: &'static Uv,
}

/// What the answers of a server have in common.
pub struct Common {
    /// Header lines, each with its CRLF.
    pub lines: Vec<u8>,
    pub sends_id: bool,
    /// Content types that answers name by their index, from 1.
    pub types: Vec<String>,
}

impl Server {
    #[allow(clippy::too_many_arguments, reason = "the parts of a server, each named where it is made")]
    pub fn new(
        uv: &'static Uv,
        looper: *mut Loop,
        limits: Limits,
        defaults: Defaults,
        fixed: Arc<Fixed>,
        common: Common,
        proxies: Peers,
        router: Rc<Instance>,
        handover: Handover,
        gives_descriptors: bool,
        log: Option<Log>,
    ) -> Rc<Self> {
        Rc::new(Self {
            alternative: OnceCell::new(),
            cleanup: Cell::new(std::ptr::null_mut()),
            common,
            defaults,
            door: RefCell::new(None),
            fixed,
            gives_descriptors,
            handles: Cell::new(0),
            handover,
            is_closing: Cell::new(false),
            limits,
            log,
            looper,
            proxies,
            read_buffer: UnsafeCell::new(vec![0; READ_SIZE].into_boxed_slice()),
            router,
            state: RefCell::new(State::new()),
            turn: Turn::new(),
            uv,
        })
    }

    /// The number of the next request; 0 stands for none.
    pub fn next_serial(&self) -> u32 {
        let mut state = self.state.borrow_mut();
        state.serial = state.serial.wrapping_add(1).max(1);
        state.serial
    }

    /// How many connections are open, of which so many are in the loop: those that it has taken over from the edge are
    /// counted there.
    pub fn open(&self, in_loop: u32) -> u32 {
        self.door.borrow().as_ref().map_or(in_loop, |door| door.permits.open())
    }

    pub fn now(&self) -> u64 {
        // SAFETY: the loop lives as long as the environment, and the server no longer.
        unsafe { (self.uv.now)(self.looper) }
    }

    /// Runs `change` on a connection, if it is there.
    pub fn with<R>(&self, slot: u32, change: impl FnOnce(&mut Connection) -> R) -> Option<R> {
        self.state.borrow_mut().connections.get_mut(slot as usize)?.as_mut().map(change)
    }

    /// The same, for calls of JavaScript about a request: those for one that is over are let go.
    pub fn with_request<R>(&self, slot: u32, serial: u32, change: impl FnOnce(&mut Connection) -> R) -> Option<R> {
        self.with(slot, |connection| (connection.serial == serial && connection.is_busy).then(|| change(connection)))?
    }

    pub fn start_reading(&self, slot: u32) {
        self.with(slot, |connection| {
            if !connection.is_reading && !connection.is_paused && !connection.is_ended {
                connection.is_reading = true;
                // SAFETY: the handle is open: a connection that closes leaves its slot first.
                unsafe { connection.socket.start_reading(self.uv) };
            }
        });
    }

    pub fn stop_reading(&self, slot: u32) {
        self.with(slot, |connection| {
            if connection.is_reading {
                connection.is_reading = false;
                // SAFETY: as above.
                unsafe { connection.socket.stop_reading(self.uv) };
            }
        });
    }

    /// The answer under way is complete.
    pub fn finish(&self, slot: u32) {
        let now = self.now();
        self.with(slot, |connection| {
            if connection.closes {
                connection.phase = Phase::Linger;
            }
            connection.answered(now);
        });
    }

    /// Sees to what follows from the work on a connection: reading goes on or stops, a lingering one is shut.
    pub fn after(self: &Rc<Self>, slot: u32) {
        let now = self.now();
        if self.with(slot, |connection| connection.is_cut_off()) == Some(true) {
            self.destroy(slot);
            return;
        }
        let Some((is_lingering, is_sent, is_ended, is_full, is_due)) = self.with(slot, |connection| {
            // What is left of the input of a client that has shut its side is less than a request, unless it waits for room.
            let is_between = !connection.is_busy && connection.phase != Phase::HandOff;
            if connection.is_ended && is_between && connection.unsent <= HIGH_WATER {
                connection.phase = Phase::Linger;
                connection.wait_on(now);
            }
            let is_full = connection.pending.len() > MOST_PENDING || connection.is_paused;
            let is_due = connection.is_held && !outgoing::may_wait(connection);
            (connection.phase == Phase::Linger, connection.is_sent(), connection.is_ended, is_full, is_due)
        }) else {
            return;
        };
        if is_due {
            outgoing::release(self);
            return self.after(slot);
        }
        if is_lingering && is_sent {
            // Where both sides have said their last, there is nothing to wait for.
            if is_ended {
                self.destroy(slot);
                return;
            }
            output::shut(self, slot);
        }
        match self.with(slot, |connection| connection.phase) {
            Some(Phase::HandOff) if is_sent => return handoff::hand_off(self, slot),
            Some(Phase::HandOff) => return self.stop_reading(slot),
            Some(Phase::Raw) if raw::settle(self, slot) => return,
            _ => {}
        }
        if is_full && !is_lingering { self.stop_reading(slot) } else { self.start_reading(slot) }
    }

    /// Goes on with input that had to wait for an answer, or for room.
    pub fn resume(self: &Rc<Self>, slot: u32) {
        {
            let mut state = self.state.borrow_mut();
            match state.outgoing.corked {
                // The loop that works through its input goes on by itself.
                Some(corked) if corked == slot => return,
                Some(_) => {
                    state.resumable.push(slot);
                    return;
                }
                None => {}
            }
        }
        self.take_in(slot, &[]);
    }

    /// Closes a connection at once, and tells JavaScript when it had a request of it.
    pub fn destroy(self: &Rc<Self>, slot: u32) {
        if self.with(slot, |connection| connection.is_held) == Some(true) {
            outgoing::release(self);
        }
        let taken = {
            let mut state = self.state.borrow_mut();
            let taken = state.connections.get_mut(slot as usize).and_then(Option::take);
            taken.map(|connection| {
                state.open -= 1;
                accept::forget(&mut state, &connection);
                (connection, state.outgoing.forget(slot))
            })
        };
        let Some((mut connection, is_cut)) = taken else { return };
        if !is_cut {
            secure::part(self, &mut connection);
        }
        // SAFETY: the handle is open, and its slot no longer names it.
        unsafe { (self.uv.close)(connection.socket.handle, Some(handles::on_closed)) };
        if connection.is_busy {
            logged::aborts(self, &mut connection);
            self.handover.gone(slot, connection.serial);
        }
        accept::accept_waiting(self);
    }

    /// The client has sent its last byte.
    pub fn end_of_input(self: &Rc<Self>, slot: u32) {
        let Some((is_busy, is_over, serial)) = self.with(slot, |connection| {
            connection.is_reading = false;
            connection.is_ended = true;
            // SAFETY: the handle is open: a connection that closes leaves its slot first.
            unsafe { connection.socket.stop_reading(self.uv) };
            // A client may shut its side and wait for the answers: to what is under way, and to what waits behind it.
            let is_last = connection.pending.is_empty();
            let is_raw = connection.phase == Phase::Raw;
            connection.closes |= connection.is_busy && is_last && !is_raw;
            let is_over = connection.is_cut_off() || (!connection.is_busy && connection.is_sent());
            (connection.is_busy && !is_raw, is_over, connection.serial)
        }) else {
            return;
        };
        if is_over {
            self.destroy(slot);
            return;
        }
        if is_busy {
            self.handover.ended(slot, serial);
        }
        self.after(slot);
    }
}
