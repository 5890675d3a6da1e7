//! What happens when bytes come in: heads become requests, bodies go on to JavaScript, and what is neither is refused.

use std::net::IpAddr;
use std::rc::Rc;

use super::connection::{Phase, Wait};
use super::limits::{HIGH_WATER, MOST_UNREAD, Standing};
use super::server::Server;
use super::state::State;
use super::{accept, answer, fixed, logged, outgoing, output};
use crate::bridge::control::WHOLE_SIZE;
use crate::bridge::told::{Current, Returned, Told, Version};
use crate::http::parse::{self, BodyKind, Head};
use crate::http::refusal::{self, Refusal};
use crate::http::{proxy, respond};

impl Server {
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
        self.state.borrow_mut().outgoing.cork(slot);
        if pending.is_empty() {
            let used = self.work(slot, fresh);
            self.keep(slot, pending, &fresh[used..]);
        } else {
            pending.extend_from_slice(fresh);
            let used = self.work(slot, &pending);
            pending.drain(..used);
            self.keep(slot, pending, &[]);
        }
        outgoing::uncork(self, slot);
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
                Phase::Proxy => match proxy::parse(rest) {
                    Ok(Some(announced)) => {
                        used += announced.length;
                        self.announce(slot, announced.address);
                    }
                    Ok(None) => return used,
                    Err(proxy::Malformed) => {
                        self.destroy(slot);
                        self.handover.refused(slot, &refusal::NOT_ANNOUNCED);
                        return input.len();
                    }
                },
                Phase::Head if is_busy || is_full || rest.is_empty() => return used,
                // RFC 9112, 2.2: an empty line before a request line is passed over.
                Phase::Head if rest.starts_with(b"\r\n") => {
                    used += 2;
                    self.with(slot, |connection| connection.scanned = 0);
                }
                Phase::Head => match self.head_of(rest, scanned) {
                    Ok(Some((length, head))) => {
                        self.request(slot, &rest[..length], head, &rest[length..]);
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
                Phase::Raw => return used + self.raw(slot, rest),
                Phase::Body => match self.body(slot, rest) {
                    Some(taken) => used += taken,
                    None => return input.len(),
                },
            }
        }
    }

    /// A proxy has said whose its connection is: that address counts from now on.
    fn announce(self: &Rc<Self>, slot: u32, address: Option<IpAddr>) {
        let now = self.now();
        let peer = address.map(|address| address.to_string().into_boxed_str());
        self.with(slot, |connection| connection.announced(peer.clone(), now));
        if self.limits.max_per_address > 0 && !accept::count(self, slot, peer) {
            self.refuse(slot, &respond::OVERLOADED);
        }
    }

    fn head_of(&self, input: &[u8], scanned: usize) -> Result<Option<(usize, Head)>, Refusal> {
        let found = parse::find_end(input, scanned.min(input.len()))?;
        let length = found.unwrap_or(input.len());
        let line = memchr::memchr(b'\n', &input[..length]).unwrap_or(length);
        if line > self.limits.request_line {
            return Err(refusal::LINE_TOO_LONG);
        }
        if length > self.limits.head + line {
            return Err(refusal::HEAD_TOO_LARGE);
        }
        match found {
            Some(end) => Ok(Some((end, parse::parse(&input[..end])?))),
            None => Ok(None),
        }
    }

    /// Hands a request over to JavaScript. A small body that has come with it goes along.
    fn request(self: &Rc<Self>, slot: u32, head_bytes: &[u8], head: Head, after: &[u8]) {
        let now = self.now();
        let (connection, is_extra, is_secure, serial) = {
            let mut state = self.state.borrow_mut();
            // 0 stands for none.
            state.serial = state.serial.wrapping_add(1).max(1);
            let serial = state.serial;
            let in_loop = state.open;
            let Some(connection) = state.connections[slot as usize].as_mut() else { return };
            // Others may have left since it was accepted.
            if connection.extra_since.is_some() && self.limits.standing(self.open(in_loop)) == Standing::Within {
                connection.extra_since = None;
            }
            connection.begin(serial, &head, &self.limits, now);
            if self.is_closing.get() {
                connection.closes = true;
            }
            (connection.number, connection.extra_since.is_some(), connection.tls.is_some(), serial)
        };
        let route = self.router.find(head.path.of(head_bytes));
        if !is_extra && fixed::answer(self, slot, head_bytes, &head, route) {
            return;
        }
        let body = match head.body {
            BodyKind::Length(length) if length <= WHOLE_SIZE as u64 => after.get(..length as usize),
            _ => None,
        };
        if let Some(body) = body {
            self.handover.place(body);
            self.with(slot, |connection| connection.expects_continue = false);
        }
        logged::begin(self, slot, route, head.path.of(head_bytes));
        let current = Current { connection, head, length: head_bytes.len(), serial, start: head_bytes.as_ptr() };
        let closes = !head.keep_alive || is_extra || self.is_closing.get();
        let told = Told { closes, is_extra, is_secure, is_whole: body.is_some(), route, slot, version: Version::Http1 };
        self.handover.request(current, told, |returned| self.returned(slot, serial, head_bytes, head, returned));
    }

    /// Does as JavaScript's callback has left it. Microtasks have run by now: most answers are there, and only a request
    /// that goes on needs its head.
    fn returned(self: &Rc<Self>, slot: u32, serial: u32, head_bytes: &[u8], head: Head, returned: Returned) {
        match returned {
            Returned::Answer(given) => answer::whole(self, slot, serial, given, Some((head_bytes, &head))),
            Returned::HandOff => {
                self.with_request(slot, serial, |connection| {
                    connection.is_busy = false;
                    connection.phase = Phase::HandOff;
                    logged::forget(connection);
                });
            }
            Returned::Nothing => {}
        }
        self.with_request(slot, serial, |connection| connection.head = Some(Box::new((head_bytes.to_vec(), head))));
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
            let trailers = if is_last { connection.decoder.take_trailers() } else { Vec::new() };
            (taken, is_last, connection.is_busy && connection.is_receiving, connection.serial, trailers)
        });
        let (taken, is_last, is_wanted, serial, trailers) = outcome?;
        match taken {
            Ok((data, used)) => {
                if is_wanted && is_last {
                    self.handover.body_end(slot, serial, &data, &trailers);
                } else if is_wanted && !data.is_empty() {
                    self.handover.body(slot, serial, &data, false);
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
        self.with(slot, |connection| logged::aborts(self, connection));
        {
            let now = self.now();
            let mut state = self.state.borrow_mut();
            let State { clock, outgoing, .. } = &mut *state;
            if outgoing.corked == Some(slot) {
                respond::refusal(&mut outgoing.bytes, refusal, clock.line(now));
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

    /// Hands bytes over as they are, and says how many.
    fn raw(&self, slot: u32, input: &[u8]) -> usize {
        let serial = self.with(slot, |connection| (!connection.is_paused).then_some(connection.serial)).flatten();
        let Some(serial) = serial.filter(|_| !input.is_empty()) else { return 0 };
        self.handover.body(slot, serial, input, false);
        input.len()
    }

    fn keep(&self, slot: u32, mut pending: Vec<u8>, rest: &[u8]) {
        pending.extend_from_slice(rest);
        self.with(slot, |connection| connection.pending = pending);
    }
}
