//! Asking a TCP port: listen, then ask, then try TLS, as far as it takes.
//!
//! Each way has a connection of its own, because a server that was asked in the wrong language
//! rarely listens on. The first way may use three fifths of the time, so the second always has
//! some left.
//!
//! Nothing here knows what words mean: that is `recognise`'s.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use coax_addr::Transport;
use coax_net::Stream;
use tokio::time::Instant;

use super::channel::{Channel, End, Said, dial};
use super::opening::{First, Opening, Question, Tls};
use super::recognise::{Recognised, recognise};
use super::text::holds;
use super::tls::{Handshake, handshake, is_record};
use super::{Hearing, Identity, TlsIdentity, question};

/// A greeting that comes at once comes within this; four round trips where they are long.
const AT_ONCE: Duration = Duration::from_millis(400);

/// A port to be asked.
struct Port<'a> {
    address: SocketAddr,
    name: Option<&'a str>,
    opening: Opening,
}

pub(super) async fn identify(address: SocketAddr, name: Option<&str>, until: Instant) -> Identity {
    let port = Port { address, name, opening: Opening::of(address.port()) };
    let first_until = Instant::now() + left(until) * 3 / 5;
    let (first, second) = match port.opening.tls {
        Tls::Never => return port.plain(until).await,
        Tls::First => {
            let first = port.tls(first_until).await;
            if first.is_settled() {
                return first;
            }
            (first, port.plain(until).await)
        }
        Tls::Later => {
            let first = port.plain(first_until).await;
            if !may_be_tls(&first) {
                return first;
            }
            (first, port.tls(until).await)
        }
    };
    if second.worth() > first.worth() { second } else { first }
}

impl Identity {
    fn is_settled(&self) -> bool {
        let unreached = matches!(self.hearing, Hearing::NotReached(_));
        self.tls.is_some() || self.service.is_some() || unreached
    }

    fn worth(&self) -> (bool, bool, bool) {
        (self.tls.is_some(), self.service.is_some(), !self.banner.is_empty())
    }

    fn of(said: Said, spoken: Hearing, known: Option<Recognised>) -> Identity {
        let hearing = said.hearing(spoken);
        let (service, product) = known.map(|it| (it.service, it.product)).unzip();
        Identity { service, product: product.flatten(), banner: said.bytes, tls: None, hearing }
    }

    fn of_tls(tls: TlsIdentity) -> Identity {
        Identity { tls: Some(tls), hearing: Hearing::Answered, ..Identity::default() }
    }

    /// The same, heard inside TLS. Who finished a handshake was heard, whatever came after it.
    fn within(self, tls: TlsIdentity) -> Identity {
        let service = self.service.map(over_tls);
        let hearing = match self.hearing {
            Hearing::Greeted => Hearing::Greeted,
            _ => Hearing::Answered,
        };
        Identity { service, tls: Some(tls), hearing, ..self }
    }
}

/// Whether TLS would be another answer: this one is an alert, a complaint that TLS was expected,
/// or nothing at all.
fn may_be_tls(found: &Identity) -> bool {
    // In the words of nginx, Apache and Go.
    let complaints = "HTTPS port|SSL-enabled|to an HTTPS server";
    match (&found.hearing, found.service) {
        (Hearing::NotReached(_), _) => false,
        (_, Some("http")) => {
            found.banner.get(8..12) == Some(b" 400") && holds(&found.banner, complaints)
        }
        (_, Some(_)) => false,
        (Hearing::Silent | Hearing::Closed | Hearing::Reset, None) => true,
        (_, None) => is_record(&found.banner),
    }
}

impl Port<'_> {
    async fn plain(&self, until: Instant) -> Identity {
        let begun = Instant::now();
        match self.connect(until).await {
            Err(why) => Identity::not_reached(why),
            Ok(stream) if self.opening.question == Question::Postgres => {
                self.postgres(stream, until).await
            }
            Ok(stream) => {
                let greeting = self.greeting(begun.elapsed(), until);
                self.converse(Channel::Plain(stream), greeting, until).await
            }
        }
    }

    async fn tls(&self, until: Instant) -> Identity {
        let inside = self.opening.inside(self.address.port());
        let refused = match self.tls_inside(inside, until).await {
            Ok(found) => return found,
            Err(refused) => refused,
        };
        // Without an offer it may choose by itself.
        let again = self.tls_inside(None, until).await;
        again.unwrap_or_else(|_| Identity::of_tls(refused))
    }

    /// An error is a server that insists on another protocol inside.
    async fn tls_inside(
        &self,
        inside: Option<&'static str>,
        until: Instant,
    ) -> Result<Identity, TlsIdentity> {
        let begun = Instant::now();
        let stream = match self.connect(until).await {
            Ok(stream) => stream,
            Err(why) => return Ok(Identity::not_reached(why)),
        };
        let trip = begun.elapsed();
        match handshake(stream, self.name, inside, until).await {
            Handshake::Done(channel, tls) => {
                // Whoever was waited for on the plain way is not waited for again.
                let greeting = match self.opening.tls {
                    Tls::First => self.greeting(trip, until),
                    _ => Duration::ZERO,
                };
                let found = self.converse(Channel::Tls(channel), greeting, until).await;
                Ok(found.within(tls))
            }
            Handshake::Refused(tls) => Ok(Identity::of_tls(tls)),
            Handshake::WrongProtocol(tls) => Err(tls),
            Handshake::NotTls(said) => {
                let known = recognise(&said.bytes);
                Ok(Identity::of(said, Hearing::Answered, known))
            }
        }
    }

    /// How long to wait for a greeting, where connecting took `trip`.
    fn greeting(&self, trip: Duration, until: Instant) -> Duration {
        match self.opening.first {
            First::Us => Duration::ZERO,
            First::Anyone => (left(until) / 3).min(AT_ONCE.max(4 * trip)),
            First::Them => left(until) / 2,
        }
    }

    /// Hears a greeting, or asks and hears the answer.
    async fn converse(&self, mut channel: Channel, greeting: Duration, until: Instant) -> Identity {
        let said = match greeting.is_zero() {
            true => Said::nothing(End::Quiet),
            false => channel.hear(Instant::now() + greeting, until).await,
        };
        let question = self.question();
        if !said.bytes.is_empty() || said.end != End::Quiet || question.is_empty() {
            let known = recognise(&said.bytes);
            return Identity::of(said, Hearing::Greeted, known);
        }
        let said = match channel.say(&question, until).await {
            Ok(()) => channel.hear(until, until).await,
            Err(end) => Said::nothing(end),
        };
        let echoes = !said.bytes.is_empty() && said.bytes.starts_with(&question);
        let echo = Recognised { service: "echo", product: None };
        let known = if echoes { Some(echo) } else { recognise(&said.bytes) };
        Identity::of(said, Hearing::Answered, known)
    }

    /// PostgreSQL answers the request to go on in TLS with one letter.
    async fn postgres(&self, stream: Stream, until: Instant) -> Identity {
        let mut channel = Channel::Plain(stream);
        let said = match channel.say(question::POSTGRES, until).await {
            Ok(()) => channel.hear(until, until).await,
            Err(end) => Said::nothing(end),
        };
        let answer = said.bytes.clone();
        let postgres = Recognised { service: "postgresql", product: None };
        let known = match answer[..] {
            [b'S' | b'N'] => Some(postgres),
            _ => recognise(&answer),
        };
        let mut found = Identity::of(said, Hearing::Answered, known);
        if let (b"S", Channel::Plain(stream)) = (&answer[..], channel) {
            found.tls = match handshake(stream, self.name, None, until).await {
                Handshake::Done(_, tls)
                | Handshake::Refused(tls)
                | Handshake::WrongProtocol(tls) => Some(tls),
                Handshake::NotTls(_) => None,
            };
        }
        found
    }

    async fn connect(&self, until: Instant) -> Result<Stream, String> {
        let dialed = dial(Transport::Tcp, self.address, until).await?;
        Stream::new(dialed.socket, dialed.peer).map_err(|error| error.cause())
    }

    fn question(&self) -> Cow<'static, [u8]> {
        match self.opening.question {
            Question::Http => question::http(self.address, self.name).into(),
            Question::Bytes(bytes) => bytes.into(),
            Question::Postgres => question::POSTGRES.into(),
            Question::Nothing => Cow::Borrowed(b""),
        }
    }
}

/// A service, and what IANA calls it within TLS, where that is another name.
static OVER_TLS: &[(&str, &str)] = &[
    ("http", "https"),
    ("smtp", "submissions"),
    ("imap", "imaps"),
    ("pop3", "pop3s"),
    ("ftp", "ftps"),
    ("nntp", "nntps"),
    ("telnet", "telnets"),
    ("irc", "ircs-u"),
    ("ldap", "ldaps"),
    ("domain", "domain-s"),
    ("mqtt", "secure-mqtt"),
    ("amqp", "amqps"),
    ("sip", "sips"),
    ("rtsp", "rtsps"),
];

fn over_tls(service: &'static str) -> &'static str {
    OVER_TLS.iter().find(|(plain, _)| *plain == service).map_or(service, |(_, over)| over)
}

/// What is spoken inside the TLS of `service`: `http` for `https`. `None` where the name says
/// nothing of TLS.
pub fn within_tls(service: &str) -> Option<&'static str> {
    OVER_TLS.iter().find(|(_, over)| *over == service).map(|(plain, _)| *plain)
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
