//! What a client offers: TLS 1.3, one cipher suite, one group, so that every server does the same work.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Takes any certificate, and any signature for it.
#[derive(Debug)]
struct Unchecked(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Tickets of one server, the newest taken first: some servers keep a few sessions only. Each is used once, as RFC 8446
/// asks of clients (C.4); Node gives two with a full handshake and none with a resumed one.
#[derive(Default)]
pub struct Tickets {
    are_released: AtomicBool,
    held: Mutex<Vec<Tls13ClientSessionValue>>,
}

impl Tickets {
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Until it is called none is taken, and all handshakes are full.
    pub fn release(&self) {
        self.are_released.store(true, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tls13ClientSessionValue>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} tickets", self.count())
    }
}

impl ClientSessionStore for Tickets {
    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.lock().push(ticket);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        if self.are_released.load(Relaxed) { self.lock().pop() } else { None }
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }
}

/// What makes full handshakes only.
pub fn config(protocol: &[u8]) -> Arc<ClientConfig> {
    with_resumption(protocol, Resumption::disabled())
}

/// What uses `tickets` while there are some, and adds those that it is given.
pub fn resuming(protocol: &[u8], tickets: &Arc<Tickets>) -> Arc<ClientConfig> {
    let store: Arc<dyn ClientSessionStore> = Arc::<Tickets>::clone(tickets);
    with_resumption(protocol, Resumption::store(store))
}

fn with_resumption(protocol: &[u8], resumption: Resumption) -> Arc<ClientConfig> {
    let provider = CryptoProvider {
        cipher_suites: vec![cipher_suite::TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![kx_group::X25519],
        ..default_provider()
    };
    let verifier = Arc::new(Unchecked(provider.signature_verification_algorithms));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("a suite of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = resumption;
    Arc::new(config)
}

pub async fn connect(server: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(server).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").expect("a host name");
    TlsConnector::from(Arc::clone(config)).connect(name, socket).await
}
