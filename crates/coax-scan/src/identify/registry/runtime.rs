//! What programs run in: Java RMI and JDWP, AJP, FastCGI, uWSGI, Minecraft.
//!
//! They are asked whether they are there, and what they are.
//!
//! Nothing here calls a program's own code.

use super::super::cursor::Cursor;
use super::super::protocol::{Ask, Heard, Protocol};
use super::super::recognise::Recognised;
use super::super::text::{after, title, up_to};

/// Java RMI §10.2: the stream protocol, version 2.
const RMI: &[u8] = b"JRMI\0\x02\x4B";
/// JDWP: the handshake, and VirtualMachine's Version (set 1, command 1), which changes nothing.
const JDWP: &[u8] = b"JDWP-Handshake\0\0\0\x0Bcoax\0\x01\x01";
/// AJP 1.3: CPing.
const AJP: &[u8] = b"\x12\x34\0\x01\x0A";
/// FastCGI §4.1: which value has this variable?
const FASTCGI: &[u8] = b"\x01\x09\0\0\0\x11\x07\0\x0F\0FCGI_MPXS_CONNS\0\0\0\0\0\0\0";
/// uwsgi's protocol: modifier 100, a ping.
const UWSGI: &[u8] = b"\x64\0\0\0";
/// Minecraft Java: a handshake that goes on to the status, and the request for it.
const MINECRAFT: &[u8] = b"\x12\0\0\x0Ccoax.invalid\x63\xDD\x01\x01\0";

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol {
        service: "rmiregistry",
        ports: &[1099, 1098],
        ask: Ask::Bytes(RMI),
        read: rmi,
        ..Protocol::NONE
    },
    Protocol {
        service: "jdwp",
        ports: &[5005],
        ask: Ask::Bytes(JDWP),
        read: jdwp,
        ..Protocol::NONE
    },
    Protocol {
        service: "ajp13",
        ports: &[8009],
        ask: Ask::Bytes(AJP),
        read: |heard| {
            let fits = heard.asked == AJP && heard.said == b"AB\0\x01\x09";
            fits.then(|| Recognised::new("ajp13", None))
        },
        ..Protocol::NONE
    },
    Protocol {
        service: "fastcgi",
        ports: &[9000],
        ask: Ask::Bytes(FASTCGI),
        read: fastcgi,
        ..Protocol::NONE
    },
    Protocol {
        service: "uwsgi",
        ports: &[3031],
        ask: Ask::Bytes(UWSGI),
        read: |heard| {
            let fits = heard.asked == UWSGI && matches!(heard.said, [100, 0, 0, 1, ..]);
            fits.then(|| Recognised::new("uwsgi", Some("uWSGI".to_owned())))
        },
        ..Protocol::NONE
    },
    Protocol {
        service: "minecraft",
        ports: &[25565],
        ask: Ask::Bytes(MINECRAFT),
        read: minecraft,
        ..Protocol::NONE
    },
];

/// An acknowledgement, our name as the server sees it, and our port: name and port are not told,
/// since they are another one each time.
fn rmi(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let (kind, length) = (rest.byte()?, rest.short()?);
    let host = rest.take(length.into())?;
    let fits = kind == 0x4E && rest.0.len() == 4 && host.iter().all(u8::is_ascii_graphic);
    (fits && heard.asked == RMI)
        .then(|| Recognised::new("rmiregistry", Some("Java RMI".to_owned())))
}

/// The handshake comes back, and a reply packet with our number: description, two numbers, then the
/// machine's version and name.
fn jdwp(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said.strip_prefix(b"JDWP-Handshake")?);
    let (_length, id, flags, _error) = (rest.take(4)?, rest.take(4)?, rest.byte()?, rest.take(2)?);
    if id != b"coax" || flags != 0x80 {
        return None;
    }
    let mut text = || {
        let length = u32::from_be_bytes(rest.take(4)?.try_into().ok()?);
        rest.take(usize::try_from(length).ok()?).and_then(title)
    };
    let description = text();
    rest.take(8)?;
    let mut text = || {
        let length = u32::from_be_bytes(rest.take(4)?.try_into().ok()?);
        rest.take(usize::try_from(length).ok()?).and_then(title)
    };
    let (version, name) = (text(), text());
    let product = name.zip(version).map(|(name, version)| format!("{name} {version}"));
    Some(Recognised::new("jdwp", product.or(description)))
}

/// FCGI_GET_VALUES_RESULT, version 1, request 0 (FastCGI §3.3, §4.1).
fn fastcgi(heard: Heard<'_>) -> Option<Recognised> {
    let fits = matches!(heard.said, [1, 10, 0, 0, _, _, _, _, ..]) && heard.asked == FASTCGI;
    fits.then(|| Recognised::new("fastcgi", None))
}

/// A status packet with JSON in it.
fn minecraft(heard: Heard<'_>) -> Option<Recognised> {
    let status = heard.asked == MINECRAFT && after(heard.said, "\"protocol\":").is_some();
    let version = after(heard.said, "\"version\":{").and_then(|rest| after(rest, "\"name\":\""));
    let version = version.map(|rest| up_to(rest, "\"")).and_then(title);
    let product = version.map(|version| format!("Minecraft {version}"));
    status.then(|| Recognised::new("minecraft", product))
}
