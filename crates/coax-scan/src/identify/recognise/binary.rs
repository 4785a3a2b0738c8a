//! Protocols whose first bytes are numbers.
//!
//! Each has a reader that follows the layout as far as it takes to be sure, and a little further
//! where the product stands.
//!
//! Nothing here trusts a length.

use super::Recognised;
use crate::identify::cursor::Cursor;
use crate::identify::reply;
use crate::identify::text::{after, holds, title, up_to};

pub(super) fn recognise(bytes: &[u8]) -> Option<Recognised> {
    let readers = [telnet, mysql, postgres, rdp, mqtt, ldap, amqp, dns];
    readers.into_iter().find_map(|read| read(bytes))
}

fn named(service: &'static str, product: Option<String>) -> Option<Recognised> {
    Some(Recognised { service, product })
}

/// WILL, WON'T, DO or DON'T, and an option that there is (RFC 854).
fn telnet(bytes: &[u8]) -> Option<Recognised> {
    let [0xFF, 0xFB..=0xFE, option, ..] = *bytes else { return None };
    (option < 50).then(|| named("telnet", None))?
}

/// The handshake of protocol 10, or an error instead of it.
fn mysql(bytes: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(bytes);
    let [low, middle, high, 0] = *rest.take(4)? else { return None };
    let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    match rest.byte()? {
        0x0A if (20..1000).contains(&length) => {
            let version = up_to(rest.0, "\0");
            // MariaDB says so after a version that old clients take for MySQL's.
            let version = version.strip_prefix(b"5.5.5-").unwrap_or(version);
            version.first()?.is_ascii_digit().then(|| named("mysql", title(version)))?
        }
        0xFF if holds(rest.0, "mysql|mariadb|blocked|not allowed") => named("mysql", None),
        _ => None,
    }
}

/// An error or a request to log in, the two answers to a first message.
fn postgres(bytes: &[u8]) -> Option<Recognised> {
    let known = match bytes {
        [b'E', 0, 0, _, _, b'S', rest @ ..] => holds(rest, "FATAL\0|ERROR\0"),
        [b'R', 0, 0, 0, length, 0, 0, 0, kind, ..] => *length >= 8 && *kind <= 12,
        _ => false,
    };
    known.then(|| named("postgresql", None))?
}

/// A connection confirm (X.224) in a TPKT.
fn rdp(bytes: &[u8]) -> Option<Recognised> {
    let [3, 0, 0, length, header, 0xD0, ..] = *bytes else { return None };
    (header.checked_add(5)? == length).then(|| named("ms-wbt-server", None))?
}

/// A CONNACK and nothing else; 3.1.1 §3.2.
fn mqtt(bytes: &[u8]) -> Option<Recognised> {
    matches!(bytes, [0x20, 2, 0 | 1, 0..=5]).then(|| named("mqtt", None))?
}

/// The answer to message 1: an entry found, or a result (RFC 4511 §4.5.2).
fn ldap(bytes: &[u8]) -> Option<Recognised> {
    // It may be longer than what was kept, so its length is not looked at.
    let mut rest = Cursor(bytes);
    let (0x30, length) = (rest.byte()?, rest.byte()?) else { return None };
    rest.take(usize::from(length.saturating_sub(0x80)))?;
    let [2, 1, 1, 0x64 | 0x65 | 0x78, ..] = *rest.0 else { return None };
    named("ldap", None)
}

/// Connection.Start: method 10, 10 in a method frame on channel 0.
fn amqp(bytes: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(bytes);
    if rest.take(3)? != [1, 0, 0] || rest.take(4)?.len() != 4 || rest.take(4)? != [0, 10, 0, 10] {
        return None;
    }
    let field = |name| after(bytes, name).and_then(long_string);
    let (product, version) = (field("\x07productS"), field("\x07versionS"));
    let both = [product, version].into_iter().flatten().collect::<Vec<_>>().join(&b' ');
    named("amqp", title(&both))
}

fn long_string(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = Cursor(bytes);
    let [0, 0, high, low] = *rest.take(4)? else { return None };
    rest.take(usize::from(u16::from_be_bytes([high, low])))
}

/// An answer to our own question, after its length.
fn dns(bytes: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(bytes);
    let length = rest.short()?;
    let question = b"\x07version\x04bind\0\0\x10\0\x03";
    let ours = rest.0.get(12..)?.starts_with(question);
    (ours && usize::from(length) >= 12 + question.len()).then(|| reply::dns(rest.0))?
}
