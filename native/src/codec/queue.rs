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

/// Bytes of bodies for which another worker is worth its way to the pool, which costs as much as to compress a few KB; and
/// for which the event loop is woken before they are done too.
const WORTH_IT: usize = 32 * 1024;

/// A job with what names it: `token` for whoever waits for its outcome, `ticket` for whoever may cancel it (0 for nobody).
pub struct Entry<Token> {
    pub job: Job,
    pub ticket: u32,
    pub token: Token,
}

struct State<Token> {
    done: Vec<(Token, Outcome)>,
    /// The event loop has been woken for what is done.
    is_announced: bool,
    is_closed: bool,
    waiting: VecDeque<Entry<Token>>,
    /// Bytes of the bodies that wait.
    waiting_bytes: usize,
    /// Workers that run, or are on their way to.
    workers: usize,
}

pub struct Queue<Token> {
    most_workers: usize,
    state: Mutex<State<Token>>,
}

impl<Token> Queue<Token> {
    pub fn new(most_workers: usize) -> Self {
        let state = State {
            done: Vec::new(),
            is_announced: false,
            is_closed: false,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            workers: 0,
        };
        Self { most_workers, state: Mutex::new(state) }
    }

    /// Adds a job; says whether a worker is to be sent for it. Then [`work`](Self::work) must be called, on any thread.
    pub fn add(&self, entry: Entry<Token>) -> bool {
        let mut state = self.lock();
        state.waiting_bytes += entry.job.body.len();
        state.waiting.push_back(entry);
        Self::admit(&mut state, self.most_workers)
    }

    /// Takes a job out that has not begun. Its body is dropped, its token comes back.
    pub fn cancel(&self, ticket: u32) -> Option<Token> {
        let entry = {
            let mut state = self.lock();
            let at = state.waiting.iter().position(|entry| entry.ticket == ticket)?;
            let entry = state.waiting.remove(at)?;
            state.waiting_bytes -= entry.job.body.len();
            entry
        };
        entry.job.body.give();
        Some(entry.token)
    }

    /// Nobody waits for outcomes any more: what waits is dropped, and workers leave after the job that they are at.
    pub fn close(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_closed = true;
            state.waiting_bytes = 0;
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
        state.waiting_bytes = 0;
        mem::take(&mut state.waiting).into_iter().map(|entry| entry.token).collect()
    }

    /// The outcomes since the last call.
    pub fn take_done(&self) -> Vec<(Token, Outcome)> {
        let mut state = self.lock();
        state.is_announced = false;
        mem::take(&mut state.done)
    }

    /// A worker's shift; says whether the worker has left, and is not to be sent again by itself.
    ///
    /// `wake` is called when something is done that the event loop does not know of, and the worker goes on for longer;
    /// what is done last is to be taken when this has returned.
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
            has_left = state.waiting.is_empty();
            let is_worth_it = state.waiting_bytes >= WORTH_IT;
            next = if is_over { None } else { Self::take(&mut state) };
            let announces = next.is_some() && is_worth_it && !state.is_announced;
            state.is_announced |= announces;
            if has_left {
                // Under the lock: whoever adds a job now sees that nobody is there to take it.
                state.workers -= 1;
            }
            drop(state);
            if announces {
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
        let is_worth_it = state.workers == 0 || state.waiting_bytes >= WORTH_IT;
        if state.is_closed || state.workers >= most || !is_worth_it {
            return false;
        }
        state.workers += 1;
        true
    }

    fn lock(&self) -> MutexGuard<'_, State<Token>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(state: &mut State<Token>) -> Option<Entry<Token>> {
        let entry = state.waiting.pop_front()?;
        state.waiting_bytes -= entry.job.body.len();
        Some(entry)
    }

    fn first(&self) -> Option<Entry<Token>> {
        let mut state = self.lock();
        let entry = Self::take(&mut state);
        if entry.is_none() {
            state.workers -= 1;
        }
        entry
    }
}
