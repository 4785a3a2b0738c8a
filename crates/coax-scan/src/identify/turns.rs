//! Which questions a TCP port is asked, in which order.
//!
//! The protocols that are usual at the port come first. Then follow the front page of a web server,
//! the same inside TLS, and a small row of questions to protocols that are often found elsewhere.
//! What is heard changes the order: once a server speaks TLS, nothing is asked in the clear; words
//! that hint at a protocol move its question to the front.
//!
//! Where an unasked word could do harm, nothing is asked.
//!
//! Nothing here connects.

use std::collections::VecDeque;

use super::protocol::{First, Protocol};
use super::registry;

/// A port is not worth more. All of them are used only where a port is open and says nothing.
const MAX_CONNECTIONS: usize = 15;

/// One connection: what is asked by it, and how long is waited for a greeting first.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) tls: bool,
    /// Whose question is asked; `None` asks nothing.
    pub(super) protocol: Option<&'static Protocol>,
    pub(super) greeting: Greeting,
    /// Whether the answer may take all the time that is left.
    pub(super) is_patient: bool,
}

/// How long a greeting is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// The server is to speak first: a mail server may look our address up before it does.
    Long,
    /// If it speaks first, then at once.
    Short,
    None,
}

/// The turns that are left.
pub(super) struct Turns {
    queue: VecDeque<Turn>,
    taken: usize,
    in_tls: bool,
}

impl Turns {
    /// For a TCP port.
    pub(super) fn of(port: u16) -> Turns {
        if may_be_harmed(port) {
            let listen =
                Turn { tls: false, protocol: None, greeting: Greeting::Long, is_patient: true };
            return Turns { queue: [listen].into(), taken: 0, in_tls: false };
        }
        let mut queue: VecDeque<Turn> = registry::all()
            .filter(|it| it.tls_ports.contains(&port))
            .map(|it| Turn { tls: true, ..usual(it) })
            .collect();
        let speaks_tls = !queue.is_empty();
        queue.extend(registry::all().filter(|it| it.ports.contains(&port)).map(usual));
        let front = registry::http();
        let greeting = if queue.is_empty() { Greeting::Short } else { Greeting::None };
        let page = Turn { tls: false, protocol: Some(front), greeting, is_patient: true };
        if !queue.iter().any(|turn| turn.is_about(front) && !turn.tls) {
            queue.push_back(page);
        }
        if !speaks_tls {
            let inside = queue.front().filter(|turn| turn.may_be_inside()).copied();
            queue.push_back(Turn {
                tls: true,
                greeting: Greeting::Short,
                ..inside.unwrap_or(page)
            });
        }
        let elsewhere =
            anywhere().filter(|it| !queue.iter().any(|turn| turn.is_about(it) && !turn.tls));
        let elsewhere = elsewhere.map(|it| Turn { protocol: Some(it), is_patient: false, ..page });
        let elsewhere = elsewhere.map(|turn| Turn { greeting: Greeting::None, ..turn });
        queue.extend(elsewhere.collect::<Vec<_>>());
        Turns { queue, taken: 0, in_tls: false }
    }

    pub(super) fn next(&mut self) -> Option<Turn> {
        let turn = self.queue.pop_front().filter(|_| self.taken < MAX_CONNECTIONS)?;
        self.taken += 1;
        Some(turn)
    }

    pub(super) fn has_more(&self) -> bool {
        !self.queue.is_empty() && self.taken < MAX_CONNECTIONS
    }

    /// The server complained that it was not spoken to in TLS.
    pub(super) fn wants_tls(&mut self) {
        self.queue.retain(|turn| turn.tls);
    }

    /// A handshake was completed: what is asked from now on is asked inside.
    pub(super) fn is_tls(&mut self) {
        if std::mem::replace(&mut self.in_tls, true) {
            return;
        }
        self.queue.clear();
        self.queue.extend(registry::within().filter(|it| it.alpn != "http/1.1").map(|it| Turn {
            tls: true,
            protocol: Some(it),
            greeting: Greeting::None,
            is_patient: false,
        }));
    }

    /// Words that prove nothing were heard.
    pub(super) fn hear(&mut self, said: &[u8], tls: bool) {
        for protocol in registry::all().filter(|it| it.is_hinted(said)) {
            self.ask_next(protocol, tls);
        }
    }

    /// Nothing else is asked than what `protocol` tells of itself.
    pub(super) fn only(&mut self, protocol: &'static Protocol, tls: bool) {
        self.queue.clear();
        self.ask_next(protocol, tls);
    }

    pub(super) fn nothing_more(&mut self) {
        self.queue.clear();
    }

    fn ask_next(&mut self, protocol: &'static Protocol, tls: bool) {
        self.queue.retain(|turn| !turn.is_about(protocol));
        let protocol = Some(protocol);
        self.queue.push_front(Turn { tls, protocol, greeting: Greeting::None, is_patient: false });
    }
}

impl Turn {
    pub(super) fn is_about(&self, protocol: &Protocol) -> bool {
        let same = |own: &Protocol| (own.service, own.alpn) == (protocol.service, protocol.alpn);
        self.protocol.is_some_and(same)
    }

    fn may_be_inside(&self) -> bool {
        self.protocol.is_some_and(|it| !it.over_tls.is_empty())
    }
}

/// What is usual at a port. One who greets and has no question of its own is asked for a front page
/// where it stays silent: it may be something else.
fn usual(protocol: &'static Protocol) -> Turn {
    let greeting = match protocol.first {
        First::Server => Greeting::Long,
        First::Client => Greeting::None,
    };
    let is_own = protocol.asks() || !protocol.alpn.is_empty();
    let protocol = Some(if is_own { protocol } else { registry::http() });
    Turn { tls: false, protocol, greeting, is_patient: true }
}

/// The questions for a port of which nothing is known, in their turn.
fn anywhere() -> impl Iterator<Item = &'static Protocol> {
    let mut all: Vec<_> = registry::all().filter(|it| it.anywhere > 0).collect();
    all.sort_by_key(|it| it.anywhere);
    all.into_iter()
}

/// Printers would print it (9100 to 9107, 515), machine controls may trip over it: S7, Modbus, Fox,
/// IEC 104, DNP3, EtherNet/IP.
fn may_be_harmed(port: u16) -> bool {
    matches!(port, 515 | 9100..=9107 | 102 | 502 | 1911 | 2404 | 4911 | 20000 | 44818)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(port: u16) -> Turn {
        Turns::of(port).next().unwrap()
    }

    #[test]
    fn a_printer_is_never_spoken_to() {
        for port in (9100..=9107).chain([515, 502]) {
            let mut turns = Turns::of(port);
            let turn = turns.next().unwrap();
            assert!(turn.protocol.is_none() && !turn.tls && !turns.has_more(), "{port}");
        }
        assert!(first(9108).is_about(registry::http()));
    }

    #[test]
    fn the_usual_question_comes_first_and_tls_where_it_is_usual() {
        for (port, service, tls) in [
            (22, "http", false),
            (53, "domain", false),
            (443, "http", true),
            (636, "ldap", true),
            (6379, "redis", false),
            (8883, "mqtt", true),
            (40_000, "http", false),
        ] {
            let turn = first(port);
            let asked = turn.protocol.unwrap().service;
            assert_eq!((asked, turn.tls), (service, tls), "{port}");
        }
        assert_eq!(first(22).greeting, Greeting::Long);
        assert_eq!(first(53).greeting, Greeting::None);
        assert_eq!(first(40_000).greeting, Greeting::Short);
    }

    #[test]
    fn a_silent_port_costs_a_bounded_number_of_connections_and_asks_nothing_twice() {
        for port in 1..=u16::MAX {
            let mut turns = Turns::of(port);
            let mut asked = Vec::new();
            while let Some(turn) = turns.next() {
                let name = turn.protocol.map(|it| it.service).unwrap_or_default();
                asked.push((name, turn.tls, turn.protocol.map(|it| it.alpn)));
            }
            assert!(asked.len() <= MAX_CONNECTIONS, "{port}");
            for (at, one) in asked.iter().enumerate() {
                assert!(!asked[..at].contains(one), "{port} twice {one:?}");
            }
        }
    }

    #[test]
    fn after_tls_nothing_is_asked_in_the_clear() {
        let mut turns = Turns::of(40_000);
        turns.is_tls();
        assert!(turns.has_more());
        while let Some(turn) = turns.next() {
            assert!(turn.tls && !turn.is_about(registry::http()));
            turns.is_tls();
        }
    }

    #[test]
    fn a_hint_moves_a_question_to_the_front() {
        for (said, service) in [
            (&b"ERROR\r\nERROR\r\n"[..], "memcache"),
            (b"-NOAUTH Authentication required.\r\n", "redis"),
        ] {
            let mut turns = Turns::of(40_000);
            turns.hear(said, false);
            assert_eq!(turns.next().unwrap().protocol.unwrap().service, service);
        }
    }
}
