//! The answer of a request: what JavaScript wants of it, as far as the client takes it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_ENCODING;

use super::Running;
use crate::bridge::values::flag;
use crate::edge::answer;
use crate::edge::exchange::{Command, HIGH_WATER};
use crate::edge::outbox::Message;
use crate::edge::wire::{Cut, Wire};
use crate::http::refusal::Refusal;

impl<W: Wire> Running<W> {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Answer(given, body) if !self.has_begun => {
                let flags = given.flags;
                let coded = answer::coded(flags, &body);
                let is_coded = coded.is_some();
                let body = coded.unwrap_or(body);
                let mut head = self.context.defaults.head(&given, Some(body.len() as u64));
                if flags & flag::CODING != 0 && !is_coded {
                    head.headers_mut().remove(CONTENT_ENCODING);
                }
                let is_bare = flags & (flag::BODILESS | flag::HEAD) != 0;
                self.answer(head, if is_bare { Bytes::new() } else { body });
            }
            Command::Begin(given, length) if !self.has_begun => {
                let head = self.context.defaults.head(&given, length);
                let is_bare = given.flags & flag::HEAD != 0;
                self.begin(head, is_bare);
                self.is_over |= is_bare;
            }
            Command::Chunk(bytes) if self.has_begun => {
                if self.pending.is_empty() {
                    self.pace.wrote();
                }
                self.pending.push_back(bytes);
            }
            Command::Cut => self.cut(Cut::Failed),
            Command::End(trailers) if self.has_begun => {
                // JavaScript has no more to do with it.
                self.is_told = false;
                self.end = Some(trailers);
                if self.pending.is_empty() {
                    self.end();
                }
            }
            Command::Hint(lines) if !self.has_begun => {
                self.wire.hint(answer::interim(StatusCode::EARLY_HINTS, &lines));
            }
            Command::Pause(is_paused) => {
                self.is_paused = is_paused;
                self.pace.count_body_anew();
            }
            Command::Receive(is_read) => {
                if !self.is_receiving {
                    self.is_receiving = true;
                    self.pace.count_body_anew();
                }
                if is_read && self.expects_continue && !self.has_begun {
                    self.expects_continue = false;
                    self.wire.hint(answer::interim(StatusCode::CONTINUE, b""));
                }
            }
            // The first answer is the one that counts, and nothing can be written before it.
            Command::Answer(..) | Command::Begin(..) | Command::Chunk(_) | Command::End(_) | Command::Hint(_) => {}
        }
    }

    /// Sends a whole answer.
    pub fn answer(&mut self, head: http::Response<()>, body: Bytes) {
        self.is_told = false;
        self.begin(head, body.is_empty());
        if body.is_empty() {
            self.is_over = true;
        } else {
            self.exchange.unsent.fetch_add(body.len(), Ordering::AcqRel);
            self.pace.wrote();
            self.pending.push_back(body);
            self.end = Some(Vec::new());
        }
    }

    fn begin(&mut self, head: http::Response<()>, is_end: bool) {
        self.has_begun = true;
        if self.wire.begin(head, is_end).is_err() {
            self.is_over = true;
        }
    }

    pub(super) fn write(&mut self, room: usize) {
        let Some(front) = self.pending.front_mut() else { return };
        let bytes = if front.len() <= room { std::mem::take(front) } else { front.split_to(room) };
        if front.is_empty() {
            self.pending.pop_front();
        }
        let length = bytes.len();
        let is_end = self.pending.is_empty() && self.end.as_ref().is_some_and(Vec::is_empty);
        if self.wire.send(bytes, is_end).is_err() {
            self.is_over = true;
            return;
        }
        self.pace.wrote();
        let before = self.exchange.unsent.fetch_sub(length, Ordering::AcqRel);
        if before - length < HIGH_WATER / 2 && self.exchange.wants_drain.swap(false, Ordering::AcqRel) {
            self.gathered.push(Message::Drained(Arc::clone(&self.exchange)));
        }
        if is_end {
            self.is_over = true;
        } else if self.pending.is_empty() && self.end.is_some() {
            self.end();
        }
    }

    fn end(&mut self) {
        let trailers = self.end.take().unwrap_or_default();
        let _ = self.wire.end(answer::trailers(&trailers));
        self.is_over = true;
    }

    pub(super) fn cut(&mut self, why: Cut) {
        self.wire.cut(why);
        self.is_over = true;
    }

    pub fn refuse(&mut self, refusal: &Refusal) {
        let (head, body) = self.context.defaults.refusal(refusal);
        self.answer(head, body);
        self.gathered.push(Message::Refused(*refusal));
    }
}
