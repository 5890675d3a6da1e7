//! One connection of HTTP/3, by the crates quinn and h3, told what to do by lines of JSON and telling by such lines what
//! has come: see `test/interop/_http3.ts`.
//!
//! `h3-client <address:port> <server name> <CA file> [--alpn <protocol>] [--identity <certificate file> <key file>]`

#[path = "../exchange.rs"]
mod exchange;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use bytes::Bytes;
use exchange::{Order, Reading, Requests, exchange};
use hotpress_test_h3::{Failure, certificates, decoded, fields, key};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, VarInt};
use rustls::RootCertStore;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

fn tell(event: Value) {
    println!("{event}");
}

fn local() -> Result<UdpSocket, Failure> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?)
}

struct Arguments {
    address: SocketAddr,
    alpn: String,
    ca: String,
    identity: Option<(String, String)>,
    name: String,
}

fn arguments() -> Result<Arguments, Failure> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} is missing"));
    let (address, name, ca) = (next("address")?.parse()?, next("server name")?, next("CA file")?);
    let mut given = Arguments { address, alpn: "h3".into(), ca, identity: None, name };
    while let Ok(option) = next("option") {
        match option.as_str() {
            "--alpn" => given.alpn = next("protocol")?,
            "--identity" => given.identity = Some((next("certificate file")?, next("key file")?)),
            _ => return Err(format!("{option} is not known").into()),
        }
    }
    Ok(given)
}

fn config(given: &Arguments) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(&given.ca)? {
        roots.add(authority)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let mut tls = match &given.identity {
        Some((cert, own)) => builder.with_client_auth_cert(certificates(cert)?, key(own)?)?,
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![given.alpn.as_bytes().to_vec()];
    Ok(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let given = arguments()?;
    let mut endpoint = Endpoint::new(quinn::EndpointConfig::default(), None, local()?, Arc::new(quinn::TokioRuntime))?;
    endpoint.set_default_client_config(config(&given)?);
    let connection = match endpoint.connect(given.address, &given.name)?.await {
        Ok(connection) => connection,
        Err(error) => {
            tell(json!({ "event": "failed", "reason": error.to_string() }));
            return Ok(());
        }
    };
    let (mut driver, requests) = match h3::client::new(h3_quinn::Connection::new(connection.clone())).await {
        Ok(opened) => opened,
        // A server may refuse a client's certificate when the handshake is over for the client.
        Err(error) => {
            tell(json!({ "event": "failed", "reason": error.to_string() }));
            return Ok(());
        }
    };
    tell(json!({ "event": "connected" }));
    // h3 does not tell a reason; quinn does, of the same end.
    let ended = connection.clone();
    let driven = tokio::spawn(async move {
        std::future::poll_fn(|context| driver.poll_close(context)).await;
        tell(json!({ "event": "closed", "reason": ended.closed().await.to_string() }));
    });
    follow(&endpoint, &connection, requests).await?;
    driven.await?;
    endpoint.wait_idle().await;
    Ok(())
}

/// Does what the lines say until there is no more, which closes the connection.
async fn follow(endpoint: &Endpoint, connection: &quinn::Connection, requests: Requests) -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    let mut running: HashMap<u64, (UnboundedSender<Order>, UnboundedSender<Reading>)> = HashMap::new();
    while let Some(line) = lines.next_line().await? {
        let order: Value = serde_json::from_str(&line)?;
        let id = order["id"].as_u64().unwrap_or_default();
        // What is over takes no more.
        let sender = |told: Order| running.get(&id).map(|(orders, _)| orders.send(told));
        let receiver = |told: Reading| running.get(&id).map(|(_, readings)| readings.send(told));
        match order["do"].as_str().unwrap_or_default() {
            "end" => drop(sender(Order::End(optional_fields(&order["trailers"])?))),
            "read" => drop(receiver(Reading::Go)),
            // As if the client had moved to another network, or its translator of addresses had forgotten it.
            "rebind" => endpoint.rebind(local()?)?,
            "request" => {
                let head = head(&order)?;
                let reads = order["reads"].as_bool().unwrap_or(true);
                let ((orders, taken), (readings, to_read)) = (unbounded_channel(), unbounded_channel());
                running.insert(id, (orders, readings));
                tokio::spawn(exchange(requests.clone(), id, head, reads, taken, to_read));
            }
            "reset" => drop(sender(Order::Reset(code(&order)))),
            "send" => drop(sender(Order::Send(body(&order)?))),
            "stop" => drop(receiver(Reading::Stop(code(&order)))),
            other => return Err(format!("{other} is not known").into()),
        }
    }
    connection.close(VarInt::from_u32(0x100), b"done");
    Ok(())
}

fn head(order: &Value) -> Result<http::Request<()>, Failure> {
    let text = |name: &str| order[name].as_str().ok_or_else(|| format!("{name} is missing"));
    let mut request = http::Request::builder().method(text("method")?).uri(text("url")?).body(())?;
    *request.headers_mut() = fields(&order["headers"])?;
    Ok(request)
}

fn body(order: &Value) -> Result<Bytes, Failure> {
    decoded(order["body"].as_str().unwrap_or_default())
}

fn code(order: &Value) -> u64 {
    order["code"].as_u64().unwrap_or(0x10c)
}

fn optional_fields(told: &Value) -> Result<Option<http::HeaderMap>, Failure> {
    if told.is_null() { Ok(None) } else { fields(told).map(Some) }
}
