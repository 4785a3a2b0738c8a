//! Proxies and tunnels: SOCKS, Tor, OpenVPN, PPTP, BGP, Varnish's console.
//!
//! They begin what any client begins and leave it at that.
//!
//! Nothing here goes through.

use super::super::cursor::Cursor;
use super::super::protocol::Take::{Is, Nowhere};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::title;

/// RFC 1928 §3: without a login, or with a password.
const SOCKS_5: &[u8] = b"\x05\x02\0\x02";
/// tor-spec §4.1: VERSIONS, link protocols 3 to 5.
const TOR_VERSIONS: &[u8] = b"\0\0\x07\0\x06\0\x03\0\x04\0\x05";
/// P_CONTROL_HARD_RESET_CLIENT_V2 after its length (OpenVPN protocol documentation).
const OPENVPN: &[u8] = b"\0\x0E\x38coaxscan\0\0\0\0\0";
/// RFC 2637 §2.1: Start-Control-Connection-Request, version 1.0, as `coax`.
const PPTP: [u8; 156] = pptp();
/// RFC 4271 §4.1: the marker.
const BGP: &[u8] = &[0xFF; 16];

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol {
        service: "socks",
        ports: &[1080, 9050, 9150],
        ask: Ask::Bytes(SOCKS_5),
        anywhere: 11,
        signs: &[sign(b"HTTP/1.0 501 Tor is not an HTTP Proxy").product(Is("Tor"))],
        read: socks,
        ..Protocol::NONE
    },
    Protocol {
        service: "tor",
        over_tls: "tor",
        tls_ports: &[9001],
        ask: Ask::Bytes(TOR_VERSIONS),
        read: tor,
        ..Protocol::NONE
    },
    Protocol {
        service: "openvpn",
        ports: &[1194],
        ask: Ask::Bytes(OPENVPN),
        read: openvpn,
        ..Protocol::NONE
    },
    Protocol {
        service: "pptp",
        ports: &[1723],
        ask: Ask::Bytes(&PPTP),
        read: pptp_reply,
        ..Protocol::NONE
    },
    Protocol { service: "bgp", ports: &[179], first: First::Server, read: bgp, ..Protocol::NONE },
    // varnishd(1): status 107 asks for a secret's proof.
    Protocol {
        service: "varnish",
        ports: &[6082],
        first: First::Server,
        signs: &[sign(b"107 ").holding("\nAuthentication required.").product(Nowhere)],
        ..Protocol::NONE
    },
];

const fn pptp() -> [u8; 156] {
    let mut bytes = [0; 156];
    let head = [0, 156, 0, 1, 0x1A, 0x2B, 0x3C, 0x4D, 0, 1, 0, 0, 1, 0];
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    // Framing and bearer capabilities: both kinds; no channels, no firmware; then a host's name.
    bytes[19] = 3;
    bytes[23] = 3;
    let name = *b"coax";
    let mut at = 0;
    while at < name.len() {
        bytes[28 + at] = name[at];
        at += 1;
    }
    bytes
}

/// The method that was chosen among ours, or none (RFC 1928 §3), and nothing else.
fn socks(heard: Heard<'_>) -> Option<Recognised> {
    let [5, method @ (0 | 2 | 0xFF)] = *heard.said else { return None };
    let extra = match method {
        0 => "SOCKS5, no password",
        2 => "SOCKS5, password required",
        _ => "SOCKS5, not for us",
    };
    let extra = Some(extra.to_owned());
    (heard.asked == SOCKS_5).then(|| Recognised { extra, ..Recognised::new("socks", None) })
}

/// VERSIONS on circuit 0, two bytes each.
fn tor(heard: Heard<'_>) -> Option<Recognised> {
    let [0, 0, 7, 0, length @ 2..=40, rest @ ..] = heard.said else { return None };
    let versions = rest.get(..usize::from(*length))?;
    let fits = length % 2 == 0 && versions.chunks(2).all(|pair| pair[0] == 0 && pair[1] < 16);
    (fits && heard.asked == TOR_VERSIONS).then(|| Recognised::new("tor", Some("Tor".to_owned())))
}

/// A server's hard reset that acknowledges our session.
fn openvpn(heard: Heard<'_>) -> Option<Recognised> {
    let packet = heard.said.get(2..)?;
    (heard.asked == OPENVPN).then(|| super::super::reply::openvpn(&heard.asked[2..], packet))?
}

/// A reply of the control connection with who made it (RFC 2637 §2.2).
fn pptp_reply(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    if rest.take(10)? != [0, 156, 0, 1, 0x1A, 0x2B, 0x3C, 0x4D, 0, 2] {
        return None;
    }
    rest.take(18)?;
    let text = |bytes: &[u8]| title(bytes.split(|&byte| byte == 0).next().unwrap_or_default());
    let (host, maker) = (text(rest.take(64)?), text(rest.take(64)?));
    Some(Recognised { host, ..Recognised::new("pptp", maker) })
}

/// An OPEN, or a NOTIFICATION that refuses us (RFC 4271 §4.1).
fn bgp(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said.strip_prefix(BGP)?);
    let (length, kind) = (rest.short()?, rest.byte()?);
    let fits = (19..=4096).contains(&length) && matches!(kind, 1 | 3);
    fits.then(|| Recognised::new("bgp", None))
}
