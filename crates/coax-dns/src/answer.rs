//! What a name server answered, and why there is no answer.
//!
//! "No" is an answer: a name that does not exist is an [`Answer`] with a status that says so. An
//! [`AskError`] is for a server that gave none.
//!
//! How the answer travelled matters only as something to report.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Record, RecordType, Transport};

/// A server's verdict on a question (RFC 1035 §4.1.1, RCODE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The name exists; it may still have no record of the type.
    Ok,
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    ServerFailed,
    /// REFUSED.
    Refused,
    /// NOTIMP.
    NotImplemented,
    /// FORMERR.
    FormatError,
    /// Any other, by number.
    Other(u16),
}

impl Status {
    /// The name the RFCs give it.
    pub fn mnemonic(self) -> String {
        match self {
            Status::Ok => "NOERROR".to_owned(),
            Status::NoSuchName => "NXDOMAIN".to_owned(),
            Status::ServerFailed => "SERVFAIL".to_owned(),
            Status::Refused => "REFUSED".to_owned(),
            Status::NotImplemented => "NOTIMP".to_owned(),
            Status::FormatError => "FORMERR".to_owned(),
            Status::Other(number) => format!("RCODE{number}"),
        }
    }

    /// Whether it settles the question; the other statuses are a server's trouble.
    pub fn is_answer(self) -> bool {
        matches!(self, Status::Ok | Status::NoSuchName)
    }
}

/// In words, as the end of "the server …".
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Ok => f.write_str("answered"),
            Status::NoSuchName => f.write_str("knows no such name"),
            Status::ServerFailed => f.write_str("failed (SERVFAIL)"),
            Status::Refused => f.write_str("refused (REFUSED)"),
            Status::NotImplemented => f.write_str("cannot do that (NOTIMP)"),
            Status::FormatError => f.write_str("did not understand the question (FORMERR)"),
            Status::Other(9) => f.write_str("keeps no such zone (NOTAUTH)"),
            Status::Other(number) => write!(f, "answered with code {number}"),
        }
    }
}

/// A server's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict: [`Status::Ok`] or [`Status::NoSuchName`].
    pub status: Status,
    /// The answer section in the server's order, aliases included.
    pub records: Vec<Record>,
    /// The server keeps the zone itself.
    pub authoritative: bool,
    /// The server also looks up what others keep.
    pub recursive: bool,
    /// The zone whose server says that there is nothing, or nothing more.
    pub zone: Option<String>,
    /// More records exist than fitted, and the transport allowed no second way to ask.
    pub truncated: bool,
    /// Who answered, as [`crate::Server`] prints.
    pub server: Arc<str>,
    /// How the answer came: [`Transport::Tcp`] after an answer by UDP was cut.
    pub transport: Transport,
    /// From the first packet sent to the answer.
    pub elapsed: Duration,
}

impl Answer {
    /// The records of the type asked for; aliases that led to them are left out.
    pub fn of(&self, record_type: RecordType) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.value.is(record_type))
    }
}

/// Why a server gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskError {
    /// Who was asked last, as [`crate::Server`] prints.
    pub server: String,
    /// What went wrong.
    pub kind: AskErrorKind,
}

/// The ways a server gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskErrorKind {
    /// Nothing came in time.
    TimedOut,
    /// It could not be reached, in words.
    Unreachable(String),
    /// It answered that it cannot or will not.
    Trouble(Status),
    /// What came is not an answer, in words.
    Malformed(String),
    /// It is not who it should be, in words.
    Untrusted(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        match &self.kind {
            AskErrorKind::TimedOut => write!(f, "no answer from {server} in time"),
            AskErrorKind::Unreachable(why) => write!(f, "cannot reach {server}: {why}"),
            AskErrorKind::Trouble(status) => write!(f, "{server} {status}"),
            AskErrorKind::Malformed(why) => write!(f, "malformed answer from {server}: {why}"),
            AskErrorKind::Untrusted(why) => write!(f, "cannot trust {server}: {why}"),
        }
    }
}

impl std::error::Error for AskError {}
