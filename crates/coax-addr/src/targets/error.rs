//! Why a word is no target.
//!
//! The message quotes the word (a wrong name is quoted by its reason), says which part is wrong and why, and what would be right. The
//! kind is stable and for programs.
//!
//! Nothing here decides whether a word is right.

use std::fmt;

use crate::near::shown;

/// Why a word is no target: which part, why, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    word: String,
    kind: TargetErrorKind,
    reason: String,
}

/// Which part of the word is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetErrorKind {
    /// There is no word.
    Empty,
    /// The name has a character, a label or a length that no name has.
    Name,
    /// The address.
    Address,
    /// One of the four numbers of an IPv4 address.
    Octet,
    /// What stands around the `/`.
    Prefix,
    /// What stands around the `-` of two addresses.
    Range,
    /// What stands after `%`.
    Zone,
    /// A port, or a URL: a target has none.
    Port,
    /// The octet ranges fall into too many separate pieces.
    TooLarge,
    /// A name or an interface, added to a set before somebody looked it up.
    Unresolved,
}

impl TargetError {
    /// Which part is wrong.
    pub fn kind(&self) -> TargetErrorKind {
        self.kind
    }

    /// The message without the word it is about.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TargetErrorKind::Empty | TargetErrorKind::Name => f.write_str(&self.reason),
            _ => write!(f, "'{}' is no target: {}", self.word, self.reason),
        }
    }
}

impl std::error::Error for TargetError {}

/// What is wrong, before it is known which word it is about.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: TargetErrorKind,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn about(self, word: &str) -> TargetError {
        TargetError { word: shown(word), kind: self.kind, reason: self.reason }
    }
}

/// `Err` with a reason.
pub(super) fn fault<T>(kind: TargetErrorKind, reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { kind, reason: reason.into() })
}
