//! What JavaScript may call about a request of the edge, by the names that the loop's own requests have.

use std::rc::Rc;

use bytes::Bytes;
use napi::sys::{self, napi_env};

use super::door::Door;
use super::exchange::{AnswerHead, Command};
use crate::bridge::values::{Answer, Body};
use crate::inloop::server::Server;

/// The door of a server that has one: every slot of the edge is of such a server.
fn door(server: &Server) -> Option<Rc<Door>> {
    server.door.borrow().clone()
}

pub fn begin(server: &Server, slot: u32, serial: u32, status: u32, flags: u32, lines: Vec<u8>, length: f64) {
    let Some(door) = door(server) else { return };
    let length = (length >= 0.0).then_some(length as u64);
    door.command(slot, serial, Command::Begin(AnswerHead { flags, lines, status }, length));
}

pub fn cut(server: &Server, slot: u32, serial: u32) {
    let Some(door) = door(server) else { return };
    if door.entries.exchange(slot, serial).is_some() {
        door.command(slot, serial, Command::Cut);
        server.handover.gone(slot, serial);
    }
}

/// True: nobody has to wait before the stream may be forgotten.
pub fn end(server: &Server, slot: u32, serial: u32, trailers: Vec<u8>) -> bool {
    if let Some(door) = door(server) {
        door.command(slot, serial, Command::End(trailers));
    }
    true
}

pub fn hint(server: &Server, slot: u32, serial: u32, lines: Vec<u8>) -> bool {
    let Some(door) = door(server) else { return false };
    let is_there = door.entries.exchange(slot, serial).is_some();
    door.command(slot, serial, Command::Hint(lines));
    is_there
}

pub fn ip(server: &Server, slot: u32, serial: u32) -> Option<String> {
    Some(door(server)?.entries.exchange(slot, serial)?.peer.address.to_string())
}

pub fn pause(server: &Server, slot: u32, serial: u32, is_paused: bool) {
    if let Some(door) = door(server) {
        door.command(slot, serial, Command::Pause(is_paused));
    }
}

pub fn receive(server: &Server, slot: u32, serial: u32, is_read: bool) {
    if let Some(door) = door(server) {
        door.command(slot, serial, Command::Receive(is_read));
    }
}

pub fn respond(server: &Server, slot: u32, serial: u32, answer: Answer) {
    let Some(door) = door(server) else { return };
    let Answer { body, flags, head, status } = answer;
    if door.entries.exchange(slot, serial).is_some() {
        let head = AnswerHead { flags, lines: head.to_vec(), status };
        door.command(slot, serial, Command::Answer(head, bytes_of(server.handover.env, body)));
    }
}

pub fn write(server: &Server, slot: u32, serial: u32, chunk: &[u8]) -> bool {
    door(server).is_none_or(|door| door.write(slot, serial, Bytes::copy_from_slice(chunk)))
}

/// The host name of the connection, and the client's certificate.
pub fn server_name(server: &Server, slot: u32, serial: u32) -> Option<Box<str>> {
    door(server)?.entries.exchange(slot, serial)?.peer.server_name.clone()
}

pub fn certificate(server: &Server, slot: u32, serial: u32) -> Option<std::sync::Arc<[u8]>> {
    door(server)?.entries.exchange(slot, serial)?.peer.certificate.clone()
}

/// A body as bytes of our own.
pub fn bytes_of(env: napi_env, body: Body) -> Bytes {
    match body {
        Body::Bytes(bytes) => Bytes::copy_from_slice(bytes),
        Body::None => Bytes::new(),
        Body::String(value, units) => {
            // A unit is at most three bytes, and N-API writes a terminator. Most texts have one for each.
            let mut text: Vec<u8> = Vec::with_capacity(3 * units + 1);
            let mut length = 0;
            // SAFETY: there is room for what N-API may write, and it says how much it wrote.
            unsafe {
                let room = text.as_mut_ptr().cast();
                sys::napi_get_value_string_utf8(env, value, room, text.capacity(), &mut length);
                text.set_len(length);
            }
            if text.capacity() > 4096 && length < text.capacity() / 2 {
                text.shrink_to_fit();
            }
            Bytes::from(text)
        }
    }
}
