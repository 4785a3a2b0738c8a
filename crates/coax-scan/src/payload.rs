//! What to send to a UDP port so that the service which is usually there answers.
//!
//! Each question is built here from the document that defines the protocol. All are harmless: they
//! read, or are refused; none asks for an answer much larger than itself where a smaller one would
//! tell as much, and none opens more than a client that goes away again would.
//!
//! Nothing here reads an answer: any is one.

mod ber;
mod directory;
mod games;
mod machine;
mod names;
mod packet;
mod tunnel;
mod web;

use std::collections::HashMap;
use std::sync::LazyLock;

use coax_net::UdpAnswers;

/// Questions for one service, the best first. Every attempt sends the next one.
type Questions = Vec<Vec<u8>>;

/// Ports and what to send there.
type Row = (&'static [u16], fn() -> Questions);

/// Where nothing helps, since the service never answers a stranger
/// (syslog 514, DHCP 67, RADIUS 1812, NetFlow 2055, WireGuard 51820), the port is not listed: it is
/// asked like any other, and its silence is the answer.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (&[53], names::dns),
    (&[5353], names::multicast_dns),
    (&[137], names::netbios),
    (&[123], machine::ntp),
    (&[7, 11, 13, 17, 19, 37], machine::any_datagram),
    (&[69], machine::tftp),
    (&[111], machine::portmapper),
    (&[2049], machine::nfs),
    (&[177], machine::xdmcp),
    (&[427], machine::service_location),
    (&[520], machine::rip),
    (&[521], machine::rip_ng),
    (&[623, 664], machine::ipmi),
    (&[1434], machine::sql_server),
    (&[3389], machine::remote_desktop),
    (&[10001], machine::ubiquiti),
    (&[11211], machine::memcached),
    (&[44818], machine::ethernet_ip),
    (&[47808], machine::bacnet),
    (&[88], directory::kerberos),
    (&[161], directory::snmp),
    (&[389], directory::ldap),
    (&[443, 784, 853, 8443, 8853], web::quic_then_dtls),
    (&[2083, 4433, 5349, 5684], web::dtls),
    (&[1900], web::ssdp),
    (&[3702], web::ws_discovery),
    (&[3478, 3479], web::stun),
    (&[4569], web::iax),
    (&[5060], web::sip),
    (&[5683], web::coap),
    (&[500], tunnel::ike),
    (&[4500], tunnel::ike_through_nat),
    (&[1194], tunnel::openvpn),
    (&[2152], tunnel::gtp),
    (&[5351], tunnel::nat_pmp),
    (&[27015, 27016], games::source),
    (&[27960], games::quake),
    (&[25565], games::minecraft_query),
    (&[19132], games::minecraft_bedrock),
    (&[64738], games::mumble),
];

static KNOWN: LazyLock<HashMap<u16, Questions>> = LazyLock::new(|| {
    let rows =
        TABLE.iter().flat_map(|(ports, questions)| ports.iter().map(|&at| (at, questions())));
    rows.collect()
});

/// To a port of which nothing is known: an empty datagram, which is enough to learn that it is
/// closed, and for many simple servers to answer; an empty line; then what servers that are often
/// moved to another port understand.
static UNKNOWN: LazyLock<Questions> = LazyLock::new(|| {
    let text = vec![Vec::new(), b"\r\n\r\n".to_vec()];
    [text, names::dns(), machine::ntp(), web::stun()].concat()
});

/// What to send to `port` after `before` others.
pub(crate) fn payload(port: u16, before: u32) -> &'static [u8] {
    let questions = KNOWN.get(&port).unwrap_or(&UNKNOWN);
    &questions[before as usize % questions.len()]
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
        for &port in TABLE.iter().flat_map(|(ports, _)| *ports) {
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
