//! A server: its connections, and what happens when bytes come in.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;

use napi::sys::napi_async_cleanup_hook_handle;

use super::answer::Defaults;
use super::connection::{Connection, Phase, Wait};
use super::fixed::Fixed;
use super::handover::Handover;
use super::limits::{HIGH_WATER, Limits, MOST_PENDING, MOST_UNREAD};
use super::parse::{self, Head, Refusal};
use super::respond::{self, Clock, Ids};
use super::uv::{self, Buffer, Handle, Loop, Uv};
use super::{fixed, handoff, listener, output, timers};
use crate::router_binding::Instance;

/// As much as one read takes in. One buffer serves all connections: what is read is used before the next read.
const READ_SIZE: usize = 65_536;

/// What a handle of libuv carries: where it belongs.
pub struct Owner {
    pub server: Rc<Server>,
    pub slot: u32,
}

pub struct State {
    /// By slot; a free one is `None`.
    pub connections: Vec<Option<Connection>>,
    pub clock: Clock,
    /// The connection whose input is being worked through: its answers gather in `out`.
    pub corked: Option<u32>,
    pub free: Vec<u32>,
    /// How many connections each address has, where that is limited.
    pub by_address: HashMap<Box<str>, u32>,
    pub ids: Ids,
    pub listeners: Vec<*mut Handle>,
    /// Listeners with a connection that waits for another to end.
    pub waiting: Vec<*mut Handle>,
    pub open: u32,
    pub out: Vec<u8>,
    /// Connections to go on with once the corked one is done: one at a time gathers answers and hands requests over.
    pub resumable: Vec<u32>,
    pub serial: u32,
    pub timer: *mut Handle,
}

pub struct Server {
    /// Where the environment waits for the server's handles before it ends.
    pub cleanup: Cell<napi_async_cleanup_hook_handle>,
    pub defaults: Defaults,
    pub fixed: Fixed,
    /// Handles that libuv still knows; at none, JavaScript can let go of the server.
    pub handles: Cell<u32>,
    pub handover: Handover,
    /// Every connection is closed after its answer.
    pub is_closing: Cell<bool>,
    pub limits: Limits,
    pub looper: *mut Loop,
    pub read_buffer: RefCell<Box<[u8]>>,
    pub router: Rc<Instance>,
    pub state: RefCell<State>,
    pub uv: &'static Uv,
}

/// The head that is being handed over, for as long as JavaScript's callback runs.
#[derive(Clone, Copy)]
pub struct Current {
    pub head: Head,
    pub length: usize,
    pub start: *const u8,
    pub serial: u32,
}

impl Server {
    #[allow(clippy::too_many_arguments, reason = "the parts of a server, each named where it is made")]
    pub fn new(
        uv: &'static Uv,
        looper: *mut Loop,
        limits: Limits,
        defaults: Defaults,
        fixed: Fixed,
        router: Rc<Instance>,
        handover: Handover,
    ) -> Rc<Self> {
        Rc::new(Self {
            cleanup: Cell::new(std::ptr::null_mut()),
            defaults,
            fixed,
            handles: Cell::new(0),
            handover,
            is_closing: Cell::new(false),
            limits,
            looper,
            read_buffer: RefCell::new(vec![0; READ_SIZE].into_boxed_slice()),
            router,
            state: RefCell::new(State {
                clock: Clock::new(),
                connections: Vec::new(),
                corked: None,
                by_address: HashMap::new(),
                free: Vec::new(),
                ids: Ids::new(),
                listeners: Vec::new(),
                open: 0,
                out: Vec::with_capacity(READ_SIZE),
                resumable: Vec::new(),
                serial: 0,
                timer: std::ptr::null_mut(),
                waiting: Vec::new(),
            }),
            uv,
        })
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
                unsafe { (self.uv.read_start)(connection.tcp, allocate, on_read) };
            }
        });
    }

    pub fn stop_reading(&self, slot: u32) {
        self.with(slot, |connection| {
            if connection.is_reading {
                connection.is_reading = false;
                // SAFETY: as above.
                unsafe { (self.uv.read_stop)(connection.tcp) };
            }
        });
    }

    /// Works through what has come: `fresh`, after what was left from before. Then goes on with the connections whose
    /// requests were answered meanwhile.
    pub fn take_in(self: &Rc<Self>, slot: u32, fresh: &[u8]) {
        self.take_in_one(slot, fresh);
        loop {
            let next = self.state.borrow_mut().resumable.pop();
            let Some(next) = next else { return };
            self.take_in_one(next, &[]);
        }
    }

    fn take_in_one(self: &Rc<Self>, slot: u32, fresh: &[u8]) {
        let Some(mut pending) = self.with(slot, |connection| std::mem::take(&mut connection.pending)) else { return };
        self.state.borrow_mut().corked = Some(slot);
        if pending.is_empty() {
            let used = self.work(slot, fresh);
            self.keep(slot, pending, &fresh[used..]);
        } else {
            pending.extend_from_slice(fresh);
            let used = self.work(slot, &pending);
            pending.drain(..used);
            self.keep(slot, pending, &[]);
        }
        self.state.borrow_mut().corked = None;
        output::flush_corked(self, slot);
        self.after(slot);
    }

    /// Uses as much of the input as there is to use now, and says how much.
    fn work(self: &Rc<Self>, slot: u32, input: &[u8]) -> usize {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            let Some((phase, is_busy, is_full, scanned)) = self.with(slot, |connection| {
                let is_full = connection.unsent > HIGH_WATER || connection.is_paused;
                (connection.phase, connection.is_busy, is_full, connection.scanned)
            }) else {
                return input.len();
            };
            match phase {
                Phase::HandOff => return used,
                Phase::Linger => return input.len(),
                Phase::Head if is_busy || is_full || rest.is_empty() => return used,
                // RFC 9112, 2.2: an empty line before a request line is passed over.
                Phase::Head if rest.starts_with(b"\r\n") => {
                    used += 2;
                    self.with(slot, |connection| connection.scanned = 0);
                }
                Phase::Head => match self.head_of(rest, scanned) {
                    Ok(Some((length, head))) => {
                        self.request(slot, &rest[..length], head);
                        // One that is handed off is read again, by another.
                        if self.with(slot, |connection| connection.phase) != Some(Phase::HandOff) {
                            used += length;
                        }
                    }
                    Ok(None) => {
                        let now = self.now();
                        self.with(slot, |connection| {
                            connection.scanned = rest.len();
                            if connection.wait != Wait::Head {
                                connection.wait = Wait::Head;
                                connection.since = now;
                            }
                        });
                        return used;
                    }
                    Err(refusal) => {
                        self.refuse(slot, &refusal);
                        return input.len();
                    }
                },
                Phase::Body if rest.is_empty() || (is_busy && is_full) => return used,
                Phase::Body => match self.body(slot, rest) {
                    Some(taken) => used += taken,
                    None => return input.len(),
                },
            }
        }
    }

    fn head_of(&self, input: &[u8], scanned: usize) -> Result<Option<(usize, Head)>, Refusal> {
        let found = parse::find_end(input, scanned.min(input.len()))?;
        let length = found.unwrap_or(input.len());
        let line = memchr::memchr(b'\n', &input[..length]).unwrap_or(length);
        if line > self.limits.request_line {
            return Err(parse::LINE_TOO_LONG);
        }
        if length > self.limits.head + line {
            return Err(parse::HEAD_TOO_LARGE);
        }
        match found {
            Some(end) => Ok(Some((end, parse::parse(&input[..end])?))),
            None => Ok(None),
        }
    }

    /// Hands a request over to JavaScript.
    fn request(self: &Rc<Self>, slot: u32, head_bytes: &[u8], head: Head) {
        let now = self.now();
        let serial = {
            let mut state = self.state.borrow_mut();
            state.serial = state.serial.wrapping_add(1);
            let serial = state.serial;
            let Some(connection) = state.connections[slot as usize].as_mut() else { return };
            connection.begin(serial, &head, &self.limits, now);
            if self.is_closing.get() {
                connection.closes = true;
            }
            serial
        };
        let route = self.router.find(head.path.of(head_bytes));
        if fixed::answer(self, slot, head_bytes, &head, route) {
            return;
        }
        let current = Current { head, length: head_bytes.len(), serial, start: head_bytes.as_ptr() };
        self.handover.request(self, slot, current, route);
    }

    /// Takes in a part of a body. `None` when the connection is over.
    fn body(self: &Rc<Self>, slot: u32, input: &[u8]) -> Option<usize> {
        let now = self.now();
        let outcome = self.with(slot, |connection| {
            if connection.wait == Wait::Body {
                connection.since = now;
            }
            let taken = connection.decoder.take(input);
            if let Ok((data, _)) = &taken {
                connection.body_bytes += data.len() as u64;
            }
            let is_last = connection.decoder.is_done();
            if is_last {
                connection.phase = Phase::Head;
                connection.wait_on(now);
            } else if !connection.is_busy && connection.body_bytes > MOST_UNREAD {
                connection.closes = true;
                connection.phase = Phase::Linger;
                connection.wait_on(now);
            }
            (taken, is_last, connection.is_busy && connection.is_receiving, connection.serial)
        });
        let (taken, is_last, is_wanted, serial) = outcome?;
        match taken {
            Ok((data, used)) => {
                if is_wanted && (is_last || !data.is_empty()) {
                    self.handover.body(slot, serial, &data, is_last);
                }
                Some(used)
            }
            Err(refusal) => {
                self.refuse(slot, &refusal);
                None
            }
        }
    }

    /// Answers what is no request, or no body: after this nothing of the connection is parsed any more.
    pub fn refuse(self: &Rc<Self>, slot: u32, refusal: &Refusal) {
        let Some((is_busy, has_begun, is_answered, serial)) = self.with(slot, |connection| {
            let is_answered = connection.phase == Phase::Body && !connection.is_busy;
            (connection.is_busy, connection.output.is_some(), is_answered, connection.serial)
        }) else {
            return;
        };
        if is_answered {
            // The rest of a body whose request has its answer: a second one would be taken for that of the next request.
            self.with(slot, |connection| connection.closes = true);
            self.finish(slot);
            self.handover.refused(slot, refusal);
            return;
        }
        if has_begun {
            // Into an answer that is being sent, nothing else can be written.
            self.destroy(slot);
            return;
        }
        {
            let now = self.now();
            let mut state = self.state.borrow_mut();
            let State { clock, corked, out, .. } = &mut *state;
            if *corked == Some(slot) {
                respond::refusal(out, refusal, clock.line(now));
            } else {
                let mut own = Vec::new();
                respond::refusal(&mut own, refusal, clock.line(now));
                drop(state);
                output::send(self, slot, &own);
            }
        }
        self.with(slot, |connection| connection.closes = true);
        self.finish(slot);
        if is_busy {
            self.handover.gone(slot, serial);
        }
        self.handover.refused(slot, refusal);
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
        let Some((is_lingering, is_sent, is_ended, is_full)) = self.with(slot, |connection| {
            // What is left of the input of a client that has shut its side is less than a request, unless it waits for room.
            let is_between = !connection.is_busy && connection.phase != Phase::HandOff;
            if connection.is_ended && is_between && connection.unsent <= HIGH_WATER {
                connection.phase = Phase::Linger;
                connection.wait_on(now);
            }
            let is_full = connection.pending.len() > MOST_PENDING || connection.is_paused;
            (connection.phase == Phase::Linger, connection.unsent == 0, connection.is_ended, is_full)
        }) else {
            return;
        };
        if is_lingering && is_sent {
            // Where both sides have said their last, there is nothing to wait for.
            if is_ended {
                self.destroy(slot);
                return;
            }
            output::shut(self, slot);
        }
        if self.with(slot, |connection| connection.phase) == Some(Phase::HandOff) {
            if is_sent {
                handoff::hand_off(self, slot);
            } else {
                self.stop_reading(slot);
            }
            return;
        }
        if is_full && !is_lingering { self.stop_reading(slot) } else { self.start_reading(slot) }
    }

    /// Goes on with input that had to wait for an answer, or for room.
    pub fn resume(self: &Rc<Self>, slot: u32) {
        {
            let mut state = self.state.borrow_mut();
            match state.corked {
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

    fn keep(&self, slot: u32, mut pending: Vec<u8>, rest: &[u8]) {
        pending.extend_from_slice(rest);
        self.with(slot, |connection| connection.pending = pending);
    }

    /// Closes a connection at once, and tells JavaScript when it had a request of it.
    pub fn destroy(self: &Rc<Self>, slot: u32) {
        let taken = {
            let mut state = self.state.borrow_mut();
            let taken = state.connections.get_mut(slot as usize).and_then(Option::take);
            if let Some(connection) = &taken {
                state.open -= 1;
                listener::forget(&mut state, connection);
                if state.corked == Some(slot) {
                    state.out.clear();
                }
            }
            taken
        };
        let Some(connection) = taken else { return };
        // SAFETY: the handle is open, and its slot no longer names it.
        unsafe { (self.uv.close)(connection.tcp, Some(on_closed)) };
        if connection.is_busy {
            self.handover.gone(slot, connection.serial);
        }
        listener::accept_waiting(self);
    }

    /// The client has sent its last byte.
    fn end_of_input(self: &Rc<Self>, slot: u32) {
        let Some((is_busy, is_over, serial)) = self.with(slot, |connection| {
            connection.is_reading = false;
            connection.is_ended = true;
            // SAFETY: the handle is open: a connection that closes leaves its slot first.
            unsafe { (self.uv.read_stop)(connection.tcp) };
            // A client may shut its side and wait for the answers: to what is under way, and to what waits behind it.
            let is_last = connection.pending.is_empty();
            connection.closes |= connection.is_busy && is_last;
            let is_cut_off = connection.is_busy && connection.phase == Phase::Body && is_last;
            let is_over = is_cut_off || (!connection.is_busy && connection.unsent == 0);
            (connection.is_busy, is_over, connection.serial)
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

/// # Safety
/// The handle is one of ours, and open or just closing.
pub unsafe fn owner<'a>(handle: *mut Handle) -> &'a Owner {
    // SAFETY: the listener puts an `Owner` there, and only the close callback takes it away.
    unsafe { &*(*handle).data.cast::<Owner>() }
}

unsafe extern "C" fn allocate(handle: *mut Handle, _suggested: usize, buffer: *mut Buffer) {
    // SAFETY: libuv calls this with a handle of ours and a buffer to fill in.
    unsafe {
        let server = &owner(handle).server;
        let bytes = server.read_buffer.as_ptr();
        *buffer = Buffer::over(&*bytes);
    }
}

unsafe extern "C" fn on_read(handle: *mut Handle, count: isize, buffer: *const Buffer) {
    // SAFETY: as above. The owner outlives this call, since handles are freed by close callbacks only.
    let (server, slot) = unsafe {
        let owner = owner(handle);
        (Rc::clone(&owner.server), owner.slot)
    };
    if count == 0 {
        return;
    }
    let scope = server.handover.enter();
    if count < 0 {
        if count == uv::EOF { server.end_of_input(slot) } else { server.destroy(slot) }
    } else {
        // SAFETY: libuv has written `count` bytes to the buffer, which nothing else uses until the next read.
        let bytes = unsafe { std::slice::from_raw_parts((*buffer).base.cast::<u8>(), count as usize) };
        server.take_in(slot, bytes);
    }
    server.handover.leave(scope);
}

/// Takes back what a connection's handle had.
pub unsafe extern "C" fn on_closed(handle: *mut Handle) {
    // SAFETY: libuv has let go of the handle; the owner was made by `Box::into_raw`.
    unsafe {
        let owner = Box::from_raw((*handle).data.cast::<Owner>());
        owner.server.uv.free(handle, uv::TCP);
        if owner.slot != u32::MAX {
            owner.server.state.borrow_mut().free.push(owner.slot);
        }
        timers::released(&owner.server);
    }
}

/// Puts an owner on a handle.
///
/// # Safety
/// The handle is initialised, and its close callback takes the owner back.
pub unsafe fn own(handle: *mut Handle, server: &Rc<Server>, slot: u32) {
    let owner = Box::new(Owner { server: Rc::clone(server), slot });
    // SAFETY: the first member of every handle is the pointer that is ours.
    unsafe { (*handle).data = Box::into_raw(owner).cast::<c_void>() };
    server.handles.set(server.handles.get() + 1);
}
