//! What to send to a UDP port so that the service which is usually there answers.
//!
//! Each question is built here from the document that defines the protocol. All are harmless: they
//! read, or are refused; none asks for an answer much larger than itself where a smaller one would
//! tell as much, and none opens more than a client that goes away again would.
//!
//! Which port gets which question stands in `identify`'s registry, beside what proves an answer.
//!
//! Nothing here reads an answer: any is one.

mod ber;
pub(crate) mod directory;
pub(crate) mod games;
pub(crate) mod machine;
pub(crate) mod names;
mod packet;
pub(crate) mod tunnel;
pub(crate) mod web;

use std::collections::HashMap;
use std::sync::LazyLock;

use coax_net::UdpAnswers;

use crate::identify::DATAGRAM_PROTOCOLS;

type Questions = Vec<Vec<u8>>;

static KNOWN: LazyLock<HashMap<u16, Questions>> = LazyLock::new(|| {
    let rows = DATAGRAM_PROTOCOLS.iter();
    { rows }.flat_map(|row| row.ports.iter().map(|&port| (port, (row.questions)()))).collect()
});

/// To a port of which nothing is known: an empty datagram, which is enough to learn that it is
/// closed, and for many simple servers to answer; then what servers that are often moved to another
/// port understand.
static UNKNOWN: LazyLock<Questions> = LazyLock::new(|| {
    let first = |questions: fn() -> Questions| questions().into_iter().next();
    let moved = [names::dns, machine::ntp, directory::snmp, web::stun, web::sip];
    [Vec::new()].into_iter().chain(moved.into_iter().filter_map(first)).collect()
});

/// The first question of each protocol that may be anywhere.
static ELSEWHERE: LazyLock<Questions> = LazyLock::new(|| {
    let rows = DATAGRAM_PROTOCOLS.iter().filter(|row| row.anywhere);
    { rows }.filter_map(|row| (row.questions)().into_iter().next()).collect()
});

/// What to send to `port` after `before` others.
pub(crate) fn payload(port: u16, before: u32) -> &'static [u8] {
    let questions = KNOWN.get(&port).unwrap_or(&UNKNOWN);
    &questions[before as usize % questions.len()]
}

/// A request for a ticket, as over TCP behind its length.
pub(crate) fn kerberos() -> Vec<u8> {
    directory::kerberos().concat()
}

/// What a port is asked to find out what it is: of its own protocol, or of every one that is often
/// found elsewhere.
pub(crate) fn questions(port: u16) -> Vec<&'static [u8]> {
    match KNOWN.get(&port) {
        Some(own) => own.iter().map(Vec::as_slice).collect(),
        None => ELSEWHERE.iter().chain(&UNKNOWN[..1]).map(Vec::as_slice).collect(),
    }
}

/// From where the service that is usually at `port` answers.
pub(crate) fn answers_at(port: u16) -> UdpAnswers {
    match port {
        // RFC 1350 §4: the server answers from a port of its own choice.
        69 => UdpAnswers::FromItsHost,
        _ => UdpAnswers::FromThePort,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_port_stands_in_one_row_and_has_questions_that_fit_an_ethernet_frame() {
        let mut seen = HashSet::new();
        for &port in DATAGRAM_PROTOCOLS.iter().flat_map(|row| row.ports) {
            assert!(seen.insert(port), "{port} twice");
            let questions = &KNOWN[&port];
            assert!((1..=3).contains(&questions.len()), "{port}: a silent host has three attempts");
            for question in questions {
                // IPv6 promises 1280 bytes (RFC 8200 §5): less 40 of IPv6 and 8 of UDP.
                assert!((1..=1232).contains(&question.len()), "{port}: {}", question.len());
            }
        }
    }

    #[test]
    fn attempts_take_the_questions_in_turn_and_an_unknown_port_gets_an_empty_one_first() {
        assert_eq!(payload(40_000, 0), b"");
        let count = UNKNOWN.len() as u32;
        let all: HashSet<&[u8]> = (0..count).map(|attempt| payload(40_000, attempt)).collect();
        assert_eq!(all.len(), count as usize, "each is sent");
        assert!(
            count <= u32::from(crate::Limits::default().retries) + 1,
            "within the usual attempts"
        );
        assert_eq!(payload(40_000, count), payload(40_000, 0));
        assert_eq!(payload(123, 0), payload(123, 200));
        assert_ne!(payload(161, 0), payload(161, 1));
    }
}
