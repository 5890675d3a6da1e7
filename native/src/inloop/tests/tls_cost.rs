//! What a small request and a connection cost by the two interfaces of rustls:
//! `cargo test --release tls_cost -- --ignored --nocapture --test-threads=1`. docs/native.md has the figures.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::ConnectionState;
use rustls::version::TLS13;
use rustls::{ClientConnection, ServerConnection};

use super::tls::{client_config, pair, records, server_config, take};
use crate::inloop::tls::{Input, Tls};

const REQUESTS: usize = 100_000;
const REQUEST: [u8; 300] = [b'q'; 300];
const ANSWER: [u8; 300] = [b'a'; 300];

/// Counts what a thread allocates.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        LIVE.set(LIVE.get() + layout.size() as isize);
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as isize);
        // SAFETY: as the caller says.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Requests as a client would send them, and how long `serve` takes for each, with how often it allocates. Half as many
/// go before, unmeasured.
fn measure(name: &str, client: &mut ClientConnection, mut serve: impl FnMut(&[u8], &mut Vec<u8>)) {
    let mut out = Vec::new();
    let (mut time, mut calls) = (0, 0);
    for number in 0..REQUESTS * 3 / 2 {
        let request = records(client, &REQUEST);
        out.clear();
        let (begun, before) = (Instant::now(), CALLS.get());
        serve(&request, &mut out);
        if number >= REQUESTS / 2 {
            time += begun.elapsed().as_nanos();
            calls += CALLS.get() - before;
        }
        assert_eq!(take(client, &out).len(), ANSWER.len());
    }
    println!("{name}: {} ns and {:.2} allocations a request", time / REQUESTS as u128, calls as f64 / REQUESTS as f64);
}

#[test]
#[ignore = "a measurement"]
fn by_the_buffered_interface() {
    let (mut client, session) = pair(&TLS13);
    let mut tls = Tls::new(session);
    let mut plain = Vec::new();
    measure("buffered", &mut client, |request, out| {
        plain.clear();
        assert_eq!(tls.open(request, &mut plain), Input::Open);
        assert_eq!(plain.len(), REQUEST.len());
        assert!(tls.seal(&ANSWER, out));
    });
}

#[test]
#[ignore = "a measurement"]
fn by_the_unbuffered_interface() {
    let (mut client, mut session) = unbuffered_pair();
    let mut input = Vec::new();
    measure("unbuffered", &mut client, |request, out| {
        input.clear();
        // It decrypts in place.
        input.extend_from_slice(request);
        let mut at = 0;
        let mut plain = 0;
        loop {
            let status = session.process_tls_records(&mut input[at..]);
            let mut used = status.discard;
            match status.state.expect("records") {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.expect("a record");
                        plain += record.payload.len();
                        used += record.discard;
                    }
                }
                ConnectionState::WriteTraffic(mut traffic) => {
                    assert_eq!(plain, REQUEST.len());
                    out.resize(ANSWER.len() + 64, 0);
                    let size = traffic.encrypt(&ANSWER, out).expect("room");
                    out.truncate(size);
                    return;
                }
                other => panic!("{other:?}"),
            }
            at += used;
        }
    });
}

/// Two ends after their handshake, the server's without buffers of its own.
fn unbuffered_pair() -> (ClientConnection, UnbufferedServerConnection) {
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = ClientConnection::new(client_config(&TLS13), name).expect("a client");
    let mut server = UnbufferedServerConnection::new(server_config(&TLS13)).expect("a server");
    let mut input = records(&mut client, b"");
    let mut out = Vec::new();
    loop {
        let status = server.process_tls_records(&mut input);
        let used = status.discard;
        let is_blocked = match status.state.expect("a handshake") {
            ConnectionState::EncodeTlsData(mut data) => {
                let start = out.len();
                out.resize(start + 16_384, 0);
                let size = data.encode(&mut out[start..]).expect("room");
                out.truncate(start + size);
                false
            }
            ConnectionState::TransmitTlsData(data) => {
                data.done();
                take(&mut client, &std::mem::take(&mut out));
                false
            }
            ConnectionState::BlockedHandshake => true,
            ConnectionState::WriteTraffic(_) => return (client, server),
            other => panic!("{other:?}"),
        };
        input.drain(..used);
        if is_blocked {
            input.extend_from_slice(&records(&mut client, b""));
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn what_an_idle_connection_holds() {
    const COUNT: usize = 100;
    let mut held = Vec::new();
    let mut used = 0;
    let (config, name) = (server_config(&TLS13), ServerName::try_from("localhost").expect("a name"));
    for _ in 0..COUNT {
        let mut client = ClientConnection::new(client_config(&TLS13), name.clone()).expect("a client");
        let before = LIVE.get();
        let mut session = Box::new(ServerConnection::new(config.clone()).expect("a server"));
        used += LIVE.get() - before;
        while client.is_handshaking() || session.is_handshaking() || session.wants_write() {
            let flight = records(&mut client, b"");
            let before = LIVE.get();
            let mut answer = Vec::new();
            let mut rest = flight.as_slice();
            while !rest.is_empty() {
                session.read_tls(&mut rest).expect("room");
                session.process_new_packets().expect("a handshake");
            }
            while session.wants_write() {
                session.write_tls(&mut answer).expect("room");
            }
            used += LIVE.get() - before - answer.capacity() as isize;
            take(&mut client, &answer);
        }
        let request = records(&mut client, &[b'q'; 20_000]);
        let before = LIVE.get();
        let mut tls = Box::new(Tls::new(session));
        let (mut plain, mut out) = (Vec::new(), Vec::new());
        assert_eq!(tls.open(&request, &mut plain), Input::Open);
        assert!(tls.seal(&ANSWER, &mut out));
        let grown = LIVE.get();
        tls.shrink();
        assert!(LIVE.get() < grown);
        used += LIVE.get() - before - (plain.capacity() + out.capacity()) as isize;
        held.push((client, tls));
    }
    println!("{} bytes a connection, {} of them in the struct", used / COUNT as isize, size_of::<ServerConnection>());
}
