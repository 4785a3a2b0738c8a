//! A reply as it comes in, and how it is known to be whole.
//!
//! The peer closes, the framing says so, or nothing more comes for a while after its last byte.
//! What came is kept whatever happens then: half an answer is for the person to judge.
//!
//! Nothing here connects, sends or prints.

use std::io;
use std::time::Duration;

use coax_net::{DATAGRAM_LIMIT, Decoder, Descriptor, Framing, FramingError, cause_in_words};
use tokio::time::{Instant, timeout_at};

use crate::duration;
use crate::failure::{Exit, Failure};

/// A reply longer than this is refused: nobody reads it as one message.
pub(super) const LIMIT: usize = coax_net::MESSAGE_LIMIT;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the first byte, and for an end that the framing promises.
    pub(super) wait: Duration,
    /// After the last byte, where only silence shows the end.
    pub(super) settle: Option<Duration>,
}

/// How the reply ended.
#[derive(Debug)]
pub(super) enum Whole {
    Closed,
    Framing,
    Settled,
    /// It did not, or nothing came.
    No(Failure),
}

impl Whole {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Whole::Closed => "closed",
            Whole::Framing => "framing",
            Whole::Settled => "settled",
            Whole::No(_) => "no",
        }
    }
}

/// What came so far. Times are since `start`.
#[derive(Debug)]
pub(super) struct Hearing {
    decoder: Decoder,
    patience: Patience,
    from: String,
    start: Instant,
    pub(super) bytes: Vec<u8>,
    pub(super) first: Option<Duration>,
    pub(super) last: Duration,
}

impl Hearing {
    pub(super) fn new(framing: Framing, patience: Patience, from: &str, start: Instant) -> Hearing {
        Hearing {
            decoder: Decoder::new(framing),
            patience,
            from: from.to_owned(),
            start,
            bytes: Vec::new(),
            first: None,
            last: Duration::ZERO,
        }
    }

    /// Reads until the reply is whole, or will not be.
    pub(super) async fn hear(&mut self, peer: &Descriptor) -> Whole {
        let mut buffer = vec![0; DATAGRAM_LIMIT];
        let mut until = Instant::now() + self.patience.wait;
        loop {
            let ended = match timeout_at(until, peer.read(&mut buffer)).await {
                Err(_) => Some(self.silent()),
                Ok(Err(error)) => Some(self.broken(&error)),
                Ok(Ok(0)) => Some(self.closed()),
                Ok(Ok(count)) => self.take(&buffer[..count]),
            };
            if let Some(ended) = ended {
                return ended;
            }
            until = Instant::now() + self.patience.settle.unwrap_or(self.patience.wait);
        }
    }

    /// A packet that is the whole reply.
    pub(super) fn packet(&mut self, bytes: &[u8]) -> Whole {
        self.take(bytes).unwrap_or_else(|| match self.finish() {
            Ok(()) => Whole::Framing,
            Err(error) => self.odd(&error),
        })
    }

    /// `Some` when the reply is over.
    fn take(&mut self, bytes: &[u8]) -> Option<Whole> {
        self.last = self.start.elapsed();
        self.first.get_or_insert(self.last);
        let (reply, mut whole) = (&mut self.bytes, false);
        let by_silence = self.patience.settle.is_some();
        let fed = self.decoder.feed(bytes, |message| {
            // One reply was asked for; what follows it is not ours.
            if !std::mem::replace(&mut whole, true) || by_silence {
                reply.extend_from_slice(message);
            }
        });
        if let Err(error) = fed {
            return Some(self.odd(&error));
        }
        if self.bytes.len() > LIMIT {
            let text = format!("{}: the reply is longer than {LIMIT} bytes", self.from);
            return Some(Whole::No(Failure::new(Exit::Untrusted, text)));
        }
        (whole && !by_silence).then_some(Whole::Framing)
    }

    /// What the framing kept back is part of what came.
    fn finish(&mut self) -> Result<(), FramingError> {
        let reply = &mut self.bytes;
        self.decoder.finish(|message| reply.extend_from_slice(message))
    }

    fn closed(&mut self) -> Whole {
        if self.first.is_none() {
            let text = format!("{} closed the connection without a reply", self.from);
            return Whole::No(Failure::new(Exit::Network, text));
        }
        match self.finish() {
            Ok(()) => Whole::Closed,
            Err(error) => self.odd(&error),
        }
    }

    fn silent(&mut self) -> Whole {
        if self.first.is_some() && self.patience.settle.is_some() {
            return Whole::Settled;
        }
        let wait = duration::words(self.patience.wait);
        let what = if self.first.is_some() { "the reply did not end" } else { "no reply" };
        // What is missing of it is the failure that is told.
        let _ = self.finish();
        let text = format!("{}: {what} within {wait}", self.from);
        Whole::No(Failure::new(Exit::Network, text))
    }

    fn broken(&mut self, error: &io::Error) -> Whole {
        let _ = self.finish();
        let text = format!("{}: {}", self.from, cause_in_words(error));
        Whole::No(Failure::new(Exit::Network, text))
    }

    fn odd(&self, error: &FramingError) -> Whole {
        let text = format!("{} broke the framing: {error}", self.from);
        Whole::No(Failure::new(Exit::Untrusted, text))
    }
}
