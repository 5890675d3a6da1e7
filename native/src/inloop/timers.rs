//! One timer for a server. A connection notes what it waits for and since when, which costs a request two stores; a
//! sweep over all of them, twice a second, finds those that have waited too long. It takes some 5 ns a connection.

use std::rc::Rc;

use super::connection::Wait;
use super::lifetime;
use super::limits::{LEAST_RATE, LINGER};
use super::output;
use super::parse::Refusal;
use super::server::{Server, own, owner};
use super::uv::{Handle, TIMER};

const INTERVAL: u64 = 500;

const TOO_SLOW: Refusal =
    Refusal { code: "READ_TIMEOUT", reason: "it did not arrive in time", section: "RFC 9110, 15.5.9", status: 408 };

/// Starts the timer, if it does not run.
pub fn start(server: &Rc<Server>) {
    if !server.state.borrow().timer.is_null() {
        return;
    }
    let uv = server.uv;
    let timer = uv.handle(TIMER);
    // SAFETY: the handle has the size of its kind, and is freed by its close callback. It keeps no process alive.
    unsafe {
        (uv.timer_init)(server.looper, timer);
        own(timer, server, u32::MAX);
        (uv.timer_start)(timer, on_tick, INTERVAL, INTERVAL);
        (uv.unref)(timer);
    }
    server.state.borrow_mut().timer = timer;
}

/// Stops the timer.
pub fn stop(server: &Rc<Server>) {
    let timer = std::mem::replace(&mut server.state.borrow_mut().timer, std::ptr::null_mut());
    if !timer.is_null() {
        // SAFETY: the timer is open until it is taken out of the state.
        unsafe { (server.uv.close)(timer, Some(on_timer_closed)) };
    }
}

unsafe extern "C" fn on_timer_closed(handle: *mut Handle) {
    // SAFETY: libuv has let go of the handle; the owner was made by `own`.
    unsafe {
        let owner = Box::from_raw((*handle).data.cast::<super::server::Owner>());
        owner.server.uv.free(handle, TIMER);
        released(&owner.server);
    }
}

/// A handle of the server is gone.
pub fn released(server: &Rc<Server>) {
    server.handles.set(server.handles.get() - 1);
    let state = server.state.borrow();
    let is_last = server.handles.get() == 1 && !state.timer.is_null() && state.listeners.is_empty();
    drop(state);
    if is_last {
        stop(server);
    } else if server.handles.get() == 0 {
        lifetime::idle(server);
    }
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
                    let unsent = unsafe { (server.uv.stream_get_write_queue_size)(connection.tcp) };
                    if unsent != connection.unsent_seen {
                        connection.unsent_seen = unsent;
                        connection.since = now;
                    }
                }
                let under_way = now.saturating_sub(connection.began);
                if connection.wait == Wait::Body && connection.is_paused {
                    return None;
                }
                let is_trickle = connection.wait == Wait::Body
                    && under_way > limits.read_timeout
                    && connection.body_bytes * 1000 / under_way < LEAST_RATE;
                if is_trickle {
                    return Some((slot as u32, Wait::Body));
                }
                let most = match connection.wait {
                    Wait::Body | Wait::Head => limits.read_timeout,
                    Wait::Idle => limits.idle_timeout,
                    Wait::Linger => LINGER,
                    Wait::Nothing => return None,
                    Wait::Write => limits.write_timeout,
                };
                (now.saturating_sub(connection.since) > most).then_some((slot as u32, connection.wait))
            })
            .collect()
    };
    if late.is_empty() {
        return;
    }
    let scope = server.handover.enter();
    for (slot, wait) in late {
        let has_begun = server.with(slot, |connection| !connection.pending.is_empty()).unwrap_or(false);
        match wait {
            Wait::Body => server.refuse(slot, &TOO_SLOW),
            // One that has sent nothing is only closed: browsers open connections that they may not use.
            Wait::Head if has_begun => server.refuse(slot, &TOO_SLOW),
            _ => server.destroy(slot),
        }
        if server.with(slot, |_| ()).is_some() {
            output::flush_corked(&server, slot);
            server.after(slot);
        }
    }
    server.handover.leave(scope);
}
