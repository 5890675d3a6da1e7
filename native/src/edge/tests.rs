//! Connections of HTTP/2 without a socket and without JavaScript: what the event loop would be told is read from the outbox.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::answer::Defaults;
use super::context::{Context, Ending, Streams};
use super::exchange::{AnswerHead, Command};
use super::http2;
use super::listener;
use super::outbox::{Message, Outbox};
use super::peer::Peer;
use super::permits::{Held, Permits};
use crate::bridge::fixed::Fixed;
use crate::bridge::told::Version;
use crate::http::peers::Peers;
use crate::inloop::limits::{Limits, Standing};
use crate::router::Router;

/// What the threads of a server share, and what ends it.
pub fn context() -> (Arc<Context>, watch::Sender<Ending>) {
    let limits = Limits {
        head: 8192,
        idle_timeout: 60_000,
        largest_chunk: 1 << 20,
        max_connections: 0,
        max_per_address: 0,
        max_requests: 0,
        read_timeout: 30_000,
        request_line: 8192,
        reserve: 0,
        waits: false,
        write_timeout: 30_000,
    };
    let (ending, seen) = watch::channel(Ending::No);
    let context = Context {
        defaults: Defaults::new(b"server: test\r\n", true, &["text/plain".into()], None),
        ending: seen,
        fixed: Arc::new(Fixed::default()),
        handshake_timeout: Duration::from_secs(10),
        limits,
        numbers: Arc::default(),
        outbox: Arc::new(Outbox::default()),
        permits: Permits::new(0, 0),
        proxies: Peers::default(),
        router: Router::default(),
        streams: Streams { connection_window: 1 << 20, most: 128, stream_window: 1 << 18 },
        upgrades: false,
    };
    (Arc::new(context), ending)
}

/// The next thing that the event loop would be told.
pub async fn told(context: &Context) -> Message {
    loop {
        if let Some(message) = context.outbox.take().pop_front() {
            return message;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Answers the next request as JavaScript would; gives its path.
pub async fn answer_next(context: &Context) -> Vec<u8> {
    let Message::Request(arrival) = told(context).await else { panic!("no request") };
    let head = AnswerHead { flags: 0, lines: Vec::new(), status: 200 };
    if let Some(waker) = arrival.exchange.command(Command::Answer(head, Bytes::from_static(b"here"))) {
        waker.wake();
    }
    arrival.head.path.of(&arrival.lines).to_vec()
}

pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), test).await.expect("in time") });
}

struct Served {
    client: SendRequest<Bytes>,
    context: Arc<Context>,
    ending: watch::Sender<Ending>,
}

impl Served {
    async fn new() -> Self {
        let (context, ending) = context();
        let (near, far) = duplex(1 << 16);
        let address = [127, 0, 0, 1].into();
        let peer = Peer {
            address,
            certificate: None,
            is_extra: AtomicBool::new(false),
            is_secure: true,
            number: 1,
            server_name: None,
            version: Version::Http2,
        };
        let (permit, _) = context.permits.take();
        tokio::spawn(http2::begin(far, Arc::clone(&context), peer, Held { permit, standing: Standing::Within }));
        let (client, connection) = client::handshake(near).await.expect("a handshake");
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { client, context, ending }
    }

    fn get(path: &str) -> Request<()> {
        Request::builder().uri(format!("https://h{path}")).body(()).expect("a request")
    }

    async fn told(&self) -> Message {
        told(&self.context).await
    }

    /// Asks, and answers as JavaScript would.
    async fn asks(&mut self, path: &str) -> StatusCode {
        let (response, _) = self.client.send_request(Self::get(path), true).expect("a request");
        assert_eq!(answer_next(&self.context).await, path.as_bytes());
        response.await.expect("an answer").status()
    }
}

#[test]
fn a_panic_is_the_end_of_its_request_alone() {
    run(async {
        let mut served = Served::new().await;
        let (response, _) = served.client.send_request(Served::get("/panic"), true).expect("a request");
        assert!(response.await.is_err());
        assert!(matches!(served.told().await, Message::Log(text) if text.contains("panic")));
        assert_eq!(served.asks("/after").await, 200);
    });
}

#[test]
fn who_leaves_is_told_of() {
    run(async {
        let mut served = Served::new().await;
        let (response, stream) = served.client.send_request(Served::get("/"), true).expect("a request");
        assert!(matches!(served.told().await, Message::Request(_)));
        drop((response, stream));
        assert!(matches!(served.told().await, Message::Gone(_)));
        let (response, _stream) = served.client.send_request(Served::get("/"), true).expect("a request");
        assert!(matches!(served.told().await, Message::Request(_)));
        served.ending.send_replace(Ending::Over);
        assert!(matches!(served.told().await, Message::Gone(_)));
        assert!(response.await.is_err());
    });
}

#[test]
fn what_is_under_way_is_answered_while_the_server_ends() {
    run(async {
        let mut served = Served::new().await;
        assert_eq!(served.asks("/").await, 200);
        let (response, _stream) = served.client.send_request(Served::get("/last"), true).expect("a request");
        let Message::Request(arrival) = served.told().await else { panic!("no request") };
        served.ending.send_replace(Ending::Draining(Duration::ZERO));
        tokio::time::sleep(Duration::from_millis(20)).await;
        let head = AnswerHead { flags: 0, lines: Vec::new(), status: 204 };
        if let Some(waker) = arrival.exchange.command(Command::Answer(head, Bytes::new())) {
            waker.wake();
        }
        assert_eq!(response.await.expect("an answer").status(), 204);
        while served.context.permits.open() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

/// A client that has connected to a listener, which accepts only when its server ends.
async fn wait_at(ending: Ending) -> (Arc<Context>, SocketAddr, TcpStream) {
    let (context, end) = context();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = listener::bind(any, 16, false).expect("a port");
    let address = listener.local_addr().expect("an address");
    let client = TcpStream::connect(address).await.expect("a connection");
    end.send_replace(ending);
    listener::accept(listener, false, Arc::clone(&context), None).await;
    // What has been said is seen for as long as somebody could say more.
    std::mem::forget(end);
    (context, address, client)
}

#[test]
fn who_waits_to_be_accepted_is_served_when_the_server_ends() {
    run(async {
        let (context, address, mut client) = wait_at(Ending::Draining(Duration::from_secs(10))).await;
        assert!(TcpStream::connect(address).await.is_err());
        client.write_all(b"GET / HTTP/1.1\r\n").await.expect("a connection");
        assert!(matches!(told(&context).await, Message::Adopt(_)));
    });
}

#[test]
fn who_has_not_begun_is_let_go_when_the_grace_is_over() {
    run(async {
        let (context, _, mut client) = wait_at(Ending::Draining(Duration::from_millis(10))).await;
        let mut nothing = [0];
        assert_eq!(client.read(&mut nothing).await.expect("an end"), 0);
        while context.permits.open() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}
