//! Why a URL did not become a file.
//!
//! The URL or the path stands in every error. Whether trying again is reasonable is said here once.
//!
//! Nothing here decides exit codes.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use coax_net::{TlsError, cause_in_words};
use http::StatusCode;

use crate::error::{FetchError, FetchErrorKind};
use crate::verify::Sha256;

/// A URL did not become a file.
#[derive(Clone, Debug)]
pub struct DownloadError(Box<Inside>);

#[derive(Clone, Debug)]
struct Inside {
    kind: DownloadErrorKind,
    text: String,
    /// When the server wants to be asked again.
    after: Option<Duration>,
    /// Where TLS is why.
    tls: Option<TlsError>,
    certificate_wanted: bool,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// Asking for it failed.
    Fetch(FetchErrorKind),
    /// The server answered with this status.
    Status(StatusCode),
    /// The server contradicts itself.
    Lie,
    /// On the server it is no longer what it was when it was begun.
    Changed,
    /// It is not what it must be.
    Checksum,
    /// The list of sums does not have it.
    Unlisted,
    /// It has more bytes than allowed.
    TooLarge,
    /// A file has the name already.
    Exists,
    /// Another process is at it.
    Busy,
    /// The disk did not do what was asked of it.
    Disk,
    /// Whoever was to read it has left.
    ReaderLeft,
}

use DownloadErrorKind as Kind;

impl DownloadError {
    fn new(kind: Kind, text: String) -> DownloadError {
        DownloadError(Box::new(Inside {
            kind,
            text,
            after: None,
            tls: None,
            certificate_wanted: false,
        }))
    }

    pub(super) fn status(url: &str, status: StatusCode, after: Option<Duration>) -> DownloadError {
        let reason = status.canonical_reason().map(|it| format!(" {it}")).unwrap_or_default();
        let text = format!("cannot fetch {url}: the server says {}{reason}", status.as_u16());
        let mut error = DownloadError::new(Kind::Status(status), text);
        error.0.after = after;
        error
    }

    pub(super) fn lie(url: &str, what: &str) -> DownloadError {
        DownloadError::new(Kind::Lie, format!("cannot trust {url}: {what}"))
    }

    pub(super) fn changed(url: &str, what: &str) -> DownloadError {
        DownloadError::new(Kind::Changed, format!("cannot go on with {url}: {what}"))
    }

    /// Passing, as it concerns one connection of several.
    pub(super) fn no_parts(url: &str) -> DownloadError {
        let text = format!("cannot fetch {url}: the server stopped sending parts of it");
        DownloadError::new(Kind::Fetch(FetchErrorKind::CutShort), text)
    }

    /// Passing, as the whole may be had.
    pub(super) fn silent(url: &str) -> DownloadError {
        let text = format!("cannot fetch {url}: no answer to a request for a part of it");
        DownloadError::new(Kind::Fetch(FetchErrorKind::Timeout), text)
    }

    pub(super) fn too_large(url: &str, limit: u64) -> DownloadError {
        let text = format!("cannot fetch {url}: it has more than the allowed {limit} bytes");
        DownloadError::new(Kind::TooLarge, text)
    }

    pub(super) fn checksum(url: &str, is: Sha256, must: Sha256) -> DownloadError {
        let text = format!("{url} is not what it must be: its SHA-256 is {is}, not {must}");
        DownloadError::new(Kind::Checksum, text)
    }

    pub(super) fn unlisted(name: &str) -> DownloadError {
        let text = format!("the list of SHA-256 sums does not have {name}");
        DownloadError::new(Kind::Unlisted, text)
    }

    pub(crate) fn exists(path: &Path) -> DownloadError {
        DownloadError::new(Kind::Exists, format!("{} is there already", path.display()))
    }

    pub(crate) fn busy(path: &Path) -> DownloadError {
        let text = format!("{} is being written by another process", path.display());
        DownloadError::new(Kind::Busy, text)
    }

    pub(crate) fn replaced(path: &Path) -> DownloadError {
        let text = format!("{} was replaced by another file while it was written", path.display());
        DownloadError::new(Kind::Disk, text)
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> DownloadError {
        let text = format!("cannot read {}: {}", path.display(), cause_in_words(error));
        DownloadError::new(Kind::Disk, text)
    }

    /// A file could not be written.
    pub fn disk(path: &Path, error: &io::Error) -> DownloadError {
        let text = format!("cannot write {}: {}", path.display(), cause_in_words(error));
        DownloadError::new(Kind::Disk, text)
    }

    pub(super) fn output(error: &io::Error) -> DownloadError {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::ReaderLeft,
            _ => Kind::Disk,
        };
        DownloadError::new(kind, format!("cannot write output: {}", cause_in_words(error)))
    }

    /// The same, of a server that asked for a certificate and got none.
    pub(super) fn wanting_certificate(mut self) -> DownloadError {
        self.0.text.push_str("; it asked for a certificate of its client, and got none");
        self.0.certificate_wanted = true;
        self
    }

    /// Whether the server asked for a certificate of its client, and got none.
    pub fn certificate_wanted(&self) -> bool {
        self.0.certificate_wanted
    }

    /// The same, with how much came before.
    pub(super) fn having(mut self, came: u64) -> DownloadError {
        if came > 0 {
            self.0.text.push_str(&format!("; {came} bytes arrived"));
        }
        self
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> DownloadErrorKind {
        self.0.kind
    }

    /// What TLS says of it, where TLS is why.
    pub fn tls(&self) -> Option<&TlsError> {
        self.0.tls.as_ref()
    }

    /// Whether trying again is reasonable.
    pub fn is_passing(&self) -> bool {
        match self.kind() {
            Kind::Fetch(kind) => is_passing(kind),
            Kind::Status(status) => {
                matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            Kind::Changed => true,
            _ => false,
        }
    }

    /// Whether no other connection would fare better: it is this machine, or what was asked for,
    /// that ends it.
    pub(super) fn is_of_this_side(&self) -> bool {
        matches!(self.kind(), Kind::Disk | Kind::TooLarge | Kind::ReaderLeft)
    }

    /// Whether it may be that a part was asked for, and the whole could be had.
    pub(super) fn is_of_a_part(&self) -> bool {
        match self.kind() {
            Kind::Status(_) | Kind::Lie | Kind::Changed => true,
            Kind::Fetch(kind) => !matches!(kind, FetchErrorKind::Local | FetchErrorKind::Invalid),
            _ => false,
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_passing_by_itself(&self) -> bool {
        self.is_passing() && self.kind() != Kind::Changed
    }

    /// What happened, without the URL that it happened to.
    pub(super) fn cause(&self) -> String {
        let text = &self.0.text;
        text.split_once(": ").map_or(text.as_str(), |(_, cause)| cause).to_owned()
    }

    /// How long the server wants to be left alone.
    pub(super) fn after(&self) -> Option<Duration> {
        self.0.after
    }
}

fn is_passing(kind: FetchErrorKind) -> bool {
    use FetchErrorKind as Fetch;
    matches!(
        kind,
        Fetch::Refused | Fetch::Timeout | Fetch::Unreachable | Fetch::Reset | Fetch::CutShort
    )
}

impl From<FetchError> for DownloadError {
    fn from(error: FetchError) -> DownloadError {
        let mut download = DownloadError::new(Kind::Fetch(error.kind()), error.to_string());
        download.0.tls = error.tls().cloned();
        download
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for DownloadError {}
