//! Why a text is not an endpoint.
//!
//! The message quotes the text, says which part is wrong and why, and what would be right. The
//! kind is stable and for programs.
//!
//! Nothing here decides whether a text is right.

use std::fmt;

use crate::near::shown;

/// Why a text is not an endpoint: which part, why, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    text: String,
    kind: EndpointErrorKind,
    reason: String,
}

/// Which part of the text is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndpointErrorKind {
    /// There is no text.
    Empty,
    /// The word before `:` or `://`.
    Scheme,
    /// The host.
    Host,
    /// The port: not a number, too large, or no such service.
    Port,
    /// The port is not there.
    MissingPort,
    /// An IPv6 address without brackets, or brackets around something else.
    Brackets,
    /// The path or the abstract name.
    Path,
    /// The command.
    Command,
    /// What stands after `?`.
    Option,
    /// `%` without two hex digits after it.
    Percent,
}

impl EndpointError {
    /// Which part is wrong.
    pub fn kind(&self) -> EndpointErrorKind {
        self.kind
    }

    /// The message without the text it is about.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == EndpointErrorKind::Empty {
            return f.write_str(&self.reason);
        }
        write!(f, "'{}' is not an endpoint: {}", self.text, self.reason)
    }
}

impl std::error::Error for EndpointError {}

/// What is wrong, before it is known which text it is about.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: EndpointErrorKind,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn about(self, text: &str) -> EndpointError {
        EndpointError { text: shown(text), kind: self.kind, reason: self.reason }
    }
}

/// `Err` with a reason; short because every rule of the grammar ends in one.
pub(super) fn fault<T>(kind: EndpointErrorKind, reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { kind, reason: reason.into() })
}
