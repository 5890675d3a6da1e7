//! Connections that made one request each and wait. Prints a line when all have their answer, and for each line that
//! comes in how many were closed since; ends with its input.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::LocalSet;
use tokio_rustls::client::TlsStream;

use crate::{http1, http2, tls};

/// How many are opened at a time: fewer than the backlog of any server.
const TOGETHER: usize = 100;

pub async fn run(server: SocketAddr, is_http2: bool, count: usize) {
    let config = tls::config(if is_http2 { b"h2" } else { b"http/1.1" });
    LocalSet::new().run_until(all(server, &config, is_http2, count)).await;
    // Sockets are reset by their linger of none when the process ends.
    std::process::exit(0)
}

async fn all(server: SocketAddr, config: &Arc<ClientConfig>, is_http2: bool, count: usize) {
    let closed = Rc::new(Cell::new(0_usize));
    let places = Rc::new(Semaphore::new(TOGETHER));
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (closed, config, places) = (Rc::clone(&closed), Arc::clone(config), Rc::clone(&places));
            let (done, opened) = tokio::sync::oneshot::channel();
            tokio::task::spawn_local(async move {
                let place = places.acquire().await.expect("a semaphore that stays open");
                let outcome = open(server, &config, is_http2).await;
                drop(place);
                match outcome {
                    Err(why) => drop(done.send(Err(why))),
                    Ok(mut stream) => {
                        let _ = done.send(Ok(()));
                        wait(&mut stream, is_http2).await;
                        closed.set(closed.get() + 1);
                    }
                }
            });
            opened
        })
        .collect();
    for opened in tasks {
        if let Err(why) = opened.await.expect("a task that does not panic") {
            eprintln!("a connection that was not answered: {why}");
            std::process::exit(1);
        }
    }
    println!("open");
    let mut lines = lines();
    while lines.recv().await.is_some() {
        // What has come meanwhile is seen first.
        tokio::time::sleep(Duration::from_millis(10)).await;
        println!("{}", closed.get());
    }
}

async fn open(server: SocketAddr, config: &Arc<ClientConfig>, is_http2: bool) -> Result<TlsStream<TcpStream>, String> {
    let mut stream = tls::connect(server, config).await.map_err(|error| error.to_string())?;
    SockRef::from(stream.get_ref().0).set_linger(Some(Duration::ZERO)).map_err(|error| error.to_string())?;
    if is_http2 {
        http2::ask(&mut stream).await?;
    } else {
        http1::ask(&mut stream).await?;
    }
    Ok(stream)
}

async fn wait(stream: &mut TlsStream<TcpStream>, is_http2: bool) {
    if is_http2 { http2::wait(stream).await } else { while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {} }
}

/// Lines of the input, from a thread of its own: reading them blocks.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
