//! Requests by the h3 crate.

use std::future::pending;
use std::time::Instant;

use bytes::{Buf, Bytes};
use h3::client::RequestStream;
use h3::error::Code;
use h3_quinn::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::connection::Sender;
use crate::{hex, tell, text};

pub enum Order {
    Data(Vec<u8>),
    End(HeaderMap),
    Read,
}

pub fn fields(given: &Value) -> HeaderMap {
    let pairs = given.as_array().into_iter().flatten();
    pairs
        .filter_map(|pair| {
            let name = HeaderName::from_bytes(pair[0].as_str()?.as_bytes()).ok()?;
            let latin1: Vec<u8> = pair[1].as_str()?.chars().map(|unit| unit as u8).collect();
            Some((name, HeaderValue::from_bytes(&latin1).ok()?))
        })
        .collect()
}

fn told(fields: &HeaderMap) -> Value {
    let latin1 = |value: &HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>();
    fields.iter().map(|(name, value)| json!([name.as_str(), latin1(value)])).collect()
}

/// What may be told to a request; its end by the second.
pub type Orders = (UnboundedSender<Order>, watch::Sender<bool>);

pub fn begin(id: u64, sender: Sender, order: Value) -> Orders {
    let (orders, taken) = unbounded_channel();
    let (abort, aborted) = watch::channel(false);
    tokio::spawn(async move {
        if let Err(reason) = run(id, sender, order, taken, aborted).await {
            tell(json!({ "event": "failed", "id": id, "reason": reason }));
        }
    });
    (orders, abort)
}

fn request(order: &Value) -> Result<Request<()>, String> {
    let authority = text(order, "authority");
    let uri = Uri::builder().scheme("https").authority(authority).path_and_query(text(order, "path"));
    let mut request = Request::new(());
    *request.uri_mut() = uri.build().map_err(|error| error.to_string())?;
    *request.method_mut() = text(order, "method").parse().map_err(|_| "no method".to_owned())?;
    *request.headers_mut() = fields(&order["headers"]);
    Ok(request)
}

async fn run(
    id: u64,
    mut sender: Sender,
    order: Value,
    mut orders: UnboundedReceiver<Order>,
    mut aborted: watch::Receiver<bool>,
) -> Result<(), String> {
    let stream = sender.send_request(request(&order)?).await.map_err(|error| error.to_string())?;
    let (mut send, recv) = stream.split();
    let (reads, wanted) = unbounded_channel();
    let reader = tokio::spawn(read(id, recv, wanted, aborted.clone()));
    let sending = obey(id, &mut send, &mut orders, &reads);
    let is_aborted = tokio::select! {
        () = sending => false,
        aborted = aborted.wait_for(|aborted| *aborted) => aborted.is_ok(),
    };
    if is_aborted {
        send.stop_stream(Code::H3_REQUEST_CANCELLED);
        tell(json!({ "event": "sent", "id": id }));
    }
    let _ = reader.await;
    Ok(())
}

async fn obey(
    id: u64,
    send: &mut RequestStream<SendStream<Bytes>, Bytes>,
    orders: &mut UnboundedReceiver<Order>,
    reads: &UnboundedSender<()>,
) {
    // A server that wants no more of the body may answer all the same. What is sent after it has said so is, to the
    // h3 crate, the end of the connection.
    let mut is_wanted = true;
    while let Some(order) = orders.recv().await {
        let is_sent = match order {
            Order::Data(bytes) => {
                let is_sent = is_wanted && send_data(send, bytes).await.is_ok();
                tell(json!({ "event": "sent", "id": id }));
                is_sent
            }
            Order::End(trailers) => is_wanted && end(send, trailers).await.is_ok(),
            Order::Read => {
                let _ = reads.send(());
                continue;
            }
        };
        if is_wanted && !is_sent {
            is_wanted = false;
            // Until then the stream counts for the server as one that is open (RFC 9000, 3.5).
            send.stop_stream(Code::H3_NO_ERROR);
        }
    }
}

async fn send_data(send: &mut RequestStream<SendStream<Bytes>, Bytes>, bytes: Vec<u8>) -> Result<(), String> {
    send.send_data(Bytes::from(bytes)).await.map_err(|error| error.to_string())
}

async fn end(send: &mut RequestStream<SendStream<Bytes>, Bytes>, trailers: HeaderMap) -> Result<(), String> {
    if !trailers.is_empty() {
        send.send_trailers(trailers).await.map_err(|error| error.to_string())?;
    }
    send.finish().await.map_err(|error| error.to_string())
}

async fn read(
    id: u64,
    mut recv: RequestStream<RecvStream, Bytes>,
    mut wanted: UnboundedReceiver<()>,
    mut aborted: watch::Receiver<bool>,
) {
    let reading = async {
        loop {
            let head = recv.recv_response().await?;
            let status = head.status().as_u16();
            tell(json!({ "event": "head", "id": id, "status": status, "headers": told(head.headers()) }));
            if status >= 200 {
                break;
            }
        }
        while wanted.recv().await.is_some() {
            match recv.recv_data().await? {
                Some(mut part) => {
                    let bytes = part.copy_to_bytes(part.remaining());
                    tell(json!({ "event": "data", "id": id, "hex": hex(&bytes) }));
                }
                None => {
                    let trailers = recv.recv_trailers().await?.unwrap_or_default();
                    tell(json!({ "event": "end", "id": id, "trailers": told(&trailers) }));
                    break;
                }
            }
        }
        Ok::<(), h3::error::StreamError>(())
    };
    let over = async {
        if aborted.wait_for(|aborted| *aborted).await.is_err() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        outcome = reading => if let Err(error) = outcome {
            tell(json!({ "event": "failed", "id": id, "reason": error.to_string() }));
        },
        () = over => {}
    }
}

/// Asks for `/` until a time, and says how often it was answered.
pub async fn repeat(mut sender: Sender, end: Instant) -> u64 {
    let mut count = 0;
    while Instant::now() < end {
        let request = Request::get("https://localhost/").body(()).expect("a request");
        let mut stream = sender.send_request(request).await.expect("a stream");
        stream.finish().await.expect("an end");
        let answer = stream.recv_response().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        while stream.recv_data().await.expect("a body").is_some() {}
        count += 1;
    }
    count
}
