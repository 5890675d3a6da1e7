//! The native transport's other half: TLS, HTTP/2 and HTTP/3 on threads of their own, beside the event loop.
//!
//! ```text
//! tokio ─▶ listener (TLS) ─▶ http2 ─▶ serve, request ─▶ outbox ─▶ door ─▶ bridge::handover (JavaScript)
//!               └──▶ inloop::adopt (HTTP/1.1)  └─ answer ◀── exchange ◀── calls ◀──┘
//! ```
//!
//! `listen` begins it, `context` is what its threads share, `door` what the event loop has of it, with its requests in
//! `entries`. A request is an `Exchange`, which both sides hold; `serve` and `running` see to it on whatever stream it came
//! by (`wire`). `frames` and `guarded` count what a client sends besides requests. Every runtime belongs to one server, and
//! ends with it.

mod answer;
pub mod calls;
mod context;
pub mod door;
pub mod entries;
mod exchange;
mod frames;
mod guarded;
mod http2;
mod http2_wire;
mod http3;
pub mod listen;
mod listener;
mod outbox;
mod pace;
mod peer;
mod permits;
mod quic;
mod request;
mod running;
mod serve;
#[cfg(test)]
mod tests;
mod tickets;
mod tls;
mod wire;
