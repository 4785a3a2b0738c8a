//! What a rule answers, and what it does then.
//!
//! Everything that can be known beforehand is: a file is read, a template parsed, hexadecimal
//! turned into bytes when the rules are read.
//!
//! Nothing here sends anything.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::template::Template;

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) body: Body,
    /// Before its first byte.
    pub(crate) delay: Duration,
    pub(crate) pieces: Option<Pieces>,
    pub(crate) then: Then,
}

/// Where the bytes come from.
#[derive(Debug)]
pub(crate) enum Body {
    /// Nothing is sent.
    None,
    Bytes(Box<[u8]>),
    Template(Template),
    Command(Command),
}

/// What a shell runs, and for how long.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: String,
    pub(crate) limit: Duration,
}

/// A reply that is sent bit by bit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces {
    /// Bytes.
    pub(crate) size: NonZeroUsize,
    /// Between two.
    pub(crate) pause: Duration,
}

/// What becomes of the connection after a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    #[default]
    Keep,
    /// It is closed in order.
    Close,
    /// Nothing more is sent; what comes is still read.
    HalfClose,
    /// It is reset: what is in flight is thrown away.
    Reset,
}

impl Then {
    /// Each with its name.
    pub const ALL: [(&'static str, Then); 4] = [
        ("keep", Then::Keep),
        ("close", Then::Close),
        ("half-close", Then::HalfClose),
        ("reset", Then::Reset),
    ];

    /// Its name in a rules file.
    pub fn name(self) -> &'static str {
        Then::ALL.iter().find(|(_, then)| *then == self).map_or("keep", |(name, _)| name)
    }

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Then> {
        Then::ALL.iter().find(|(known, _)| *known == name).map(|(_, then)| *then)
    }
}

impl Reply {
    /// These bytes, at once.
    pub(crate) fn bytes(bytes: impl Into<Box<[u8]>>) -> Reply {
        Reply { body: Body::Bytes(bytes.into()), ..Reply::none() }
    }

    /// Nothing.
    pub(crate) fn none() -> Reply {
        Reply { body: Body::None, delay: Duration::ZERO, pieces: None, then: Then::Keep }
    }

    /// The bytes, where they can be sent at once and nothing follows.
    pub(crate) fn at_once(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Bytes(bytes)
                if self.delay.is_zero() && self.pieces.is_none() && self.then == Then::Keep =>
            {
                Some(bytes)
            }
            _ => None,
        }
    }
}
