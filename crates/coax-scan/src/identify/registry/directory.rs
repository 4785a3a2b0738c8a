//! Directories: DNS over TCP, LDAP, Kerberos, the endpoint mapper of Windows, finger, ident.
//!
//! Nothing here resolves a name for anybody.

use std::net::SocketAddr;

use super::super::cursor::Cursor;
use super::super::protocol::{Ask, Heard, Protocol};
use super::super::recognise::Recognised;
use super::super::reply;
use super::super::text::{holds, title};

/// `version.bind CH TXT`, as `dig` asks it; the first two bytes are its length (RFC 1035 §4.2.2).
const DNS: &[u8] = b"\0\x1E\x63\x78\0\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03";
/// An AS request for a realm that cannot exist, after its length (RFC 4120 §7.2.2); its body is that
/// of the question by UDP.
fn kerberos_request(_: SocketAddr, _: Option<&str>) -> Vec<u8> {
    let request = crate::payload::kerberos();
    let length = (request.len() as u32).to_be_bytes();
    [&length[..], &request].concat()
}
/// C706 §12.6.4.3: binding to the endpoint mapper, in NDR.
const ENDPOINT_MAPPER: &[u8] =
    b"\x05\0\x0B\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0\xB8\x10\xB8\x10\0\0\0\0\
\x01\0\0\0\0\0\x01\0\x08\x83\xAF\xE1\x1F\x5D\xC9\x11\x91\xA4\x08\0\x2B\x14\xA0\xFA\x03\0\0\0\
\x04\x5D\x88\x8A\xEB\x1C\xC9\x11\x9F\xE8\x08\0\x2B\x10\x48\x60\x02\0\0\0";
/// RFC 1413 §3: who has the connection between these ports? Nobody.
const IDENT: &[u8] = b"1,1\r\n";
/// RFC 1288 §2.3: who is there?
const FINGER: &[u8] = b"\r\n";

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol {
        service: "domain",
        over_tls: "domain-s",
        ports: &[53],
        tls_ports: &[853],
        ask: Ask::Bytes(DNS),
        anywhere: 4,
        alpn: "dot",
        read: dns,
        ..Protocol::NONE
    },
    Protocol {
        service: "ldap",
        over_tls: "ldaps",
        ports: &[389, 3268],
        tls_ports: &[636, 3269],
        ask: Ask::Made(root_entry),
        anywhere: 5,
        read: ldap,
        ..Protocol::NONE
    },
    Protocol {
        service: "kerberos",
        ports: &[88],
        ask: Ask::Made(kerberos_request),
        read: kerberos,
        ..Protocol::NONE
    },
    Protocol {
        service: "epmap",
        ports: &[135],
        ask: Ask::Bytes(ENDPOINT_MAPPER),
        read: endpoint_mapper,
        ..Protocol::NONE
    },
    Protocol {
        service: "ident",
        ports: &[113],
        ask: Ask::Bytes(IDENT),
        read: ident,
        ..Protocol::NONE
    },
    Protocol {
        service: "finger",
        ports: &[79],
        ask: Ask::Bytes(FINGER),
        read: finger,
        ..Protocol::NONE
    },
];

/// An answer to our own question, after its length.
fn dns(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let length = rest.short()?;
    let question = b"\x07version\x04bind\0\0\x10\0\x03";
    let whole = rest.0.get(12..)?.starts_with(question) && usize::from(length) >= 12;
    // A refusal may leave the question out.
    let bare = heard.asked == DNS && rest.0.len() == 12 && length == 12 && rest.0[..2] == DNS[2..4];
    (whole || bare).then(|| reply::dns(rest.0))?
}

/// A search of the root entry (RFC 4511 §4.5.1, RFC 4512 §5.1), which needs no login, for what
/// servers say of themselves (RFC 3045).
fn root_entry(_: SocketAddr, _: Option<&str>) -> Vec<u8> {
    const ATTRIBUTES: [&str; 5] =
        ["vendorName", "vendorVersion", "objectClass", "dnsHostName", "isGlobalCatalogReady"];
    let wanted = ATTRIBUTES.map(|name| tagged(0x04, name.as_bytes())).concat();
    // Base "", this entry alone, no aliases, no limits, values too; any entry has a class.
    let fixed = b"\x04\0\x0A\x01\0\x0A\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\x87\x0BobjectClass";
    let search = [&fixed[..], &tagged(0x30, &wanted)].concat();
    tagged(0x30, &[b"\x02\x01\x01", &tagged(0x63, &search)[..]].concat())
}

/// Content of less than 128 bytes under its tag (X.690 §8.1.3.4).
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

/// The answer to message 1: an entry found, or a result (RFC 4511 §4.5.2).
fn ldap(heard: Heard<'_>) -> Option<Recognised> {
    // It may be longer than what was kept, so its length is not looked at.
    let mut rest = Cursor(heard.said);
    let (0x30, length) = (rest.byte()?, rest.byte()?) else { return None };
    rest.take(usize::from(length.saturating_sub(0x80)))?;
    let [2, 1, 1, 0x64 | 0x65 | 0x78, ..] = *rest.0 else { return None };
    rest.take(3)?;
    let value = |name: &str| rest.clone().expect(0x64).and_then(|entry| attribute(entry, name));
    let vendor = [value("vendorName"), value("vendorVersion")];
    let vendor = vendor.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let product = match () {
        () if !vendor.is_empty() => Some(vendor),
        () if value("objectClass").is_some_and(|it| it == "OpenLDAProotDSE") => {
            Some("OpenLDAP".to_owned())
        }
        () if value("isGlobalCatalogReady").is_some() => Some("Active Directory".to_owned()),
        () => None,
    };
    Some(Recognised { host: value("dnsHostName"), ..Recognised::new("ldap", product) })
}

/// The last value of an attribute of an entry: its classes end with its own.
fn attribute(mut entry: Cursor<'_>, name: &str) -> Option<String> {
    let _name = entry.element()?;
    let mut attributes = entry.expect(0x30)?;
    while let Some((0x30, attribute)) = attributes.element() {
        let mut attribute = Cursor(attribute);
        let own = attribute.expect(0x04)?.0;
        let mut values = attribute.expect(0x31)?;
        if own.eq_ignore_ascii_case(name.as_bytes()) {
            let last = std::iter::from_fn(|| values.expect(0x04)).last();
            return last.and_then(|value| title(value.0));
        }
    }
    None
}

/// An error (RFC 4120 §5.9.1) after its length.
fn kerberos(heard: Heard<'_>) -> Option<Recognised> {
    let (length, message) = heard.said.split_at_checked(4)?;
    let fits = u32::from_be_bytes(length.try_into().ok()?) as usize == message.len();
    fits.then(|| reply::kerberos(message))?
}

/// A bind acknowledgement, or a refusal, of version 5 (C706 §12.6.4.4, §12.6.4.5).
fn endpoint_mapper(heard: Heard<'_>) -> Option<Recognised> {
    let [5, 0, 12 | 13, _, _, _, _, _, low, high, ..] = *heard.said else { return None };
    let fits = usize::from(u16::from_le_bytes([low, high])) == heard.said.len();
    (fits && heard.asked == ENDPOINT_MAPPER).then(|| Recognised::new("epmap", None))
}

/// Our ports, and an error or a user (RFC 1413 §4).
fn ident(heard: Heard<'_>) -> Option<Recognised> {
    let line = heard.said.split(|&byte| byte == b'\r' || byte == b'\n').next()?;
    let mut parts = std::str::from_utf8(line).ok()?.split(':').map(str::trim);
    let ports: String = parts.next()?.split_whitespace().collect();
    let kind = parts.next()?;
    let fits = ports == "1,1" && matches!(kind, "ERROR" | "USERID") && heard.asked == IDENT;
    fits.then(|| Recognised::new("ident", None))
}

/// RFC 1288 leaves the answer to the server; these words are those of the lists that are usual.
fn finger(heard: Heard<'_>) -> Option<Recognised> {
    const LISTS: &str = "login     name|login    name|no one logged on|load average:|online user list|\
                         must provide username|login name:|finger:";
    (heard.asked == FINGER && holds(heard.said, LISTS)).then(|| Recognised::new("finger", None))
}
