//! Connections whose bytes are those of TLS: what comes is opened before it is taken in, what goes is sealed before it is
//! sent. A connection in plaintext pays a look at whether it is one of these.

use std::rc::Rc;

use super::connection::{Connection, Phase};
use super::limits::HIGH_WATER;
use super::output;
use super::server::Server;
use super::tls::Input;

/// Records have come.
pub fn read(server: &Rc<Server>, slot: u32, records: &[u8]) {
    let mut plain = std::mem::take(&mut server.state.borrow_mut().opened);
    let outcome = server.with(slot, |connection| {
        let tls = connection.tls.as_mut()?;
        // What comes after the last answer is let go, and what follows on a broken record is noise.
        if connection.phase == Phase::Linger || tls.is_broken() {
            return None;
        }
        Some((tls.open(records, &mut plain), tls.has_news()))
    });
    if let Some(Some((input, has_news))) = outcome {
        if has_news && !output::try_send(server, slot, &[]) {
            server.destroy(slot);
        }
        if !plain.is_empty() {
            server.take_in(slot, &plain);
        }
        follow(server, slot, input);
    }
    keep(&mut plain);
    server.state.borrow_mut().opened = plain;
}

/// Does what follows from what came, once its bytes are taken in.
pub fn follow(server: &Rc<Server>, slot: u32, input: Input) {
    match input {
        Input::Broken => break_off(server, slot),
        Input::Ended => server.end_of_input(slot),
        Input::Open => {}
    }
}

/// What one large answer has taken is not kept for ever.
pub fn keep(room: &mut Vec<u8>) {
    room.clear();
    if room.capacity() > 4 * HIGH_WATER {
        *room = Vec::with_capacity(HIGH_WATER);
    }
}

/// Says that nothing more will be sent, behind what was.
pub fn say_last(server: &Rc<Server>, slot: u32) {
    let has_news = server.with(slot, |connection| {
        let tls = connection.tls.as_mut()?;
        tls.say_last();
        tls.has_news().then_some(())
    });
    if has_news.flatten().is_some() && !output::try_send(server, slot, &[]) {
        server.destroy(slot);
    }
}

/// The same to a connection that is about to be closed, if its socket takes it now. One that is cut off in the middle of
/// something is to look it: then nothing is said.
pub fn part(server: &Server, connection: &mut Connection) {
    let (is_busy, unsent, is_ended) = (connection.is_busy, connection.unsent, connection.is_ended);
    let Some(tls) = connection.tls.as_mut() else { return };
    // A client that has closed without a word reads no more.
    if is_busy || unsent > 0 || (is_ended && !tls.is_ended()) {
        return;
    }
    tls.say_last();
    let mut records = Vec::new();
    if tls.has_news() && tls.seal(&[], &mut records) {
        // SAFETY: the handle is still open, and without unsent bytes its queue is empty.
        unsafe { connection.socket.try_send(server.uv, &records) };
    }
}

/// The session is broken, and its alert sent: the client is given a moment to read it.
fn break_off(server: &Rc<Server>, slot: u32) {
    let now = server.now();
    let serial = server.with(slot, |connection| {
        let serial = connection.is_busy.then_some(connection.serial);
        connection.closes = true;
        connection.pending = Vec::new();
        connection.phase = Phase::Linger;
        connection.answered(now);
        serial
    });
    server.after(slot);
    if let Some(Some(serial)) = serial {
        server.handover.gone(slot, serial);
    }
}
