//! As much of HTTP/2 as one GET and a long silence need (RFC 9113).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const ACK: u8 = 0x1;
const DATA: u8 = 0x0;
const END_STREAM: u8 = 0x1;
const GOAWAY: u8 = 0x7;
const HEADERS: u8 = 0x1;
const PADDED: u8 = 0x8;
const PING: u8 = 0x6;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;

/// The preface, empty SETTINGS, and GET /ping on stream 1: END_HEADERS and END_STREAM, fields by HPACK's static table,
/// values not compressed (RFC 7541, 6.2.2).
fn request() -> Vec<u8> {
    let mut fields = vec![0x82, 0x87, 0x04, 5];
    fields.extend(b"/ping");
    fields.extend([0x01, 9]);
    fields.extend(b"localhost");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, 0x4 | END_STREAM, 1, &fields));
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Sends GET /ping, reads frames, and acknowledges what asks for it, until the answer is there.
///
/// # Errors
///
/// When the answer is not 200 and `pong`, or the connection ends.
pub async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), String> {
    stream.write_all(&request()).await.map_err(|error| error.to_string())?;
    stream.flush().await.map_err(|error| error.to_string())?;
    let mut body = Vec::new();
    loop {
        let (kind, flags, number, payload) = next(stream).await?;
        match kind {
            // 0x88 is `:status: 200` of the static table.
            HEADERS if number == 1 && payload.first() != Some(&0x88) && body.is_empty() => {
                return Err("an answer that does not begin with :status 200".to_owned());
            }
            DATA if flags & PADDED == 0 => body.extend(payload),
            GOAWAY | RST_STREAM => return Err(format!("frame {kind} with {payload:?}")),
            _ => {}
        }
        if (kind == DATA || kind == HEADERS) && flags & END_STREAM != 0 {
            return if body == b"pong" { Ok(()) } else { Err("another body".to_owned()) };
        }
    }
}

/// Acknowledges what comes, until the connection ends.
pub async fn wait(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    while let Ok((kind, ..)) = next(stream).await {
        if kind == GOAWAY {
            return;
        }
    }
}

async fn next(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(u8, u8, u32, Vec<u8>), String> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.map_err(|error| error.to_string())?;
    let [a, b, c, kind, flags, number @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).await.map_err(|error| error.to_string())?;
    if flags & ACK == 0 && (kind == SETTINGS || kind == PING) {
        let reply = frame(kind, ACK, 0, if kind == PING { &payload } else { &[] });
        stream.write_all(&reply).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
    }
    Ok((kind, flags, u32::from_be_bytes(number), payload))
}
