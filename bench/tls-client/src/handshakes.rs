//! Handshakes, one after the other on each of some workers. A connection carries no request: the client says that it
//! closes (close_notify) with its Finished already sent, and waits until the server has closed as well. By then the
//! server has completed the handshake, sent its tickets and let the connection go. Prints `ready` when it has what it
//! needs, begins when a line comes in, and prints what it counted.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, HandshakeKind};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::{http1, tls};

const PROTOCOL: &[u8] = b"http/1.1";

/// Tickets to begin with. A server that gives none with a resumed handshake is measured until they are used up.
const STOCK: usize = 4000;

/// The longest that one handshake and its end may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Tally {
    failed: u64,
    full: u64,
    resumed: u64,
    /// The first failure, in words.
    why: String,
}

pub async fn run(server: SocketAddr, resumes: bool, workers: usize, seconds: f64) {
    let tickets = Arc::new(tls::Tickets::default());
    let config = if resumes { tls::resuming(PROTOCOL, &tickets) } else { tls::config(PROTOCOL) };
    if resumes {
        gather(server, &config, &tickets).await;
    }
    println!("ready");
    let mut line = String::new();
    // Nothing else runs yet: it may block.
    if !matches!(std::io::stdin().read_line(&mut line), Ok(1..)) {
        return;
    }

    let tally = Rc::new(RefCell::new(Tally::default()));
    let local = LocalSet::new();
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(seconds);
    for _ in 0..workers {
        let (config, tally, tickets) = (Arc::clone(&config), Rc::clone(&tally), Arc::clone(&tickets));
        local.spawn_local(async move {
            while Instant::now() < end && !(resumes && tickets.count() == 0) {
                let outcome = one(server, &config, false).await;
                let mut tally = tally.borrow_mut();
                match outcome {
                    Ok(HandshakeKind::Resumed) => tally.resumed += 1,
                    Ok(_) => tally.full += 1,
                    Err(why) => {
                        tally.failed += 1;
                        tally.why = why;
                    }
                }
            }
        });
    }
    local.await;
    let seconds = started.elapsed().as_secs_f64();
    let Tally { failed, full, resumed, why } = &*tally.borrow();
    println!(r#"{{"failed":{failed},"full":{full},"resumed":{resumed},"seconds":{seconds:.4},"why":{why:?}}}"#);
}

/// Makes full handshakes until there is a stock of tickets, and lets them be taken. Each carries a request: BoringSSL
/// sends tickets with the first bytes that it is given.
async fn gather(server: SocketAddr, config: &Arc<ClientConfig>, tickets: &tls::Tickets) {
    while tickets.count() < STOCK {
        if let Err(why) = one(server, config, true).await {
            fail(&why);
        }
        if tickets.count() == 0 {
            fail("it gives no tickets");
        }
    }
    tickets.release();
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(1)
}

async fn one(server: SocketAddr, config: &Arc<ClientConfig>, asks: bool) -> Result<HandshakeKind, String> {
    timeout(PATIENCE, handshake(server, config, asks)).await.map_err(|_| "no end within 10 s".to_owned())?
}

async fn handshake(server: SocketAddr, config: &Arc<ClientConfig>, asks: bool) -> Result<HandshakeKind, String> {
    let mut stream = tls::connect(server, config).await.map_err(|error| format!("handshake: {error}"))?;
    let kind = stream.get_ref().1.handshake_kind().ok_or("a handshake without a kind")?;
    if asks {
        http1::ask(&mut stream).await?;
    }
    stream.get_mut().1.send_close_notify();
    stream.flush().await.map_err(|error| format!("close_notify: {error}"))?;
    let mut rest = [0; 4096];
    loop {
        // Tickets are read on the way. A server that ends without close_notify has ended as well.
        match stream.read(&mut rest).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(format!("end: {error}")),
        }
    }
    // The server has closed: a reset goes to its kernel alone, and no port waits for the end of TIME_WAIT.
    let _ = SockRef::from(stream.get_ref().0).set_linger(Some(Duration::ZERO));
    Ok(kind)
}
