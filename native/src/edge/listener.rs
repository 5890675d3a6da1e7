//! Listening sockets of the edge, and what becomes of a connection: the header of a proxy, the handshake, and then the
//! protocol that both sides have agreed on.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::context::{Context, Ending};
use super::http2;
use super::outbox::Message;
use super::peer::Peer;
use super::permits::{Held, Permit};
use crate::bridge::told::Version;
use crate::http::proxy::{self, LONGEST};
use crate::http::refusal::{NOT_ANNOUNCED, Refusal};
use crate::http::respond;
use crate::inloop::adopt::Adopted;
use crate::inloop::limits::{LINGER, Standing};
use crate::queue;

/// What a connection of HTTP/2 begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// After an error in accepting, such as too few descriptors: nothing is gained by trying at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Connections beyond the limit that are told so at once. Each costs a handshake: any more are closed without a word.
const MOST_REFUSED: u32 = 64;

const PLAINTEXT: Refusal = Refusal {
    code: "PLAINTEXT",
    limit: 0,
    reason: "this port speaks HTTPS, and the request came without TLS",
    section: "RFC 9110, 4.2.2",
    status: 400,
};

/// Binds an address. To be called within the runtime.
pub fn bind(address: SocketAddr, backlog: u32, shares_port: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else a port stays taken for as long as old connections of it are remembered.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    #[cfg(all(unix, not(target_os = "solaris"), not(target_os = "illumos")))]
    if shares_port {
        socket.set_reuseport(true)?;
    }
    #[cfg(not(unix))]
    let _ = shares_port;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Accepts connections until the server ends, and then those that wait already: with the listener they would be reset.
/// The queue of a socket that `outlives` this process is left to who listens on it next.
pub async fn accept(listener: TcpListener, outlives: bool, context: Arc<Context>, tls: Option<Arc<ServerConfig>>) {
    accept_while_open(&listener, &context, tls.as_ref()).await;
    let Ok(listener) = listener.into_std() else { return };
    if outlives {
        return;
    }
    for (stream, address) in queue::queued(&listener) {
        let Ok(stream) = TcpStream::from_std(stream) else { continue };
        begin(stream, address, &context, tls.as_ref());
    }
}

async fn accept_while_open(listener: &TcpListener, context: &Arc<Context>, tls: Option<&Arc<ServerConfig>>) {
    let mut ending = context.ending.clone();
    let over = ending.wait_for(|ending| *ending > Ending::No);
    tokio::pin!(over);
    let mut has_failed = false;
    loop {
        if context.limits.waits {
            tokio::select! {
                _ = &mut over => return,
                () = context.permits.room() => {}
            }
        }
        let accepted = tokio::select! {
            _ = &mut over => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                has_failed = false;
                begin(stream, address, context, tls);
            }
            Err(error) => {
                if !has_failed {
                    context.outbox.send(Message::Log(format!("a connection was not accepted: {error}")));
                    has_failed = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn begin(stream: TcpStream, address: SocketAddr, context: &Arc<Context>, tls: Option<&Arc<ServerConfig>>) {
    let (permit, open) = context.permits.take();
    let limits = &context.limits;
    let standing = limits.standing(open);
    if standing == Standing::Over && open - limits.max_connections > limits.reserve + MOST_REFUSED {
        return;
    }
    let connection = Accepted { address: address.ip().to_canonical(), permit, standing, stream };
    let (context, tls) = (Arc::clone(context), tls.cloned());
    tokio::spawn(async move {
        context.unless_ending(serve(connection, Arc::clone(&context), tls)).await;
    });
}

struct Accepted {
    address: IpAddr,
    permit: Permit,
    standing: Standing,
    stream: TcpStream,
}

async fn serve(connection: Accepted, context: Arc<Context>, tls: Option<Arc<ServerConfig>>) {
    let Accepted { mut address, mut permit, mut standing, mut stream } = connection;
    let _ = stream.set_nodelay(true);
    let mut announced = None;
    if !context.proxies.is_empty() && context.proxies.has(&address.to_string()) {
        match timeout(context.read_timeout(), announcement(&mut stream)).await {
            Ok(Ok(Some(own))) => {
                address = own;
                announced = Some(own.to_string().into_boxed_str());
            }
            Ok(Ok(None)) => {}
            _ => return context.outbox.send(Message::Refused(NOT_ANNOUNCED)),
        }
    }
    if !permit.count(address) {
        standing = Standing::Over;
    }
    let held = Held { permit, standing };
    let Some(config) = tls else { return cleartext(stream, address, announced, held, context).await };
    let shaking = async {
        let mut first = [0];
        stream.peek(&mut first).await.map_err(|_| ())?;
        // No record of TLS begins with a letter, and every request of HTTP/1.1 does.
        if first[0].is_ascii_uppercase() {
            tell_plaintext(&mut stream, &context).await;
            return Err(());
        }
        TlsAcceptor::from(config).accept(stream).await.map_err(|_| ())
    };
    // What is wrong has been said by an alert.
    let Ok(Ok(secured)) = timeout(context.handshake_timeout, shaking).await else { return };
    if secured.get_ref().1.alpn_protocol() == Some(b"h2") {
        let peer = peer(address, Some(secured.get_ref().1), standing, &context);
        return drop(tokio::spawn(http2::begin(secured, context, peer, held)));
    }
    let (stream, session) = secured.into_inner();
    adopt(stream, Some(Box::new(session)), announced, held, &context);
}

/// HTTP/2 for who begins with it, else HTTP/1.1.
async fn cleartext(
    mut stream: TcpStream,
    address: IpAddr,
    announced: Option<Box<str>>,
    held: Held,
    context: Arc<Context>,
) {
    let begins = async {
        let mut start = [0; PREFACE.len()];
        loop {
            // Whoever reads the connection next reads this too.
            let have = stream.peek(&mut start).await?;
            if have == 0 || start[..have] != PREFACE[..have] {
                return Ok(false);
            }
            if have == PREFACE.len() {
                return Ok(true);
            }
            // A peek does not wait for more than there is.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let outcome: Result<io::Result<bool>, _> = timeout(context.read_timeout(), begins).await;
    match outcome {
        Ok(Ok(true)) => {
            let peer = peer(address, None, held.standing, &context);
            drop(tokio::spawn(http2::begin(stream, context, peer, held)));
        }
        Ok(Ok(false)) => adopt(stream, None, announced, held, &context),
        _ => {
            let _ = stream.shutdown().await;
        }
    }
}

fn peer(address: IpAddr, session: Option<&ServerConnection>, standing: Standing, context: &Context) -> Peer {
    let certificate = session.and_then(|session| session.peer_certificates()).and_then(<[_]>::first);
    Peer {
        address,
        certificate: certificate.map(|certificate| certificate.as_ref().into()),
        is_extra: AtomicBool::new(standing == Standing::Extra),
        is_secure: session.is_some(),
        number: context.next_number(),
        server_name: session.and_then(|session| session.server_name()).map(Box::from),
        version: Version::Http2,
    }
}

/// Gives a connection to the event loop, for HTTP/1.1.
fn adopt(
    stream: TcpStream,
    session: Option<Box<ServerConnection>>,
    peer: Option<Box<str>>,
    held: Held,
    context: &Context,
) {
    let Ok(socket) = stream.into_std() else { return };
    let Held { permit, standing } = held;
    let adopted = Adopted { peer, permit: Box::new(permit), received: Vec::new(), session, socket, standing };
    context.outbox.send(Message::Adopt(Box::new(adopted)));
}

/// Reads the header of the PROXY protocol, and nothing after it.
async fn announcement(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut bytes = vec![0; LONGEST];
    loop {
        stream.readable().await?;
        let have = stream.peek(&mut bytes).await?;
        if have == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match proxy::parse(&bytes[..have]) {
            Ok(Some(announced)) => {
                stream.read_exact(&mut bytes[..announced.length]).await?;
                return Ok(announced.address);
            }
            Ok(None) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Answers who speaks HTTP where HTTPS is spoken.
async fn tell_plaintext(stream: &mut TcpStream, context: &Context) {
    let mut out = Vec::new();
    respond::refusal(&mut out, &PLAINTEXT, b"");
    let _ = stream.write_all(&out).await;
    // Closing with input unread would reset the connection, and a reset can take the answer away.
    let _ = stream.shutdown().await;
    let mut unread = [0; 4096];
    let drained = async { while matches!(stream.read(&mut unread).await, Ok(1..)) {} };
    let _ = timeout(Duration::from_millis(LINGER), drained).await;
    context.outbox.send(Message::Refused(PLAINTEXT));
}
