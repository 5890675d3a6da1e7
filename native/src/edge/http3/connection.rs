//! A connection: its requests, and its end.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use quinn::{Connection, ConnectionError, RecvStream, SendStream, VarInt};
use tokio::time::{Sleep, timeout};

use super::control::{self, Opened};
use super::framing::Frames;
use super::said::Said;
use super::shared::{Acknowledged, Code, Shared};
use super::wire::Http3Wire;
use crate::edge::context::{Context, Ending};
use crate::edge::outbox::Message;
use crate::edge::peer::Peer;
use crate::edge::permits::Permit;
use crate::edge::running::TOO_SLOW;
use crate::edge::serve;

/// For a connection that is to end, to have its last answers acknowledged.
const PARTING: Duration = Duration::from_secs(5);

/// From the first goodbye to the one that names the last request: at least so long, and two round trips.
const GRACE: Duration = Duration::from_millis(10);

/// The first goodbye (RFC 9114, 5.2): whatever is on its way is still answered.
const ANY_REQUEST: u64 = (1 << 62) - 4;

type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Accepting<T> = Pin<Box<dyn Stream<Item = Result<T, ConnectionError>> + Send>>;

/// Begins a connection whose handshake is done: a task of its own serves it to its end.
pub async fn begin(connection: Connection, context: Arc<Context>, peer: Peer, permit: Permit) {
    // A client that allows no stream of ours cannot be told anything (RFC 9114, 6.2).
    let Ok(Ok(control)) = timeout(context.handshake_timeout, connection.open_uni()).await else {
        return connection.close(Code::StreamCreation.into(), b"");
    };
    let now = Instant::now();
    let shared = Arc::new(Shared::new(connection.clone(), Arc::clone(&context)));
    tokio::spawn(Driver {
        accepted: 0,
        acknowledged: FuturesUnordered::new(),
        controls: FuturesUnordered::new(),
        ending: context.later_than(Ending::No),
        ends_at: None,
        idle_since: now,
        next_id: 0,
        opened: Arc::default(),
        parting: Parting::No,
        peer: Arc::new(peer),
        permit,
        requests: FuturesUnordered::new(),
        said: Said::new(control, &context),
        sleep: Box::pin(tokio::time::sleep(context.idle_timeout())),
        streams: Box::pin(stream::unfold(connection.clone(), |connection| async {
            Some((connection.accept_bi().await, connection))
        })),
        streams_of_client: Box::pin(stream::unfold(connection, |connection| async {
            Some((connection.accept_uni().await, connection))
        })),
        shared,
    });
}

/// How far a connection has come in ending.
#[derive(Clone, Copy, PartialEq)]
enum Parting {
    No,
    /// It has been said, and what comes until then is still answered.
    Announced(Instant),
    /// The last request has been named: later ones are rejected.
    Final,
}

struct Driver {
    /// How many requests there have been.
    accepted: u32,
    /// Answers that have been given to the connection, and not all of which have arrived.
    acknowledged: FuturesUnordered<Acknowledged>,
    controls: FuturesUnordered<Doing>,
    /// Ready when the server has come further in ending.
    ending: Doing,
    /// When it is cut off, though answers have not arrived.
    ends_at: Option<Instant>,
    idle_since: Instant,
    /// The number of the next request.
    next_id: u64,
    opened: Arc<Opened>,
    parting: Parting,
    peer: Arc<Peer>,
    #[allow(dead_code, reason = "held, so that the connection is counted")]
    permit: Permit,
    requests: FuturesUnordered<Doing>,
    said: Said,
    shared: Arc<Shared>,
    sleep: Pin<Box<Sleep>>,
    streams: Accepting<(SendStream, RecvStream)>,
    streams_of_client: Accepting<RecvStream>,
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Task) -> Poll<()> {
        let this = self.get_mut();
        let outcome = this.turn(task);
        this.shared.gathered.flush(&this.shared.context.outbox);
        outcome
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.connection.close(Code::No.into(), b"");
        // Each tells that its client is gone.
        self.requests = FuturesUnordered::new();
        self.shared.gathered.flush(&self.shared.context.outbox);
    }
}

impl Driver {
    fn turn(&mut self, task: &mut Task) -> Poll<()> {
        loop {
            while let Poll::Ready(Some(())) = self.requests.poll_next_unpin(task) {}
            while let Poll::Ready(Some(())) = self.controls.poll_next_unpin(task) {}
            let mut has_accepted = false;
            loop {
                match self.streams.as_mut().poll_next(task) {
                    Poll::Ready(Some(Ok((send, recv)))) => {
                        has_accepted = true;
                        self.accept(send, recv);
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            while let Poll::Ready(accepted) = self.streams_of_client.as_mut().poll_next(task) {
                let Some(Ok(recv)) = accepted else { return Poll::Ready(()) };
                has_accepted = true;
                let (opened, shared) = (Arc::clone(&self.opened), Arc::clone(&self.shared));
                self.controls.push(Box::pin(control::serve(recv, opened, shared)));
            }
            if !has_accepted {
                break;
            }
        }
        let finished = std::mem::take(&mut *self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
        self.acknowledged.extend(finished);
        while let Poll::Ready(Some(())) = self.acknowledged.poll_next_unpin(task) {}
        self.poll_end(task)
    }

    fn accept(&mut self, mut send: SendStream, recv: RecvStream) {
        let id = u64::from(VarInt::from(recv.id()));
        if self.parting == Parting::Final && id >= self.next_id {
            let _ = send.reset(Code::RequestRejected.into());
            return Frames::new(recv).stop(Code::RequestRejected);
        }
        self.next_id = self.next_id.max(id + 4);
        self.accepted += 1;
        let most = self.shared.context.limits.max_requests;
        if most > 0 && self.accepted >= most {
            self.name_last();
        }
        let shared = Arc::clone(&self.shared);
        let served = request(send, recv, Arc::clone(&self.peer), Arc::clone(&shared));
        self.requests.push(Box::pin(AssertUnwindSafe(served).catch_unwind().map(move |outcome| {
            if outcome.is_err() {
                let text = "panic in the native core: a request of HTTP/3 was given up";
                shared.gathered.push(Message::Log(text.into()));
            }
        })));
    }

    /// Whether the connection is to end: with its server, or after a time without requests.
    fn poll_end(&mut self, task: &mut Task) -> Poll<()> {
        while self.ending.as_mut().poll(task).is_ready() {
            let ending = *self.shared.context.ending.borrow();
            if ending == Ending::Over {
                return Poll::Ready(());
            }
            self.part();
            self.ending = self.shared.context.later_than(ending);
        }
        let now = Instant::now();
        if !self.requests.is_empty() {
            self.idle_since = now;
        }
        let idle = self.shared.context.idle_timeout();
        if self.parting == Parting::No && !idle.is_zero() && now >= self.idle_since + idle {
            self.name_last();
        }
        if let Parting::Announced(end) = self.parting
            && now >= end
        {
            self.name_last();
        }
        let is_done = self.parting == Parting::Final && self.requests.is_empty();
        if is_done {
            let end = *self.ends_at.get_or_insert(now + PARTING);
            if self.acknowledged.is_empty() || now >= end {
                return Poll::Ready(());
            }
        }
        self.said.poll_write(task);
        let next = match self.parting {
            Parting::Announced(end) => Some(end),
            Parting::Final => self.ends_at,
            Parting::No => (!idle.is_zero()).then(|| self.idle_since + idle),
        };
        self.poll_sleep(next, task)
    }

    /// Has the connection looked at when there may be something to do for it.
    fn poll_sleep(&mut self, next: Option<Instant>, task: &mut Task) -> Poll<()> {
        let Some(next) = next else { return Poll::Pending };
        // One that goes off too early is set anew then: moving it each time would cost more.
        if self.sleep.deadline() > next.into() || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(next.into());
        }
        while self.sleep.as_mut().poll(task).is_ready() {
            if Instant::now() >= next {
                task.waker().wake_by_ref();
                break;
            }
            self.sleep.as_mut().reset(next.into());
        }
        Poll::Pending
    }

    /// Says that the connection ends; requests on their way are still taken.
    fn part(&mut self) {
        if self.parting == Parting::No {
            let grace = GRACE.max(2 * self.shared.connection.rtt());
            self.parting = Parting::Announced(Instant::now() + grace);
            self.said.goodbye(ANY_REQUEST);
        }
    }

    /// Takes no further requests, and ends after those under way.
    fn name_last(&mut self) {
        if self.parting != Parting::Final {
            self.parting = Parting::Final;
            self.said.goodbye(self.next_id);
        }
    }
}

/// Serves a request.
async fn request(send: SendStream, recv: RecvStream, peer: Arc<Peer>, shared: Arc<Shared>) {
    let mut wire = Http3Wire::new(send, Frames::new(recv), Arc::clone(&shared));
    let (context, gathered) = (Arc::clone(&shared.context), shared.gathered.clone());
    let limit = context.read_timeout();
    let head = wire.head();
    let head = if limit.is_zero() { Ok(head.await) } else { timeout(limit, head).await };
    match head {
        Ok(Ok(Ok(parts))) => serve::serve(wire, parts, context, peer, gathered).await,
        Ok(Ok(Err(refusal))) => serve::refuse(wire, &refusal, context, peer, gathered).await,
        Ok(Err(fault)) => wire.fail(fault),
        Err(_) => serve::refuse(wire, &TOO_SLOW, context, peer, gathered).await,
    }
}
