use std::ptr::null_mut;

use crate::inloop::connection::{Connection, Wait};
use crate::inloop::limits::{EXTRA, LINGER, Limits, Standing};
use crate::inloop::timers::overdue;

const LIMITS: Limits = Limits {
    head: 8192,
    idle_timeout: 60_000,
    largest_chunk: 1 << 20,
    max_connections: 0,
    max_per_address: 0,
    max_requests: 0,
    read_timeout: 30_000,
    request_line: 8192,
    reserve: 0,
    waits: false,
    write_timeout: 20_000,
};

/// What is overdue of a connection that waits for `wait` since 1,000, at `now`.
fn at(now: u64, wait: Wait, change: impl FnOnce(&mut Connection)) -> Option<Wait> {
    let mut connection = Connection::new(null_mut(), 1, 1000);
    connection.wait = wait;
    change(&mut connection);
    overdue(&connection, &LIMITS, now)
}

#[test]
fn each_wait_has_its_time_to_the_millisecond() {
    let times = [(Wait::Head, 30_000), (Wait::Idle, 60_000), (Wait::Linger, LINGER), (Wait::Write, 20_000)];
    for (wait, time) in times {
        assert_eq!(at(1000 + time, wait, |_| {}), None, "{wait:?}");
        assert_eq!(at(1001 + time, wait, |_| {}), Some(wait), "{wait:?}");
    }
    assert_eq!(at(u64::MAX, Wait::Nothing, |_| {}), None);
}

#[test]
fn a_pause_in_a_body_is_as_long_as_a_head_may_take() {
    // Enough has come for the least rate to be no question.
    let body = |connection: &mut Connection| connection.body_bytes = 1 << 40;
    assert_eq!(at(31_000, Wait::Body, body), None);
    assert_eq!(at(31_001, Wait::Body, body), Some(Wait::Body));
}

#[test]
fn a_body_must_bring_500_bytes_a_second_once_it_has_taken_longer_than_the_read_timeout() {
    // A byte came just now, each time: there is no pause.
    let with = |now: u64, bytes: u64| {
        at(now, Wait::Body, |connection| {
            connection.body_bytes = bytes;
            connection.since = now;
        })
    };
    assert_eq!(with(31_000, 1), None, "not before the read timeout");
    assert_eq!(with(31_001, 1), Some(Wait::Body));
    assert_eq!(with(41_000, 19_999), Some(Wait::Body), "under 500 bytes a second for 40 s");
    assert_eq!(with(41_000, 20_000), None, "just 500 bytes a second for 40 s");
    assert_eq!(with(1000 + 3_600_000, 1_799_999), Some(Wait::Body));
    assert_eq!(with(1000 + 3_600_000, 1_800_000), None);
}

#[test]
fn only_a_body_has_a_least_rate() {
    for wait in [Wait::Head, Wait::Idle, Wait::Write] {
        let now = |connection: &mut Connection| connection.since = 1_000_000;
        assert_eq!(at(1_000_000, wait, now), None, "{wait:?}");
    }
}

#[test]
fn a_clock_that_stands_before_a_wait_began_is_not_late() {
    assert_eq!(at(0, Wait::Body, |_| {}), None);
    assert_eq!(at(0, Wait::Head, |_| {}), None);
}

#[test]
fn a_reader_has_its_time_anew_with_every_byte_that_it_takes() {
    let mut connection = Connection::new(null_mut(), 1, 1000);
    connection.wait = Wait::Write;
    connection.notes_unsent(70_000, 1000);
    connection.notes_unsent(70_000, 20_000);
    assert_eq!(overdue(&connection, &LIMITS, 21_001), Some(Wait::Write), "nothing was taken");
    connection.notes_unsent(69_999, 21_001);
    assert_eq!(overdue(&connection, &LIMITS, 41_001), None, "one byte was");
    assert_eq!(overdue(&connection, &LIMITS, 41_002), Some(Wait::Write));
}

#[test]
fn one_of_the_reserve_has_its_time_in_all() {
    let extra = |connection: &mut Connection| connection.extra_since = Some(500);
    for wait in [Wait::Body, Wait::Head, Wait::Nothing, Wait::Write] {
        assert_eq!(at(500 + EXTRA, wait, extra), None, "{wait:?}");
        assert_eq!(at(501 + EXTRA, wait, extra), Some(Wait::Linger), "{wait:?}");
    }
}

#[test]
fn what_is_beyond_the_limit_is_of_the_reserve_and_then_too_much() {
    let limits = Limits { max_connections: 2, reserve: 1, ..LIMITS };
    assert_eq!([2, 3, 4].map(|open| limits.standing(open)), [Standing::Within, Standing::Extra, Standing::Over]);
    assert_eq!(LIMITS.standing(u32::MAX), Standing::Within);
    assert_eq!(Limits { max_connections: 2, ..LIMITS }.standing(3), Standing::Over);
}
