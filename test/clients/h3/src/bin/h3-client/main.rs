//! A client of HTTP/3 by the crates quinn and h3, for the tests: see `test/_http3.ts`. Lines of JSON on its input say what
//! to do, and lines of JSON on its output tell what has come of it; bytes are in Base64.
//!
//! In, each with `conn`: `connect` (port, name, alpn, ca, identity, raw), `request` (id, method, authority, path, headers),
//! `data` (id, body), `end` (id, trailers), `reset` (id, code), `read` (id), `stop` (id, code), `write` (id, kind, body,
//! times, end, reset, stop), `rebind`, `close`. Nothing of an answer is read but what a `read` asks for.
//!
//! Out, of a connection: `connected`, `closed`; of what has an `id`: `sent` and `unsent` for what is sent, `head`, `data`,
//! `end` and `failed` for what is read, `refused` for both, `raw` for what came by a stream that was written to.

mod connection;
mod raw;
mod request;
mod trust;

use std::collections::HashMap;
use std::io::{Write, stdout};

use hotpress_test_h3::Failure;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Whoever listened may be gone.
fn tell(event: Value) {
    let _ = writeln!(stdout(), "{event}");
}

fn tell_of(id: u64, event: &str, mut more: Value) {
    more["event"] = event.into();
    more["id"] = id.into();
    tell(more);
}

const CLOSED: &str = "the connection is closed";

fn refuse(order: &Value, reason: &str) {
    tell_of(number(order, "id"), "refused", json!({ "reason": reason }));
}

fn number(order: &Value, name: &str) -> u64 {
    order[name].as_u64().unwrap_or_default()
}

fn text<'a>(order: &'a Value, name: &str) -> Result<&'a str, String> {
    order[name].as_str().ok_or_else(|| format!("{name} is missing: {order}"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    let mut connections: HashMap<u64, UnboundedSender<Value>> = HashMap::new();
    while let Some(line) = lines.next_line().await? {
        let order: Value = serde_json::from_str(&line)?;
        let conn = number(&order, "conn");
        if order["do"] == "connect" {
            let (orders, taken) = unbounded_channel();
            connections.insert(conn, orders);
            tokio::spawn(connection::run(conn, order, taken));
            continue;
        }
        match connections.get(&conn) {
            Some(orders) => orders.send(order).unwrap_or_else(|unsent| refuse(&unsent.0, CLOSED)),
            None => refuse(&order, CLOSED),
        }
    }
    Ok(())
}
