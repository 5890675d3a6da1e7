//! A stream of HTTP/2.

use std::task::{Context as Task, Poll, ready};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response};

use super::wire::{Broken, Cut, Wire};

pub struct Http2Wire {
    body: RecvStream,
    respond: SendResponse<Bytes>,
    /// Once the answer has begun.
    stream: Option<SendStream<Bytes>>,
}

impl Http2Wire {
    pub fn new(body: RecvStream, respond: SendResponse<Bytes>) -> Self {
        Self { body, respond, stream: None }
    }
}

impl Wire for Http2Wire {
    fn begin(&mut self, head: Response<()>, is_end: bool) -> Result<(), Broken> {
        self.stream = Some(self.respond.send_response(head, is_end).map_err(|_| Broken)?);
        Ok(())
    }

    fn cut(&mut self, why: Cut) {
        let reason = match why {
            Cut::Failed => Reason::INTERNAL_ERROR,
            Cut::TooSlow => Reason::CANCEL,
        };
        self.respond.send_reset(reason);
    }

    fn end(&mut self, trailers: HeaderMap) -> Result<(), Broken> {
        let Some(stream) = &mut self.stream else { return Err(Broken) };
        let ended =
            if trailers.is_empty() { stream.send_data(Bytes::new(), true) } else { stream.send_trailers(trailers) };
        ended.map_err(|_| Broken)
    }

    fn hint(&mut self, head: Response<()>) -> bool {
        self.respond.send_informational(head).is_ok()
    }

    fn is_received(&self) -> bool {
        self.body.is_end_stream()
    }

    fn poll_body(&mut self, task: &mut Task) -> Poll<Option<Result<Bytes, Broken>>> {
        self.body.poll_data(task).map(|part| part.map(|outcome| outcome.map_err(|_| Broken)))
    }

    fn poll_gone(&mut self, task: &mut Task) -> Poll<()> {
        let reset = match &mut self.stream {
            Some(stream) => stream.poll_reset(task),
            None => self.respond.poll_reset(task),
        };
        reset.map(|_| ())
    }

    fn poll_room(&mut self, task: &mut Task, wanted: usize) -> Poll<Result<usize, Broken>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Err(Broken)) };
        stream.reserve_capacity(wanted);
        loop {
            let capacity = stream.capacity();
            if capacity > 0 {
                return Poll::Ready(Ok(capacity.min(wanted)));
            }
            match ready!(stream.poll_capacity(task)) {
                Some(Ok(0)) => {}
                Some(Ok(capacity)) => return Poll::Ready(Ok(capacity.min(wanted))),
                Some(Err(_)) | None => return Poll::Ready(Err(Broken)),
            }
        }
    }

    fn send(&mut self, bytes: Bytes, is_end: bool) -> Result<(), Broken> {
        let Some(stream) = &mut self.stream else { return Err(Broken) };
        stream.send_data(bytes, is_end).map_err(|_| Broken)
    }

    fn took(&mut self, bytes: usize) {
        // What is wrong with it shows where the body is read.
        let _ = self.body.flow_control().release_capacity(bytes);
    }
}
