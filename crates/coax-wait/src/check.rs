//! One look at a place: is it there, and how is that known?
//!
//! What the place did and what this machine could not do are told apart, since only the first says
//! that something is gone. A look has an end of its own, and leaves nothing open behind it but
//! what it hands over to be closed in order.
//!
//! Nothing here looks twice or knows how long the wait is.

mod answer;
mod http;
mod service;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Place, UnixKind};
use coax_net::{
    Address, Dial, DialError, DialErrorKind, Dialed, Resolve, ResolveErrorKind, SocketError,
    SocketErrorKind, Stream, Tls, TlsErrorKind, TlsStream, Wanted, cause_in_words, close,
};
use tokio::time::{Instant, timeout_at};

use crate::expected::Expected;
use crate::goal::{Goal, Web, What};
use crate::statuses::Statuses;

use http::Answer;
pub(crate) use http::NoStatus;
pub use http::{Head, final_status};

/// How long a peer may take to end a connection that was only a look.
const GRACE: Duration = Duration::from_millis(500);

/// How a place is known to be there, or to be gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// As the rest of a sentence: `it accepts connections`, `refused`.
    pub words: String,
    /// Who answered.
    pub address: Option<Address>,
    /// The HTTP status.
    pub status: Option<u16>,
}

/// What one look found.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is there; the connection that showed it is to be closed.
    There(Evidence, Open),
    /// It is not, by its own word or its host's.
    Absent(Evidence, Open),
    /// Nothing was heard.
    Silent(String),
    /// It cannot be told.
    Unclear(String),
    /// Another look will not help.
    Hopeless(String),
}

/// What a look left open.
#[derive(Debug)]
pub(crate) enum Open {
    Nothing,
    Plain(Stream),
    Secure(Box<TlsStream>),
}

impl Open {
    /// Ends it as a client that is done does: a FIN, and nothing left unread.
    pub(crate) async fn close(self) {
        match self {
            Open::Nothing => {}
            Open::Plain(stream) => drop(close(stream, GRACE).await),
            Open::Secure(stream) => stream.close(GRACE).await,
        }
    }
}

/// How to look.
pub(crate) struct Check<'a> {
    pub(crate) resolver: &'a dyn Resolve,
    pub(crate) wanted: Wanted,
    pub(crate) statuses: &'a Statuses,
    pub(crate) expected: &'a Expected,
    /// Sent instead of the usual datagram.
    pub(crate) question: Option<&'a [u8]>,
    pub(crate) tls: Tls,
}

impl Check<'_> {
    /// Looks once: for at most `limit` after its name is found, which takes its own time.
    pub(crate) async fn look(&self, goal: &Goal, limit: Duration) -> Verdict {
        let verdict = match &goal.what {
            What::Connection(endpoint) => self.connection(endpoint, limit).await,
            What::Answer { endpoint, port } => self.answer(endpoint, *port, limit).await,
            What::Tls { endpoint, host } => self.tls(endpoint, host, limit).await,
            What::Http(web) => self.http(web, limit).await,
            What::Service { endpoint, protocol } => self.service(endpoint, *protocol, limit).await,
            What::Name(name) => self.name(name).await,
            What::File(path) => Ok(file(path)),
        };
        verdict.unwrap_or_else(|instead| instead)
    }

    /// A socket, and when the look has to end.
    async fn dial(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<(Dialed, Instant), Verdict> {
        let (wanted, connect_timeout) = (self.wanted, Some(limit));
        let dial = Dial { wanted, connect_timeout, ..Dial::new(self.resolver) };
        let began = Instant::now();
        let dialed = dial.connect(endpoint).await.map_err(|error| of_dial(&error))?;
        let until = began + dialed.report.resolved_in.unwrap_or_default() + limit;
        Ok((dialed, until))
    }

    async fn stream(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<(Stream, Instant), Verdict> {
        let (dialed, until) = self.dial(endpoint, limit).await?;
        let stream = Stream::new(dialed.socket, dialed.peer).map_err(|error| of_socket(&error))?;
        Ok((stream, until))
    }

    async fn connection(&self, endpoint: &Endpoint, limit: Duration) -> Result<Verdict, Verdict> {
        if let Place::Unix { kind: UnixKind::Dgram, .. } = endpoint.place {
            let (dialed, _) = self.dial(endpoint, limit).await?;
            let evidence = Evidence::of("it takes datagrams", dialed.peer);
            return Ok(Verdict::There(evidence, Open::Nothing));
        }
        let (stream, _) = self.stream(endpoint, limit).await?;
        let evidence = Evidence::of("it accepts connections", stream.peer().clone());
        Ok(Verdict::There(evidence, Open::Plain(stream)))
    }

    async fn tls(
        &self,
        endpoint: &Endpoint,
        host: &Host,
        limit: Duration,
    ) -> Result<Verdict, Verdict> {
        let (stream, address, _) = self.secured(endpoint, host, limit).await?;
        let evidence = Evidence::of("it speaks TLS", address);
        Ok(Verdict::There(evidence, Open::Secure(Box::new(stream))))
    }

    async fn secured(
        &self,
        endpoint: &Endpoint,
        host: &Host,
        limit: Duration,
    ) -> Result<(TlsStream, Address, Instant), Verdict> {
        let (stream, until) = self.stream(endpoint, limit).await?;
        let address = stream.peer().clone();
        let shaken = timeout_at(until, self.tls.connect(stream, host)).await;
        let silent = || Verdict::Silent("it does not answer the TLS handshake".to_owned());
        let secure = shaken.map_err(|_| silent())?.map_err(|error| {
            let why = error.cause().to_owned();
            match error.kind() {
                TlsErrorKind::Connection | TlsErrorKind::Protocol => Verdict::absent(why),
                _ => Verdict::Unclear(why),
            }
        })?;
        Ok((secure, address, until))
    }

    async fn http(&self, web: &Web, limit: Duration) -> Result<Verdict, Verdict> {
        let silent = || Verdict::Silent("it does not answer the request".to_owned());
        let (answer, address, open) = if web.secure {
            let (mut stream, address, until) =
                self.secured(&web.endpoint, &web.host, limit).await?;
            let answer = timeout_at(until, http::ask(&mut stream, web, self.expected)).await;
            (answer.map_err(|_| silent())?, address, Open::Secure(Box::new(stream)))
        } else {
            let (mut stream, until) = self.stream(&web.endpoint, limit).await?;
            let answer = timeout_at(until, http::ask(&mut stream, web, self.expected)).await;
            let address = stream.peer().clone();
            (answer.map_err(|_| silent())?, address, Open::Plain(stream))
        };
        let Answer { status, unmet } = match answer {
            Ok(answer) => answer,
            Err(why) => return Err(Verdict::Absent(Evidence::of(&why.to_string(), address), open)),
        };
        let mut words = format!("it answers with status {status}");
        let has_status = self.statuses.has(status);
        if let Some(unmet) = unmet.as_ref().filter(|_| has_status) {
            words = format!("{words}, {unmet}");
        }
        let evidence = Evidence { words, address: Some(address), status: Some(status) };
        if has_status && unmet.is_none() {
            Ok(Verdict::There(evidence, open))
        } else {
            Err(Verdict::Absent(evidence, open))
        }
    }

    async fn name(&self, name: &str) -> Result<Verdict, Verdict> {
        match self.resolver.resolve(name, self.wanted).await {
            Ok(found) => {
                let all: Vec<_> = found.addresses.iter().map(ToString::to_string).collect();
                let words = format!("it resolves to {}", all.join(", "));
                Ok(Verdict::There(Evidence { words, ..Evidence::default() }, Open::Nothing))
            }
            Err(error) => Err(match error.kind {
                ResolveErrorKind::NoSuchName => Verdict::absent("no such name"),
                ResolveErrorKind::NoAddress => Verdict::absent("the name has no such address"),
                ResolveErrorKind::TimedOut => {
                    Verdict::Unclear("the resolver does not answer".to_owned())
                }
                ResolveErrorKind::Malformed(why) => Verdict::Hopeless(why.to_owned()),
                ResolveErrorKind::Failed(why) | ResolveErrorKind::Machine(why) => {
                    Verdict::Unclear(why)
                }
            }),
        }
    }
}

/// Whether something has this name; a link that leads nowhere does not.
fn file(path: &Path) -> Verdict {
    match path.metadata() {
        Ok(_) => {
            let words = "it exists".to_owned();
            Verdict::There(Evidence { words, ..Evidence::default() }, Open::Nothing)
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Verdict::absent(cause_in_words(&error))
        }
        Err(error) => Verdict::Unclear(cause_in_words(&error)),
    }
}

impl Evidence {
    fn of(words: &str, address: Address) -> Evidence {
        Evidence { words: words.to_owned(), address: Some(address), status: None }
    }
}

impl Verdict {
    fn absent(why: impl Into<String>) -> Verdict {
        Verdict::Absent(Evidence { words: why.into(), ..Evidence::default() }, Open::Nothing)
    }
}

fn of_dial(error: &DialError) -> Verdict {
    let why = error.cause();
    match error.kind() {
        DialErrorKind::Unsupported | DialErrorKind::Invalid => Verdict::Hopeless(why),
        DialErrorKind::NoSuchName => Verdict::absent(why),
        // Before any attempt it was the resolver that was silent.
        DialErrorKind::TimedOut if !error.report().attempts.is_empty() => Verdict::Silent(why),
        DialErrorKind::Socket(kind) => of_kind(kind, why),
        _ => Verdict::Unclear(why),
    }
}

fn of_socket(error: &SocketError) -> Verdict {
    of_kind(error.kind(), error.cause())
}

fn of_kind(kind: SocketErrorKind, why: String) -> Verdict {
    use SocketErrorKind::{BrokenPipe, NotFound, Refused, Reset, TimedOut, Unreachable};
    match kind {
        Refused | Reset | BrokenPipe | Unreachable | NotFound => Verdict::absent(why),
        TimedOut => Verdict::Silent(why),
        _ => Verdict::Unclear(why),
    }
}
