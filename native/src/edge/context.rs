//! What the threads of a server share, settled when it begins to listen.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::answer::Defaults;
use super::outbox::Outbox;
use super::permits::Permits;
use crate::bridge::fixed::Fixed;
use crate::http::peers::Peers;
use crate::inloop::limits::Limits;
use crate::router::Router;

/// How far a server has come in ending. Each is also what the one before is.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Ending {
    No,
    /// Nothing more is accepted; connections end after the requests that are under way. Those that were made before have
    /// so long to begin.
    Draining(Duration),
    /// Everything is cut off.
    Over,
}

/// What is said of HTTP/2 and HTTP/3.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Bytes of all bodies of a connection, and of one, that may be ahead of their readers.
    pub connection_window: u32,
    /// Of one connection at once.
    pub most: u32,
    pub stream_window: u32,
}

pub struct Context {
    pub defaults: Defaults,
    pub ending: watch::Receiver<Ending>,
    pub fixed: Arc<Fixed>,
    pub handshake_timeout: Duration,
    pub limits: Limits,
    /// How many connections there have been, of this and other listeners.
    pub numbers: Arc<AtomicU32>,
    pub outbox: Arc<Outbox>,
    pub permits: Arc<Permits>,
    /// Peers that announce whose their connections are.
    pub proxies: Peers,
    pub router: Router,
    pub streams: Streams,
    /// Whether requests for another protocol (RFC 8441) are taken.
    pub upgrades: bool,
}

impl Context {
    pub fn next_number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Goes on with what comes before the first request of a connection, unless the server ends: nobody waits for it then,
    /// but for as long as whoever is to take its place may need to be known.
    pub async fn unless_ending(&self, begins: impl Future<Output = ()>) {
        let ends = async {
            self.later_than(Ending::No).await;
            let ending = *self.ending.borrow();
            if let Ending::Draining(grace) = ending {
                let _ = timeout(grace, self.later_than(ending)).await;
            }
        };
        tokio::select! {
            () = begins => {}
            () = ends => {}
        }
    }

    /// Ready when the server has come further in ending.
    pub fn later_than(&self, seen: Ending) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut ending = self.ending.clone();
        Box::pin(async move {
            // Whoever tells is there for as long as the runtime.
            let _ = ending.wait_for(|ending| *ending > seen).await;
        })
    }

    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.idle_timeout)
    }

    pub fn read_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.read_timeout)
    }

    pub fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.write_timeout)
    }
}
