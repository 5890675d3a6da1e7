//! The native transport's plaintext half: HTTP/1.1 on the event loop that runs the JavaScript.
//!
//! ```text
//! uv ─▶ listener, io ─▶ input ─▶ parse, framing ─▶ handover (JavaScript) ─▶ answer, respond ─▶ outgoing, output ─▶ uv
//! ```
//!
//! `parse`, `framing` and `respond` are pure. `connection` is what is known between two events, `server` what follows
//! from them, `binding` and `calls` are all that JavaScript sees. Everything runs on one thread: nothing is locked, and a
//! borrow of the state never lasts over a call into JavaScript, which may call back.

mod answer;
pub mod binding;
mod calls;
mod connection;
mod control;
mod facts;
mod fixed;
mod framing;
mod handles;
mod handoff;
mod handover;
mod input;
mod io;
mod lifetime;
mod limits;
mod listener;
mod names;
mod outgoing;
mod output;
mod parse;
mod peers;
mod proxy;
mod refusal;
mod respond;
mod server;
#[cfg(test)]
mod tests;
mod timers;
mod turn;
mod uv;
mod values;
