//! One timer for a server. A connection notes what it waits for and since when, which costs a request two stores; a
//! sweep over all of them, twice a second, finds those that have waited too long. It takes some 5 ns a connection.

use std::ptr::null_mut;
use std::rc::Rc;

use super::connection::{Connection, Wait};
use super::handles::{on_closed, own, owner};
use super::lifetime;
use super::limits::{EXTRA, LEAST_RATE, LINGER, Limits};
use super::outgoing;
use super::server::Server;
use super::uv::{CHECK, Handle, TIMER};
use crate::http::refusal::Refusal;

const INTERVAL: u64 = 500;

const TOO_SLOW: Refusal = Refusal {
    code: "READ_TIMEOUT",
    limit: 0,
    reason: "it did not arrive in time",
    section: "RFC 9110, 15.5.9",
    status: 408,
};

/// Starts the timer and the check, if they do not run.
pub fn start(server: &Rc<Server>) {
    if !server.state.borrow().timer.is_null() {
        return;
    }
    let uv = server.uv;
    let (check, timer) = (uv.handle(CHECK), uv.handle(TIMER));
    // SAFETY: the handles have the size of their kind, and are freed by their close callbacks. They keep no process alive.
    unsafe {
        (uv.check_init)(server.looper, check);
        own(check, server, u32::MAX);
        (uv.check_start)(check, on_check);
        (uv.unref)(check);
        (uv.timer_init)(server.looper, timer);
        own(timer, server, u32::MAX);
        (uv.timer_start)(timer, on_tick, INTERVAL, INTERVAL);
        (uv.unref)(timer);
    }
    let mut state = server.state.borrow_mut();
    (state.check, state.timer) = (check, timer);
}

/// Stops them.
pub fn stop(server: &Rc<Server>) {
    let handles = {
        let mut state = server.state.borrow_mut();
        [std::mem::replace(&mut state.check, null_mut()), std::mem::replace(&mut state.timer, null_mut())]
    };
    for handle in handles.into_iter().filter(|handle| !handle.is_null()) {
        // SAFETY: they are open until they are taken out of the state.
        unsafe { (server.uv.close)(handle, Some(on_closed)) };
    }
}

/// A handle of the server is gone.
pub fn released(server: &Rc<Server>) {
    server.handles.set(server.handles.get() - 1);
    let state = server.state.borrow();
    let is_last = server.handles.get() == 2 && !state.timer.is_null() && state.listeners.is_empty();
    drop(state);
    if is_last {
        stop(server);
    } else if server.handles.get() == 0 {
        lifetime::idle(server);
    }
}

// The loop has been through what was readable.
unsafe extern "C" fn on_check(check: *mut Handle) {
    // SAFETY: libuv calls this with the check it was given.
    let server = unsafe { &owner(check).server };
    server.turn.end();
    outgoing::release(server);
}

unsafe extern "C" fn on_tick(timer: *mut Handle) {
    // SAFETY: libuv calls this with the timer it was given.
    let server = unsafe { Rc::clone(&owner(timer).server) };
    let now = server.now();
    let limits = &server.limits;
    let late: Vec<(u32, Wait)> = {
        let mut state = server.state.borrow_mut();
        let slots = state.connections.iter_mut().enumerate();
        slots
            .filter_map(|(slot, connection)| {
                let connection = connection.as_mut()?;
                if connection.wait == Wait::Write {
                    // SAFETY: the handle is open while its slot names it.
                    let unsent = unsafe { (server.uv.stream_get_write_queue_size)(connection.socket.handle) };
                    connection.notes_unsent(unsent, now);
                }
                Some((slot as u32, overdue(connection, limits, now)?))
            })
            .collect()
    };
    if late.is_empty() {
        return;
    }
    for (slot, wait) in late {
        let has_begun = server.with(slot, |connection| !connection.pending.is_empty()).unwrap_or(false);
        match wait {
            Wait::Body => server.refuse(slot, &TOO_SLOW),
            // One that has sent nothing is only closed: browsers open connections that they may not use.
            Wait::Head if has_begun => server.refuse(slot, &TOO_SLOW),
            _ => server.destroy(slot),
        }
        if server.with(slot, |_| ()).is_some() {
            server.after(slot);
        }
    }
}

/// What a connection has waited for too long, if it has.
pub fn overdue(connection: &Connection, limits: &Limits, now: u64) -> Option<Wait> {
    if connection.extra_since.is_some_and(|since| now.saturating_sub(since) > EXTRA) {
        return Some(Wait::Linger);
    }
    if connection.wait == Wait::Body && connection.is_paused {
        return None;
    }
    let under_way = now.saturating_sub(connection.began);
    let is_trickle = connection.wait == Wait::Body
        && under_way > limits.read_timeout
        && connection.body_bytes.saturating_mul(1000) / under_way < LEAST_RATE;
    if is_trickle {
        return Some(Wait::Body);
    }
    let most = match connection.wait {
        Wait::Body | Wait::Head | Wait::Proxy => limits.read_timeout,
        Wait::Idle => limits.idle_timeout,
        Wait::Linger => LINGER,
        Wait::Nothing => return None,
        Wait::Write => limits.write_timeout,
    };
    (now.saturating_sub(connection.since) > most).then_some(connection.wait)
}
