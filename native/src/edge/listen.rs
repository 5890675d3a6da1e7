//! Beginning to listen: what JavaScript asks for, and the threads that do it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Object, Uint8Array};
use tokio::runtime::Builder;

use super::answer::Defaults;
use super::context::{Context, Streams};
use super::door::Door;
use super::listener;
use super::tls::{self, Certificate, Options};
use crate::inloop::listener::ListenError;
use crate::inloop::server::Server;

/// Listens on an IP address, and gives the port.
///
/// `given` is `NativeListenOptions` of `src/native/types.ts`.
pub fn listen(server: &Rc<Server>, host: &str, port: u16, given: &Object) -> Result<u16, ListenError> {
    let bad = |message: String| ListenError { code: "EINVAL".into(), message };
    let address: IpAddr = host.parse().map_err(|_| bad("not an address".into()))?;
    let read = Given::read(given).map_err(|error| bad(error.reason.clone()))?;
    let secured = match read.tls {
        Some(options) => Some(tls::configure(options).map_err(|message| ListenError { code: "TLS".into(), message })?),
        None => None,
    };
    let door = door(server, read.threads)?;
    let bound = door.within(|_| {
        let listener = listener::bind(SocketAddr::new(address, port), read.backlog, read.shares_port)?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    let Some(bound) = bound else { return Err(bad("the server has ended".into())) };
    let (listener, port) =
        bound.map_err(|error: io::Error| ListenError { code: code_of(&error), message: error.to_string() })?;
    let context = Arc::new(Context {
        defaults: Defaults::new(&server.common.lines, server.common.sends_id, &server.common.types, None),
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
    door.within(|runtime| runtime.spawn(listener::accept(listener, context, config)));
    Ok(port)
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
    handshake_timeout: u64,
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
            handshake_timeout: number("handshakeTimeout")?.into(),
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
