//! What stands behind an open port: what it says first, or answers to a polite question.
//!
//! All of it is a stranger's word: at most 4 KiB of it is kept, none is waited for longer than
//! asked, and a certificate is read, not believed. A port where
//! an unasked word could do harm, such as a printer's, is listened to and never spoken to.
//!
//! Nothing here knows which port was found open, or makes text fit for a terminal.

mod certificate;
mod channel;
mod conversation;
mod cursor;
mod datagram;
mod product;
mod protocol;
mod recognise;
mod registry;
mod reply;
mod tcp;
mod text;
mod tls;
mod turns;

use std::net::SocketAddr;
use std::time::Duration;

use coax_addr::Protocol;
use tokio::time::Instant;

pub use certificate::Certificate;
pub use product::{Product, product_parts};
pub use recognise::{Recognised, recognise, recognise_answer};
pub(crate) use registry::datagram::DATAGRAM_PROTOCOLS;
pub use registry::{is_recognisable, within_tls};
pub use reply::recognise_reply;
pub use tls::TlsIdentity;

/// What is kept of a banner, in bytes.
pub const BANNER_LIMIT: usize = 4096;

/// How to find out. [`Identify::default`] waits at most five seconds and names nobody.
#[derive(Clone, Debug)]
pub struct Identify {
    /// For everything together: connecting, listening, asking.
    pub patience: Duration,
    /// Whom to ask for, where several share an address: HTTP's `Host`, and TLS's server name.
    pub name: Option<String>,
}

/// What was found out. Everything in it but `service` and `hearing` is as the stranger sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The protocol it was heard to speak, as IANA calls it where it has a name there: `ssh`,
    /// `http`, `https`, `domain`. `None` where nothing it said is known.
    pub service: Option<&'static str>,
    /// What it calls itself, on one line: `OpenSSH_9.2p1 Debian-2`, `nginx/1.22.1`.
    pub product: Option<String>,
    /// What else it tells, such as a version of the protocol.
    pub extra: Option<String>,
    /// What it calls its machine or its domain.
    pub host: Option<String>,
    /// What it said: at most [`BANNER_LIMIT`] bytes, untouched.
    pub banner: Vec<u8>,
    /// Its side of a TLS handshake, where it answered one.
    pub tls: Option<TlsIdentity>,
    /// How it came to say so, or why it said nothing.
    pub hearing: Hearing,
}

/// How a port was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hearing {
    /// It spoke first.
    Greeted,
    /// It answered a question.
    Answered,
    /// It took the connection, or the datagram, and said nothing in time.
    #[default]
    Silent,
    /// It closed without a word.
    Closed,
    /// It reset the connection without a word.
    Reset,
    /// It was not reached, for this reason.
    NotReached(String),
}

impl Hearing {
    /// One word for programs: `greeted`, `answered`, `silent`, `closed`, `reset`, `not-reached`.
    pub fn name(&self) -> &'static str {
        match self {
            Hearing::Greeted => "greeted",
            Hearing::Answered => "answered",
            Hearing::Silent => "silent",
            Hearing::Closed => "closed",
            Hearing::Reset => "reset",
            Hearing::NotReached(_) => "not-reached",
        }
    }
}

impl Default for Identify {
    fn default() -> Identify {
        Identify { patience: Duration::from_secs(5), name: None }
    }
}

impl Identify {
    /// Connections to one port that may be open at a time.
    pub const CONNECTIONS_AT_ONCE: usize = 4;

    /// Asks `address`, and ends within the patience whatever the other side does. Makes one
    /// connection where the protocol that is usual at the port is spoken, and up to 15, four of them
    /// at once, where a server says nothing. Dropping the future closes what is open.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn at(&self, address: SocketAddr, protocol: Protocol) -> Identity {
        let now = Instant::now();
        // Longer than anybody waits is for ever.
        let until = now.checked_add(self.patience).unwrap_or(now + Duration::from_secs(86_400));
        match protocol {
            Protocol::Tcp => tcp::identify(address, self.name.as_deref(), until).await,
            Protocol::Udp => datagram::identify(address, until).await,
            other => Identity::not_reached(format!("{other} cannot be asked")),
        }
    }
}

impl Identity {
    fn not_reached(why: String) -> Identity {
        Identity { hearing: Hearing::NotReached(why), ..Identity::default() }
    }
}
