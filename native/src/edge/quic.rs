//! The endpoint of HTTP/3: a UDP socket beside the listener, and the handshakes of QUIC (RFC 9000).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use quinn::crypto::rustls::{HandshakeData, QuicServerConfig};
use quinn::{Endpoint, EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::time::timeout;

use super::context::{Context, Ending};
use super::http3::{self, Code};
use super::peer::Peer;
use super::permits::Permit;
use crate::bridge::told::Version;
use crate::inloop::limits::Standing;

/// Unfinished handshakes of addresses that nobody has proved to have: beyond, each client has to prove its own first
/// (RFC 9000, 8.1.2). Of the connections that there may be they are no more than a quarter: whoever makes addresses up would
/// else keep everybody out.
const MOST_UNPROVED: u32 = 64;

/// Handshakes that wait to be begun, and the bytes that they may bring meanwhile.
const MOST_WAITING: usize = 1024;
const MOST_WAITING_BYTES: u64 = 8 << 20;

/// Streams that a client has open for itself: it needs three (RFC 9114, 6.2).
const STREAMS_OF_CLIENT: u32 = 8;

/// Bytes of the answers of a connection that are sent, or to be, and not acknowledged.
const SEND_WINDOW: u64 = 1 << 20;

/// At least so long may nothing come from a client that has a request under way.
const SILENCE: Duration = Duration::from_secs(60);

/// What the socket may hold that has not been read, and that has not been sent, if the system lets it.
const SOCKET_BUFFER: usize = 2 << 20;

/// Binds an address, for this server alone: by a shared port the packets of a connection could reach another, whose it is
/// not.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// What is spoken on the socket. To be called within the runtime.
pub fn open(socket: UdpSocket, tls: Arc<rustls::ServerConfig>, context: &Context) -> io::Result<Endpoint> {
    let initial = TLS13_AES_128_GCM_SHA256.tls13().and_then(|suite| suite.quic_suite());
    let initial = initial.ok_or_else(|| io::Error::other("there is no cipher suite to begin QUIC with"))?;
    let tls = QuicServerConfig::with_initial(tls, initial).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config
        .incoming_buffer_size_total(MOST_WAITING_BYTES)
        .max_incoming(MOST_WAITING)
        .transport_config(Arc::new(transport(context)));
    Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))
}

fn transport(context: &Context) -> TransportConfig {
    let streams = context.streams;
    let mut config = TransportConfig::default();
    config
        .datagram_receive_buffer_size(None)
        .max_concurrent_bidi_streams(streams.most.into())
        .max_concurrent_uni_streams(STREAMS_OF_CLIENT.into())
        .receive_window(streams.connection_window.into())
        .send_window(SEND_WINDOW)
        .stream_receive_window(streams.stream_window.into());
    // Without requests a connection ends by HTTP/3's own rules. This is for clients that are no more, and no shorter than
    // handlers may take: it counts while a request is under way too.
    let idle = context.idle_timeout();
    let silence = (!idle.is_zero()).then(|| idle.max(SILENCE));
    config.max_idle_timeout(
        silence.map(|silence| IdleTimeout::try_from(silence).unwrap_or_else(|_| IdleTimeout::from(VarInt::MAX))),
    );
    config
}

/// Accepts connections until the server ends.
pub async fn accept(endpoint: Endpoint, context: Arc<Context>) {
    let mut ending = context.ending.clone();
    let over = ending.wait_for(|ending| *ending > Ending::No);
    tokio::pin!(over);
    let unproved = Arc::new(AtomicU32::new(0));
    let most_unproved = match context.limits.max_connections {
        0 => MOST_UNPROVED,
        most => MOST_UNPROVED.min(most / 4),
    };
    loop {
        if context.limits.waits {
            tokio::select! {
                _ = &mut over => break,
                () = context.permits.room() => {}
            }
        }
        let incoming = tokio::select! {
            _ = &mut over => break,
            incoming = endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { return };
        let is_free = unproved.load(Ordering::Relaxed) < most_unproved;
        admit(incoming, is_free, &context, &unproved);
    }
    // Who comes now is refused; those who are there go on.
    endpoint.set_server_config(None);
}

/// Begins a handshake, or says why not.
///
/// Unless it is free to be begun by anybody, its client has to prove its address.
fn admit(incoming: Incoming, is_free: bool, context: &Arc<Context>, unproved: &Arc<AtomicU32>) {
    let is_proved = incoming.remote_address_validated();
    if !is_proved && !is_free && incoming.may_retry() {
        let _ = incoming.retry();
        return;
    }
    let address = incoming.remote_address().ip().to_canonical();
    let (mut permit, open) = context.permits.take();
    // One that nobody has proved is not counted yet: who makes addresses up would else keep out whose they are.
    let has_room = if is_proved { permit.count(address) } else { !context.permits.is_full(address) };
    if context.limits.standing(open) != Standing::Within || !has_room {
        return incoming.refuse();
    }
    let counted = (!is_proved).then(|| Counted::new(unproved));
    let context = Arc::clone(context);
    tokio::spawn(async move {
        context.unless_ending(serve(incoming, address, permit, counted, Arc::clone(&context))).await;
    });
}

/// Counts one for as long as it is held.
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(
    incoming: Incoming,
    address: IpAddr,
    mut permit: Permit,
    counted: Option<Counted>,
    context: Arc<Context>,
) {
    let Ok(connecting) = incoming.accept() else { return };
    // What is wrong has been said by QUIC, whose alerts are those of TLS.
    let Ok(Ok(connection)) = timeout(context.handshake_timeout, connecting).await else { return };
    drop(counted);
    // The handshake has proved the address.
    if !permit.count(address) {
        return connection.close(Code::ExcessiveLoad.into(), b"");
    }
    let data = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    let certificates = connection.peer_identity().and_then(|chain| chain.downcast::<Vec<CertificateDer>>().ok());
    let peer = Peer {
        address,
        certificate: certificates.and_then(|chain| Some(chain.first()?.as_ref().into())),
        is_extra: AtomicBool::new(false),
        is_secure: true,
        number: context.next_number(),
        server_name: data.and_then(|data| data.server_name).map(String::into_boxed_str),
        version: Version::Http3,
    };
    http3::begin(connection, context, peer, permit).await;
}
