//! Jobs that wait, and the workers on libuv's thread pool that take them one after the other.
//!
//! A worker goes on by itself: between two jobs it need not wait until the event loop, busy with handlers, comes to hand
//! out the next. What is done goes back in batches: the event loop is woken when something is there that it does not
//! know of yet. After a while a worker leaves, so that whatever else waits for the pool has its turn, and comes back when
//! the event loop has seen to it.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::job::{Job, Outcome};
use super::scratch::Scratch;

/// How long a worker takes one job after the other. One job may take longer.
const SHIFT: Duration = Duration::from_millis(20);

/// A job with what names it: `token` for whoever waits for its outcome, `ticket` for whoever may cancel it (0 for nobody).
pub struct Entry<Token> {
    pub job: Job,
    pub ticket: u32,
    pub token: Token,
}

struct State<Token> {
    done: Vec<(Token, Outcome)>,
    is_closed: bool,
    waiting: VecDeque<Entry<Token>>,
    /// Workers that run, or are on their way to.
    workers: usize,
}

pub struct Queue<Token> {
    most_workers: usize,
    state: Mutex<State<Token>>,
}

impl<Token> Queue<Token> {
    pub fn new(most_workers: usize) -> Self {
        let state = State { done: Vec::new(), is_closed: false, waiting: VecDeque::new(), workers: 0 };
        Self { most_workers, state: Mutex::new(state) }
    }

    /// Adds a job; says whether a worker is to be sent for it. Then [`work`](Self::work) must be called, on any thread.
    pub fn add(&self, entry: Entry<Token>) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(entry);
        Self::admit(&mut state, self.most_workers)
    }

    /// Takes a job out that has not begun. Its body is dropped, its token comes back.
    pub fn cancel(&self, ticket: u32) -> Option<Token> {
        let entry = {
            let mut state = self.lock();
            let at = state.waiting.iter().position(|entry| entry.ticket == ticket)?;
            state.waiting.remove(at)?
        };
        entry.job.body.give();
        Some(entry.token)
    }

    /// Nobody waits for outcomes any more: what waits is dropped, and workers leave after the job that they are at.
    pub fn close(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_closed = true;
            mem::take(&mut state.waiting)
        };
        drop(waiting);
    }

    /// A worker that was to be sent could not be. Where no other is there, nobody will do what waits: its tokens.
    pub fn give_up(&self) -> Vec<Token> {
        let mut state = self.lock();
        state.workers -= 1;
        if state.workers > 0 {
            return Vec::new();
        }
        mem::take(&mut state.waiting).into_iter().map(|entry| entry.token).collect()
    }

    /// The outcomes since the last call.
    pub fn take_done(&self) -> Vec<(Token, Outcome)> {
        mem::take(&mut self.lock().done)
    }

    /// A worker's shift; says whether the worker has left, and is not to be sent again by itself.
    ///
    /// `wake` is called when something is done that nobody knows of while the worker goes on; what is done last is to be
    /// taken when this has returned.
    pub fn work(&self, wake: impl Fn()) -> bool {
        let mut scratch = Scratch::take();
        let start = Instant::now();
        let mut next = self.first();
        let mut has_left = next.is_none();
        while let Some(Entry { job, token, .. }) = next {
            let outcome = job.run(&mut scratch);
            let is_over = start.elapsed() > SHIFT;
            let mut state = self.lock();
            state.done.push((token, outcome));
            let is_news = state.done.len() == 1;
            has_left = state.waiting.is_empty();
            next = if is_over { None } else { state.waiting.pop_front() };
            if has_left {
                // Under the lock: whoever adds a job now sees that nobody is there to take it.
                state.workers -= 1;
            }
            drop(state);
            if is_news && next.is_some() {
                wake();
            }
        }
        scratch.give();
        has_left
    }

    /// For a worker that has not left by itself: says whether it is to be sent again.
    pub fn relieve(&self) -> bool {
        let mut state = self.lock();
        state.workers -= 1;
        !state.waiting.is_empty() && Self::admit(&mut state, self.most_workers)
    }

    fn admit(state: &mut State<Token>, most: usize) -> bool {
        if state.is_closed || state.workers >= most {
            return false;
        }
        state.workers += 1;
        true
    }

    fn lock(&self) -> MutexGuard<'_, State<Token>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<Entry<Token>> {
        let mut state = self.lock();
        let entry = state.waiting.pop_front();
        if entry.is_none() {
            state.workers -= 1;
        }
        entry
    }
}
