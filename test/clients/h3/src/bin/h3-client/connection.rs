//! A connection of QUIC, and HTTP/3 on it unless only its streams are wanted.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use hotpress_test_h3::{Failure, certificates, decoded, encoded, fields, key};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError, Endpoint};
use rustls::pki_types::CertificateDer;
use rustls::{RootCertStore, crypto};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::request::{self, Request, Requests, Sending};
use crate::trust::AnyServer;
use crate::{CLOSED, number, raw, refuse, tell, text};

const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
// RFC 9114, 8.1
const H3_NO_ERROR: u32 = 0x100;

struct Connection {
    endpoint: Endpoint,
    quic: quinn::Connection,
    /// None for one that has its streams alone.
    requests: Option<Requests>,
    running: HashMap<u64, Request>,
}

/// Opens a connection and does what it is told, until it is told to close it.
pub async fn run(conn: u64, order: Value, mut orders: UnboundedReceiver<Value>) {
    let mut connection = match open(&order).await {
        Ok(connection) => connection,
        Err(error) => return tell(json!({ "event": "closed", "conn": conn, "reason": error.to_string() })),
    };
    let chain = connection.quic.peer_identity().and_then(|chain| chain.downcast::<Vec<CertificateDer>>().ok());
    let certificate = chain.and_then(|chain| Some(encoded(chain.first()?)));
    tell(json!({ "event": "connected", "conn": conn, "certificate": certificate }));
    tokio::spawn(tell_end(conn, connection.quic.clone()));
    while let Some(order) = orders.recv().await {
        if order["do"] == "close" {
            break;
        }
        if let Err(error) = connection.take(&order) {
            refuse(&order, &error.to_string());
        }
    }
    connection.quic.close(H3_NO_ERROR.into(), b"done");
    orders.close();
    while let Some(order) = orders.recv().await {
        refuse(&order, CLOSED);
    }
    connection.endpoint.wait_idle().await;
}

async fn tell_end(conn: u64, quic: quinn::Connection) {
    let error = quic.closed().await;
    let code = match &error {
        ConnectionError::ApplicationClosed(close) => Some(close.error_code.into_inner()),
        _ => None,
    };
    tell(json!({ "event": "closed", "conn": conn, "code": code, "reason": error.to_string() }));
}

async fn open(order: &Value) -> Result<Connection, Failure> {
    let mut endpoint = Endpoint::client(LOCAL)?;
    endpoint.set_default_client_config(config(order)?);
    let address = (Ipv4Addr::LOCALHOST, u16::try_from(number(order, "port"))?).into();
    let quic = endpoint.connect(address, text(order, "name")?)?.await?;
    let mut requests = None;
    if order["raw"] != true {
        let (mut driver, made) = h3::client::new(h3_quinn::Connection::new(quic.clone())).await?;
        requests = Some(made);
        // quinn tells of the same end, with its reason.
        tokio::spawn(async move { poll_fn(|context| driver.poll_close(context)).await });
    }
    Ok(Connection { endpoint, quic, requests, running: HashMap::new() })
}

fn config(order: &Value) -> Result<ClientConfig, Failure> {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let builder = match order["ca"].as_str() {
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(ca)? {
                roots.add(authority)?;
            }
            builder.with_root_certificates(roots)
        }
        None => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer::new())),
    };
    let own = &order["identity"];
    let mut tls = if own.is_null() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_auth_cert(certificates(text(own, "cert")?)?, key(text(own, "key")?)?)?
    };
    tls.alpn_protocols = vec![text(order, "alpn")?.into()];
    Ok(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?)))
}

impl Connection {
    fn take(&mut self, order: &Value) -> Result<(), Failure> {
        let id = number(order, "id");
        let running = self.running.get(&id);
        let code = || request::code(order);
        match (text(order, "do")?, running) {
            ("data", Some(request)) => request.send(Sending::Data(decoded(&order["body"])?)),
            ("end", Some(request)) => request.send(Sending::End(fields(&order["trailers"])?)),
            ("read", Some(request)) => request.read(),
            ("rebind", _) => self.endpoint.rebind(UdpSocket::bind(LOCAL)?)?,
            ("request", _) => {
                let requests = self.requests.clone().ok_or("it has its streams alone")?;
                self.running.insert(id, Request::begin(requests, id, order)?);
            }
            ("reset", Some(request)) => request.reset(code()),
            ("stop", Some(request)) => request.stop(code()),
            ("write", _) => {
                drop(tokio::spawn(raw::write(self.quic.clone(), id, decoded(&order["body"])?, order.clone())))
            }
            (other, _) => return Err(format!("{other} cannot be done").into()),
        }
        Ok(())
    }
}
