//! What a server has to tell besides requests: one callback for all of it, with numbers that say what it is about.

use std::ptr::null_mut;

use napi::sys::{self, napi_value};

use super::Handover;
use crate::bridge::control::Event;
use crate::bridge::values::boolean;
use crate::http::refusal::Refusal;

impl Handover {
    /// Hands the end of a body over, with what has come after it: lines, each with its CRLF.
    pub fn body_end(&self, slot: u32, serial: u32, bytes: &[u8], trailers: &[u8]) {
        if trailers.is_empty() || self.is_dead.get() {
            return self.body(slot, serial, bytes, true);
        }
        let scope = self.enter();
        let values = [self.buffer(bytes), self.latin1(trailers)];
        self.event(Event::BodyEnd, slot, serial, &values);
        self.leave(scope);
    }

    /// Hands a part of a body over; the bytes are copied.
    pub fn body(&self, slot: u32, serial: u32, bytes: &[u8], is_last: bool) {
        if self.is_dead.get() {
            return;
        }
        let scope = self.enter();
        let value = self.buffer(bytes);
        self.event(if is_last { Event::BodyEnd } else { Event::Body }, slot, serial, &[value]);
        self.leave(scope);
    }

    pub fn drained(&self, slot: u32, serial: u32) {
        self.event(Event::Drain, slot, serial, &[]);
    }

    pub fn ended(&self, slot: u32, serial: u32) {
        self.event(Event::Ended, slot, serial, &[]);
    }

    pub fn gone(&self, slot: u32, serial: u32) {
        self.event(Event::Gone, slot, serial, &[]);
    }

    /// The peer is whose connection it is, where a proxy has announced that.
    #[cfg(unix)]
    pub fn handed_off(&self, slot: u32, descriptor: u32, read: &[u8], peer: Option<&str>) {
        let scope = self.enter();
        if !self.is_dead.get() {
            let read = self.buffer(read);
            match peer {
                Some(peer) => self.event(Event::HandedOff, slot, descriptor, &[read, self.latin1(peer.as_bytes())]),
                None => self.event(Event::HandedOff, slot, descriptor, &[read]),
            }
        }
        self.leave(scope);
    }

    /// Something for the log.
    pub fn logged(&self, text: &str) {
        let scope = self.enter();
        if !self.is_dead.get() {
            let text = self.latin1(text.as_bytes());
            self.event(Event::Log, 0, 0, &[text]);
        }
        self.leave(scope);
    }

    /// The connection stays, and carries bytes for JavaScript alone.
    pub fn raw(&self, slot: u32, serial: u32, read: &[u8], is_secure: bool) {
        let scope = self.enter();
        if !self.is_dead.get() {
            let read = self.buffer(read);
            self.event(Event::Raw, slot, serial, &[read, boolean(self.env, is_secure)]);
        }
        self.leave(scope);
    }

    pub fn refused(&self, slot: u32, refusal: &Refusal) {
        let scope = self.enter();
        if !self.is_dead.get() {
            let reason = self.latin1(refusal.reason.as_bytes());
            self.event(Event::Refused, slot, refusal.status.into(), &[reason]);
        }
        self.leave(scope);
    }

    fn event(&self, event: Event, slot: u32, serial: u32, values: &[napi_value]) {
        // Without JavaScript there is no scope to make a value in.
        if self.is_dead.get() {
            return;
        }
        let scope = self.enter();
        let mut numbers = [null_mut(); 3];
        for (number, made) in [event as u32, slot, serial].into_iter().zip(&mut numbers) {
            // SAFETY: makes a number.
            unsafe { sys::napi_create_uint32(self.env, number, made) };
        }
        let mut arguments = [null_mut(); 5];
        let count = numbers.len() + values.len();
        arguments[..numbers.len()].copy_from_slice(&numbers);
        arguments[numbers.len()..count].copy_from_slice(values);
        self.call(self.on_event.get(), &arguments[..count]);
        self.leave(scope);
    }
}
