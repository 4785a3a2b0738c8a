//! What can happen to the hub.
//!
//! Whatever is not deterministic comes in here as a value: the time, a line, an answer.
//!
//! Nothing here is decided.

use super::client::{ClientId, Origin};
use crate::settings::Settings;

/// One thing that happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Somebody connected.
    Arrive {
        /// The name it has from now on.
        client: ClientId,
        /// Where it is from.
        origin: Origin,
    },
    /// A client sent a line, here without its end. Not while it is held.
    Line {
        /// Who.
        client: ClientId,
        /// What.
        line: &'a [u8],
    },
    /// A client sent a line over the limits, and it was thrown away.
    TooLong {
        /// Who.
        client: ClientId,
    },
    /// A connection ended. The hub may have closed it; then this only frees its number.
    Gone {
        /// Who.
        client: ClientId,
        /// What others read about it.
        why: &'a str,
    },
    /// Time passed. Once a second is often enough.
    Tick,
    /// What was asked is known.
    Answer {
        /// Of which question.
        ticket: Ticket,
        /// What it is.
        answer: Answer,
    },
    /// The settings are different from now on.
    Reload(Box<Settings>),
    /// The server ends: everyone is told, and closed.
    Stop {
        /// What everyone reads.
        why: &'a str,
    },
}

/// Names a question until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What takes longer than the hub may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether this password belongs to this hash.
    Verify {
        /// The password somebody gave.
        password: Box<str>,
        /// The hash it should have.
        hash: Box<str>,
    },
    /// A hash for this password.
    Hash {
        /// The new password.
        password: Box<str>,
    },
}

/// What came of a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Whether it was the right password.
    Verified(bool),
    /// The hash.
    Hashed(Box<str>),
    /// It could not be found out.
    Failed,
}
