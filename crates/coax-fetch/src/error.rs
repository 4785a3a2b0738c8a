//! Why a URL was not brought.
//!
//! The URL stands in every error, without its password, and so does who did it where an address is
//! known. [`FetchErrorKind`] is what a program matches on; the text is for a person.
//!
//! Nothing here decides exit codes, or whether to try again.

use std::fmt;
use std::io;

use coax_net::{
    Address, DialError, DialErrorKind, SocketError, SocketErrorKind, TlsError, TlsErrorKind,
    cause_in_words,
};
use url::Url;

use crate::response::Hop;

/// A URL was not brought, or not whole.
#[derive(Clone, Debug)]
pub struct FetchError(Box<Inside>);

#[derive(Clone, Debug)]
struct Inside {
    /// Empty where no URL is to blame.
    url: String,
    trouble: Trouble,
    peer: Option<Address>,
    hops: Vec<Hop>,
}

/// What went wrong, before it is known for which URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: FetchErrorKind,
    pub(crate) why: String,
    /// Where TLS is why.
    pub(crate) tls: Option<Box<TlsError>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// Nobody listens there.
    Refused,
    /// No answer, or no more of it, in time.
    Timeout,
    /// No way leads there, or its name could not be asked for.
    Unreachable,
    /// The peer broke the connection off.
    Reset,
    /// The body ended before its end.
    CutShort,
    /// A proxy would not let us through.
    Proxy,
    /// The server has not proved who it is.
    Certificate,
    /// The server wants a certificate of its client: it got none, or does not believe it.
    ClientCertificate,
    /// What was answered breaks HTTP or TLS.
    Protocol,
    /// Redirects that lead nowhere, or where they must not.
    Redirects,
    /// More was sent than is allowed.
    TooLarge,
    /// The name does not exist.
    Name,
    /// What was asked for makes no sense.
    Invalid,
    /// This machine refused.
    Local,
}

impl FetchError {
    pub(crate) fn new(url: &Url, trouble: Trouble) -> FetchError {
        let url = without_credentials(url);
        FetchError(Box::new(Inside { url, trouble, peer: None, hops: Vec::new() }))
    }

    /// For what has no URL yet.
    pub(crate) fn general(trouble: Trouble) -> FetchError {
        let url = String::new();
        FetchError(Box::new(Inside { url, trouble, peer: None, hops: Vec::new() }))
    }

    pub(crate) fn by(mut self, peer: Option<Address>) -> FetchError {
        self.0.peer = peer;
        self
    }

    pub(crate) fn after(mut self, hops: Vec<Hop>) -> FetchError {
        self.0.hops = hops;
        self
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> FetchErrorKind {
        self.0.trouble.kind
    }

    /// The cause alone, in words.
    pub fn cause(&self) -> &str {
        &self.0.trouble.why
    }

    /// The URL it happened at, which a redirect may have named; without user and password. Empty
    /// where no URL is to blame.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Who did it, where somebody answered.
    pub fn peer(&self) -> Option<&Address> {
        self.0.peer.as_ref()
    }

    /// What TLS says of it, where TLS is why.
    pub fn tls(&self) -> Option<&TlsError> {
        self.0.trouble.tls.as_deref()
    }

    /// What was tried, the failure being the last. Empty for what happened to a body.
    pub fn hops(&self) -> &[Hop] {
        &self.0.hops
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inside { url, trouble, .. } = &*self.0;
        match url.is_empty() {
            true => f.write_str(&trouble.why),
            false => write!(f, "cannot fetch {url}: {}", trouble.why),
        }
    }
}

impl std::error::Error for FetchError {}

impl Trouble {
    pub(crate) fn new(kind: FetchErrorKind, why: impl Into<String>) -> Trouble {
        Trouble { kind, why: why.into(), tls: None }
    }

    /// What came over the wire is not what HTTP allows.
    pub(crate) fn protocol(why: impl Into<String>) -> Trouble {
        Trouble::new(FetchErrorKind::Protocol, why)
    }

    /// A read or a write failed; `doing` says during what, as `while it sent its answer`.
    pub(crate) fn broken(error: &io::Error, doing: &str) -> Trouble {
        use io::ErrorKind as Io;
        if let Some(tls) = TlsError::of(error)
            && tls.kind() == TlsErrorKind::ClientCertificate
        {
            return Trouble::from(&tls);
        }
        let kind = match error.kind() {
            Io::ConnectionRefused => FetchErrorKind::Refused,
            Io::TimedOut => FetchErrorKind::Timeout,
            Io::HostUnreachable | Io::NetworkUnreachable | Io::NetworkDown => {
                FetchErrorKind::Unreachable
            }
            Io::UnexpectedEof => FetchErrorKind::CutShort,
            Io::InvalidData => FetchErrorKind::Protocol,
            _ => FetchErrorKind::Reset,
        };
        let cause = match error.kind() {
            // Only TLS finds an end too early, and only it judges what the bytes are.
            Io::UnexpectedEof => "closed without the goodbye of TLS".to_owned(),
            Io::InvalidData => "what it sends is not the TLS that was agreed on".to_owned(),
            _ => cause_in_words(error),
        };
        Trouble::new(kind, format!("{cause} {doing}"))
    }
}

impl From<&DialError> for Trouble {
    fn from(error: &DialError) -> Trouble {
        use FetchErrorKind as Kind;
        let kind = match error.kind() {
            DialErrorKind::Unsupported | DialErrorKind::Invalid => Kind::Invalid,
            DialErrorKind::NoSuchName => Kind::Name,
            DialErrorKind::TimedOut => Kind::Timeout,
            DialErrorKind::Socket(kind) => of_socket(kind),
            _ => Kind::Unreachable,
        };
        Trouble::new(kind, error.cause())
    }
}

impl From<&SocketError> for Trouble {
    fn from(error: &SocketError) -> Trouble {
        Trouble::new(of_socket(error.kind()), error.cause())
    }
}

impl From<&TlsError> for Trouble {
    fn from(error: &TlsError) -> Trouble {
        let kind = match error.kind() {
            TlsErrorKind::Untrusted => FetchErrorKind::Certificate,
            TlsErrorKind::ClientCertificate => FetchErrorKind::ClientCertificate,
            TlsErrorKind::Protocol => FetchErrorKind::Protocol,
            TlsErrorKind::Connection => FetchErrorKind::Reset,
            _ => FetchErrorKind::Local,
        };
        Trouble { tls: Some(Box::new(error.clone())), ..Trouble::new(kind, error.cause()) }
    }
}

fn of_socket(kind: SocketErrorKind) -> FetchErrorKind {
    use SocketErrorKind as Socket;
    match kind {
        // A Unix socket that is not there is a server that has not started.
        Socket::Refused | Socket::NotFound => FetchErrorKind::Refused,
        Socket::TimedOut | Socket::WouldBlock => FetchErrorKind::Timeout,
        Socket::Unreachable => FetchErrorKind::Unreachable,
        Socket::Reset | Socket::BrokenPipe | Socket::NotConnected => FetchErrorKind::Reset,
        Socket::Invalid | Socket::TooLong => FetchErrorKind::Invalid,
        _ => FetchErrorKind::Local,
    }
}

/// A URL as it may be shown to anyone.
pub(crate) fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL without a host refuses, and it has no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
