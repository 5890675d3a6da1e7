//! The TLS client of the benchmarks, on one thread: it makes handshakes as fast as a server answers them, or holds
//! connections that wait. It checks no certificate and no signature, for checking one of ECDSA takes longer
//! than making it: the server shall be the one that is busy.
//!
//! `hotpress-bench-tls-client handshakes <port> <full|resumed> <connections at once> <seconds>`
//! `hotpress-bench-tls-client idle <port> <h1|h2> <connections>`

mod handshakes;
mod http1;
mod http2;
mod idle;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match words[..] {
        ["handshakes", port, mode @ ("full" | "resumed"), workers, seconds] => {
            runtime.block_on(handshakes::run(server(port), mode == "resumed", number(workers), number(seconds)));
        }
        ["idle", port, protocol @ ("h1" | "h2"), count] => {
            runtime.block_on(idle::run(server(port), protocol == "h2", number(count)));
        }
        _ => {
            eprintln!("see the head of bench/tls-client/src/main.rs, not {words:?}");
            std::process::exit(2);
        }
    }
}

fn server(port: &str) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, number(port)))
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| {
        eprintln!("\"{word}\" is not a number");
        std::process::exit(2)
    })
}
