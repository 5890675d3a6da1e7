//! HTTP/2 (RFC 9113) by the h2 crate: one task for a connection and all its streams.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, timeout};

use super::context::{Context, Ending};
use super::guarded::{Guarded, Progress};
use super::http2_wire::Http2Wire;
use super::outbox::{Gathered, Message};
use super::peer::Peer;
use super::permits::{Held, Permit};
use super::serve::serve;
use crate::http::refusal::Refusal;
use crate::inloop::limits::Standing;

/// Bytes that h2 holds of one answer; what is more waits here, and counts as unsent.
const SEND_BUFFER: usize = 65_536;

/// Streams that were reset before they were come to, as a page that is left does: beyond, the connection ends
/// (CVE-2023-44487).
const MOST_RESET: usize = 200;

/// Streams of one connection that the server has reset for what its client did wrong, in all (CVE-2025-8671): a client that
/// keeps to the rules has none.
const MOST_ERRORS: usize = 256;

/// For a connection that is to end, to do so: the client may never acknowledge it. So long has one of the reserve in all.
const PARTING: Duration = Duration::from_secs(5);

/// How often a connection that is not idle looks for clients that take nothing.
const TICK: Duration = Duration::from_secs(1);

/// Begins a connection, which is served to its end by a task of its own: that has no more memory than it needs, where the
/// handshakes before it needed some KB.
pub async fn begin<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    io: T,
    context: Arc<Context>,
    peer: Peer,
    Held { permit, standing }: Held,
) {
    let is_over = standing == Standing::Over;
    let progress = Arc::new(Progress::default());
    let streams = context.streams;
    let mut builder = Builder::new();
    builder
        .initial_connection_window_size(streams.connection_window)
        .initial_window_size(streams.stream_window)
        .max_concurrent_streams(if is_over { 0 } else { streams.most })
        .max_header_list_size(context.limits.head as u32)
        .max_local_error_reset_streams(Some(MOST_ERRORS))
        .max_pending_accept_reset_streams(MOST_RESET)
        .max_send_buffer_size(SEND_BUFFER);
    if context.upgrades {
        builder.enable_connect_protocol();
    }
    let io = Guarded::new(io, Arc::clone(&progress));
    let shaking = timeout(context.read_timeout(), builder.handshake::<_, Bytes>(io));
    let shaken = tokio::select! {
        shaken = shaking => shaken,
        () = context.later_than(Ending::No) => return,
    };
    let Ok(Ok(mut connection)) = shaken else { return };
    if is_over {
        // One connection too many: told so, and that none of its requests was looked at.
        connection.abrupt_shutdown(Reason::REFUSED_STREAM);
    }
    let gathered = Gathered::default();
    let now = Instant::now();
    tokio::spawn(Driver {
        accepted: 0,
        connection,
        ends_at: (standing != Standing::Within).then(|| now + PARTING),
        gathered,
        idle_since: now,
        is_parting: is_over,
        is_refused: is_over,
        peer: Arc::new(peer),
        permit,
        progress,
        ending: context.later_than(Ending::No),
        is_ticking: true,
        sleep: Box::pin(tokio::time::sleep(TICK)),
        streams: FuturesUnordered::new(),
        context,
    });
}

type Stream = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Driver<T> {
    /// How many requests there have been.
    accepted: u32,
    connection: Connection<Guarded<T>, Bytes>,
    context: Arc<Context>,
    /// Ready when the server has come further in ending.
    ending: Stream,
    /// When it is cut off, whatever is under way.
    ends_at: Option<Instant>,
    gathered: Gathered,
    idle_since: Instant,
    /// No further requests are taken.
    is_parting: bool,
    /// It was told why it ends.
    is_refused: bool,
    /// The next look at the clock is near.
    is_ticking: bool,
    peer: Arc<Peer>,
    #[allow(dead_code, reason = "held, so that the connection is counted")]
    permit: Permit,
    progress: Arc<Progress>,
    sleep: Pin<Box<Sleep>>,
    streams: FuturesUnordered<Stream>,
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Future for Driver<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Task) -> Poll<()> {
        let this = self.get_mut();
        let outcome = this.turn(task);
        this.gathered.flush(&this.context.outbox);
        outcome
    }
}

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        // Each tells that its client is gone.
        self.streams = FuturesUnordered::new();
        self.gathered.flush(&self.context.outbox);
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Driver<T> {
    /// Streams first, so that what they have to send leaves with the connection's turn.
    fn turn(&mut self, task: &mut Task) -> Poll<()> {
        loop {
            while let Poll::Ready(Some(())) = self.streams.poll_next_unpin(task) {}
            let mut has_accepted = false;
            loop {
                match self.connection.poll_accept(task) {
                    Poll::Ready(Some(Ok((request, respond)))) => {
                        has_accepted = true;
                        self.accept(request, respond, task);
                    }
                    // What is wrong with a connection, or its end: what can be said to the client has been.
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            if let Some(reason) = self.progress.flood.found()
                && !self.is_refused
            {
                self.refuse(reason);
                continue;
            }
            if !has_accepted {
                break;
            }
        }
        self.poll_end(task)
    }

    fn accept(&mut self, request: http::Request<RecvStream>, respond: SendResponse<Bytes>, task: &Task) {
        self.accepted += 1;
        let limits = &self.context.limits;
        // Others may have left since it was accepted.
        if self.peer.is_extra() && limits.standing(self.context.permits.open()) == Standing::Within {
            self.peer.is_extra.store(false, Ordering::Relaxed);
            self.ends_at = None;
        }
        let most = limits.max_requests;
        if self.peer.is_extra() || (most > 0 && self.accepted >= most) {
            self.part(task);
        }
        let (parts, body) = request.into_parts();
        let wire = Http2Wire::new(body, respond);
        let gathered = self.gathered.clone();
        let served = serve(wire, parts, Arc::clone(&self.context), Arc::clone(&self.peer), gathered.clone());
        let guarded = AssertUnwindSafe(served).catch_unwind().map(move |outcome| {
            if outcome.is_err() {
                gathered.push(Message::Log("panic in the native core: a request of HTTP/2 was given up".into()));
            }
        });
        self.streams.push(Box::pin(guarded));
    }

    /// Whether the connection is to end: with its server, after a time without requests, or of a client that takes nothing.
    fn poll_end(&mut self, task: &mut Task) -> Poll<()> {
        while self.ending.as_mut().poll(task).is_ready() {
            let ending = *self.context.ending.borrow();
            if ending == Ending::Over {
                return Poll::Ready(());
            }
            self.part(task);
            self.ending = self.context.later_than(ending);
        }
        let is_idle = self.streams.is_empty() && self.ends_at.is_none();
        if !self.is_ticking && !is_idle {
            self.look_after(TICK);
        }
        while self.sleep.as_mut().poll(task).is_ready() {
            let now = Instant::now();
            if !self.streams.is_empty() {
                self.idle_since = now;
            }
            let (idle, is_idle_for) = (self.context.idle_timeout(), now - self.idle_since);
            if self.ends_at.is_some_and(|end| now >= end) || self.progress.is_stuck(self.context.write_timeout()) {
                return Poll::Ready(());
            }
            if self.streams.is_empty() && !idle.is_zero() && is_idle_for >= idle && !self.is_parting {
                self.part(task);
            }
            if self.is_parting && self.streams.is_empty() && self.ends_at.is_none() {
                self.ends_at = Some(now + PARTING);
            }
            // An idle connection is looked at when its time is over, any other once a second.
            if self.streams.is_empty() && self.ends_at.is_none() && !self.progress.is_waiting() && !idle.is_zero() {
                self.look_after(idle.saturating_sub(is_idle_for).max(TICK));
            } else {
                self.look_after(TICK);
            }
        }
        Poll::Pending
    }

    fn look_after(&mut self, time: Duration) {
        self.is_ticking = time <= TICK;
        self.sleep.as_mut().reset(tokio::time::Instant::now() + time);
    }

    /// Takes no further requests, and ends after those under way.
    fn part(&mut self, task: &Task) {
        if !self.is_parting {
            self.is_parting = true;
            self.connection.graceful_shutdown();
            // What that has to say leaves by a further turn.
            task.waker().wake_by_ref();
        }
    }

    fn refuse(&mut self, reason: &'static str) {
        self.gathered.push(Message::Refused(Refusal {
            code: "FLOOD",
            limit: 0,
            reason,
            section: "RFC 9113, 10.5",
            status: 0,
        }));
        (self.is_parting, self.is_refused) = (true, true);
        self.ends_at = Some(Instant::now() + PARTING);
        self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        self.streams = FuturesUnordered::new();
    }
}
