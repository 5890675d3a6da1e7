//! What a client of HTTP/2 sends besides requests and their bodies, counted as it is read: frames that cost the client
//! little and the server work are answered in measure, and then no more (RFC 9113, 10.5).

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

/// The client's first bytes (RFC 9113, 3.4): no frame.
const PREFACE: usize = 24;

/// Of each kind: how many at once, and how many a second after them.
pub const RESETS: (f32, f32) = (200.0, 50.0);
const SETTINGS: (f32, f32) = (50.0, 1.0);
/// PING, PRIORITY, CONTINUATION, empty DATA and frames of kinds that nobody knows. Each request, and each part of a body,
/// allows one more: what measures the way to a server pings with the data that it sends.
pub const OTHERS: (f32, f32) = (1000.0, 100.0);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS_FRAME: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;

/// What is too much, as the reader finds it and the connection asks.
#[derive(Default)]
pub struct Flood(AtomicU8);

impl Flood {
    /// What there has been too much of.
    pub fn found(&self) -> Option<&'static str> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some("a client resets more requests than it lets be answered"),
            2 => Some("a client changes its HTTP/2 settings too often"),
            _ => Some("a client sends more frames of HTTP/2 than its requests need"),
        }
    }

    fn set(&self, kind: u8) {
        self.0.store(kind, Ordering::Relaxed);
    }
}

/// So many at once, and so many a second. HTTP/3 counts by it too.
pub struct Allowance {
    left: f32,
    most: f32,
    rate: f32,
    since: Instant,
}

impl Allowance {
    pub fn new((most, rate): (f32, f32), now: Instant) -> Self {
        Self { left: most, most, rate, since: now }
    }

    /// Takes one; false when none is left.
    pub fn take(&mut self) -> bool {
        // The clock is only asked when it is needed.
        if self.left < 1.0 {
            let passed = self.since.elapsed().as_secs_f32();
            self.since = Instant::now();
            self.left = (self.left + passed * self.rate).min(self.most);
            if self.left < 1.0 {
                return false;
            }
        }
        self.left -= 1.0;
        true
    }

    pub fn give(&mut self) {
        self.left = (self.left + 1.0).min(self.most);
    }
}

/// Reads along with HTTP/2.
pub struct Counter {
    /// Of the header of the next frame: what has come of it.
    header: [u8; 9],
    have: usize,
    others: Allowance,
    resets: Allowance,
    settings: Allowance,
    /// Bytes to pass over.
    skip: usize,
}

impl Counter {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            header: [0; 9],
            have: 0,
            others: Allowance::new(OTHERS, now),
            resets: Allowance::new(RESETS, now),
            settings: Allowance::new(SETTINGS, now),
            skip: PREFACE,
        }
    }

    /// Takes in what has been read.
    pub fn read(&mut self, mut bytes: &[u8], flood: &Flood) {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let taken = (self.header.len() - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have < self.header.len() {
                return;
            }
            self.have = 0;
            let [high, middle, low, kind, flags, ..] = self.header;
            self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            self.count(kind, flags, flood);
        }
    }

    fn count(&mut self, kind: u8, flags: u8, flood: &Flood) {
        let is_empty = self.skip == 0;
        match kind {
            DATA if !is_empty || flags & END_STREAM != 0 => self.others.give(),
            HEADERS if !is_empty => self.others.give(),
            RST_STREAM => {
                if !self.resets.take() {
                    flood.set(1);
                }
            }
            SETTINGS_FRAME if flags & ACK == 0 => {
                if !self.settings.take() {
                    flood.set(2);
                }
            }
            // As many as its reader needs for what it is sent; they cost next to nothing.
            WINDOW_UPDATE => {}
            // Of pings that are ours.
            PING | SETTINGS_FRAME if flags & ACK != 0 => {}
            _ => {
                if !self.others.take() {
                    flood.set(3);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0, (length >> 8) as u8, length as u8, kind, flags, 0, 0, 0, 1];
        bytes.resize(9 + length, 0xaa);
        bytes
    }

    fn read(frames: &[Vec<u8>], piece: usize) -> Option<&'static str> {
        let flood = Flood::default();
        let mut counter = Counter::new();
        let bytes = [vec![0; PREFACE], frames.concat()].concat();
        for part in bytes.chunks(piece) {
            counter.read(part, &flood);
        }
        flood.found()
    }

    #[test]
    fn lets_requests_and_bodies_through_however_they_are_cut() {
        let one = [frame(HEADERS, 4, 40), frame(DATA, 0, 1000), frame(WINDOW_UPDATE, 0, 4), frame(DATA, END_STREAM, 0)];
        let many: Vec<_> = one.iter().cycle().take(20_000).cloned().collect();
        for piece in [1, 7, 9, 16_384] {
            assert_eq!(read(&many, piece), None);
        }
    }

    #[test]
    fn finds_each_kind_of_flood() {
        for (kind, flags, length) in
            [(RST_STREAM, 0, 4), (SETTINGS_FRAME, 0, 0), (PING, 0, 8), (DATA, 0, 0), (9, 0, 0), (2, 0, 5), (77, 0, 3)]
        {
            let few: Vec<_> = vec![frame(kind, flags, length); 40];
            assert_eq!(read(&few, 1000), None, "{kind}");
            let many: Vec<_> = vec![frame(kind, flags, length); 2000];
            assert!(read(&many, 1000).is_some(), "{kind}");
        }
    }

    #[test]
    fn answers_to_what_the_server_sends_are_no_flood() {
        let many: Vec<_> = vec![frame(PING, ACK, 8); 5000];
        assert_eq!(read(&many, 100), None);
    }

    #[test]
    fn as_many_pings_as_parts_of_a_body_are_no_flood() {
        let many: Vec<_> = [frame(DATA, 0, 100), frame(PING, 0, 8)].into_iter().cycle().take(10_000).collect();
        assert_eq!(read(&many, 4096), None);
    }
}
