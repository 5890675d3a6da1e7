//! Connections of HTTP/3 on loopback, without JavaScript: what the event loop would be told is read from the outbox.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, ReadError, ReadToEndError, SendStream};
use rustls::version::TLS13;
use tokio::sync::watch;

use super::framing::{frame_head, kind};
use super::qpack;
use super::shared::Code;
use crate::edge::context::{Context, Ending};
use crate::edge::exchange::{Command, Exchange};
use crate::edge::outbox::Message;
use crate::edge::tests::{answer_next, context, run, told};
use crate::edge::{quic, tls};
use crate::inloop::tests::tls::{client_config, server_config};

struct Served {
    client: Endpoint,
    connection: Connection,
    context: Arc<Context>,
    ending: watch::Sender<Ending>,
}

impl Served {
    async fn new() -> Self {
        let (context, ending) = context();
        let socket = quic::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
        let address = socket.local_addr().expect("an address");
        let server = tls::of_quic(&server_config(&TLS13)).expect("a configuration");
        let endpoint = quic::open(socket, server, &context).expect("an endpoint");
        tokio::spawn(quic::accept(endpoint, Arc::clone(&context)));
        let mut config = (*client_config(&TLS13)).clone();
        config.alpn_protocols = vec![b"h3".to_vec()];
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).expect("a suite")));
        let client = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
        let connecting = client.connect_with(config, address, "localhost").expect("a client");
        Self { client, connection: connecting.await.expect("a connection"), context, ending }
    }

    /// Sends a request without a body; what comes back is everything up to the end of the stream.
    async fn get(&self, path: &str) -> Result<Vec<u8>, ReadToEndError> {
        let (mut send, mut recv) = self.connection.open_bi().await.expect("a stream");
        begin(&mut send, path).await;
        send.finish().expect("a stream");
        recv.read_to_end(1 << 20).await
    }

    /// Asks, and answers as JavaScript would.
    async fn is_answered(&self, path: &str) -> bool {
        let (answer, asked) = tokio::join!(self.get(path), answer_next(&self.context));
        asked == path.as_bytes() && answer.is_ok_and(|bytes| bytes.ends_with(b"here"))
    }

    async fn is_closed(&self) {
        while self.context.permits.open() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn begin(send: &mut SendStream, path: &str) {
    let mut section = Vec::new();
    qpack::begin(&mut section);
    for (name, value) in [(":method", "GET"), (":scheme", "https"), (":authority", "h"), (":path", path)] {
        qpack::append(&mut section, name.as_bytes(), value.as_bytes());
    }
    let frame = [frame_head(kind::HEADERS, section.len()), section].concat();
    send.write_all(&frame).await.expect("a stream");
}

#[test]
fn a_panic_is_the_end_of_its_request_alone() {
    run(async {
        let served = Served::new().await;
        let (mut held, mut answer) = served.connection.open_bi().await.expect("a stream");
        begin(&mut held, "/held").await;
        let Message::Request(arrival) = told(&served.context).await else { panic!("no request") };
        assert_eq!(arrival.head.path.of(&arrival.lines), b"/held");
        let outcome = served.get("/panic").await;
        let code = Code::Internal.into();
        assert!(matches!(outcome, Err(ReadToEndError::Read(ReadError::Reset(given))) if given == code), "{outcome:?}");
        assert!(matches!(told(&served.context).await, Message::Log(text) if text.contains("panic")));
        assert!(served.is_answered("/after").await);
        // The one that was there before goes on too.
        held.finish().expect("a stream");
        served.ending.send_replace(Ending::Over);
        assert!(answer.read_to_end(1 << 10).await.is_err());
        assert!(matches!(told(&served.context).await, Message::Gone(_)));
        served.is_closed().await;
        served.client.wait_idle().await;
    });
}

#[test]
fn a_client_may_move_to_another_address() {
    run(async {
        let served = Served::new().await;
        let (mut held, _answer) = served.connection.open_bi().await.expect("a stream");
        begin(&mut held, "/held").await;
        let Message::Request(before) = told(&served.context).await else { panic!("no request") };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        served.client.rebind(socket).expect("a socket");
        assert!(served.is_answered("/after").await);
        // It is the same connection, with what is under way.
        held.finish().expect("a stream");
        let Message::BodyEnd(exchange, _) = ended(&served.context, &before.exchange).await else { panic!("no end") };
        assert!(Arc::ptr_eq(&exchange, &before.exchange));
        assert_eq!(served.context.permits.open(), 1);
    });
}

/// Has the body of a request read, and gives what is told next.
async fn ended(context: &Context, exchange: &Arc<Exchange>) -> Message {
    if let Some(waker) = exchange.command(Command::Receive(true)) {
        waker.wake();
    }
    told(context).await
}

#[test]
fn who_gives_an_upload_up_that_nobody_reads_is_told_of() {
    run(async {
        let served = Served::new().await;
        // A part that is read ahead; more than that, and not all that there is to be; all that there is.
        for (length, announced) in [(10, 20), (200_000, 300_000), (200_000, 200_000)] {
            let (mut send, _recv) = served.connection.open_bi().await.expect("a stream");
            begin(&mut send, "/").await;
            assert!(matches!(told(&served.context).await, Message::Request(_)));
            let frame = [frame_head(kind::DATA, announced), vec![0; length]].concat();
            send.write_all(&frame).await.expect("a stream");
            tokio::time::sleep(Duration::from_millis(100)).await;
            send.reset(Code::RequestCancelled.into()).expect("a stream");
            assert!(matches!(told(&served.context).await, Message::Gone(_)), "{length}");
        }
        assert!(served.is_answered("/after").await);
    });
}

#[test]
fn who_leaves_is_told_of() {
    run(async {
        let served = Served::new().await;
        let (mut send, mut recv) = served.connection.open_bi().await.expect("a stream");
        begin(&mut send, "/").await;
        assert!(matches!(told(&served.context).await, Message::Request(_)));
        recv.stop(Code::RequestCancelled.into()).expect("a stream");
        assert!(matches!(told(&served.context).await, Message::Gone(_)));
        assert!(served.is_answered("/after").await);
        let (mut send, _recv) = served.connection.open_bi().await.expect("a stream");
        begin(&mut send, "/").await;
        assert!(matches!(told(&served.context).await, Message::Request(_)));
        served.connection.close(Code::No.into(), b"");
        assert!(matches!(told(&served.context).await, Message::Gone(_)));
        served.is_closed().await;
    });
}
