//! A connection's bytes on their way to HTTP/2 and back: frames are counted as they are read, and a client that takes
//! nothing is noticed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Counter, Flood};

/// What the connection's task asks of its bytes.
pub struct Progress {
    /// Since when, in milliseconds after `start`, what was written has waited for the client; 0 for not.
    blocked: AtomicU64,
    pub flood: Flood,
    start: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self { blocked: AtomicU64::new(0), flood: Flood::default(), start: Instant::now() }
    }
}

impl Progress {
    fn note(&self, is_blocked: bool) {
        let was_blocked = self.is_waiting();
        if is_blocked && !was_blocked {
            self.blocked.store(self.start.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        } else if !is_blocked && was_blocked {
            self.blocked.store(0, Ordering::Relaxed);
        }
    }

    /// Whether bytes wait for the client to take some.
    pub fn is_waiting(&self) -> bool {
        self.blocked.load(Ordering::Relaxed) != 0
    }

    /// Whether they have for so long; never, where that is 0.
    pub fn is_stuck(&self, longest: Duration) -> bool {
        let blocked = self.blocked.load(Ordering::Relaxed);
        let now = self.start.elapsed().as_millis() as u64;
        blocked != 0 && !longest.is_zero() && now.saturating_sub(blocked) >= longest.as_millis() as u64
    }
}

pub struct Guarded<T> {
    counter: Counter,
    io: T,
    progress: Arc<Progress>,
}

impl<T> Guarded<T> {
    pub fn new(io: T, progress: Arc<Progress>) -> Self {
        Self { counter: Counter::new(), io, progress }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Task, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        let Self { counter, io, progress } = &mut *self;
        let before = buffer.filled().len();
        let outcome = Pin::new(io).poll_read(task, buffer);
        counter.read(&buffer.filled()[before..], &progress.flood);
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Task, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(task, bytes);
        self.progress.note(outcome.is_pending());
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Task,
        slices: &[io::IoSlice],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(task, slices);
        self.progress.note(outcome.is_pending());
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Task) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(task);
        self.progress.note(outcome.is_pending());
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Task) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(task)
    }
}
