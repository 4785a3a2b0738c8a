//! One connection to a TCP port: hear a greeting, or ask and hear the answer, in the clear or in TLS.
//!
//! Whatever is said is tried against every entry of the registry, not only the one that was asked.
//!
//! Nothing here decides what is asked next.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use coax_addr::Transport;
use coax_net::Stream;
use tokio::time::Instant;

use super::channel::{Channel, End, Said, dial};
use super::protocol::Protocol;
use super::recognise::{Recognised, proven};
use super::tls::{Handshake, handshake};
use super::turns::Turn;
use super::{Hearing, Identity, TlsIdentity, registry};

/// A question that is only one of many is given up after this; six round trips where they are long.
const PATIENCE: Duration = Duration::from_millis(700);
/// What follows a first answer comes within this; four round trips where they are long.
const FOLLOWS: Duration = Duration::from_millis(400);

/// A port that is asked.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    pub(super) name: Option<String>,
    pub(super) until: Instant,
    /// In microseconds.
    pub(super) round_trip: AtomicU64,
    /// Connections on which words have come, and more may.
    pub(super) speaking: AtomicUsize,
    /// Whether a handshake was completed.
    pub(super) speaks_tls: AtomicBool,
}

/// What one connection brought.
pub(super) struct Answer {
    pub(super) identity: Identity,
    /// The entry that found its proof.
    pub(super) known: Option<&'static Protocol>,
    /// Whether it spoke, or closed, before anything was asked.
    pub(super) before_a_word: bool,
}

impl From<Identity> for Answer {
    fn from(identity: Identity) -> Answer {
        Answer { identity, known: None, before_a_word: false }
    }
}

impl Port {
    pub(super) async fn ask(&self, turn: Turn) -> Answer {
        if !turn.tls {
            return match self.connect().await {
                Err(why) => Identity::not_reached(why).into(),
                Ok(stream) => self.converse(Channel::Plain(stream), turn).await,
            };
        }
        // One that insists on another protocol inside is offered HTTP/2, then nothing at all.
        let offered = turn.protocol.map(|it| it.alpn).filter(|alpn| !alpn.is_empty());
        let offers = [offered, Some("h2"), None];
        let first = usize::from(offered.is_none()) * 2;
        let mut refused = Identity::default();
        for offer in &offers[first..] {
            match self.within_tls(turn, *offer).await {
                Ok(answer) => return answer,
                Err(tls) => refused = Identity::of_tls(tls),
            }
        }
        refused.into()
    }

    /// An error is a server that insists on another protocol inside.
    async fn within_tls(
        &self,
        turn: Turn,
        offer: Option<&'static str>,
    ) -> Result<Answer, TlsIdentity> {
        let stream = match self.connect().await {
            Ok(stream) => stream,
            Err(why) => return Ok(Identity::not_reached(why).into()),
        };
        match handshake(stream, self.name.as_deref(), offer, self.until).await {
            Handshake::Done(channel, tls) => {
                self.speaks_tls.store(true, Ordering::Relaxed);
                let speaks_http_2 = tls.alpn.as_deref() == Some("h2");
                let protocol = if speaks_http_2 { Some(registry::http_2()) } else { turn.protocol };
                let turn = Turn { protocol, ..turn };
                let answer = self.converse(Channel::Tls(channel), turn).await;
                Ok(answer.agreed(turn, &tls).within(tls))
            }
            Handshake::Refused(tls) => Ok(Identity::of_tls(tls).into()),
            Handshake::WrongProtocol(tls) => Err(tls),
            Handshake::NotTls(said) => Ok(Answer::of(b"", said, Hearing::Answered)),
            Handshake::Echo(said) => Ok(Answer::echo(said)),
        }
    }

    async fn connect(&self) -> Result<Stream, String> {
        let begun = Instant::now();
        let dialed = dial(Transport::Tcp, self.address, self.until).await?;
        let taken = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.round_trip.store(taken, Ordering::Relaxed);
        Stream::new(dialed.socket, dialed.peer).map_err(|error| error.cause())
    }

    async fn hear(&self, channel: &mut Channel, asked: &[u8], first: Instant) -> Said {
        let said = channel.hear(asked, first, self.until, &self.speaking).await;
        if !said.bytes.is_empty() {
            self.speaking.fetch_sub(1, Ordering::Relaxed);
        }
        said
    }

    /// Hears a greeting, or asks and hears the answer.
    async fn converse(&self, mut channel: Channel, turn: Turn) -> Answer {
        let wait = self.greeting(turn);
        let said = match wait.is_zero() {
            true => Said::nothing(End::Quiet),
            false => self.hear(&mut channel, b"", Instant::now() + wait).await,
        };
        let question = turn.protocol.map(|it| it.question(self.address, self.name.as_deref()));
        let question = question.unwrap_or_default();
        if said.bytes.is_empty() && said.end == End::Quiet && !question.is_empty() {
            return self.question(channel, turn, &question).await;
        }
        let greeted = Answer::of(b"", said, Hearing::Greeted);
        match self.hinted(&greeted) {
            Some(next) => self.disambiguate(channel, greeted, next).await,
            None => greeted,
        }
    }

    /// Asks, and asks on where the protocol has more to tell.
    async fn question(&self, mut channel: Channel, turn: Turn, question: &[u8]) -> Answer {
        let now = Instant::now();
        let first = match turn.is_patient {
            true => self.until,
            false => now + PATIENCE.max(6 * self.round_trip()),
        };
        let said = match channel.say(question, self.until).await {
            Ok(()) => self.hear(&mut channel, question, first).await,
            Err(end) => Said::nothing(end),
        };
        let answer = Answer::of(question, said, Hearing::Answered);
        let Some(known) = answer.known.filter(|known| turn.is_about(known)) else { return answer };
        if !known.upgrade.is_empty() && answer.identity.banner == known.upgrade {
            return self.upgrade(channel, answer, question).await;
        }
        match known.then {
            b"" => answer,
            then => self.follow(channel, answer, question, then).await,
        }
    }

    /// Goes on in TLS, where the server agreed to it, and asks the second question in there.
    async fn upgrade(&self, channel: Channel, mut answer: Answer, question: &[u8]) -> Answer {
        let Channel::Plain(stream) = channel else { return answer };
        let then = answer.known.map_or(&b""[..], |known| known.then);
        let name = self.name.as_deref();
        let tls = match handshake(stream, name, None, self.until).await {
            Handshake::Done(channel, tls) => {
                answer = self.follow(Channel::Tls(channel), answer, question, then).await;
                tls
            }
            Handshake::Refused(tls) | Handshake::WrongProtocol(tls) => tls,
            Handshake::NotTls(_) | Handshake::Echo(_) => return answer,
        };
        answer.identity.tls = Some(tls);
        answer
    }

    /// The second question, on the same connection: what it brings is read with the first answer.
    async fn follow(
        &self,
        mut channel: Channel,
        answer: Answer,
        question: &[u8],
        then: &[u8],
    ) -> Answer {
        let first = Instant::now() + FOLLOWS.max(4 * self.round_trip());
        if channel.say(then, self.until).await.is_err() {
            return answer;
        }
        let more = self.hear(&mut channel, then, first).await;
        let bytes = [&answer.identity.banner[..], &more.bytes].concat();
        let whole = Answer::of(question, Said { bytes, end: more.end }, Hearing::Answered);
        if whole.known.is_some() { whole } else { answer }
    }

    /// Which protocol a greeting that could be several may be asked for.
    fn hinted(&self, greeted: &Answer) -> Option<&'static Protocol> {
        let said = &greeted.identity.banner;
        let unknown = greeted.known.is_none() && !said.is_empty();
        unknown.then(|| registry::all().find(|it| it.is_hinted(said)))?
    }

    async fn disambiguate(
        &self,
        mut channel: Channel,
        greeted: Answer,
        next: &'static Protocol,
    ) -> Answer {
        let question = next.question(self.address, self.name.as_deref());
        let first = Instant::now() + FOLLOWS.max(4 * self.round_trip());
        if channel.say(&question, self.until).await.is_err() {
            return greeted;
        }
        let more = self.hear(&mut channel, &question, first).await;
        let Some((known, told)) = proven(&question, &more.bytes) else { return greeted };
        // What it greeted with stays what is shown.
        Answer { identity: greeted.identity.with(Some(told)), known: Some(known), ..greeted }
    }
}

impl Answer {
    /// What was said after `asked`, recognised or not.
    fn of(asked: &[u8], said: Said, spoken: Hearing) -> Answer {
        let before_a_word = asked.is_empty() && spoken == Hearing::Greeted;
        let hearing = said.hearing(spoken);
        let identity = Identity { banner: said.bytes, hearing, ..Identity::default() };
        if let Some((known, told)) = proven(asked, &identity.banner) {
            return Answer {
                identity: identity.with(Some(told)),
                known: Some(known),
                before_a_word,
            };
        }
        let echoes = is_echo(asked, &identity.banner);
        let told = echoes.then(|| Recognised::new("echo", None));
        let known = echoes.then(registry::echo);
        Answer { identity: identity.with(told), known, before_a_word }
    }

    /// A server that says nothing may have agreed on what is spoken inside; HTTP says more.
    fn agreed(self, turn: Turn, tls: &TlsIdentity) -> Answer {
        let agreed = turn.protocol.filter(|it| tls.alpn.as_deref() == Some(it.alpn));
        let known = agreed.filter(|it| self.known.is_none() && it.service != "http");
        let Some(protocol) = known else { return self };
        let told = Recognised::new(protocol.service, None);
        Answer { identity: self.identity.with(Some(told)), known: Some(protocol), ..self }
    }

    fn echo(said: Said) -> Answer {
        let identity =
            Identity { banner: said.bytes, hearing: Hearing::Answered, ..Identity::default() };
        let told = Recognised::new("echo", None);
        let known = Some(registry::echo());
        Answer { identity: identity.with(Some(told)), known, before_a_word: false }
    }

    /// The same, heard inside TLS. Whoever finished a handshake was heard, whatever came after it.
    fn within(self, tls: TlsIdentity) -> Answer {
        let over = self.known.map(|it| it.over_tls).filter(|name| !name.is_empty());
        let service = over.or(self.identity.service);
        let hearing = match self.identity.hearing {
            Hearing::Greeted => Hearing::Greeted,
            _ => Hearing::Answered,
        };
        let identity = Identity { service, tls: Some(tls), hearing, ..self.identity };
        Answer { identity, ..self }
    }
}

/// Whether what was asked comes back. What is short may begin an answer.
pub(super) fn is_echo(asked: &[u8], said: &[u8]) -> bool {
    asked.len() >= 8 && said.starts_with(asked)
}

impl Identity {
    fn of_tls(tls: TlsIdentity) -> Identity {
        Identity { tls: Some(tls), hearing: Hearing::Answered, ..Identity::default() }
    }
}
