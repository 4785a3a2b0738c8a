//! Why no connection came about: what each address did.
//!
//! One line for a person, causes alike told together: `refused by 10.0.0.7, no answer from 10.0.0.8
//! in 3 s`. [`DialErrorKind`] is what a program matches on.
//!
//! Nothing here decides exit codes.

use std::fmt;

use coax_addr::Place;

use super::DialReport;
use super::race::{Attempt, AttemptOutcome};
use super::telling::{every_cause, is_literal, target, time, without_name, words};
use crate::resolve::{ResolveError, ResolveErrorKind};
use crate::socket::SocketErrorKind;

/// No connection.
#[derive(Debug)]
pub struct DialError {
    /// The endpoint in words, without its options.
    target: String,
    /// An address literal or path: the address would only be said twice.
    literal: bool,
    trouble: Box<Trouble>,
    report: DialReport,
}

/// What went wrong before or instead of the attempts.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The scheme.
    Unsupported(&'static str),
    /// What does not fit together.
    Invalid(String),
    Resolve(ResolveError),
    ResolvingTimedOut,
    /// The report says how.
    AllFailed,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DialErrorKind {
    /// This cannot be dialled here at all.
    Unsupported,
    /// What was asked for does not fit together: an unknown interface, a family it has not.
    Invalid,
    /// The name does not exist, or has no address.
    NoSuchName,
    /// The resolver failed; trying again is reasonable.
    Resolver,
    /// The deadline passed.
    TimedOut,
    /// Every address failed; this is the cause that tells most.
    Socket(SocketErrorKind),
}

impl DialError {
    pub(super) fn new(place: &Place, trouble: Trouble, report: DialReport) -> DialError {
        let trouble = Box::new(trouble);
        DialError { target: target(place), literal: is_literal(place), trouble, report }
    }

    /// What was tried.
    pub fn report(&self) -> &DialReport {
        &self.report
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> DialErrorKind {
        match &*self.trouble {
            Trouble::Unsupported(_) => DialErrorKind::Unsupported,
            Trouble::Invalid(_) => DialErrorKind::Invalid,
            Trouble::Resolve(error) => kind_of_resolving(&error.kind),
            Trouble::ResolvingTimedOut => DialErrorKind::TimedOut,
            Trouble::AllFailed => kind_of_attempts(&self.report.attempts),
        }
    }

    /// The cause alone, in words.
    pub fn cause(&self) -> String {
        match &*self.trouble {
            Trouble::Unsupported(scheme) => {
                format!("this coax dials tcp, udp and Unix sockets, not {scheme}")
            }
            Trouble::Invalid(why) => why.clone(),
            Trouble::Resolve(error) => without_name(error),
            Trouble::ResolvingTimedOut => "its name was not resolved in time".into(),
            Trouble::AllFailed if self.literal => self.only_cause(),
            Trouble::AllFailed => every_cause(&self.report.attempts),
        }
    }

    fn only_cause(&self) -> String {
        let Some(attempt) = self.report.attempts.first() else {
            return "no address was tried".into();
        };
        match &attempt.outcome {
            AttemptOutcome::Failed(error) if error.kind() != SocketErrorKind::TimedOut => {
                words(error)
            }
            _ => format!("no answer in {}", time(attempt.took)),
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: {}", self.target, self.cause())
    }
}

impl std::error::Error for DialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.trouble {
            Trouble::Resolve(error) => Some(error),
            _ => None,
        }
    }
}

fn kind_of_resolving(kind: &ResolveErrorKind) -> DialErrorKind {
    match kind {
        ResolveErrorKind::NoSuchName | ResolveErrorKind::NoAddress => DialErrorKind::NoSuchName,
        ResolveErrorKind::TimedOut => DialErrorKind::TimedOut,
        ResolveErrorKind::Malformed(_) => DialErrorKind::Invalid,
        ResolveErrorKind::Machine(_) => DialErrorKind::Socket(SocketErrorKind::OutOfMemory),
        _ => DialErrorKind::Resolver,
    }
}

/// An address that answered tells more than one that no way leads to.
fn kind_of_attempts(attempts: &[Attempt]) -> DialErrorKind {
    use SocketErrorKind::{AddressNotAvailable, NotSupported, Unreachable};
    let mut kinds = attempts.iter().map(|attempt| match &attempt.outcome {
        AttemptOutcome::Failed(error) if error.kind() != SocketErrorKind::TimedOut => {
            DialErrorKind::Socket(error.kind())
        }
        _ => DialErrorKind::TimedOut,
    });
    let says_little = |kind: &DialErrorKind| {
        matches!(kind, DialErrorKind::Socket(Unreachable | AddressNotAvailable | NotSupported))
    };
    let first = kinds.next();
    let better = first.into_iter().chain(kinds).find(|kind| !says_little(kind));
    better.or(first).unwrap_or(DialErrorKind::TimedOut)
}
