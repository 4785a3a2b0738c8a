//! What follows the head of an answer, in pieces as they arrive.
//!
//! The end is told only when it is sure that everything came: a body cut short is an error. A body
//! dropped before its end closes its connection; one read to the end leaves it for the next request.
//!
//! Nothing here collects: a piece that is dropped before the next is read costs no memory.

use std::time::Duration;

use bytes::Bytes;
use coax_net::{Address, PacketCount};
use tokio::time::timeout;
use url::Url;

use crate::connection::Incoming;
use crate::decode::{Decoder, Decoding};
use crate::error::{FetchError, FetchErrorKind, Trouble};
use crate::patience::out_of;

/// What follows the head of an answer.
#[derive(Debug)]
pub struct Body {
    source: Incoming,
    length: Option<u64>,
    decoder: Option<Decoder>,
    /// One that is not known, and left.
    coding: Option<String>,
    idle: Duration,
    /// What may still come.
    room: Option<Room>,
    about: About,
}

/// Whose body it is, for errors.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) url: Url,
    pub(crate) peer: Option<Address>,
}

#[derive(Clone, Copy, Debug)]
struct Room {
    limit: u64,
    left: u64,
}

impl Body {
    pub(crate) fn new(
        source: Incoming,
        length: Option<u64>,
        decoding: Decoding,
        about: About,
    ) -> Body {
        let (decoder, coding) = match decoding {
            Decoding::Plain => (None, None),
            Decoding::Coded(decoder) => (Some(decoder), None),
            Decoding::Unknown(coding) => (None, Some(coding)),
        };
        Body { source, length, decoder, coding, idle: Duration::MAX, room: None, about }
    }

    /// The same, which gives up after `idle` without a byte, and at `limit` bytes.
    pub(crate) fn within(self, idle: Duration, limit: Option<u64>) -> Result<Body, Trouble> {
        let room = limit.map(|limit| Room { limit, left: limit });
        match (room, self.length()) {
            (Some(room), Some(length)) if length > room.limit => Err(room.exceeded()),
            _ => Ok(Body { idle, room, ..self }),
        }
    }

    /// The next piece, as large as what has arrived; `None` once everything has come. Safe to
    /// cancel: nothing is lost.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let piece = self.decoded().await.and_then(|piece| self.counted(piece));
        piece.map_err(|trouble| {
            FetchError::new(&self.about.url, trouble).by(self.about.peer.clone())
        })
    }

    /// How many bytes it has in all, where that is known before they come.
    pub fn length(&self) -> Option<u64> {
        self.length.filter(|_| self.decoder.is_none())
    }

    /// Whether it comes in one coding or several, which are taken off here.
    pub fn is_decoded(&self) -> bool {
        self.decoder.is_some()
    }

    /// The coding that it is said to have and that is left on it, as none of that name is known.
    pub fn coding(&self) -> Option<&str> {
        self.coding.as_deref()
    }

    /// Whether all of it has arrived already, as far as that is seen at a glance.
    pub(crate) fn is_here(&self) -> bool {
        self.decoder.is_none() && self.source.is_here()
    }

    /// Counts the packets of its connection; `None` where that is not to be seen, or where the connection has other bodies too.
    pub(crate) fn arrivals(&self) -> Option<PacketCount> {
        self.source.arrivals()
    }

    async fn decoded(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let Some(decoder) = &mut self.decoder else { return self.arrived().await };
            if let Some(piece) = decoder.piece()? {
                return Ok(Some(piece));
            }
            let arrived = self.arrived().await?;
            let Some(decoder) = &mut self.decoder else { continue };
            match arrived {
                Some(piece) => decoder.feed(piece),
                None => return decoder.finish().map(|()| None),
            }
        }
    }

    async fn arrived(&mut self) -> Result<Option<Bytes>, Trouble> {
        let piece = timeout(self.idle, self.source.chunk()).await;
        piece.unwrap_or_else(|_| Err(out_of(self.idle, "no more of it")))
    }

    fn counted(&mut self, piece: Option<Bytes>) -> Result<Option<Bytes>, Trouble> {
        if let (Some(room), Some(piece)) = (&mut self.room, &piece) {
            let left = room.left.checked_sub(piece.len() as u64);
            room.left = left.ok_or_else(|| room.exceeded())?;
        }
        Ok(piece)
    }
}

impl Room {
    fn exceeded(&self) -> Trouble {
        let why = format!("it is longer than the {} bytes that are allowed", self.limit);
        Trouble::new(FetchErrorKind::TooLarge, why)
    }
}
