//! What follows the head of an answer, in pieces as they arrive.
//!
//! The end is told only when it is sure that everything came: a body cut short is an error. A body
//! dropped before its end closes its connection; one read to the end leaves it for the next request.
//!
//! Nothing here collects: a piece that is dropped before the next is read costs no memory.

use std::time::Duration;

use bytes::Bytes;
use coax_net::Address;
use tokio::time::timeout;
use url::Url;

use crate::error::{FetchError, FetchErrorKind, Trouble};
use crate::h1;

/// What follows the head of an answer.
#[derive(Debug)]
pub struct Body {
    source: h1::Incoming,
    length: Option<u64>,
    idle: Duration,
    about: About,
}

/// Whose body it is, for errors.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) url: Url,
    pub(crate) peer: Address,
}

impl Body {
    pub(crate) fn new(
        source: h1::Incoming,
        length: Option<u64>,
        idle: Duration,
        about: About,
    ) -> Body {
        Body { source, length, idle, about }
    }

    /// The next piece, as large as what has arrived; `None` once everything has come. Safe to
    /// cancel: nothing is lost.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let silent = || {
            let why = format!("no more of it in {} s", self.idle.as_secs());
            Trouble::new(FetchErrorKind::Timeout, why)
        };
        let piece = timeout(self.idle, self.source.chunk()).await;
        let piece = piece.map_err(|_| silent()).flatten();
        piece.map_err(|trouble| {
            FetchError::new(&self.about.url, trouble).by(Some(self.about.peer.clone()))
        })
    }

    /// How many bytes it has in all, where that is known before they come.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}
