//! Beginning to listen: what JavaScript asks for, and the threads that do it.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Object, Uint8Array};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use super::answer::Defaults;
use super::context::{Context, Streams};
use super::door::Door;
use super::tls::{self, Certificate, Options};
use super::{listener, quic};
use crate::inloop::listener::ListenError;
use crate::inloop::server::{Common, Server};
#[cfg(unix)]
use crate::queue;

/// How many ports are tried for one that is free for both TCP and UDP.
const MOST_PORTS: u32 = 16;

/// Listens on an IP address, or with a socket that does, and gives the address and the port.
///
/// `given` is `NativeListenOptions` of `src/native/types.ts`.
pub fn listen(server: &Rc<Server>, host: &str, port: u16, given: &Object) -> Result<(String, u16), ListenError> {
    let bad = |message: String| ListenError { code: "EINVAL".into(), message };
    let address: IpAddr = host.parse().map_err(|_| bad("not an address".into()))?;
    let mut read = Given::read(given).map_err(|error| bad(error.reason.clone()))?;
    let secured = match read.tls.take() {
        Some(options) => Some(tls::configure(options).map_err(|message| ListenError { code: "TLS".into(), message })?),
        None => None,
    };
    let failed = |error: io::Error| ListenError { code: code_of(&error), message: error.to_string() };
    let ended = || bad("the server has ended".into());
    let quic = match &secured {
        Some((_, config)) if read.http3 => {
            let config = tls::of_quic(config).map_err(|message| ListenError { code: "TLS".into(), message })?;
            Some(config)
        }
        _ => None,
    };
    let door = door(server, read.threads)?;
    let bound = door.within(|_| bind(SocketAddr::new(address, port), &read, quic.is_some())).ok_or_else(ended)?;
    let Bound { address, datagrams, listener } = bound.map_err(failed)?;
    let port = address.port();
    let alternative = quic.as_ref().map(|_| format!("h3=\":{port}\"; ma=86400"));
    let Common { lines, sends_id, types } = &server.common;
    let context = Arc::new(Context {
        defaults: Defaults::new(lines, *sends_id, types, alternative.as_deref()),
        ending: door.ending(),
        fixed: Arc::clone(&server.fixed),
        handshake_timeout: Duration::from_millis(read.handshake_timeout),
        limits: server.limits.clone(),
        numbers: Arc::clone(&door.numbers),
        outbox: Arc::clone(&door.outbox),
        permits: Arc::clone(&door.permits),
        proxies: server.proxies.clone(),
        router: server.router.snapshot(),
        streams: read.streams,
        upgrades: read.upgrades,
    });
    let config = secured.map(|(identity, config)| {
        door.identities.borrow_mut().push(identity);
        Arc::new(config)
    });
    if let (Some(socket), Some(tls)) = (datagrams, quic) {
        let opened = door.within(|_| quic::open(socket, tls, &context)).ok_or_else(ended)?;
        let endpoint = opened.map_err(failed)?;
        door.endpoints.borrow_mut().push(endpoint.clone());
        door.within(|runtime| runtime.spawn(quic::accept(endpoint, Arc::clone(&context))));
    }
    if let Some(alternative) = alternative {
        // Every answer of HTTP/1.1 tells it too.
        let _ = server.alternative.set(format!("Alt-Svc: {alternative}\r\n").into_bytes());
    }
    let outlives = read.descriptor.is_some() && !read.shares_port;
    door.within(|runtime| runtime.spawn(listener::accept(listener, outlives, context, config)));
    Ok((address.ip().to_string(), port))
}

struct Bound {
    address: SocketAddr,
    /// The socket of HTTP/3.
    datagrams: Option<UdpSocket>,
    listener: TcpListener,
}

/// Binds an address, for both where there is HTTP/3. A port that may be any is one that both can have.
fn bind(address: SocketAddr, read: &Given, is_quic: bool) -> io::Result<Bound> {
    #[cfg(unix)]
    if let Some(descriptor) = read.descriptor {
        let listener = TcpListener::from_std(queue::given(descriptor, read.backlog)?)?;
        return Ok(Bound { address: listener.local_addr()?, datagrams: None, listener });
    }
    let mut tries = if address.port() == 0 { MOST_PORTS } else { 1 };
    loop {
        tries -= 1;
        let listener = listener::bind(address, read.backlog, read.shares_port)?;
        let address = listener.local_addr()?;
        if !is_quic {
            return Ok(Bound { address, datagrams: None, listener });
        }
        match quic::bind(address) {
            Ok(socket) => return Ok(Bound { address, datagrams: Some(socket), listener }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

/// Changes certificates, and the keys of session tickets, of all that listens.
pub fn set_certificates(server: &Server, given: &Object) -> Result<(), String> {
    let door = server.door.borrow().clone().ok_or("nothing listens with TLS")?;
    let secrets = list(given, "ticketKeys").map_err(|error| error.reason.clone())?;
    for identity in door.identities.borrow().iter() {
        let certificates = certificates(given).map_err(|error| error.reason.clone())?;
        identity.replace(certificates, &secrets)?;
    }
    Ok(())
}

/// The server's door, opened when it is first needed.
fn door(server: &Rc<Server>, threads: usize) -> Result<Rc<Door>, ListenError> {
    if let Some(door) = &*server.door.borrow() {
        return Ok(Rc::clone(door));
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("hotpress")
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| ListenError { code: code_of(&error), message: error.to_string() })?;
    let door = Door::open(server, runtime);
    *server.door.borrow_mut() = Some(Rc::clone(&door));
    Ok(door)
}

/// The system's name for an error.
fn code_of(error: &io::Error) -> String {
    let name = match error.kind() {
        io::ErrorKind::AddrInUse => "EADDRINUSE",
        io::ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        io::ErrorKind::PermissionDenied => "EACCES",
        _ => return error.raw_os_error().map_or("EIO".into(), |code| format!("error {code}")),
    };
    name.into()
}

struct Given {
    backlog: u32,
    /// Of a socket that listens already.
    descriptor: Option<i32>,
    handshake_timeout: u64,
    http3: bool,
    shares_port: bool,
    streams: Streams,
    threads: usize,
    tls: Option<Options>,
    upgrades: bool,
}

impl Given {
    fn read(object: &Object) -> napi::Result<Self> {
        let number = |name: &str| Ok::<u32, napi::Error>(object.get::<u32>(name)?.unwrap_or_default());
        let flag = |name: &str| Ok::<bool, napi::Error>(object.get::<bool>(name)?.unwrap_or_default());
        Ok(Self {
            backlog: number("backlog")?,
            descriptor: object.get::<i32>("descriptor")?,
            handshake_timeout: number("handshakeTimeout")?.into(),
            http3: flag("http3")?,
            shares_port: flag("reusePort")?,
            streams: Streams {
                connection_window: number("connectionWindow")?,
                most: number("maxConcurrentStreams")?,
                stream_window: number("streamWindow")?,
            },
            threads: number("threads")?.max(1) as usize,
            tls: object.get::<Object>("tls")?.map(|tls| options(&tls)).transpose()?,
            upgrades: flag("upgrades")?,
        })
    }
}

fn options(object: &Object) -> napi::Result<Options> {
    let flag = |name: &str| Ok::<bool, napi::Error>(object.get::<bool>(name)?.unwrap_or_default());
    let mut alpn = vec![b"http/1.1".to_vec()];
    if flag("http2")? {
        alpn.insert(0, b"h2".to_vec());
    }
    Ok(Options {
        alpn,
        certificates: certificates(object)?,
        ciphers: object.get::<Vec<String>>("ciphers")?.unwrap_or_default(),
        clients: list(object, "clients")?,
        is_client_required: flag("isClientRequired")?,
        only_tls13: flag("onlyTls13")?,
        sends_tickets: flag("sessionTickets")?,
        ticket_secrets: list(object, "ticketKeys")?,
    })
}

/// The member `certificates` of an object.
pub fn certificates(object: &Object) -> napi::Result<Vec<Certificate>> {
    let given = object.get::<Vec<Object>>("certificates")?.unwrap_or_default();
    given
        .iter()
        .map(|each| {
            Ok(Certificate {
                chain: list(each, "chain")?,
                key: bytes(each, "key")?.unwrap_or_default(),
                names: each.get::<Vec<String>>("names")?.unwrap_or_default(),
                ocsp: bytes(each, "ocsp")?,
            })
        })
        .collect()
}

pub fn list(object: &Object, name: &str) -> napi::Result<Vec<Vec<u8>>> {
    let given = object.get::<Vec<Uint8Array>>(name)?.unwrap_or_default();
    Ok(given.iter().map(|bytes| bytes.to_vec()).collect())
}

fn bytes(object: &Object, name: &str) -> napi::Result<Option<Vec<u8>>> {
    Ok(object.get::<Uint8Array>(name)?.map(|bytes| bytes.to_vec()))
}
