//! A request by the h3 crate and what comes of it, each direction in a task of its own.

use std::future::pending;

use bytes::{Buf, Bytes};
use h3::client::{RequestStream, SendRequest};
use h3::error::{Code, StreamError};
use h3_quinn::{OpenStreams, RecvStream, SendStream};
use hotpress_test_h3::{Failure, encoded, fields, told};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::{tell_of, text};

pub type Requests = SendRequest<OpenStreams, Bytes>;

pub enum Sending {
    Data(Bytes),
    /// With trailers, unless these are empty.
    End(HeaderMap),
}

/// One that has begun. What has ended takes no more.
pub struct Request {
    reads: UnboundedSender<()>,
    reset: watch::Sender<Option<Code>>,
    sending: UnboundedSender<Sending>,
    stop: watch::Sender<Option<Code>>,
}

/// H3_REQUEST_CANCELLED where none is given.
pub fn code(order: &Value) -> Code {
    order["code"].as_u64().map_or(Code::H3_REQUEST_CANCELLED, Code::from)
}

impl Request {
    pub fn begin(requests: Requests, id: u64, order: &Value) -> Result<Self, Failure> {
        let head = head(order)?;
        let ((reads, to_read), (sending, to_send)) = (unbounded_channel(), unbounded_channel());
        let ((reset, is_reset), (stop, is_stopped)) = (watch::channel(None), watch::channel(None));
        tokio::spawn(run(requests, id, head, (to_read, is_stopped), (to_send, is_reset)));
        Ok(Self { reads, reset, sending, stop })
    }

    /// Reads what comes next of the answer.
    pub fn read(&self) {
        let _ = self.reads.send(());
    }

    /// Ends what is sent in the middle: that need not wait until the server takes what is to be sent.
    pub fn reset(&self, code: Code) {
        let _ = self.reset.send(Some(code));
    }

    pub fn send(&self, what: Sending) {
        let _ = self.sending.send(what);
    }

    /// Wants no more of the answer.
    pub fn stop(&self, code: Code) {
        let _ = self.stop.send(Some(code));
    }
}

fn head(order: &Value) -> Result<http::Request<()>, Failure> {
    let uri = Uri::builder().scheme("https").authority(text(order, "authority")?).path_and_query(text(order, "path")?);
    let mut head = http::Request::builder().method(text(order, "method")?).uri(uri.build()?).body(())?;
    *head.headers_mut() = fields(&order["headers"])?;
    Ok(head)
}

async fn run(
    mut requests: Requests,
    id: u64,
    head: http::Request<()>,
    (reads, stop): (UnboundedReceiver<()>, Told),
    (to_send, mut reset): (UnboundedReceiver<Sending>, Told),
) {
    let (mut sending, receiving) = match requests.send_request(head).await {
        Ok(stream) => stream.split(),
        Err(error) => return tell_of(id, "refused", reason(&error)),
    };
    tokio::spawn(receive(receiving, id, reads, stop));
    let code = tokio::select! {
        biased;
        outcome = send(&mut sending, id, to_send) => {
            if let Err(error) = outcome {
                tell_of(id, "unsent", reason(&error));
            }
            return;
        }
        code = told_code(&mut reset) => code,
    };
    sending.stop_stream(code);
    tell_of(id, "unsent", json!({ "code": code.value(), "reason": "the client has reset it" }));
}

type Told = watch::Receiver<Option<Code>>;

async fn told_code(told: &mut Told) -> Code {
    let code = told.wait_for(Option::is_some).await.ok().and_then(|code| *code);
    match code {
        Some(code) => code,
        None => pending().await,
    }
}

async fn send(
    stream: &mut RequestStream<SendStream<Bytes>, Bytes>,
    id: u64,
    mut orders: UnboundedReceiver<Sending>,
) -> Result<(), StreamError> {
    while let Some(order) = orders.recv().await {
        match order {
            Sending::Data(part) => {
                stream.send_data(part).await?;
                tell_of(id, "sent", json!({}));
            }
            Sending::End(trailers) => {
                if !trailers.is_empty() {
                    stream.send_trailers(trailers).await?;
                }
                stream.finish().await?;
            }
        }
    }
    Ok(())
}

/// Reads what is asked for, until the end of the answer or until it is stopped.
async fn receive(
    mut stream: RequestStream<RecvStream, Bytes>,
    id: u64,
    mut reads: UnboundedReceiver<()>,
    mut stop: Told,
) {
    let (mut has_begun, mut has_head) = (false, false);
    let code = loop {
        tokio::select! {
            biased;
            read = reads.recv() => if read.is_none() { return },
            code = told_code(&mut stop) => {
                // While h3-quinn reads it has no stream to stop, and it may read ahead: then it is stopped with 0, when
                // it is dropped.
                if !has_begun {
                    stream.stop_sending(code);
                }
                break code;
            }
        }
        has_begun = true;
        tokio::select! {
            biased;
            outcome = next(&mut stream, id, &mut has_head) => match outcome {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return tell_of(id, "failed", reason(&error)),
            },
            code = told_code(&mut stop) => break code,
        }
    };
    tell_of(id, "failed", json!({ "code": code.value(), "reason": "the client has stopped it" }));
}

/// Reads what comes next, and tells of it; false at the end.
async fn next(
    stream: &mut RequestStream<RecvStream, Bytes>,
    id: u64,
    has_head: &mut bool,
) -> Result<bool, StreamError> {
    if !*has_head {
        let head = stream.recv_response().await?;
        let status = head.status();
        *has_head = !status.is_informational();
        tell_of(id, "head", json!({ "headers": told(head.headers()), "status": status.as_u16() }));
        return Ok(true);
    }
    if let Some(mut part) = stream.recv_data().await? {
        let part = part.copy_to_bytes(part.remaining());
        tell_of(id, "data", json!({ "body": encoded(&part) }));
        return Ok(true);
    }
    let trailers = stream.recv_trailers().await?;
    tell_of(id, "end", json!({ "trailers": trailers.as_ref().map(told) }));
    Ok(false)
}

fn reason(error: &StreamError) -> Value {
    let code = match error {
        StreamError::RemoteTerminate { code, .. } | StreamError::StreamError { code, .. } => Some(code.value()),
        _ => None,
    };
    json!({ "code": code, "reason": error.to_string() })
}
