//! The same answers over TLS: by ALPN, hyper's HTTP/2 or its HTTP/1.1.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Reads a certificate chain and its key, as PEM.
pub fn acceptor(cert: &Path, key: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(cert).expect("a certificate file").collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(key).expect("a key file");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain.expect("a certificate chain"), key)
        .expect("a key of the certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new().expect("keys for tickets");
    TlsAcceptor::from(Arc::new(config))
}

pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    loop {
        // A connection that cannot be taken is the client's affair.
        let Ok((socket, _)) = listener.accept().await else { continue };
        tokio::spawn(connection(socket, acceptor.clone(), router.clone()));
    }
}

/// A connection's failures end it, and nothing else.
async fn connection(socket: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let _ = socket.set_nodelay(true);
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (stream, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(stream, service).await;
    }
}
