//! A connection to whoever stands behind a port, and what comes out of it.
//!
//! What is heard is bounded: in bytes by what is kept of a banner, in time by a deadline, and a
//! pause after the first words ends it too, so nobody who drips a byte a second holds us.
//!
//! Nothing here knows what the words mean, but for the end of an HTTP head.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{AttemptOutcome, Dial, DialError, Dialed, Stream, SystemResolver};
use tokio::time::{Instant, timeout_at};

use super::conversation::is_echo;
use super::recognise::proven;
use super::registry;
use super::text::holds;
use super::tls::{TlsChannel, is_record};
use super::{BANNER_LIMIT, Hearing};

/// A known greeting may have more lines, which follow at once.
const SETTLE: Duration = Duration::from_millis(100);
/// Words of nothing known may be cut in pieces anywhere.
const PAUSE: Duration = Duration::from_secs(1);

/// An open connection.
pub(super) enum Channel {
    Plain(Stream),
    Tls(Box<TlsChannel>),
}

/// What was said, and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

/// Why no more was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is all that is kept, or all that was wanted.
    Enough,
    /// Nothing more came in time.
    Quiet,
    Closed,
    Reset,
}

impl Said {
    pub(super) fn nothing(end: End) -> Said {
        Said { bytes: Vec::new(), end }
    }

    /// How this was heard: `spoken` if there is a word in it.
    pub(super) fn hearing(&self, spoken: Hearing) -> Hearing {
        match self.end {
            _ if !self.bytes.is_empty() => spoken,
            End::Closed => Hearing::Closed,
            End::Reset => Hearing::Reset,
            End::Enough | End::Quiet => Hearing::Silent,
        }
    }
}

impl End {
    /// What an error of reading or writing means.
    pub(super) fn of(error: &io::Error) -> End {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => End::Reset,
            io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => End::Quiet,
            _ => End::Closed,
        }
    }
}

/// Connects over TCP, or opens a datagram socket towards `address`; in words why it cannot.
pub(super) async fn dial(
    transport: Transport,
    address: SocketAddr,
    until: Instant,
) -> Result<Dialed, String> {
    let host = match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            Host::Zoned { address: *v6.ip(), zone: v6.scope_id().to_string() }
        }
        other => Host::Ip(other.ip()),
    };
    let place = Place::Net { transport, host, port: address.port(), path: String::new() };
    let endpoint = Endpoint { place, options: Options::default() };
    // An address has no name to resolve: the resolver is never asked.
    let resolver = SystemResolver::default();
    let timeout = Some(until.saturating_duration_since(Instant::now()));
    let dial = Dial { timeout, ..Dial::new(&resolver) };
    dial.connect(&endpoint).await.map_err(|error| in_words(&error))
}

/// There was one address, so one attempt at most.
fn in_words(error: &DialError) -> String {
    match error.report().attempts.first().map(|attempt| &attempt.outcome) {
        Some(AttemptOutcome::Failed(error)) => error.cause(),
        Some(AttemptOutcome::NoAnswer) => "no answer in time".to_owned(),
        _ => error.to_string(),
    }
}

impl Channel {
    /// Says all of `words`; the end, where the other side took none.
    pub(super) async fn say(&mut self, words: &[u8], until: Instant) -> Result<(), End> {
        let said = match self {
            Channel::Plain(stream) => timeout_at(until, stream.descriptor().write_all(words)).await,
            Channel::Tls(tls) => timeout_at(until, tls.write_all(words)).await,
        };
        match said {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::of(&error)),
            Err(_) => Err(End::Quiet),
        }
    }

    /// Hears what is said after `asked` until it is enough. The first word has to come by `first`,
    /// and is counted in `speaking`; all ends at `until`.
    pub(super) async fn hear(
        &mut self,
        asked: &[u8],
        first: Instant,
        until: Instant,
        speaking: &AtomicUsize,
    ) -> Said {
        let mut said = Said::nothing(End::Quiet);
        let mut piece = [0; BANNER_LIMIT];
        let mut limit = first.min(until);
        loop {
            let room = BANNER_LIMIT - said.bytes.len();
            let read = timeout_at(limit, self.read(&mut piece[..room])).await;
            said.end = match read {
                Err(_) => End::Quiet,
                Ok(Err(error)) => End::of(&error),
                Ok(Ok(0)) => End::Closed,
                Ok(Ok(count)) => {
                    speaking.fetch_add(usize::from(said.bytes.is_empty()), Ordering::Relaxed);
                    said.bytes.extend_from_slice(&piece[..count]);
                    if !is_enough(&said.bytes) {
                        limit = until.min(Instant::now() + pause_after(asked, &said.bytes));
                        continue;
                    }
                    End::Enough
                }
            };
            return said;
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(stream) => stream.descriptor().read(buffer).await,
            Channel::Tls(tls) => tls.read(buffer).await,
        }
    }
}

/// The head of an HTTP answer says all that is wanted: its page is left where it is, unless it is
/// one for programs, which may tell what they talk to.
fn is_enough(bytes: &[u8]) -> bool {
    let head = || bytes.windows(4).any(|part| part == b"\r\n\r\n");
    let is_page = bytes.starts_with(b"HTTP/") && !is_refusal(bytes) && head();
    bytes.len() == BANNER_LIMIT || is_page && !holds(bytes, "\ncontent-type: application/json")
}

/// What is wrong with a request may stand in the page alone: that TLS was expected.
fn is_refusal(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(b" 400")
}

fn pause_after(asked: &[u8], bytes: &[u8]) -> Duration {
    let hinted = || registry::all().any(|it| it.is_hinted(bytes));
    let known =
        is_record(bytes) || is_echo(asked, bytes) || proven(asked, bytes).is_some() || hinted();
    if known { SETTLE } else { PAUSE }
}
