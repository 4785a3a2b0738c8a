//! Asking a TCP port: listening first, then one question after the other, as far as it takes.
//!
//! Each question has a connection of its own, because a server that was asked in the wrong language
//! rarely listens on. One that stays silent is not waited for: the next question leaves meanwhile,
//! and an answer to any of them counts. So a slow server is heard, and a silent one costs its time
//! and a bounded number of connections, four of them at once.
//!
//! Nothing here knows what words mean: that is `recognise`'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::conversation::{Answer, Port};
use super::recognise::Recognised;
use super::tls::is_record;
use super::turns::{Greeting, Turn, Turns};
use super::{Hearing, Identify, Identity};

/// A greeting that comes at once comes within this; four round trips where they are long.
const AT_ONCE: Duration = Duration::from_millis(400);
/// The next question leaves after so much silence; three round trips where they are long.
const STAGGER: Duration = Duration::from_millis(150);
/// What connections that end with the time are left to say what they heard.
const TO_TELL: Duration = Duration::from_millis(100);

pub(super) async fn identify(address: SocketAddr, name: Option<&str>, until: Instant) -> Identity {
    let name = name.map(str::to_owned);
    let port = Arc::new(Port::new(address, name, until));
    let mut asking = Asking { turns: Turns::of(address.port()), best: Identity::default() };
    let mut running = JoinSet::new();
    let mut next_at = Instant::now();
    loop {
        if port.speaks_tls.load(Ordering::Relaxed) {
            asking.turns.is_tls();
        }
        // Nobody is interrupted.
        let is_quiet = port.speaking.load(Ordering::Relaxed) == 0;
        let may_ask =
            asking.turns.has_more() && running.len() < Identify::CONNECTIONS_AT_ONCE && is_quiet;
        if may_ask && Instant::now() >= next_at {
            if let Some(turn) = asking.turns.next() {
                next_at = Instant::now() + port.pace(turn);
                let port = port.clone();
                running.spawn(async move { (turn, port.ask(turn).await) });
            }
            continue;
        }
        if running.is_empty() && !asking.turns.has_more() {
            return asking.best;
        }
        tokio::select! {
            Some(Ok((turn, answer))) = running.join_next(), if !running.is_empty() => {
                if asking.hear(turn, answer) {
                    return asking.best;
                }
                next_at = Instant::now();
            }
            () = sleep_until(next_at), if may_ask => {}
            () = sleep_until(until) => return asking.best,
        }
    }
}

impl Port {
    fn new(address: SocketAddr, name: Option<String>, until: Instant) -> Port {
        // What was heard up to then has to be told, too.
        let until = until - (until.saturating_duration_since(Instant::now()) / 20).min(TO_TELL);
        let (round_trip, speaking) = (AtomicU64::new(0), AtomicUsize::new(0));
        Port { address, name, until, round_trip, speaking, speaks_tls: AtomicBool::new(false) }
    }

    /// How long the next question waits after this one has begun.
    fn pace(&self, turn: Turn) -> Duration {
        self.greeting(turn) + STAGGER.max(3 * self.round_trip())
    }

    /// How long a greeting is waited for.
    pub(super) fn greeting(&self, turn: Turn) -> Duration {
        match turn.greeting {
            Greeting::None => Duration::ZERO,
            Greeting::Short => (self.left() / 3).min(AT_ONCE.max(4 * self.round_trip())),
            Greeting::Long if turn.protocol.is_none() => self.left(),
            Greeting::Long => self.left() / 2,
        }
    }

    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// As the last connection took; nothing before that.
    pub(super) fn round_trip(&self) -> Duration {
        Duration::from_micros(self.round_trip.load(Ordering::Relaxed))
    }
}

/// What is known so far, and what is still to be asked.
struct Asking {
    turns: Turns,
    best: Identity,
}

impl Asking {
    /// Takes in an answer; whether it is the last word.
    fn hear(&mut self, turn: Turn, answer: Answer) -> bool {
        let Answer { identity, known, before_a_word } = answer;
        let unreached = matches!(identity.hearing, Hearing::NotReached(_));
        if unreached {
            // One that was reached before is busy, or has had enough.
            let first = self.best.hearing == Hearing::Silent && self.best.tls.is_none();
            self.best = if first { identity } else { std::mem::take(&mut self.best) };
            return first;
        }
        let is_settled = self.learn(turn, &identity, known, before_a_word);
        if identity.worth() > self.best.worth() {
            self.best = identity;
        }
        is_settled
    }

    fn learn(
        &mut self,
        turn: Turn,
        found: &Identity,
        known: Option<&'static super::protocol::Protocol>,
        before_a_word: bool,
    ) -> bool {
        let said = &found.banner;
        match (known, &found.tls) {
            (Some(_), None) if wants_tls(found) => self.turns.wants_tls(),
            (Some(known), _) => {
                // It was known by its answer to another question than its own.
                let more = found.product.is_none() && known.asks() && !turn.is_about(known);
                if !more {
                    return true;
                }
                self.turns.only(known, found.is_tls());
            }
            (None, Some(tls)) if tls.refusal.is_some() => return true,
            (None, Some(_)) => self.turns.hear(said, true),
            // Whoever closes before we say a word, or greets in an unknown tongue, is not asked on.
            (None, None) if before_a_word => self.turns.nothing_more(),
            (None, None) if is_record(said) => self.turns.wants_tls(),
            (None, None) => self.turns.hear(said, false),
        }
        false
    }
}

impl Identity {
    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// What is more, where two connections brought something.
    fn worth(&self) -> [bool; 5] {
        let heard = self.hearing != Hearing::Silent;
        [
            self.is_tls(),
            self.service.is_some(),
            self.product.is_some(),
            !self.banner.is_empty(),
            heard,
        ]
    }

    /// With what was recognised, if anything.
    pub(super) fn with(self, known: Option<Recognised>) -> Identity {
        match known {
            None => self,
            Some(Recognised { service, product, extra, host }) => {
                Identity { service: Some(service), product, extra, host, ..self }
            }
        }
    }
}

/// Whether a web server complains that TLS was expected, in the words of nginx, Apache and Go.
fn wants_tls(found: &Identity) -> bool {
    let complaints = "HTTPS port|SSL-enabled|to an HTTPS server";
    let refuses = found.banner.get(8..12) == Some(b" 400");
    found.service == Some("http") && refuses && super::text::holds(&found.banner, complaints)
}
