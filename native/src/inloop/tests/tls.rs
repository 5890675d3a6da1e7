//! Sessions against rustls's own client, in memory.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConfig, ServerConnection, SignatureScheme,
    SupportedProtocolVersion,
};

use crate::inloop::tls::{Input, Tls};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

pub fn server_config(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../test/fixtures/tls/");
    let chain = vec![CertificateDer::from_pem_file(format!("{folder}cert.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(format!("{folder}key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).expect("a version");
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).expect("a certificate of the key"))
}

pub fn client_config(version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).expect("a version");
    Arc::new(config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth())
}

/// Two ends after their handshake. What the server has to say after it (tickets) is still to be sent.
pub fn pair(version: &'static SupportedProtocolVersion) -> (ClientConnection, Box<ServerConnection>) {
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = ClientConnection::new(client_config(version), name).expect("a client");
    let mut server = ServerConnection::new(server_config(version)).expect("a server");
    while client.is_handshaking() || server.is_handshaking() {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).expect("room");
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("a flight");
            server.process_new_packets().expect("a handshake");
        }
        if server.is_handshaking() || client.is_handshaking() {
            let mut flight = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut flight).expect("room");
            }
            take(&mut client, &flight);
        }
    }
    (client, Box::new(server))
}

/// What a client has to send, with some bytes.
pub fn records(client: &mut ClientConnection, plain: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    let mut rest = plain;
    loop {
        rest = &rest[client.writer().write(rest).expect("a session")..];
        while client.wants_write() {
            client.write_tls(&mut records).expect("room");
        }
        if rest.is_empty() {
            return records;
        }
    }
}

/// What a client reads from some records.
pub fn take(client: &mut ClientConnection, mut records: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while !records.is_empty() && client.read_tls(&mut records).expect("room") > 0 {
        client.process_new_packets().expect("records");
        // Until there is nothing for now.
        let _ = client.reader().read_to_end(&mut plain);
    }
    plain
}

fn types(mut records: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = records {
        types.push(*kind);
        records = &rest[usize::from(*high) << 8 | usize::from(*low)..];
    }
    types
}

#[test]
fn opens_records_in_whatever_parts_they_come() {
    for version in VERSIONS {
        for size in [1, 3, 7, 1000, 4096, 65_536] {
            let (mut client, session) = pair(version);
            let mut tls = Tls::new(session);
            let sent: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
            let mut plain = Vec::new();
            for part in records(&mut client, &sent).chunks(size) {
                assert_eq!(tls.open(part, &mut plain), Input::Open);
            }
            assert!(plain == sent, "{version:?} in parts of {size}");
        }
    }
}

#[test]
fn seals_what_has_gathered_in_as_few_records_as_it_takes() {
    for version in VERSIONS {
        let (mut client, session) = pair(version);
        let mut tls = Tls::new(session);
        let mut tickets = Vec::new();
        assert!(tls.seal(&[], &mut tickets));
        assert_eq!(take(&mut client, &tickets), b"");
        assert!(!tls.has_news());
        for (size, count) in [(1, 1), (300, 1), (16_384, 1), (16_385, 2), (1_000_000, 62)] {
            let sent = vec![b'x'; size];
            let mut out = Vec::new();
            assert!(tls.seal(&sent, &mut out));
            assert_eq!(types(&out), vec![23; count], "{size} bytes");
            assert!(take(&mut client, &out) == sent);
        }
    }
}

#[test]
fn has_what_an_adopted_session_holds() {
    for version in VERSIONS {
        let (mut client, mut session) = pair(version);
        let all = records(&mut client, b"GET / HTTP/1.1\r\n\r\n");
        let (most, last) = all.split_at(all.len() - 1);
        let first = records(&mut client, b"x");
        // One record that nobody has read, and a part of the next.
        session.read_tls(&mut &most[..]).expect("room");
        session.process_new_packets().expect("a part");
        let mut tls = Tls::new(session);
        let mut plain = Vec::new();
        assert_eq!(tls.open(&[], &mut plain), Input::Open);
        assert!(plain.is_empty());
        assert_eq!(tls.open(&[last, &first[..]].concat(), &mut plain), Input::Open);
        assert_eq!(plain, b"GET / HTTP/1.1\r\n\r\nx");

        let (mut client, mut session) = pair(version);
        session.read_tls(&mut &records(&mut client, b"unread")[..]).expect("room");
        session.process_new_packets().expect("a record");
        let mut tls = Tls::new(session);
        plain.clear();
        assert_eq!(tls.open(&[], &mut plain), Input::Open);
        assert_eq!(plain, b"unread");
    }
}

#[test]
fn knows_an_end_from_a_cut() {
    for version in VERSIONS {
        let (mut client, session) = pair(version);
        let mut tls = Tls::new(session);
        let mut plain = Vec::new();
        let mut last = records(&mut client, b"last");
        client.send_close_notify();
        client.write_tls(&mut last).expect("room");
        assert!(!tls.is_ended());
        // Behind the notice nothing is read.
        last.extend_from_slice(b"\x17\x03\x03\x00\x01\x00");
        assert_eq!(tls.open(&last, &mut plain), Input::Ended);
        assert_eq!(plain, b"last");
        assert!(tls.is_ended() && !tls.is_broken());

        // And is answered once, after what is still to be sent.
        let mut out = Vec::new();
        assert!(tls.seal(b"answer", &mut out));
        tls.say_last();
        tls.say_last();
        assert!(tls.seal(&[], &mut out));
        assert!(!tls.has_news());
        assert_eq!(take(&mut client, &out), b"answer");
        assert!(client.process_new_packets().expect("a session").peer_has_closed());
        assert!(!tls.seal(b"more", &mut out));
    }
}

#[test]
fn a_broken_record_ends_it_with_an_alert_after_what_came_before() {
    for version in VERSIONS {
        let (mut client, session) = pair(version);
        let mut tls = Tls::new(session);
        let mut out = Vec::new();
        tls.seal(&[], &mut out);
        take(&mut client, &out);
        let mut plain = Vec::new();
        let mut sent = records(&mut client, b"whole");
        let mut bad = records(&mut client, b"broken");
        *bad.last_mut().expect("a record") ^= 1;
        sent.extend_from_slice(&bad);
        assert_eq!(tls.open(&sent, &mut plain), Input::Broken);
        assert_eq!(plain, b"whole");
        assert!(tls.is_broken() && tls.has_news());
        out.clear();
        assert!(tls.seal(&[], &mut out));
        let mut rest = out.as_slice();
        client.read_tls(&mut rest).expect("room");
        assert!(matches!(client.process_new_packets(), Err(Error::AlertReceived(_))));
        assert!(!tls.seal(b"answer", &mut out));
        assert_eq!(tls.open(b"\x17", &mut plain), Input::Broken);
    }
}

#[test]
fn key_updates_are_followed_and_a_flood_of_them_is_not() {
    let (mut client, session) = pair(&TLS13);
    let mut tls = Tls::new(session);
    let mut plain = Vec::new();
    for _ in 0..100 {
        client.refresh_traffic_keys().expect("TLS 1.3");
        assert_eq!(tls.open(&records(&mut client, b"x"), &mut plain), Input::Open);
        let mut out = Vec::new();
        assert!(tls.seal(b"y", &mut out));
        assert_eq!(take(&mut client, &out), b"y");
    }
    assert_eq!(plain.len(), 100);
    let mut flood = Vec::new();
    for _ in 0..40 {
        client.refresh_traffic_keys().expect("TLS 1.3");
        flood.extend_from_slice(&records(&mut client, b""));
    }
    assert_eq!(tls.open(&flood, &mut plain), Input::Broken);
    let mut out = Vec::new();
    tls.seal(&[], &mut out);
    assert!(out.len() < 4096, "{} bytes are sent for a flood", out.len());
}

#[test]
fn has_the_name_that_was_asked_for() {
    let (_client, session) = pair(&TLS13);
    let tls = Tls::new(session);
    assert_eq!(tls.server_name(), Some("localhost"));
    assert!(tls.peer_certificate().is_none());
}

#[test]
fn goes_on_after_room_was_given_back() {
    for version in VERSIONS {
        let (mut client, session) = pair(version);
        let mut tls = Tls::new(session);
        let mut plain = Vec::new();
        let sent = vec![7; 50_000];
        let all = records(&mut client, &sent);
        // Wherever a record is cut, what there is of it stays.
        for part in all.chunks(9_999) {
            assert_eq!(tls.open(part, &mut plain), Input::Open);
            tls.shrink();
        }
        assert!(plain == sent);
        assert!(!tls.is_ended());
    }
}

/// Takes any certificate.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
