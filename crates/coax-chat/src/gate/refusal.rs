//! Why a caller does not come in.
//!
//! The caller's own doing and this server's are told apart, so that whoever watches the server sees a
//! wrong certificate in another place than a port scan.
//!
//! Nothing here refuses anybody.

use std::{fmt, io};

/// Why a caller was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many others came after it.
    Crowd,
    /// It broke off.
    Gone,
    /// What it spoke was no HTTP.
    Http,
    /// It came by TLS, and there is no certificate.
    NoCertificate,
    /// A page of another site than the one it asked for.
    Origin,
    /// It is a proxy, and did not say whom it brings.
    Proxy,
    /// It did not say in time what it is.
    Silent,
    /// The TLS handshake failed.
    Tls,
    /// What it spoke is nothing that is spoken here.
    Unknown,
}

impl Refusal {
    /// As metrics and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Crowd => "crowd",
            Refusal::Gone => "gone",
            Refusal::Http => "http",
            Refusal::NoCertificate => "no-certificate",
            Refusal::Origin => "origin",
            Refusal::Proxy => "proxy",
            Refusal::Silent => "silent",
            Refusal::Tls => "tls",
            Refusal::Unknown => "unknown",
        }
    }

    /// What an error of [`super::Gate::admit`] means.
    pub fn of(error: &io::Error) -> Refusal {
        let own = error.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>());
        match (own, error.kind()) {
            (Some(refusal), _) => *refusal,
            (None, io::ErrorKind::TimedOut) => Refusal::Silent,
            (None, _) => Refusal::Gone,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Crowd => "too many callers at the door",
            Refusal::Gone => "it broke off",
            Refusal::Http => "what it spoke is not HTTP",
            Refusal::NoCertificate => "no certificate for TLS",
            Refusal::Origin => {
                "its page is of another site than the host it asked for (listen.origins)"
            }
            Refusal::Proxy => "no PROXY header",
            Refusal::Silent => "it did not say in time what it is",
            Refusal::Tls => "the TLS handshake failed",
            Refusal::Unknown => "what it spoke is nothing that is spoken here",
        })
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::other(refusal)
    }
}
