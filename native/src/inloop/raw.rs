//! Connections that carry what is no HTTP of ours, or none for us: their bytes go to JavaScript and come from there as they
//! are, over TLS opened and sealed. The calls and events are those of a request: `write`, `end`, `pause`, `cut`, `Body`,
//! `BodyEnd`, `Drain` and `Gone`.

use std::rc::Rc;

use super::connection::{Output, Phase};
use super::output;
use super::server::Server;

/// A connection that is to leave becomes raw instead, with the request that JavaScript does not serve still to be read.
pub fn begin(server: &Rc<Server>, slot: u32) {
    let now = server.now();
    let begun = server.with(slot, |connection| {
        connection.closes = false;
        connection.head = None;
        connection.is_busy = true;
        connection.is_paused = false;
        connection.is_receiving = true;
        connection.output = Some(Output::Raw);
        connection.phase = Phase::Raw;
        connection.wait_on(now);
        (connection.serial, connection.tls.is_some(), std::mem::take(&mut connection.pending))
    });
    let Some((serial, is_secure, read)) = begun else { return };
    server.handover.raw(slot, serial, &read, is_secure);
    server.after(slot);
}

/// Sends the end of the stream; says whether all before it is with the system.
pub fn end(server: &Rc<Server>, slot: u32, serial: u32) -> bool {
    output::flush(server, slot);
    output::shut(server, slot);
    let is_sent = server.with_request(slot, serial, |connection| {
        connection.wants_drain = connection.unsent > 0;
        connection.unsent == 0
    });
    // The loop that works through its input sees to it by itself.
    if server.state.borrow().outgoing.corked != Some(slot) {
        server.after(slot);
    }
    is_sent.unwrap_or(true)
}

/// Tells of the end of the input once all before it has been taken, and closes what has ended on both sides: says whether
/// it has.
pub fn settle(server: &Rc<Server>, slot: u32) -> bool {
    let due = server.with(slot, |connection| {
        let is_due = connection.is_ended && connection.is_receiving && connection.pending.is_empty();
        if !is_due {
            return None;
        }
        connection.is_receiving = false;
        // Without a word of it, the end may be anybody's.
        let is_cut = connection.tls.as_ref().is_some_and(|tls| !tls.is_ended());
        Some((is_cut, connection.serial))
    });
    match due.flatten() {
        Some((true, _)) => {
            server.destroy(slot);
            return true;
        }
        Some((false, serial)) => server.handover.body(slot, serial, &[], true),
        None => {}
    }
    let is_over = server.with(slot, |connection| {
        let is_over = !connection.is_receiving && connection.is_shut && connection.is_sent();
        // Nobody is told of an end that both sides know of.
        connection.is_busy &= !is_over;
        is_over
    });
    if is_over == Some(true) {
        server.destroy(slot);
    }
    is_over != Some(false)
}
