//! The native transport's plaintext half: HTTP/1.1 on the event loop that runs the JavaScript.
//!
//! ```text
//! uv ─▶ listener, io ─▶ input ─▶ http::parse, framing ─▶ bridge::handover (JavaScript) ─▶ answer ─▶ outgoing, output ─▶ uv
//! ```
//!
//! `connection` is what is known between two events, `server` what follows
//! from them, `binding` and `calls` are all that JavaScript sees. Everything runs on one thread: nothing is locked, and a
//! borrow of the state never lasts over a call into JavaScript, which may call back.

mod accept;
pub mod adopt;
mod answer;
pub mod binding;
mod calls;
mod connection;
mod fixed;
pub mod handles;
mod handoff;
mod input;
mod io;
mod lifetime;
pub mod limits;
pub mod listener;
mod logged;
mod outgoing;
mod output;
mod raw;
mod secure;
pub mod server;
mod server_calls;
mod state;
#[cfg(test)]
pub mod tests;
mod timers;
mod tls;
mod turn;
pub mod uv;
