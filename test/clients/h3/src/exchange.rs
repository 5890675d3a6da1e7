//! One request and what comes of it, each direction in a task of its own.

use std::collections::VecDeque;
use std::pin::pin;

use bytes::{Buf, Bytes};
use h3::client::{RequestStream, SendRequest};
use h3::error::{Code, StreamError};
use h3_quinn::{OpenStreams, RecvStream, SendStream};
use hotpress_test_h3::{encoded, told};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

pub type Requests = SendRequest<OpenStreams, Bytes>;

pub enum Order {
    End(Option<HeaderMap>),
    Reset(u64),
    Send(Bytes),
}

/// What the side that receives is told.
pub enum Reading {
    Go,
    Stop(u64),
}

/// Sends a request and what it is told to send after its head; `reads` says whether it begins to read unasked.
pub async fn exchange(
    mut requests: Requests,
    id: u64,
    head: Request<()>,
    reads: bool,
    mut orders: UnboundedReceiver<Order>,
    readings: UnboundedReceiver<Reading>,
) {
    let (mut sending, receiving) = match requests.send_request(head).await {
        Ok(stream) => stream.split(),
        Err(error) => return tell(id, "refused", reason(&error)),
    };
    // The connection lasts no longer than the last of these.
    drop(requests);
    tokio::spawn(receive(receiving, id, reads, readings));
    let mut waiting = VecDeque::new();
    loop {
        let next = match waiting.pop_front() {
            Some(order) => Some(order),
            None => orders.recv().await,
        };
        let Some(order) = next else { return };
        if let Err(error) = unless_reset(&mut sending, id, order, &mut orders, &mut waiting).await {
            return tell(id, "unsent", reason(&error));
        }
    }
}

/// Does as it is told, but for a reset in the meantime: that need not wait until the server takes what is to be sent.
async fn unless_reset(
    sending: &mut RequestStream<SendStream<Bytes>, Bytes>,
    id: u64,
    order: Order,
    orders: &mut UnboundedReceiver<Order>,
    waiting: &mut VecDeque<Order>,
) -> Result<(), StreamError> {
    let mut doing = pin!(carry_out(sending, id, order));
    loop {
        tokio::select! {
            biased;
            done = &mut doing => return done,
            Some(next) = orders.recv() => {
                if matches!(next, Order::Reset(_)) {
                    waiting.clear();
                    waiting.push_back(next);
                    return Ok(());
                }
                waiting.push_back(next);
            }
        }
    }
}

async fn carry_out(
    sending: &mut RequestStream<SendStream<Bytes>, Bytes>,
    id: u64,
    order: Order,
) -> Result<(), StreamError> {
    match order {
        Order::End(trailers) => {
            if let Some(trailers) = trailers {
                sending.send_trailers(trailers).await?;
            }
            sending.finish().await
        }
        Order::Reset(code) => {
            sending.stop_stream(Code::from(code));
            Ok(())
        }
        Order::Send(part) => {
            sending.send_data(part).await?;
            tell(id, "sent", json!({}));
            Ok(())
        }
    }
}

async fn receive(
    mut stream: RequestStream<RecvStream, Bytes>,
    id: u64,
    mut reads: bool,
    mut readings: UnboundedReceiver<Reading>,
) {
    let mut expected = Expected::Head;
    while !matches!(expected, Expected::Nothing) {
        tokio::select! {
            biased;
            Some(reading) = readings.recv() => match reading {
                Reading::Go => reads = true,
                Reading::Stop(code) => {
                    stream.stop_sending(Code::from(code));
                    return tell(id, "stopped", json!({}));
                }
            },
            came = next(&mut stream, id, &expected), if reads => match came {
                Ok(after) => expected = after,
                Err(error) => return tell(id, "broken", reason(&error)),
            },
            else => return,
        }
    }
}

/// What may come next of an answer.
enum Expected {
    Body,
    Head,
    Nothing,
    Trailers,
}

async fn next(
    stream: &mut RequestStream<RecvStream, Bytes>,
    id: u64,
    expected: &Expected,
) -> Result<Expected, StreamError> {
    match expected {
        Expected::Body => {
            let Some(mut part) = stream.recv_data().await? else { return Ok(Expected::Trailers) };
            let part = part.copy_to_bytes(part.remaining());
            tell(id, "data", json!({ "body": encoded(&part) }));
            Ok(Expected::Body)
        }
        Expected::Head => {
            let response = stream.recv_response().await?;
            let status = response.status();
            tell(id, "head", json!({ "headers": told(response.headers()), "status": status.as_u16() }));
            Ok(if status.is_informational() { Expected::Head } else { Expected::Body })
        }
        Expected::Nothing => Ok(Expected::Nothing),
        Expected::Trailers => {
            let trailers = stream.recv_trailers().await?;
            tell(id, "end", json!({ "trailers": trailers.as_ref().map(told) }));
            Ok(Expected::Nothing)
        }
    }
}

fn reason(error: &StreamError) -> Value {
    let code = match error {
        StreamError::RemoteTerminate { code, .. } | StreamError::StreamError { code, .. } => Some(code.value()),
        _ => None,
    };
    json!({ "code": code, "reason": error.to_string() })
}

fn tell(id: u64, event: &str, more: Value) {
    let mut told = json!({ "event": event, "id": id });
    if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
        told.extend(more);
    }
    println!("{told}");
}
