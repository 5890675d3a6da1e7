//! One GET over HTTP/1.1.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Sends GET /ping and reads the answer.
///
/// # Errors
///
/// When the connection ends before the answer does.
pub async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), String> {
    let request = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.map_err(|error| error.to_string())?;
    stream.flush().await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\npong") {
        if stream.read_buf(&mut answer).await.map_err(|error| error.to_string())? == 0 {
            return Err(format!("closed after {} bytes of an answer", answer.len()));
        }
    }
    Ok(())
}
