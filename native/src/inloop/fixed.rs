//! Answers that need no JavaScript, written from what `bridge::fixed` has.

use std::rc::Rc;

use super::answer::{self, Ending};
use super::server::Server;
use crate::bridge::fixed::{Found, Given};
use crate::bridge::values::flag;
use crate::http::parse::Head;
use crate::http::respond;

/// Answers a request if it can be answered here.
pub fn answer(server: &Rc<Server>, slot: u32, bytes: &[u8], head: &Head, route: i32) -> bool {
    let Some(Found { body, head, is_head, status }) = server.fixed.find(bytes, head, route) else { return false };
    let closes = server.with(slot, |connection| connection.closes).unwrap_or(true);
    answer::gather(server, slot, |out, state| match body {
        Given::Bytes(bytes) => {
            answer::start(server, out, state, status, 0, head, Ending { closes, has_length: true });
            with_length(out, bytes, is_head);
        }
        Given::Document(document, subject) => {
            // The id stands in the head and in the document: so it is made first.
            let mut id = Vec::with_capacity(36);
            state.ids.write(&mut id);
            let [before, between, after] = &document.parts;
            let body = [before.as_slice(), subject, between, &id, after].concat();
            let lines =
                if server.defaults.sends_id { [head, b"X-Request-ID: ", &id, b"\r\n"].concat() } else { head.to_vec() };
            let status = status | document.type_index;
            let ending = Ending { closes, has_length: true };
            answer::start(server, out, state, status, flag::HAS_ID, &lines, ending);
            with_length(out, &body, is_head);
        }
        Given::None => {
            answer::start(server, out, state, status, 0, head, Ending { closes, has_length: false });
            out.extend_from_slice(b"\r\n");
        }
    });
    answer::complete(server, slot);
    true
}

fn with_length(out: &mut Vec<u8>, body: &[u8], is_head: bool) {
    respond::number(out, body.len() as u64);
    out.extend_from_slice(b"\r\n\r\n");
    if !is_head {
        out.extend_from_slice(body);
    }
}
