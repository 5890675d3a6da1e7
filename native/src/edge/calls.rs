//! What JavaScript may call about a request of the edge, by the names that the loop's own requests have.

use std::rc::Rc;

use bytes::Bytes;

use super::door::{Door, bytes_of};
use super::exchange::{AnswerHead, Command};
use crate::bridge::values::Answer;
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
    if door.exchange(slot, serial).is_some() {
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
    let is_there = door.exchange(slot, serial).is_some();
    door.command(slot, serial, Command::Hint(lines));
    is_there
}

pub fn ip(server: &Server, slot: u32, serial: u32) -> Option<String> {
    Some(door(server)?.exchange(slot, serial)?.peer.address.to_string())
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
    if door.exchange(slot, serial).is_some() {
        let head = AnswerHead { flags, lines: head.to_vec(), status };
        door.command(slot, serial, Command::Answer(head, bytes_of(server.handover.env, body)));
    }
}

pub fn write(server: &Server, slot: u32, serial: u32, chunk: &[u8]) -> bool {
    door(server).is_none_or(|door| door.write(slot, serial, Bytes::copy_from_slice(chunk)))
}

/// The host name of the connection, and the client's certificate.
pub fn server_name(server: &Server, slot: u32, serial: u32) -> Option<Box<str>> {
    door(server)?.exchange(slot, serial)?.peer.server_name.clone()
}

pub fn certificate(server: &Server, slot: u32, serial: u32) -> Option<std::sync::Arc<[u8]>> {
    door(server)?.exchange(slot, serial)?.peer.certificate.clone()
}
