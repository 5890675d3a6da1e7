//! The TLS of a connection whose handshake is done: records in, bytes of HTTP out, and the other way round. No I/O here:
//! `secure` moves the bytes.
//!
//! rustls bounds what a client can have it do besides: 32 key updates between two records of data, 32 empty records in a
//! row, four warnings, one renegotiation that is refused. What is beyond is a broken session.

use std::io::{self, BufRead, Read, Write};

use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;

/// As much as rustls takes at a time, and keeps room for between two reads.
const READ_SIZE: usize = 4096;

pub struct Tls {
    /// There is more room in the session than one that waits has to have.
    has_grown: bool,
    /// The session's own notice of its end has been written.
    has_said_last: bool,
    is_broken: bool,
    is_ended: bool,
    session: Box<ServerConnection>,
}

/// What is known after some records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// They broke the protocol: nothing that follows can be read. The alert is among what is to be sent.
    Broken,
    /// The client has sent its last byte, and says so.
    Ended,
    /// More may come.
    Open,
}

impl Tls {
    pub fn new(session: Box<ServerConnection>) -> Self {
        Self { has_grown: true, has_said_last: false, is_broken: false, is_ended: false, session }
    }

    /// Takes records in, in any parts, and appends what they hold to `plain`.
    pub fn open(&mut self, mut records: &[u8], plain: &mut Vec<u8>) -> Input {
        let before = plain.len();
        self.has_grown |= records.len() > READ_SIZE;
        // Once without any: a session that was adopted may hold some.
        loop {
            if !records.is_empty() && self.session.read_tls(&mut records).is_err() {
                self.is_broken = true;
                return Input::Broken;
            }
            let outcome = self.session.process_new_packets();
            self.drain(plain);
            if outcome.is_err() {
                self.is_broken = true;
                return Input::Broken;
            }
            // Behind the notice of the end nothing is read.
            if records.is_empty() || self.is_ended {
                break;
            }
        }
        // A part of a record waits in room that its next part enlarges.
        self.has_grown |= plain.len() == before;
        if self.is_ended { Input::Ended } else { Input::Open }
    }

    fn drain(&mut self, plain: &mut Vec<u8>) {
        let mut reader = self.session.reader();
        loop {
            match reader.fill_buf() {
                // Only the notice of the end gives none.
                Ok([]) => return self.is_ended = true,
                Ok(chunk) => {
                    plain.extend_from_slice(chunk);
                    let length = chunk.len();
                    reader.consume(length);
                }
                Err(_) => return,
            }
        }
    }

    /// Appends to `records` what is to be sent: what the session has to say, and `plain` in as few records as it takes.
    /// False when nothing can be sent any more.
    pub fn seal(&mut self, mut plain: &[u8], records: &mut Vec<u8>) -> bool {
        self.flush(records);
        if self.has_said_last && !plain.is_empty() {
            return false;
        }
        while !plain.is_empty() {
            match self.session.writer().write(plain) {
                Ok(0) | Err(_) => return false,
                Ok(taken) => plain = &plain[taken..],
            }
            self.flush(records);
        }
        true
    }

    /// Whether the session has something of its own to say.
    pub fn has_news(&self) -> bool {
        self.session.wants_write()
    }

    fn flush(&mut self, records: &mut Vec<u8>) {
        while self.session.wants_write() {
            if self.session.write_tls(records).is_err() {
                return;
            }
        }
    }

    /// Says that nothing more will be sent (RFC 8446, 6.1): the client can tell an answer's end from a cut.
    pub fn say_last(&mut self) {
        if !self.has_said_last && !self.is_broken {
            self.has_said_last = true;
            self.session.send_close_notify();
        }
    }

    /// Gives room back that only a large record needed.
    pub fn shrink(&mut self) {
        if std::mem::take(&mut self.has_grown) {
            // The session looks at its room before it reads, which here it does not come to.
            let _ = self.session.read_tls(&mut Nothing);
        }
    }

    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Whether the client has said that it has sent its last byte: without, the rest may have been cut off.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The certificate that the client has proved to be its own, as DER.
    pub fn peer_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.session.peer_certificates()?.first()
    }

    /// The host name that the client has asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.session.server_name()
    }
}

/// A source that has nothing for now.
struct Nothing;

impl Read for Nothing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
