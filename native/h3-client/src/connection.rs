//! A connection of QUIC, and HTTP/3 on it unless only its streams are wanted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use h3::client::SendRequest;
use h3_quinn::OpenStreams;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError, Endpoint};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::trust::AnyServer;
use crate::{bytes, tell, text};

pub type Sender = SendRequest<OpenStreams, Bytes>;

pub struct Connection {
    endpoint: Endpoint,
    pub quic: quinn::Connection,
    pub sender: Option<Sender>,
}

pub async fn open(conn: u64, order: &Value) -> Result<Connection, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| told(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer::new()));
    let certificate = bytes(order, "cert");
    let mut tls = if certificate.is_empty() {
        builder.with_no_client_auth()
    } else {
        let key = PrivateKeyDer::try_from(bytes(order, "key")).map_err(|error| told(&error))?;
        builder.with_client_auth_cert(vec![CertificateDer::from(certificate)], key).map_err(|error| told(&error))?
    };
    let alpn = text(order, "alpn");
    tls.alpn_protocols = vec![if alpn.is_empty() { b"h3".to_vec() } else { alpn.as_bytes().to_vec() }];
    let mut endpoint = Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(|error| told(&error))?;
    let config = QuicClientConfig::try_from(tls).map_err(|error| told(&error))?;
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(config)));
    let port = order["port"].as_u64().unwrap_or_default() as u16;
    let name = if text(order, "name").is_empty() { "localhost" } else { text(order, "name") };
    let connecting = endpoint.connect((Ipv4Addr::LOCALHOST, port).into(), name).map_err(|error| told(&error))?;
    let quic = connecting.await.map_err(|error| told(&error))?;
    let closed = quic.clone();
    tokio::spawn(async move {
        let (code, reason) = match closed.closed().await {
            ConnectionError::ApplicationClosed(close) => (Some(close.error_code.into_inner()), String::new()),
            error => (None, error.to_string()),
        };
        tell(json!({ "event": "closed", "conn": conn, "code": code, "reason": reason }));
    });
    let mut sender = None;
    if order["raw"] != true {
        let (mut driver, made) =
            h3::client::new(h3_quinn::Connection::new(quic.clone())).await.map_err(|error| told(&error))?;
        sender = Some(made);
        tokio::spawn(async move {
            let error = std::future::poll_fn(|task| driver.poll_close(task)).await;
            tell(json!({ "event": "parted", "conn": conn, "reason": error.to_string() }));
        });
    }
    Ok(Connection { endpoint, quic, sender })
}

impl Connection {
    pub async fn close(self) {
        self.quic.close(0x100_u32.into(), b"");
        self.endpoint.wait_idle().await;
    }
}
