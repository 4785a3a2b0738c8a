//! The body of an HTTP/1.1 answer, as it arrives.
//!
//! The connection goes back the moment the last byte of the body has arrived, if it may be used
//! again and nothing unasked came behind.
//!
//! Nothing here waits without somebody who asks.

use bytes::Bytes;
use coax_net::PacketCount;

use super::chunked::{Chunked, Step};
use super::head::Framing;
use super::wire::Wire;
use crate::error::{FetchErrorKind, Trouble};
use crate::pool::Home;

/// A body that arrives over a connection of its own.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Gone once the body has ended.
    wire: Option<Wire>,
    /// Said again to whoever asks again: an error is not followed by an end.
    failed: Option<Trouble>,
    rest: Rest,
    arrived: u64,
    /// Where the connection goes when it may be used again.
    home: Option<Home>,
}

#[derive(Debug)]
enum Rest {
    Length(u64),
    Chunked(Chunked),
    Close,
}

impl Incoming {
    /// What follows a head on `wire`; `home` is where a reusable connection goes.
    pub(crate) fn new(wire: Wire, framing: Framing, home: Option<Home>) -> Incoming {
        let rest = match framing {
            Framing::Length(length) => Rest::Length(length),
            Framing::Chunked => Rest::Chunked(Chunked::new()),
            Framing::Close => Rest::Close,
        };
        let mut incoming = Incoming { wire: Some(wire), failed: None, rest, arrived: 0, home };
        if let Rest::Length(0) = incoming.rest {
            incoming.end();
        }
        incoming
    }

    /// The next piece; `None` once all has come.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let Some(wire) = &mut self.wire else {
                return self.failed.clone().map_or(Ok(None), Err);
            };
            match self.rest.take(wire) {
                Ok(Step::Piece(piece)) => {
                    self.arrived += piece.len() as u64;
                    if let Rest::Length(0) = self.rest {
                        self.end();
                    }
                    return Ok(Some(piece));
                }
                Ok(Step::End) => {
                    self.end();
                    return Ok(None);
                }
                Ok(Step::More) => self.more().await?,
                Err(trouble) => return Err(self.given_up(trouble)),
            }
        }
    }

    /// Whether all of it has arrived: asking for it waits for nothing.
    pub(crate) fn is_here(&self) -> bool {
        match (&self.wire, &self.rest) {
            (Some(wire), Rest::Length(left)) => wire.held().len() as u64 >= *left,
            _ => false,
        }
    }

    /// Counts the packets of its connection.
    pub(crate) fn arrivals(&self) -> Option<PacketCount> {
        self.wire.as_ref().and_then(Wire::arrivals)
    }

    async fn more(&mut self) -> Result<(), Trouble> {
        let Some(wire) = &mut self.wire else { return Ok(()) };
        let trouble = match (wire.fill().await, &self.rest) {
            (Ok(1..), _) => return Ok(()),
            (Ok(0), Rest::Close) => {
                self.wire = None;
                return Ok(());
            }
            (Ok(0), rest) => {
                let why = format!("cut short: {}", rest.missing(self.arrived));
                Trouble::new(FetchErrorKind::CutShort, why)
            }
            (Err(error), rest) => {
                Trouble::broken(&error, &format!("in the middle: {}", rest.missing(self.arrived)))
            }
        };
        Err(self.given_up(trouble))
    }

    fn given_up(&mut self, trouble: Trouble) -> Trouble {
        self.wire = None;
        self.failed = Some(trouble.clone());
        trouble
    }

    fn end(&mut self) {
        if let (Some(wire), Some(home)) = (self.wire.take(), self.home.take()) {
            home.welcome(wire);
        }
    }
}

impl Rest {
    fn take(&mut self, wire: &mut Wire) -> Result<Step, Trouble> {
        let held = wire.held_mut();
        match self {
            Rest::Chunked(chunked) => chunked.step(held),
            Rest::Length(0) => Ok(Step::End),
            _ if held.is_empty() => Ok(Step::More),
            Rest::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(held.len());
                *left -= count as u64;
                Ok(Step::Piece(held.split_to(count)))
            }
            Rest::Close => Ok(Step::Piece(held.split_to(held.len()))),
        }
    }

    fn missing(&self, arrived: u64) -> String {
        match self {
            Rest::Length(left) => format!("{arrived} of {} bytes came", arrived + left),
            _ => format!("{arrived} bytes came, and no end"),
        }
    }
}
