//! Answers of machines and devices: the time, files, directories, procedures, controllers.
//!
//! Each reader looks at what only an answer of its protocol has, and no further than the product.
//!
//! Nothing here trusts a length.

use super::{Recognised, known, named, same_id};
use crate::identify::cursor::Cursor;
use crate::identify::recognise::recognise;
use crate::identify::text::{after, title, up_to};

/// A server's answer in a version that there is, with our time in it (RFC 5905 §7.3).
pub(in crate::identify) fn ntp(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let first = *answer.first()?;
    let (version, mode) = (first >> 3 & 7, first & 7);
    let ours = asked.get(40..48)? == answer.get(24..32)?;
    known(answer.len() >= 48 && mode == 4 && (1..=4).contains(&version) && ours, "ntp")
}

/// Data, an error or options, about a file that is nowhere (RFC 1350, RFC 2347).
pub(in crate::identify) fn tftp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let fits = match answer {
        [0, 3, _, _, data @ ..] => data.len() <= 512,
        [0, 5, 0, code, text @ ..] => *code <= 8 && text.last() == Some(&0),
        [0, 6, .., 0] => true,
        _ => false,
    };
    known(fits, "tftp")
}

/// An error, or a ticket nobody should have (RFC 4120 §5.9.1, §5.4.2).
pub(in crate::identify) fn kerberos(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let (tag, contents) = Cursor(answer).element()?;
    known(matches!(tag, 0x7E | 0x6B) && contents.first() == Some(&0x30), "kerberos")
}

/// A reply to the call with this number (RFC 5531 §9).
pub(in crate::identify) fn rpc(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let ours = asked.get(..4)? == answer.get(..4)?;
    known(ours && answer.len() >= 12 && answer[4..8] == [0, 0, 0, 1], "sunrpc")
}

/// A response, and in it the description that was asked for (RFC 3416 §3).
pub(in crate::identify) fn snmp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let mut message = Cursor(answer).expect(0x30)?;
    let (2, [version]) = message.element()? else { return None };
    let fits = match version {
        // A report of version 3 has no community, and says little to strangers.
        3 => true,
        _ => message.element()?.0 == 4 && matches!(message.0.first(), Some(0xA2 | 0xA8)),
    };
    fits.then(|| named("snmp", description(message)))?
}

fn description(mut message: Cursor<'_>) -> Option<String> {
    let mut response = message.expect(0xA2)?;
    let (_id, _status, _index) = (response.element()?, response.element()?, response.element()?);
    let mut binding = response.expect(0x30)?.expect(0x30)?;
    let (_name, (4, value)) = (binding.element()?, binding.element()?) else { return None };
    title(value)
}

/// Willing or unwilling, in version 1 (XDMCP 1.1, "Packet formats").
pub(in crate::identify) fn xdmcp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(matches!(answer, [0, 1, 0, 5 | 6, _, _, ..]), "xdmcp")
}

/// The same as over TCP.
pub(in crate::identify) fn ldap(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "ldap")
}

/// Version 2, a service reply or an acknowledgement, our number (RFC 2608 §8).
pub(in crate::identify) fn service_location(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let ours = asked.get(10..12)? == answer.get(10..12)?;
    known(ours && matches!(answer, [2, 2 | 5 | 8 | 11, ..]), "svrloc")
}

/// A response with whole entries (RFC 2453 §4, RFC 2080 §2.1).
pub(in crate::identify) fn rip(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [2, version, 0, 0, entries @ ..] = answer else { return None };
    // The version for IPv6 is 1 again.
    let service = if asked.get(1) == Some(&1) { "ripng" } else { "router" };
    known(matches!(version, 1 | 2) && !entries.is_empty() && entries.len() % 20 == 0, service)
}

/// A pong of RMCP, or IPMI in it (ASF 2.0 §3.2.4, IPMI 2.0 §13.1).
pub(in crate::identify) fn ipmi(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let fits = match answer {
        [6, _, _, 6, 0, 0, 0x11, 0xBE, 0x40, ..] => true,
        [6, _, _, 7, ..] => answer.len() > 20,
        _ => false,
    };
    known(fits, "asf-rmcp")
}

/// The list of instances, and the version of the first (MC-SQLR §2.2.5).
pub(in crate::identify) fn sql_server(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [5, _, _, list @ ..] = answer else { return None };
    let version = after(list, ";Version;").map(|rest| up_to(rest, ";"));
    list.starts_with(b"ServerName;").then(|| named("ms-sql-m", version.and_then(title)))?
}

/// Our number in the frame, and the answer that TCP would bring.
pub(in crate::identify) fn memcached(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let words = answer.get(8..).filter(|_| same_id(asked, answer))?;
    recognise(words).filter(|it| it.service == "memcache")
}

/// A unicast of its own length (ASHRAE 135 annex J.2), in network version 1.
pub(in crate::identify) fn bacnet(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [0x81, 0x0A, high, low, 1, ..] = *answer else { return None };
    known(usize::from(u16::from_be_bytes([high, low])) == answer.len(), "bacnet")
}

/// SYN and ACK, and the acknowledged number is ours (MS-RDPEUDP §2.2.2.1).
pub(in crate::identify) fn remote_desktop(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let (ours, flags) = (answer.get(..4)? == b"coax", answer.get(6..8)?);
    known(ours && flags[1] & 5 == 5, "ms-wbt-server")
}

/// Version 1, an answer to a discovery, and the length of the rest.
pub(in crate::identify) fn ubiquiti(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [1, 0, high, low, rest @ ..] = answer else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    known(length == rest.len() && length > 0, "ubiquiti")
}

/// ListIdentity's command and length; the device's name and revision (CIP volume 2 §2-4.2.3).
pub(in crate::identify) fn ethernet_ip(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [0x63, 0, low, high, ..] = *answer else { return None };
    let fits = usize::from(u16::from_le_bytes([low, high])) + 24 == answer.len();
    let mut item = Cursor(answer.get(54..)?);
    let [major, minor] = *item.take(2)? else { return None };
    item.take(6)?;
    let length = item.byte()?;
    let name = title(item.take(length.into())?).map(|name| format!("{name} {major}.{minor}"));
    fits.then(|| named("EtherNet-IP-2", name))?
}
