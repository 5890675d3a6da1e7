//! A server of HTTP/3 by the crates quinn and h3, for the client's tests to be tested with: its answers are those of the
//! app in `test/interop/http3.test.ts`.
//!
//! `h3-server <certificate file> <key file>`; it prints its port, and ends with its standard input.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, Bytes};
use h3::server::RequestStream;
use h3_quinn::BidiStream;
use hotpress_test_h3::{Failure, certificates, key};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, ServerConfig};
use tokio::io::{AsyncReadExt, stdin};

/// Requests whose client has left.
static LEFT: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let (Some(cert), Some(own)) = (words.next(), words.next()) else { return Err("two files are wanted".into()) };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(certificates(&cert)?, key(&own)?)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    let endpoint = Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into())?;
    println!("{}", endpoint.local_addr()?.port());
    let accepting = endpoint.clone();
    tokio::spawn(async move {
        while let Some(incoming) = accepting.accept().await {
            tokio::spawn(connection(incoming));
        }
    });
    let _ = stdin().read_to_end(&mut Vec::new()).await;
    Ok(())
}

async fn connection(incoming: quinn::Incoming) -> Result<(), Failure> {
    let mut connection = h3::server::Connection::new(h3_quinn::Connection::new(incoming.await?)).await?;
    while let Some(resolver) = connection.accept().await? {
        tokio::spawn(async move {
            let (request, mut stream) = resolver.resolve_request().await?;
            if let Err(error) = serve(request, &mut stream).await {
                LEFT.fetch_add(1, Ordering::Relaxed);
                return Err(error);
            }
            Ok::<_, Failure>(())
        });
    }
    Ok(())
}

type Stream = RequestStream<BidiStream<Bytes>, Bytes>;

async fn serve(request: Request<()>, stream: &mut Stream) -> Result<(), Failure> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/" => answer(stream, Response::new(()), format!("{} {path}", request.method())).await,
        "/early" => {
            let hint = Response::builder().status(StatusCode::EARLY_HINTS).header("link", "</style.css>; rel=preload");
            stream.send_response(hint.body(())?).await?;
            answer(stream, Response::new(()), "late").await
        }
        "/echo" => {
            let mut body = Vec::new();
            while let Some(part) = stream.recv_data().await? {
                body.extend_from_slice(part.chunk());
            }
            answer(stream, Response::new(()), body).await
        }
        "/large" if request.method() == Method::HEAD => {
            let head = Response::builder().header("content-length", large().len()).body(())?;
            stream.send_response(head).await?;
            Ok(stream.finish().await?)
        }
        "/large" => answer(stream, Response::new(()), large()).await,
        "/left" => answer(stream, Response::new(()), LEFT.load(Ordering::Relaxed).to_string()).await,
        "/trailers" => {
            stream.send_response(Response::new(())).await?;
            stream.send_data(Bytes::from_static(b"body")).await?;
            let mut trailers = HeaderMap::new();
            trailers.insert("x-checksum", HeaderValue::from_static("abc"));
            stream.send_trailers(trailers).await?;
            Ok(stream.finish().await?)
        }
        // Until the client has left.
        "/wait" => loop {
            stream.send_response(Response::builder().status(StatusCode::PROCESSING).body(())?).await?;
            tokio::task::yield_now().await;
        },
        _ => {
            let missing = Response::builder().status(StatusCode::NOT_FOUND).body(())?;
            answer(stream, missing, Vec::new()).await
        }
    }
}

async fn answer(stream: &mut Stream, response: Response<()>, body: impl Into<Bytes>) -> Result<(), Failure> {
    let body = body.into();
    let (mut parts, ()) = response.into_parts();
    parts.headers.insert("content-length", HeaderValue::from(body.len()));
    stream.send_response(Response::from_parts(parts, ())).await?;
    stream.send_data(body).await?;
    Ok(stream.finish().await?)
}

fn large() -> Vec<u8> {
    (0..1 << 20).map(|at: usize| (at % 251) as u8).collect()
}
