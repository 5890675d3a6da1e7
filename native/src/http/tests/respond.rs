use std::collections::HashSet;

use crate::http::refusal::LINE_TOO_LONG;
use crate::http::respond::{Clock, Ids, OVERLOADED, http_date, number, reason, refusal, status_line};

fn written(fill: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    fill(&mut out);
    String::from_utf8(out).unwrap()
}

fn date(unix: u64) -> String {
    String::from_utf8(http_date(unix).to_vec()).unwrap()
}

#[test]
fn dates() {
    for (unix, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(date(unix), expected);
    }
}

#[test]
fn every_day_of_five_centuries_by_counting() {
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let mut days = 0;
    for year in 1970..2470 {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (month, length) in MONTHS {
            for day in 1..=length + u64::from(month == "Feb" && is_leap) {
                let second = days * 7919 % 86_400;
                let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
                let weekday = DAYS[days as usize % 7];
                let expected = format!("{weekday}, {day:02} {month} {year} {hours:02}:{minutes:02}:{seconds:02} GMT");
                assert_eq!(date(days * 86_400 + second), expected);
                days += 1;
            }
        }
    }
}

#[test]
fn the_date_line_changes_with_the_second() {
    let mut clock = Clock::new();
    let first = clock.line(0).to_vec();
    assert!(first.starts_with(b"Date: ") && first.ends_with(b" GMT\r\n") && first.len() == 37);
    assert_eq!(clock.line(999), first);
    assert_eq!(clock.line(1000).len(), 37);
}

#[test]
fn numbers() {
    for value in [0, 1, 9, 10, 99, 100, 12_345, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(written(|out| number(out, value)), value.to_string());
    }
}

#[test]
fn status_lines() {
    assert_eq!(written(|out| status_line(out, 200)), "HTTP/1.1 200 OK\r\n");
    assert_eq!(written(|out| status_line(out, 404)), "HTTP/1.1 404 Not Found\r\n");
    // Without a phrase the space stays (RFC 9112, 4).
    assert_eq!(written(|out| status_line(out, 599)), "HTTP/1.1 599 \r\n");
    assert!((100..600).all(|status| reason(status).is_ascii()));
}

#[test]
fn ids_are_uuids_of_version_4_and_differ() {
    let mut ids = Ids::new();
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let id = written(|out| assert!(ids.write(out)));
        assert_eq!(id.len(), 36);
        for (at, unit) in id.char_indices() {
            match at {
                8 | 13 | 18 | 23 => assert_eq!(unit, '-'),
                14 => assert_eq!(unit, '4'),
                19 => assert!("89ab".contains(unit)),
                _ => assert!(unit.is_ascii_digit() || ('a'..='f').contains(&unit)),
            }
        }
        assert!(seen.insert(id));
    }
}

#[test]
fn a_refusal_is_a_problem_document_of_its_length_and_closes() {
    let text = written(|out| refusal(out, &LINE_TOO_LONG, b"Date: today\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\nConnection: close\r\n"));
    assert!(head.contains("\r\nDate: today\r\n"));
    assert!(head.ends_with(&format!("\r\nContent-Length: {}", body.len())));
    assert!(body.contains("\"code\":\"LINE_TOO_LONG\"") && body.contains("(RFC 9110, 15.5.15)"));
}

#[test]
fn who_is_refused_for_want_of_room_is_told_when_to_come_again() {
    assert!(written(|out| refusal(out, &OVERLOADED, b"")).contains("\r\nRetry-After: 1\r\n"));
    assert!(!written(|out| refusal(out, &LINE_TOO_LONG, b"")).contains("Retry-After"));
}
