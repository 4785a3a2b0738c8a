//! How a run that did not succeed ends: an exit code that says who should act, one line, one hint.
//!
//! Every library error becomes a [`Failure`] here and nowhere else, so one cause has one code
//! whichever verb met it.
//!
//! Nothing here knows which verb failed, or tries again.

use std::process::ExitCode;

use crate::out::Out;
use crate::trust;

/// Who should act. The numbers are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nobody: a reader that left early is a quiet success.
    Done = 0,
    /// The answer is no.
    No = 1,
    /// The caller: flags, grammar.
    Usage = 2,
    /// The network; trying again is reasonable.
    Network = 3,
    /// The peer: certificate, checksum, malformed answer.
    Untrusted = 4,
    /// This machine: permission, address in use, descriptors, disk.
    Machine = 5,
}

/// Why the run ends, and with which code.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// A signal to die of once everything is cleaned up.
    pub(crate) signal: Option<i32>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), hint: None, signal: None }
    }

    /// Whoever read our output has left: nothing to say, nothing wrong.
    pub(crate) fn reader_left() -> Failure {
        Failure::new(Exit::Done, "")
    }

    /// A signal asked us to end.
    pub(crate) fn signal(number: i32) -> Failure {
        Failure { signal: Some(number), ..Failure::reader_left() }
    }

    /// One more line: something to type.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Failure {
        self.hint = Some(text.into());
        self
    }

    /// Whether nothing can be served any more: this machine refuses, or our reader has left.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.exit, Exit::Machine | Exit::Done)
    }

    /// Says it and gives the exit code.
    pub(crate) fn leave(self, out: &Out) -> ExitCode {
        if !self.message.is_empty() {
            out.failure(&self);
        }
        if let Some(signal) = self.signal {
            // Dying of the signal tells a shell what happened; exiting with 130 would not.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        ExitCode::from(self.exit as u8)
    }
}

/// Writing to stdout: a reader that left is no fault.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::reader_left(),
            _ => Failure::new(
                Exit::Machine,
                format!("cannot write output: {}", coax_net::cause_in_words(&error)),
            ),
        }
    }
}

impl From<coax_addr::EndpointError> for Failure {
    fn from(error: coax_addr::EndpointError) -> Failure {
        Failure::new(Exit::Usage, error.to_string())
    }
}

impl From<coax_net::SocketError> for Failure {
    fn from(error: coax_net::SocketError) -> Failure {
        Failure::new(exit_of(error.kind()), error.to_string())
    }
}

impl From<coax_net::ListenError> for Failure {
    fn from(error: coax_net::ListenError) -> Failure {
        use coax_net::ListenError as Why;
        let exit = match &error {
            Why::Unsupported(_)
            | Why::NoGroup(_)
            | Why::NoInterface(_)
            | Why::Misplaced(_)
            | Why::NoAccount { .. } => Exit::Usage,
            // Whatever is wrong with a place to listen on is wrong here.
            Why::Socket(error) if exit_of(error.kind()) == Exit::Network => Exit::Machine,
            Why::Socket(error) => exit_of(error.kind()),
            Why::Resolve(error) => exit_of_resolving(&error.kind),
            Why::WrongFamily(_) => Exit::Usage,
            _ => Exit::Machine,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<coax_net::DialError> for Failure {
    fn from(error: coax_net::DialError) -> Failure {
        use coax_net::DialErrorKind as Kind;
        let exit = match error.kind() {
            Kind::Unsupported | Kind::Invalid => Exit::Usage,
            Kind::NoSuchName => Exit::No,
            Kind::Socket(kind) => exit_of(kind),
            _ => Exit::Network,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<coax_fetch::FetchError> for Failure {
    fn from(error: coax_fetch::FetchError) -> Failure {
        let failure = Failure::new(exit_of_fetching(error.kind()), error.to_string());
        trust::advise(failure, error.tls())
    }
}

impl From<&coax_fetch::DownloadError> for Failure {
    fn from(error: &coax_fetch::DownloadError) -> Failure {
        use coax_fetch::DownloadErrorKind as Kind;
        let exit = match error.kind() {
            Kind::Fetch(kind) => exit_of_fetching(kind),
            Kind::Status(status) => exit_of_status(status.as_u16()),
            Kind::Changed => Exit::Network,
            Kind::Exists | Kind::Busy | Kind::Disk => Exit::Machine,
            Kind::ReaderLeft => return Failure::reader_left(),
            _ => Exit::Untrusted,
        };
        trust::advise(Failure::new(exit, error.to_string()), error.tls())
    }
}

/// Who should act when something could not be fetched.
fn exit_of_fetching(kind: coax_fetch::FetchErrorKind) -> Exit {
    use coax_fetch::FetchErrorKind as Kind;
    match kind {
        Kind::Refused
        | Kind::Timeout
        | Kind::Unreachable
        | Kind::Reset
        | Kind::CutShort
        | Kind::Proxy => Exit::Network,
        Kind::Name => Exit::No,
        Kind::Invalid => Exit::Usage,
        Kind::Local => Exit::Machine,
        _ => Exit::Untrusted,
    }
}

/// Who should act when a web server gave no page: it says no, or that it cannot just now.
pub(crate) fn exit_of_status(status: u16) -> Exit {
    match status {
        408 | 425 | 429 | 500.. => Exit::Network,
        _ => Exit::No,
    }
}

/// Who should act when a name has no address. Trying again does not make a name exist.
fn exit_of_resolving(kind: &coax_net::ResolveErrorKind) -> Exit {
    use coax_net::ResolveErrorKind as Kind;
    match kind {
        Kind::NoSuchName | Kind::NoAddress => Exit::No,
        Kind::Malformed(_) => Exit::Usage,
        Kind::Machine(_) => Exit::Machine,
        _ => Exit::Network,
    }
}

/// Who should act when a socket call failed.
impl From<coax_net::TlsError> for Failure {
    fn from(error: coax_net::TlsError) -> Failure {
        use coax_net::TlsErrorKind as Kind;
        let exit = match error.kind() {
            Kind::Untrusted | Kind::Protocol | Kind::ClientCertificate => Exit::Untrusted,
            Kind::Connection => Exit::Network,
            _ => Exit::Machine,
        };
        trust::advise(Failure::new(exit, error.to_string()), Some(&error))
    }
}

fn exit_of(kind: coax_net::SocketErrorKind) -> Exit {
    use coax_net::SocketErrorKind as Kind;
    match kind {
        // A Unix socket that is not there is a server that has not started.
        Kind::Refused
        | Kind::TimedOut
        | Kind::Unreachable
        | Kind::Reset
        | Kind::BrokenPipe
        | Kind::NotConnected
        | Kind::NotFound
        | Kind::WouldBlock => Exit::Network,
        Kind::Invalid => Exit::Usage,
        _ => Exit::Machine,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use coax_addr::{Endpoint, ServiceTable};
    use coax_net::{
        Addresses, Dial, Listen, Resolve, ResolveError, ResolveErrorKind as Kind, Wanted,
    };

    use super::{Exit, Failure};

    /// Every name is no name, for this reason.
    struct Never(Kind);

    impl Resolve for Never {
        fn resolve<'a>(
            &'a self,
            name: &'a str,
            _: Wanted,
        ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
            let error = ResolveError { name: name.to_owned(), kind: self.0.clone() };
            Box::pin(async { Err(error) })
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_has_one_code_whoever_asks() {
        let endpoint = Endpoint::parse("db.internal:5432", &ServiceTable::iana()).unwrap();
        for (kind, exit) in [
            (Kind::NoSuchName, Exit::No),
            (Kind::NoAddress, Exit::No),
            (Kind::Malformed("why"), Exit::Usage),
            (Kind::TimedOut, Exit::Network),
            (Kind::Failed("why".to_owned()), Exit::Network),
            (Kind::Machine("why".to_owned()), Exit::Machine),
        ] {
            let resolver = Never(kind.clone());
            let dialed = Dial::new(&resolver).connect(&endpoint).await.map(|_| ());
            assert_eq!(Failure::from(dialed.unwrap_err()).exit, exit, "connect: {kind:?}");
            let listened = Listen::default().on(&endpoint, &resolver).await.map(|_| ());
            assert_eq!(Failure::from(listened.unwrap_err()).exit, exit, "listen: {kind:?}");
        }
    }
}
