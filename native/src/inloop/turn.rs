//! How long the engine keeps the event loop in one round: handlers that take long, on many connections, would hold up
//! timers, answers that are ready and everything else of the process until each of them has had its request.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a round may take before what is still unread is left to the next. It costs those connections a look each.
const LONGEST: Duration = Duration::from_micros(2500);

/// Reads between two looks at the clock, at most.
const MOST_UNTIMED: u32 = 16;

/// The round of the event loop under way.
pub struct Turn {
    begun: Cell<Instant>,
    is_over: Cell<bool>,
    /// The read before which the clock is looked at next.
    next_look: Cell<u32>,
    reads: Cell<u32>,
}

impl Turn {
    pub fn new() -> Self {
        let begun = Cell::new(Instant::now());
        Self { begun, is_over: Cell::new(false), next_look: Cell::new(0), reads: Cell::new(0) }
    }

    /// Whether another connection may be read in this round.
    pub fn may_read(&self) -> bool {
        if self.is_over.get() {
            return false;
        }
        let reads = self.reads.get();
        self.reads.set(reads + 1);
        if reads < self.next_look.get() {
            return true;
        }
        if reads == 0 {
            self.begun.set(Instant::now());
            self.next_look.set(1);
            return true;
        }
        let taken = self.begun.get().elapsed();
        self.is_over.set(taken >= LONGEST);
        self.next_look.set(reads + until_next_look(taken, reads));
        !self.is_over.get()
    }

    /// The loop has been through what was readable.
    pub fn end(&self) {
        self.is_over.set(false);
        self.next_look.set(0);
        self.reads.set(0);
    }
}

/// Half as many reads as would fill the round, by what those before have taken.
fn until_next_look(taken: Duration, reads: u32) -> u32 {
    let each = (taken.as_nanos() as u64 / u64::from(reads)).max(1);
    let left = LONGEST.saturating_sub(taken).as_nanos() as u64;
    (left / each / 2).clamp(1, MOST_UNTIMED.into()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_ends_when_its_time_is_up_and_another_begins() {
        let turn = Turn::new();
        for _ in 0..2 {
            for _ in 0..4 {
                assert!(turn.may_read());
            }
            std::thread::sleep(LONGEST * 2);
            let others = (0..MOST_UNTIMED).filter(|_| turn.may_read()).count();
            assert!(others < MOST_UNTIMED as usize);
            assert!(!turn.may_read());
            turn.end();
        }
    }

    #[test]
    fn the_clock_is_looked_at_the_more_often_the_slower_reads_are() {
        assert_eq!(until_next_look(Duration::from_micros(7), 1), MOST_UNTIMED);
        assert_eq!(until_next_look(Duration::from_micros(400), 1), 2);
        assert_eq!(until_next_look(Duration::from_micros(2000), 1), 1);
        assert_eq!(until_next_look(LONGEST * 3, 1), 1);
        assert_eq!(until_next_look(Duration::ZERO, 1), MOST_UNTIMED);
    }
}
