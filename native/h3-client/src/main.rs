//! A client of HTTP/3 for the tests. Lines of JSON on its input say what to do, lines on its output what has come of it;
//! bytes are in hexadecimal. It believes any certificate.
//!
//! In: `connect` (conn, port, name, chain, key, raw), `request` (conn, id, method, authority, path, headers), `data` (id,
//! hex), `end` (id, trailers), `read` (id), `abort` (id), `write` (conn, id, kind, hex, end, reset), `close` (conn).
//! Out: `connected`, `head`, `data`, `end`, `failed`, `closed`, and `raw` for what came by a stream that was written to.

mod connection;
mod raw;
mod request;
mod trust;

use std::collections::HashMap;

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use connection::Connection;
use request::{Order, Orders};

pub fn tell(event: Value) {
    println!("{event}");
}

pub fn text<'a>(order: &'a Value, name: &str) -> &'a str {
    order[name].as_str().unwrap_or_default()
}

pub fn bytes(order: &Value, name: &str) -> Vec<u8> {
    let digits = text(order, name).as_bytes();
    digits.chunks_exact(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let mut requests: HashMap<u64, Orders> = HashMap::new();
    if let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) {
        return measure(port).await;
    }
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(order) = serde_json::from_str::<Value>(&line) else { continue };
        let (conn, id) = (order["conn"].as_u64().unwrap_or_default(), order["id"].as_u64().unwrap_or_default());
        let tell_request = |order| {
            if let Some((request, _)) = requests.get(&id) {
                let _ = request.send(order);
            }
        };
        match text(&order, "do") {
            "connect" => match connection::open(conn, &order).await {
                Ok(connection) => {
                    let chain =
                        connection.quic.peer_identity().and_then(|chain| chain.downcast::<Vec<CertificateDer>>().ok());
                    let certificate = chain.and_then(|chain| Some(hex(chain.first()?)));
                    connections.insert(conn, connection);
                    tell(json!({ "event": "connected", "conn": conn, "certificate": certificate }));
                }
                Err(reason) => tell(json!({ "event": "closed", "conn": conn, "reason": reason })),
            },
            "request" => {
                if let Some(sender) = connections.get(&conn).and_then(|connection| connection.sender.clone()) {
                    requests.insert(id, request::begin(id, sender, order));
                }
            }
            "data" => tell_request(Order::Data(bytes(&order, "hex"))),
            "end" => tell_request(Order::End(request::fields(&order["trailers"]))),
            "read" => tell_request(Order::Read),
            "abort" => {
                if let Some((_, abort)) = requests.remove(&id) {
                    let _ = abort.send(true);
                }
            }
            "write" => {
                if let Some(connection) = connections.get(&conn) {
                    raw::write(connection.quic.clone(), id, order);
                }
            }
            "close" => {
                if let Some(connection) = connections.remove(&conn) {
                    connection.close().await;
                }
            }
            _ => {}
        }
    }
}

/// Small requests, 64 at once on one connection, for five seconds: how many a second.
async fn measure(port: u16) {
    let order = json!({ "port": port, "name": "localhost" });
    let connection = connection::open(0, &order).await.expect("a connection");
    let sender = connection.sender.clone().expect("HTTP/3");
    for round in 0..3 {
        let begun = std::time::Instant::now();
        let seconds = if round == 0 { 1 } else { 5 };
        let workers: Vec<_> = (0..64)
            .map(|_| tokio::spawn(request::repeat(sender.clone(), begun + std::time::Duration::from_secs(seconds))))
            .collect();
        let mut count = 0;
        for worker in workers {
            count += worker.await.expect("a worker");
        }
        println!("{} requests a second", (count as f64 / begun.elapsed().as_secs_f64()) as u64);
    }
}
