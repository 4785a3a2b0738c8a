//! What is worth telling whoever runs the server, and what they want of it.
//!
//! Nothing told holds a password. Texts may be a stranger's: whoever shows them cleans them.
//!
//! Nothing here prints.

use std::net::{IpAddr, SocketAddr};

use crate::gate::{Refusal, Way};
use crate::hub::Note;
use crate::memory::News;
use crate::settings::{Changes, SettingsError};

/// What whoever runs the server wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// To read the settings again.
    Reload,
    /// To end; everyone reads why. A second one ends it at once.
    Stop(String),
}

/// What is worth telling whoever runs the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Told {
    /// Somebody was let in to talk.
    Connected {
        /// Where from; none is a Unix socket.
        address: Option<SocketAddr>,
        /// How they talk.
        way: Way,
        /// Whether the way is encrypted.
        secure: bool,
    },
    /// Somebody was turned away at the door, or broke off there.
    Refused {
        /// Where from; none is a Unix socket.
        address: Option<SocketAddr>,
        /// Why.
        why: Refusal,
    },
    /// Callers come through a web proxy that the settings do not name, so all have its address; none is a
    /// Unix socket.
    UnnamedProxy(Option<IpAddr>),
    /// What the hub notes.
    Note(Note),
    /// The settings were read again.
    Reloaded(Changes),
    /// They could not be, and the old ones stay.
    NotReloaded(SettingsError),
    /// Who the server is for those who call with TLS from now on.
    Certificate {
        /// The SHA-256 of the certificate, in hexadecimal.
        fingerprint: String,
        /// Whether there was another one before.
        renewed: bool,
    },
    /// No certificate, or the old one stays.
    NoCertificate(String),
    /// What is to be kept is not, or is again; or what was kept cannot be read.
    Memory(News),
    /// This machine's clock is by so many milliseconds later than when a server last ran: for a day
    /// nothing is forgotten by it.
    ClockDoubted(u64),
    /// This machine's clock jumped by so many milliseconds, back where that is negative, and is not
    /// believed; or, without a number, it is right again.
    ClockJumped(Option<i64>),
    /// So many messages and events were forgotten, as the settings say.
    Forgot(u64),
    /// They could not be.
    NotForgotten(String),
    /// What was to be kept could not be put away in order.
    NotClosed(String),
    /// Everyone is being told that the server ends.
    Stopping {
        /// Why.
        why: String,
        /// How many are told.
        connected: usize,
    },
    /// A connection could not be accepted: descriptors, memory.
    CannotAccept(String),
}

/// How a server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub why: String,
    /// An operator wanted it.
    pub by_operator: bool,
}
