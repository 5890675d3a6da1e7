//! What the server says by its control stream: its settings, and goodbye.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as Task, Poll};

use quinn::SendStream;

use super::framing::{frame_head, kind, put_number};
use crate::edge::context::Context;

/// The kind of stream that it is.
const CONTROL: u8 = 0x0;

const MAX_FIELD_SECTION_SIZE: u64 = 0x6;
const ENABLE_CONNECT_PROTOCOL: u64 = 0x8;

pub struct Said {
    /// What is still to be written.
    out: Vec<u8>,
    stream: SendStream,
}

impl Said {
    /// Begins with what the stream is, and the settings.
    pub fn new(stream: SendStream, context: &Context) -> Self {
        let mut payload = Vec::new();
        put_number(&mut payload, MAX_FIELD_SECTION_SIZE);
        put_number(&mut payload, context.limits.head as u64);
        if context.upgrades {
            put_number(&mut payload, ENABLE_CONNECT_PROTOCOL);
            put_number(&mut payload, 1);
        }
        let mut said = Self { out: vec![CONTROL], stream };
        said.frame(kind::SETTINGS, &payload);
        said
    }

    /// No request from this number on is answered.
    pub fn goodbye(&mut self, id: u64) {
        let mut payload = Vec::new();
        put_number(&mut payload, id);
        self.frame(kind::GOAWAY, &payload);
    }

    /// Writes as much as the client allows.
    pub fn poll_write(&mut self, task: &mut Task) {
        while !self.out.is_empty() {
            let Poll::Ready(Ok(written)) = pin!(self.stream.write(&self.out)).poll(task) else { return };
            self.out.drain(..written);
        }
    }

    fn frame(&mut self, kind: u64, payload: &[u8]) {
        self.out.extend_from_slice(&frame_head(kind, payload.len()));
        self.out.extend_from_slice(payload);
    }
}
