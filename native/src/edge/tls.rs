//! TLS by rustls on ring: who the server says it is, and to whom.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::tickets::Tickets;

/// A certificate chain with its key, as DER, and what it is for.
pub struct Certificate {
    pub chain: Vec<Vec<u8>>,
    pub key: Vec<u8>,
    /// In lower case, `*.` for any one label in front.
    pub names: Vec<String>,
    pub ocsp: Option<Vec<u8>>,
}

/// What is asked of a server that speaks TLS.
pub struct Options {
    /// The protocols that are offered, most wanted first (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    pub certificates: Vec<Certificate>,
    /// By their IANA names, most wanted first; all that there are, where none is named.
    pub ciphers: Vec<String>,
    /// Issuers of clients' certificates; none are asked for without.
    pub clients: Vec<Vec<u8>>,
    pub is_client_required: bool,
    pub only_tls13: bool,
    pub sends_tickets: bool,
    /// Secrets of session tickets; without, keys that are made here and changed every six hours.
    pub ticket_secrets: Vec<Vec<u8>>,
}

/// Certificates by name, and the keys of session tickets: what may be changed while a server listens.
pub struct Identity {
    provider: Arc<CryptoProvider>,
    table: RwLock<Arc<Table>>,
    tickets: RwLock<Arc<dyn ProducesTickets>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

#[derive(Debug)]
struct Table {
    by_name: HashMap<String, Arc<CertifiedKey>>,
    /// For clients that name no host, or one that no other is for.
    default: Arc<CertifiedKey>,
}

impl Table {
    fn new(provider: &CryptoProvider, certificates: Vec<Certificate>) -> Result<Self, String> {
        let mut by_name = HashMap::new();
        let mut default = None;
        for Certificate { chain, key, names, ocsp } in certificates {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
            let key = provider.key_provider.load_private_key(key).map_err(|error| error.to_string())?;
            let chain = chain.into_iter().map(CertificateDer::from).collect();
            let mut certified = CertifiedKey::new(chain, key);
            certified.keys_match().map_err(|error| error.to_string())?;
            certified.ocsp = ocsp;
            let certified = Arc::new(certified);
            for name in names {
                by_name.entry(name).or_insert_with(|| Arc::clone(&certified));
            }
            default.get_or_insert(certified);
        }
        let default = default.ok_or("there is no certificate")?;
        Ok(Self { by_name, default })
    }

    fn find(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let found = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            self.by_name.get(&name).or_else(|| {
                let (_, parent) = name.split_once('.')?;
                self.by_name.get(&format!("*.{parent}"))
            })
        });
        Arc::clone(found.unwrap_or(&self.default))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, hello: ClientHello) -> Option<Arc<CertifiedKey>> {
        let table = Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        Some(table.find(hello.server_name()))
    }
}

impl ProducesTickets for Identity {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.tickets.read().unwrap_or_else(PoisonError::into_inner).lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.tickets.read().unwrap_or_else(PoisonError::into_inner).encrypt(plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.tickets.read().unwrap_or_else(PoisonError::into_inner).decrypt(ticket)
    }
}

impl Identity {
    /// Changes what new connections are served with; nothing is changed where something is wrong with it. Without secrets
    /// the keys of tickets stay.
    pub fn replace(&self, certificates: Vec<Certificate>, secrets: &[Vec<u8>]) -> Result<(), String> {
        let table = Table::new(&self.provider, certificates)?;
        if let Some(tickets) = Tickets::new(secrets) {
            *self.tickets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tickets);
        }
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        Ok(())
    }
}

/// What a server that speaks TLS is made with: its identity apart, since that may be changed.
pub fn configure(options: Options) -> Result<(Arc<Identity>, ServerConfig), String> {
    let mut provider = ring::default_provider();
    if !options.ciphers.is_empty() {
        let all = std::mem::take(&mut provider.cipher_suites);
        for name in &options.ciphers {
            let suite = all.iter().find(|suite| {
                format!("{:?}", suite.suite())
                    == name.replacen("TLS_AES", "TLS13_AES", 1).replacen("TLS_CHACHA", "TLS13_CHACHA", 1)
            });
            provider.cipher_suites.push(*suite.ok_or_else(|| format!("there is no cipher suite {name}"))?);
        }
    }
    let provider = Arc::new(provider);
    let tickets: Arc<dyn ProducesTickets> = match Tickets::new(&options.ticket_secrets) {
        Some(tickets) => Arc::new(tickets),
        None => ring::Ticketer::new().map_err(|error| error.to_string())?,
    };
    let identity = Arc::new(Identity {
        table: RwLock::new(Arc::new(Table::new(&provider, options.certificates)?)),
        provider: Arc::clone(&provider),
        tickets: RwLock::new(tickets),
    });
    let versions: &[&SupportedProtocolVersion] = if options.only_tls13 { &[&TLS13] } else { &[&TLS13, &TLS12] };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = if options.clients.is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for issuer in options.clients {
            roots.add(CertificateDer::from(issuer)).map_err(|error| error.to_string())?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = if options.is_client_required { verifier } else { verifier.allow_unauthenticated() };
        builder.with_client_cert_verifier(verifier.build().map_err(|error| error.to_string())?)
    };
    let mut config = builder.with_cert_resolver(Arc::clone(&identity) as _);
    config.alpn_protocols = options.alpn;
    config.ignore_client_order = !options.ciphers.is_empty();
    // Sessions are in their tickets, so that what is kept here does not grow with the number of clients.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if options.sends_tickets {
        config.ticketer = Arc::clone(&identity) as _;
    } else {
        config.send_tls13_tickets = 0;
    }
    Ok((identity, config))
}

/// The same for HTTP/3: of the same identity. Nothing is taken before the handshake is done, since it could be replayed.
pub fn of_quic(config: &ServerConfig) -> Result<Arc<ServerConfig>, String> {
    if !config.crypto_provider().cipher_suites.iter().any(|suite| suite.tls13().is_some()) {
        return Err("HTTP/3 needs a cipher suite of TLS 1.3".into());
    }
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h3".to_vec()];
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}
