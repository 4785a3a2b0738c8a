//! Shells on other machines: SSH, Telnet.
//!
//! Nothing here logs in.

use super::super::protocol::Take::Rest;
use super::super::protocol::{First, Heard, Protocol, sign};
use super::super::recognise::Recognised;

pub(super) static PROTOCOLS: &[Protocol] = &[
    // RFC 4253 §4.2.
    Protocol {
        service: "ssh",
        ports: &[22, 2222],
        first: First::Server,
        signs: &[sign(b"SSH-2.0-").product(Rest), sign(b"SSH-").product(Rest)],
        ..Protocol::NONE
    },
    Protocol {
        service: "telnet",
        over_tls: "telnets",
        ports: &[23],
        tls_ports: &[992],
        first: First::Server,
        read: telnet,
        ..Protocol::NONE
    },
];

/// WILL, WON'T, DO or DON'T, and an option that there is (RFC 854); begun in the same way, where
/// there is more.
fn telnet(heard: Heard<'_>) -> Option<Recognised> {
    let negotiates = |bytes: &[u8]| matches!(*bytes, [0xFF, 0xFB..=0xFE, 0..50, ..]);
    negotiates(heard.said).then(|| Recognised::new("telnet", None))
}
