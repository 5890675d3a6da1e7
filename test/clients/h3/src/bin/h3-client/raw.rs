//! Streams that bytes are written to as they are given.

use bytes::Bytes;
use hotpress_test_h3::encoded;
use quinn::{Connection, ConnectionError, ReadError, ReadToEndError, RecvStream, SendStream, VarInt};
use serde_json::{Value, json};

use crate::{number, tell_of};

const MOST: usize = 1 << 24;

/// Opens a stream, writes bytes to it, and ends it, resets it or leaves it open; tells what comes back.
pub async fn write(connection: Connection, id: u64, payload: Bytes, order: Value) {
    let (mut send, recv) = match open(&connection, order["kind"] == "uni").await {
        Ok(opened) => opened,
        Err(error) => return tell_of(id, "raw", json!({ "reason": error.to_string() })),
    };
    for _ in 0..order["times"].as_u64().unwrap_or(1) {
        if send.write_all(&payload).await.is_err() {
            break;
        }
    }
    if !order["reset"].is_null() {
        let _ = send.reset(code(&order, "reset"));
    } else if order["end"] == true {
        let _ = send.finish();
    }
    let Some(recv) = recv else {
        tell_of(id, "raw", json!({}));
        // A stream that is dropped is ended.
        connection.closed().await;
        return;
    };
    tell_of(id, "raw", came(recv, &order).await);
}

async fn open(connection: &Connection, is_uni: bool) -> Result<(SendStream, Option<RecvStream>), ConnectionError> {
    if is_uni {
        return Ok((connection.open_uni().await?, None));
    }
    let (send, recv) = connection.open_bi().await?;
    Ok((send, Some(recv)))
}

async fn came(mut recv: RecvStream, order: &Value) -> Value {
    if !order["stop"].is_null() {
        let _ = recv.stop(code(order, "stop"));
        return json!({});
    }
    match recv.read_to_end(MOST).await {
        Ok(read) => json!({ "body": encoded(&read) }),
        Err(ReadToEndError::Read(ReadError::Reset(code))) => json!({ "code": code.into_inner() }),
        Err(error) => json!({ "reason": error.to_string() }),
    }
}

fn code(order: &Value, name: &str) -> VarInt {
    VarInt::from_u64(number(order, name)).unwrap_or_default()
}
