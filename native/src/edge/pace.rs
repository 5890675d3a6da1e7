//! How fast a client brings its body, and takes its answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::inloop::limits::LEAST_RATE;

/// What has taken too long.
pub enum Late {
    Body,
    /// Room for more of the answer.
    Room,
}

pub struct Pace {
    /// When the body began, and how much of it has come since: it may be too slow without a pause.
    body_began: Instant,
    body_bytes: u64,
    body_moved: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
    write_moved: Instant,
}

impl Pace {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { body_began: now, body_bytes: 0, body_moved: now, sleep: None, write_moved: now }
    }

    /// A part of the body has come; says whether all of it comes too slowly.
    pub fn body_came(&mut self, length: usize, timeout: Option<Duration>) -> bool {
        let now = Instant::now();
        self.body_moved = now;
        self.body_bytes += length as u64;
        let taken = now - self.body_began;
        timeout.is_some_and(|timeout| taken > timeout && self.body_bytes < LEAST_RATE * taken.as_secs())
    }

    /// The rate of the body, and the pause within it, are counted from here.
    pub fn count_body_anew(&mut self) {
        let now = Instant::now();
        (self.body_began, self.body_bytes, self.body_moved) = (now, 0, now);
    }

    /// Ready when the client has had all the time that it may have, for what is waited for.
    pub fn poll_late(&mut self, task: &mut Task, room: Option<Duration>, body: Option<Duration>) -> Poll<Late> {
        let room = room.map(|time| self.write_moved + time);
        let body = body.map(|time| self.body_moved + time);
        let Some(end) = room.into_iter().chain(body).min() else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end.into())));
        // One that was set for an earlier time is set anew when it goes off: moving it each time would cost more.
        if sleep.deadline() > end.into() {
            sleep.as_mut().reset(end.into());
        }
        loop {
            ready!(sleep.as_mut().poll(task));
            if Instant::now() >= end {
                return Poll::Ready(if room == Some(end) { Late::Room } else { Late::Body });
            }
            sleep.as_mut().reset(end.into());
        }
    }

    /// The client has taken some of the answer, or there is something to take.
    pub fn wrote(&mut self) {
        self.write_moved = Instant::now();
    }
}
