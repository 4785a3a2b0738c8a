//! Desktops from afar, and scanners of paper: RFB, RDP, X11, SANE.
//!
//! Nothing here draws, types or moves.

use super::super::cursor::Cursor;
use super::super::protocol::Take::Version;
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::title;

/// \[MS-RDPBCGR\] §2.2.1.1: a connection request that offers TLS and CredSSP.
const RDP: &[u8] = b"\x03\0\0\x13\x0E\xE0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0";
/// X protocol §8: little end first, version 11.0, without an authorization.
const X11: &[u8] = b"l\0\x0B\0\0\0\0\0\0\0\0\0";
/// SANE's network protocol, SANE_NET_INIT: version 1.0.3, as nobody.
const SANE: &[u8] = b"\0\0\0\0\x01\0\0\x03\0\0\0\x01\0";

pub(super) static PROTOCOLS: &[Protocol] = &[
    // RFC 6143 §7.1.1.
    Protocol {
        service: "rfb",
        ports: &[5900, 5901, 5902, 5903, 5904, 5905, 5906, 5907, 5908, 5909],
        first: First::Server,
        signs: &[sign(b"RFB 0").extra(Version("protocol", "RFB ", "\n"))],
        ..Protocol::NONE
    },
    Protocol {
        service: "ms-wbt-server",
        ports: &[3389],
        ask: Ask::Bytes(RDP),
        anywhere: 10,
        read: rdp,
        ..Protocol::NONE
    },
    Protocol {
        service: "x11",
        ports: &[6000, 6001, 6002, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010, 6011],
        ask: Ask::Bytes(X11),
        read: x11,
        ..Protocol::NONE
    },
    Protocol {
        service: "sane-port",
        ports: &[6566],
        ask: Ask::Bytes(SANE),
        read: sane,
        ..Protocol::NONE
    },
];

/// A connection confirm (X.224) in a TPKT.
fn rdp(heard: Heard<'_>) -> Option<Recognised> {
    let [3, 0, 0, length, header, 0xD0, ..] = *heard.said else { return None };
    (header.checked_add(5)? == length).then(|| Recognised::new("ms-wbt-server", None))
}

/// Refused with a reason, or taken: the version is ours, and of a display that was opened the
/// maker is told.
fn x11(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let [status @ 0..=2, _, 11, 0, 0, 0, low, high] = *rest.take(8)? else { return None };
    if heard.asked != X11 || (low, high) == (0, 0) {
        return None;
    }
    if status != 1 {
        let extra = Some("access denied".to_owned());
        return Some(Recognised { extra, ..Recognised::new("x11", None) });
    }
    let release = u32::from_le_bytes(rest.take(4)?.try_into().ok()?);
    rest.take(12)?;
    let [low, high] = *rest.take(2)? else { return None };
    rest.take(14)?;
    let maker = rest.take(usize::from(u16::from_le_bytes([low, high]))).and_then(title);
    // X.Org counts so since version 7.
    let version =
        format!("{}.{}.{}", release / 10_000_000, release / 100_000 % 100, release / 1000 % 100);
    let product = maker.map(|maker| format!("{maker} {version}"));
    Some(Recognised { extra: Some("open display".to_owned()), ..Recognised::new("x11", product) })
}

/// A status and the server's version, whose major is ours.
fn sane(heard: Heard<'_>) -> Option<Recognised> {
    let [0, 0, 0, 0..=11, 1, minor, high, low] = *heard.said else { return None };
    let extra = Some(format!("protocol 1.{minor}.{}", u16::from_be_bytes([high, low])));
    (heard.asked == SANE).then(|| Recognised { extra, ..Recognised::new("sane-port", None) })
}
