//! One request, from its head to the end of its answer, on whatever stream it came by: what needs no JavaScript is answered,
//! the rest handed over.

use std::sync::Arc;

use http::request::Parts;

use super::context::Context;
use super::exchange::Exchange;
use super::outbox::{Arrival, Gathered, Message};
use super::peer::Peer;
use super::request;
use super::running::Running;
use super::wire::Wire;
use crate::bridge::control::WHOLE_SIZE;
use crate::http::parse::BodyKind;
use crate::http::refusal::Refusal;
use crate::router::{MAX_PARAMETERS, Walk};

/// Serves a request.
pub async fn serve<W: Wire>(wire: W, parts: Parts, context: Arc<Context>, peer: Arc<Peer>, gathered: Gathered) {
    let is_received = wire.is_received();
    let read = request::read(&parts, is_received, context.limits.request_line, context.upgrades);
    drop(parts);
    let is_extra = peer.is_extra();
    let mut running = Running::new(wire, Exchange::new(peer), Arc::clone(&context), gathered);
    let request = match read {
        Ok(request) => request,
        Err(refusal) => {
            running.refuse(&refusal);
            return running.run().await;
        }
    };
    #[cfg(test)]
    assert!(request.head.path.of(&request.lines) != b"/panic", "asked for by a test");
    let (route, offsets) = find(&context, request.head.path.of(&request.lines));
    if !is_extra && let Some(found) = context.fixed.find(&request.lines, &request.head, route) {
        let (head, body) = context.defaults.fixed(&found);
        running.answer(head, body);
        return running.run().await;
    }
    let head = request.head;
    running.is_upgrade = head.upgrades;
    running.expects_continue = head.expects_continue;
    let body = match head.body {
        BodyKind::Length(length) if length <= WHOLE_SIZE as u64 => running.whole(length as usize).await,
        _ => None,
    };
    running.is_body_done = body.is_some() || (!head.upgrades && (is_received || head.body == BodyKind::None));
    running.is_told = true;
    let exchange = Arc::clone(&running.exchange);
    let arrival = Arrival { body, exchange, head, lines: request.lines, offsets, route };
    running.gathered.push(Message::Request(Box::new(arrival)));
    running.run().await;
}

/// Answers a request whose head is not taken.
pub async fn refuse<W: Wire>(wire: W, refusal: &Refusal, context: Arc<Context>, peer: Arc<Peer>, gathered: Gathered) {
    let mut running = Running::new(wire, Exchange::new(peer), context, gathered);
    running.refuse(refusal);
    running.run().await;
}

fn find(context: &Context, path: &[u8]) -> (i32, Box<[u32]>) {
    thread_local! {
        static WALK: std::cell::RefCell<Walk> = std::cell::RefCell::default();
    }
    let mut offsets = [0; 2 * MAX_PARAMETERS];
    let found = WALK.with_borrow_mut(|walk| context.router.find(walk, path, &mut offsets));
    found.map_or((-1, Box::default()), |found| (found.id as i32, offsets[..found.captured].into()))
}
