//! Streams that bytes are written to as they are given.

use quinn::{Connection, ReadToEndError, VarInt};
use serde_json::{Value, json};

use crate::{bytes, hex, tell, text};

/// Opens a stream, writes bytes to it, and ends it, resets it or leaves it open; tells what comes back.
pub fn write(connection: Connection, id: u64, order: Value) {
    tokio::spawn(async move {
        let payload = bytes(&order, "hex");
        let times = order["times"].as_u64().unwrap_or(1);
        let end = |send: &mut quinn::SendStream| {
            if let Some(code) = order["reset"].as_u64() {
                let _ = send.reset(VarInt::from_u64(code).unwrap_or_default());
            } else if order["end"] == true {
                let _ = send.finish();
            }
        };
        if text(&order, "kind") == "uni" {
            let Ok(mut send) = connection.open_uni().await else { return };
            for _ in 0..times {
                if send.write_all(&payload).await.is_err() {
                    break;
                }
            }
            end(&mut send);
            // Open for as long as the connection is.
            connection.closed().await;
            return;
        }
        let Ok((mut send, mut recv)) = connection.open_bi().await else { return };
        for _ in 0..times {
            if send.write_all(&payload).await.is_err() {
                break;
            }
        }
        end(&mut send);
        if let Some(code) = order["stop"].as_u64() {
            let _ = recv.stop(VarInt::from_u64(code).unwrap_or_default());
            return;
        }
        let outcome = recv.read_to_end(1 << 24).await;
        tell(match outcome {
            Ok(read) => json!({ "event": "raw", "id": id, "hex": hex(&read) }),
            Err(ReadToEndError::Read(quinn::ReadError::Reset(code))) => {
                json!({ "event": "raw", "id": id, "reset": code.into_inner() })
            }
            Err(error) => json!({ "event": "raw", "id": id, "failed": error.to_string() }),
        });
        drop(send);
    });
}
