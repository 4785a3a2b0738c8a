//! Who: a name, an address, or every address this machine has.
//!
//! A name is kept as typed, IDN included, and checked against the limits of RFC 1035 §2.3.4;
//! something that looks like an IPv4 address must be one, because a resolver would guess.
//!
//! Nothing here resolves a name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Host;
use super::error::EndpointErrorKind::{Brackets, Host as HostKind};
use super::error::{Fault, fault};
use crate::near::shown;

/// RFC 1035 §2.3.4.
const LONGEST_LABEL: usize = 63;
/// RFC 1035 §2.3.4, less the root's length byte and the first label's.
const LONGEST_NAME: usize = 253;
/// Linux's `IFNAMSIZ`, less its NUL.
const LONGEST_ZONE: usize = 15;

impl Host {
    /// Reads a host that stands alone: a name, `10.0.0.7`, `::1`, `[::1]`, `*`, `<broadcast>` or
    /// a bare integer.
    pub(super) fn alone(text: &str) -> Result<Host, Fault> {
        let inner = text.strip_prefix('[').map(|text| text.strip_suffix(']'));
        match inner {
            Some(Some(address)) => Host::bracketed(address),
            Some(None) => fault(Brackets, "']' is missing after the IPv6 address"),
            None if text.contains(':') => Host::ipv6(text).ok_or_else(|| Fault {
                kind: HostKind,
                reason: format!("'{}' is not an IPv6 address", shown(text)),
            }),
            None => Host::without_colon(text),
        }
    }

    /// Reads what stands between brackets.
    pub(super) fn bracketed(text: &str) -> Result<Host, Fault> {
        if let Some((address, zone)) = text.split_once('%')
            && address.parse::<Ipv6Addr>().is_ok()
        {
            check_zone(zone)?;
        }
        match Host::ipv6(text) {
            Some(host) => Ok(host),
            None if text.is_empty() => {
                fault(Brackets, "the brackets are empty; [::1] is this machine, [::] any address")
            }
            None if text.parse::<Ipv4Addr>().is_ok() => {
                fault(Brackets, format!("only IPv6 goes in brackets; write {text}:PORT"))
            }
            None => fault(HostKind, format!("'{}' is not an IPv6 address", shown(text))),
        }
    }

    /// Reads an IPv6 literal, with `%zone` or without; `None` when it is something else.
    pub(super) fn ipv6(text: &str) -> Option<Host> {
        match text.split_once('%') {
            None => text.parse().ok().map(|address| Host::Ip(IpAddr::V6(address))),
            Some((address, zone)) => {
                check_zone(zone).ok()?;
                Some(Host::Zoned { address: address.parse().ok()?, zone: zone.to_owned() })
            }
        }
    }

    /// Reads a host that is no IPv6 literal.
    pub(super) fn without_colon(text: &str) -> Result<Host, Fault> {
        match text {
            "" | "*" => Ok(Host::Any),
            "<broadcast>" => Ok(Host::BROADCAST),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => integer(text),
            _ if ends_in_a_number(text) || is_hexadecimal(text) => dotted(text),
            _ => check_name(text).map(|()| Host::Name(text.to_owned())),
        }
    }
}

/// The address or name alone, an IPv6 address without brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Any => f.write_str("*"),
            Host::Name(name) => f.write_str(name),
            Host::Ip(address) => address.fmt(f),
            Host::Zoned { address, zone } => write!(f, "{address}%{zone}"),
        }
    }
}

fn integer(text: &str) -> Result<Host, Fault> {
    match text.parse::<u32>() {
        Ok(number) => Ok(Host::Ip(IpAddr::V4(Ipv4Addr::from_bits(number)))),
        Err(_) => fault(
            HostKind,
            format!("the host {} is a number above {}, so no IPv4 address", shown(text), u32::MAX),
        ),
    }
}

fn ends_in_a_number(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let last = text.rsplit('.').next().unwrap_or_default();
    !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// `127.0x1`, `0x7f000001`: what the system's resolver takes for an address and not a name.
fn is_hexadecimal(text: &str) -> bool {
    let hexadecimal = |text: &str| text.starts_with("0x") || text.starts_with("0X");
    text.rsplit('.').next().is_some_and(hexadecimal) && short(text).is_some()
}

fn dotted(text: &str) -> Result<Host, Fault> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(IpAddr::V4(address)));
    }
    if let Some(address) = short(text) {
        return Ok(Host::Ip(IpAddr::V4(address)));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let numbers = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let padded = parts.iter().any(|part| part.len() > 1 && part.starts_with('0'));
    let why = match () {
        () if !numbers => "a name cannot end in a number",
        // Some programs read 010 as eight, others as ten.
        () if padded && parts.len() == 4 => "a number in an IPv4 address has no leading zero",
        () => "an IPv4 address is four numbers from 0 to 255",
    };
    fault(HostKind, format!("the host '{}' is wrong: {why}", shown(text)))
}

/// The shorter forms of inet_aton(3), as the system's resolver reads them: in `127.1` and
/// `10.1.513` the last number stands for all the bytes that are left; a number may be hexadecimal.
/// A leading zero would be octal there, and is refused here.
fn short(text: &str) -> Option<Ipv4Addr> {
    let mut parts = text.split('.').map(part);
    let last = parts.next_back()??;
    let first: Vec<u32> = parts.collect::<Option<_>>()?;
    let left = 32_u32.checked_sub(8 * u32::try_from(first.len()).ok()?).filter(|&bits| bits > 0)?;
    let fits = first.iter().all(|&byte| byte <= 255) && u64::from(last) < 1 << left;
    let places = first.iter().zip([24, 16, 8]);
    fits.then(|| Ipv4Addr::from_bits(places.fold(last, |all, (byte, place)| all | byte << place)))
}

fn part(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        let hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return hex.then(|| u32::from_str_radix(digits, 16).ok())?;
    }
    let decimal = text == "0" || (!text.starts_with('0') && !text.is_empty());
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (decimal && digits).then(|| text.parse().ok())?
}

/// Why `name` cannot be asked of a resolver; `None` when it can.
pub(crate) fn why_no_name(name: &str) -> Option<String> {
    check_name(name).err().map(|fault| fault.reason)
}

/// Why `zone` cannot be an interface; `None` when it can.
pub(crate) fn why_no_zone(zone: &str) -> Option<String> {
    check_zone(zone).err().map(|fault| fault.reason)
}

fn check_zone(zone: &str) -> Result<(), Fault> {
    let strange = |c: char| c.is_control() || c.is_whitespace() || "/%?[]:".contains(c);
    match zone {
        "" => fault(HostKind, "the zone after '%' is missing; write an interface, like %eth0"),
        _ if zone.len() > LONGEST_ZONE || zone.contains(strange) => fault(
            HostKind,
            format!("the zone '{}' cannot be the name of an interface", shown(zone)),
        ),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    check_characters(name)?;
    let labels = name.strip_suffix('.').unwrap_or(name);
    for label in labels.split('.') {
        check_label(label, name)?;
    }
    let length = labels.chars().count();
    match length > LONGEST_NAME {
        true => {
            fault(HostKind, format!("the host has {length} characters; {LONGEST_NAME} is the most"))
        }
        false => Ok(()),
    }
}

fn check_label(label: &str, name: &str) -> Result<(), Fault> {
    match label.chars().count() {
        0 => wrong(name, "there is nothing between two dots"),
        // An IDN label has more characters on the wire than here, never fewer.
        1..=LONGEST_LABEL => Ok(()),
        length => fault(
            HostKind,
            format!(
                "the host's label '{}' has {length} characters; {LONGEST_LABEL} is the most",
                shown(label)
            ),
        ),
    }
}

fn check_characters(name: &str) -> Result<(), Fault> {
    if name.starts_with('-') {
        return wrong(name, "a name does not begin with '-'");
    }
    match name.chars().find(|&character| !may_stand_in_a_name(character)) {
        None => Ok(()),
        Some('/') => wrong(name, "a name has no '/'; a path begins with / or ./"),
        Some('~') => wrong(name, "'~' is not expanded here; write the whole path"),
        Some('%') => wrong(name, "a zone after '%' goes with an IPv6 address in brackets"),
        Some('[' | ']') => wrong(name, "brackets go around an IPv6 address, and nothing else"),
        Some(found) if found.is_whitespace() => wrong(name, "a name has no space"),
        Some(found) => {
            wrong(name, format!("a name has no '{}'", shown(found.encode_utf8(&mut [0; 4]))))
        }
    }
}

/// Letters and digits of every script; underscores because real names have them.
fn may_stand_in_a_name(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_alphanumeric() || "-_.".contains(character),
        false => !character.is_control() && !character.is_whitespace() && !is_invisible(character),
    }
}

/// Bidi controls and zero-width characters make one name look like another.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

fn wrong<T>(name: &str, why: impl fmt::Display) -> Result<T, Fault> {
    fault(HostKind, format!("the host '{}' is wrong: {why}", shown(name)))
}
