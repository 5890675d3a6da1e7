//! Streams that a client opens for itself (RFC 9114, 6.2): its control stream and those of QPACK.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use quinn::RecvStream;

use super::framing::{Frames, kind, number};
use super::shared::{Code, Fault, Shared};

/// Kinds of streams.
const CONTROL: u64 = 0x0;
const PUSH: u64 = 0x1;
const ENCODER: u64 = 0x2;
const DECODER: u64 = 0x3;

/// The longest frame of the control stream that is read: SETTINGS have a few numbers.
const LONGEST: u64 = 4096;

/// And settings that are.
const MOST: usize = 64;

/// Bytes that a number of 62 bits has after its first (RFC 9204, 4.1.1): there is none that is longer.
const LONGEST_NUMBER: u32 = 9;

/// The instruction that gives the dynamic table no room (RFC 9204, 4.3.1).
const NO_ROOM: u8 = 0x20;

const CONNECT_PROTOCOL: u64 = 0x8;
const DATAGRAMS: u64 = 0x33;

/// Which of the streams that there may be one of there are.
#[derive(Default)]
pub struct Opened(AtomicU8);

impl Opened {
    fn open(&self, kind: u64) -> Result<(), Fault> {
        let bit = 1 << kind;
        let is_first = self.0.fetch_or(bit, Ordering::Relaxed) & bit == 0;
        if is_first { Ok(()) } else { Err(Fault::Connection(Code::StreamCreation)) }
    }
}

/// Sees to a stream for as long as it is open.
pub async fn serve(recv: RecvStream, opened: Arc<Opened>, shared: Arc<Shared>) {
    let mut stream = Control { frames: Frames::new(recv), shared };
    if let Err(fault) = stream.run(&opened).await {
        stream.shared.fail(fault);
    }
}

struct Control {
    frames: Frames,
    shared: Arc<Shared>,
}

impl Control {
    async fn run(&mut self, opened: &Opened) -> Result<(), Fault> {
        let kind = match poll_fn(|task| self.frames.poll_number(task)).await {
            Ok(Some(kind)) => kind,
            // One that ends before it has said what it is may be let go of (RFC 9114, 6.2).
            Ok(None) | Err(Fault::Reset) => return self.shared.count_idle_frame(),
            Err(fault) => return Err(fault),
        };
        let outcome = match kind {
            CONTROL | ENCODER | DECODER => {
                opened.open(kind)?;
                match kind {
                    CONTROL => self.frames().await,
                    ENCODER => self.encoder().await,
                    _ => self.decoder().await,
                }
            }
            PUSH => Err(Fault::Connection(Code::StreamCreation)),
            _ => {
                self.frames.stop(Code::StreamCreation);
                return self.shared.count_idle_frame();
            }
        };
        match outcome {
            // None of them may end before the connection does.
            Ok(()) | Err(Fault::Reset) => Err(Fault::Connection(Code::ClosedCriticalStream)),
            Err(fault) => Err(fault),
        }
    }

    async fn frames(&mut self) -> Result<(), Fault> {
        let (mut goaway, mut is_set, mut most_pushed) = (u64::MAX, false, 0);
        while let Some((kind, length)) = self.frames.next().await? {
            if !is_set && kind != kind::SETTINGS {
                return Err(Fault::Connection(Code::MissingSettings));
            }
            self.shared.count_idle_frame()?;
            match kind {
                kind::SETTINGS if !is_set => {
                    is_set = true;
                    check_settings(&self.whole(length).await?)?;
                }
                kind::GOAWAY => {
                    let push = self.number(length).await?;
                    if push > goaway {
                        return Err(Fault::Connection(Code::Id));
                    }
                    goaway = push;
                }
                kind::MAX_PUSH_ID => {
                    let push = self.number(length).await?;
                    if push < most_pushed {
                        return Err(Fault::Connection(Code::Id));
                    }
                    most_pushed = push;
                }
                // Nothing has been promised that could be cancelled.
                kind::CANCEL_PUSH => return Err(Fault::Connection(Code::Id)),
                kind::DATA | kind::HEADERS | kind::PUSH_PROMISE | kind::SETTINGS => {
                    return Err(Fault::Connection(Code::FrameUnexpected));
                }
                _ if kind::is_of_http2(kind) => return Err(Fault::Connection(Code::FrameUnexpected)),
                _ => poll_fn(|task| self.frames.poll_skip(task, &self.shared)).await?,
            }
        }
        Ok(())
    }

    async fn whole(&mut self, length: u64) -> Result<Bytes, Fault> {
        if length > LONGEST {
            return Err(Fault::Connection(Code::ExcessiveLoad));
        }
        self.frames.whole().await
    }

    /// A payload that is one number.
    async fn number(&mut self, length: u64) -> Result<u64, Fault> {
        let payload = self.whole(length).await?;
        let mut rest = &payload[..];
        number(&mut rest).filter(|_| rest.is_empty()).ok_or(Fault::Connection(Code::Frame))
    }

    /// The table that it would fill has no room: all that may be said is that it is to have none.
    async fn encoder(&mut self) -> Result<(), Fault> {
        while let Some(bytes) = poll_fn(|task| self.frames.poll_bytes(task)).await? {
            for byte in &bytes[..] {
                if *byte != NO_ROOM {
                    return Err(Fault::Connection(Code::EncoderStream));
                }
                self.shared.count_idle_frame()?;
            }
        }
        Ok(())
    }

    /// Nothing that was sent refers to the table: all that may be said is that streams are not read.
    async fn decoder(&mut self) -> Result<(), Fault> {
        let (mut is_within, mut length) = (false, 0);
        while let Some(bytes) = poll_fn(|task| self.frames.poll_bytes(task)).await? {
            for byte in &bytes[..] {
                let is_cancellation = byte & 0xc0 == 0x40;
                length = if is_within { length + 1 } else { 0 };
                if (!is_within && !is_cancellation) || length > LONGEST_NUMBER {
                    return Err(Fault::Connection(Code::DecoderStream));
                }
                is_within = if is_within { byte & 0x80 != 0 } else { byte & 0x3f == 0x3f };
                if !is_within {
                    self.shared.count_idle_frame()?;
                }
            }
        }
        Ok(())
    }
}

/// Settings are pairs of numbers, each given once (RFC 9114, 7.2.4).
fn check_settings(payload: &[u8]) -> Result<(), Fault> {
    let (mut rest, mut seen) = (payload, Vec::new());
    while !rest.is_empty() {
        let (Some(name), Some(value)) = (number(&mut rest), number(&mut rest)) else {
            return Err(Fault::Connection(Code::Frame));
        };
        let is_flag = matches!(name, CONNECT_PROTOCOL | DATAGRAMS);
        if matches!(name, 0x0 | 0x2..=0x5) || seen.contains(&name) || (is_flag && value > 1) || seen.len() == MOST {
            return Err(Fault::Connection(Code::Settings));
        }
        seen.push(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_known_by_their_numbers() {
        assert_eq!(check_settings(&[]), Ok(()));
        // The usual ones, and one that nobody knows.
        assert_eq!(
            check_settings(&[0x1, 0x0, 0x6, 0x7f, 0xff, 0x7, 0x0, 0x8, 0x1, 0x33, 0x0, 0x40, 0x5f, 0x3]),
            Ok(())
        );
        for payload in [&[0x2, 0x0][..], &[0x4, 0x1], &[0x6, 0x1, 0x6, 0x1], &[0x8, 0x2], &[0x33, 0x2]] {
            assert_eq!(check_settings(payload), Err(Fault::Connection(Code::Settings)), "{payload:x?}");
        }
        for payload in [&[0x6][..], &[0x6, 0x7f], &[0x40]] {
            assert_eq!(check_settings(payload), Err(Fault::Connection(Code::Frame)), "{payload:x?}");
        }
    }
}
