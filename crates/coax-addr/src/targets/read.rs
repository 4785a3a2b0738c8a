//! Words to targets.
//!
//! What a word is, its characters decide: `/` makes a network, `:` IPv6, digits and dots alone
//! IPv4, and anything else is a name. So a slip in an address is an error and never a name that
//! some resolver guesses about.
//!
//! Nothing here counts addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::TargetErrorKind::{Address, Empty, Name, Octet, Port, Prefix, Range, Zone};
use super::error::{Fault, fault};
use super::octets::Octets;
use super::{AddressRange, Target, TargetError};
use crate::endpoint::{why_no_name, why_no_zone};
use crate::near::shown;

type Found<T = Target> = Result<T, Fault>;

pub(super) fn nothing() -> TargetError {
    let reason = "no target given; write a name, an address, a network like 10.0.0.0/24 or a \
                  range like 10.0.0.1-20";
    Fault { kind: Empty, reason: reason.to_owned() }.about("")
}

pub(super) fn target(word: &str) -> Result<Target, TargetError> {
    match word.trim() {
        "" => Err(nothing()),
        word => as_written(word).map(canonical),
    }
}

/// The same, where IPv4 inside IPv6 stays IPv6.
pub(super) fn as_written(word: &str) -> Result<Target, TargetError> {
    read(word).map_err(|fault| fault.about(word))
}

/// `::ffff:10.0.0.7` is 10.0.0.7, and on no interface.
fn canonical(target: Target) -> Target {
    match target {
        Target::Range(range) => Target::Range(range.to_canonical()),
        Target::Zoned { address, .. } if address.to_ipv4_mapped().is_some() => {
            Target::Range(AddressRange::from(IpAddr::from(address)).to_canonical())
        }
        other => other,
    }
}

fn read(word: &str) -> Found {
    if let Some((_, rest)) = word.split_once("://") {
        return url(rest);
    }
    if let Some(inner) = word.strip_prefix('[') {
        return brackets(inner);
    }
    if let Some((address, prefix)) = word.split_once('/') {
        return network(address, prefix);
    }
    let is_numeric = |c: char| c.is_ascii_digit() || ".-*".contains(c);
    match word {
        "*" => fault(Address, "that is every address there is; name a network, like 10.0.0.0/24"),
        _ if word.contains(':') => ipv6(word),
        _ if word.bytes().all(|byte| byte.is_ascii_digit()) => integer(word),
        _ if word.contains(['.', '*']) && word.chars().all(is_numeric) => ipv4(word),
        _ => name(word),
    }
}

fn url(rest: &str) -> Found {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let bare = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match bare {
        "" => fault(Port, "a target is a host and no URL; write the host alone"),
        _ => fault(Port, format!("a target is a host and no URL; write {}", shown(bare))),
    }
}

/// After `[`. Brackets are for an address beside a port, so they are taken and not kept.
fn brackets(inner: &str) -> Found {
    match inner.split_once(']') {
        None => fault(Address, "']' is missing after the IPv6 address"),
        Some((address, "")) if address.contains(':') => ipv6(address),
        Some((_, "")) => fault(Address, "brackets go around an IPv6 address, and nothing else"),
        Some((address, rest)) if rest.starts_with('/') => fault(
            Prefix,
            format!("a network has no brackets; write {}", shown(&format!("{address}{rest}"))),
        ),
        Some((address, _)) => no_port(address),
    }
}

fn no_port<T>(host: &str) -> Found<T> {
    fault(Port, format!("a target has no port; write {}", shown(host)))
}

fn name(word: &str) -> Found {
    match word.split_once('%') {
        Some((address, _)) if address.parse::<Ipv4Addr>().is_ok() => {
            fault(Zone, format!("only an IPv6 address has a zone; write {address}"))
        }
        _ => match why_no_name(word) {
            None => Ok(Target::Name(word.to_owned())),
            Some(reason) => fault(Name, reason),
        },
    }
}

/// The endpoint grammar's bare integer, but for what is more likely a port that lost its `-p`.
fn integer(word: &str) -> Found {
    match word.parse::<u32>() {
        Ok(number) if number > u16::MAX.into() => one(Ipv4Addr::from_bits(number)),
        Ok(number) => fault(
            Address,
            format!(
                "a number alone looks like a port; write {} if it is an address",
                Ipv4Addr::from_bits(number)
            ),
        ),
        Err(_) => fault(Address, format!("it is above {}, so no IPv4 address", u32::MAX)),
    }
}

fn one<A: Into<IpAddr>>(address: A) -> Found {
    Ok(Target::Range(AddressRange::from(address.into())))
}

/// Digits, dots, `-` and `*`.
fn ipv4(word: &str) -> Found {
    let parts: Vec<&str> = word.split('.').collect();
    if let Ok(parts) = <[&str; 4]>::try_from(parts.as_slice()) {
        return octets(parts);
    }
    if let Some((first, last)) = word.split_once('-')
        && first.contains('.')
        && last.contains('.')
    {
        return range(end::<Ipv4Addr>(first)?.into(), end::<Ipv4Addr>(last)?.into());
    }
    fault(Address, format!("an IPv4 address has four numbers, and here are {}", parts.len()))
}

fn octets(parts: [&str; 4]) -> Found {
    let mut ranges = [(0, 0); 4];
    for (range, part) in ranges.iter_mut().zip(parts) {
        *range = octet(part)?;
    }
    match ranges.iter().all(|(first, last)| first == last) {
        true => one(Ipv4Addr::from(ranges.map(|(octet, _)| octet))),
        false => Ok(Target::Octets(Octets::new(ranges))),
    }
}

fn octet(part: &str) -> Found<(u8, u8)> {
    match part.split_once('-') {
        None if part == "*" => Ok((0, u8::MAX)),
        None => octet_number(part).map(|octet| (octet, octet)),
        Some(("", "")) => fault(Octet, "write * for every value of an octet"),
        Some(("", last)) => fault(Octet, format!("an octet range has both ends; write 0-{last}")),
        Some((first, "")) => {
            fault(Octet, format!("an octet range has both ends; write {first}-255"))
        }
        Some((first, last)) => match (octet_number(first)?, octet_number(last)?) {
            (first, last) if first <= last => Ok((first, last)),
            (first, last) => fault(Octet, format!("a range goes up; write {last}-{first}")),
        },
    }
}

fn octet_number(text: &str) -> Found<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        _ if text.is_empty() => fault(Octet, "there is no number between two dots"),
        _ if !digits => fault(Octet, format!("'{}' is no octet; write 7, 1-20 or *", shown(text))),
        // Some programs read 010 as eight, others as ten.
        _ if text.len() > 1 && text.starts_with('0') => {
            fault(Octet, format!("'{}' has a leading zero; write {}", shown(text), unpadded(text)))
        }
        Ok(number) => Ok(number),
        Err(_) => fault(Octet, format!("the octet {} is above 255", shown(text))),
    }
}

fn unpadded(text: &str) -> String {
    match text.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => shown(digits),
    }
}

/// What has a `:`.
fn ipv6(word: &str) -> Found {
    if let Some((address, zone)) = word.split_once('%') {
        return zoned(address, zone);
    }
    if let Ok(address) = word.parse::<Ipv6Addr>() {
        return one(address);
    }
    if let Some((first, last)) = word.split_once('-')
        && (is_address(first) || is_address(last))
    {
        return ipv6_range(first, last);
    }
    match word.split_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(':') => no_port(host),
        _ => fault(Address, format!("'{}' is not an IPv6 address", shown(word))),
    }
}

fn ipv6_range(first: &str, last: &str) -> Found {
    if first.parse::<Ipv4Addr>().is_ok() || last.parse::<Ipv4Addr>().is_ok() {
        return fault(Range, "one end is IPv4 and the other is not");
    }
    range(end::<Ipv6Addr>(first)?.into(), end::<Ipv6Addr>(last)?.into())
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn zoned(address: &str, zone: &str) -> Found {
    let Ok(address) = address.parse::<Ipv6Addr>() else {
        return match address.contains('-') {
            true => fault(Zone, "a zone goes with one address; write the addresses one by one"),
            false => fault(Address, format!("'{}' is not an IPv6 address", shown(address))),
        };
    };
    match zone.split_once('-') {
        Some((_, last)) if last.split('%').next().is_some_and(is_address) => {
            fault(Zone, "a zone goes with one address; write the addresses one by one")
        }
        _ => match why_no_zone(zone) {
            None => Ok(Target::Zoned { address, zone: zone.to_owned() }),
            Some(reason) => fault(Zone, reason),
        },
    }
}

fn end<A: std::str::FromStr + Into<IpAddr>>(text: &str) -> Found<A> {
    text.parse().map_err(|_| Fault {
        kind: Range,
        reason: format!("'{}' is no whole address; write both ends in full", shown(text)),
    })
}

fn range(first: IpAddr, last: IpAddr) -> Found {
    match AddressRange::new(first, last) {
        Some(range) => Ok(Target::Range(range)),
        None => fault(Range, format!("a range goes up; write {last}-{first}")),
    }
}

fn network(address: &str, prefix: &str) -> Found {
    let parsed = match address.parse::<IpAddr>() {
        Ok(parsed) => parsed,
        Err(_) => return no_network(address, prefix),
    };
    let longest = if parsed.is_ipv4() { 32 } else { 128 };
    let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return no_prefix(parsed, prefix, longest);
    }
    let network = prefix.parse().ok().and_then(|prefix| AddressRange::network(parsed, prefix));
    match network {
        Some(range) => Ok(Target::Range(range)),
        None => fault(Prefix, format!("the prefix {} is above {longest}", shown(prefix))),
    }
}

fn no_prefix(address: IpAddr, prefix: &str, longest: u32) -> Found {
    let mask = prefix.parse::<Ipv4Addr>().ok().filter(|_| longest == 32).map(Ipv4Addr::to_bits);
    match mask {
        Some(mask) if mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0 => fault(
            Prefix,
            format!("a network has a prefix and no mask; write {address}/{}", mask.leading_ones()),
        ),
        _ => fault(Prefix, format!("after '/' comes a number from 0 to {longest}")),
    }
}

/// What stands before the `/` is no address: says what it is instead.
fn no_network(address: &str, prefix: &str) -> Found {
    let whole = address.rsplit_once(['-', '%']).map(|(before, _)| before);
    let dotted = address.starts_with(|first: char| first.is_ascii_digit())
        && address.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let parts = address.split('.').count();
    let short = (dotted && parts < 4)
        .then(|| format!("{address}{}", ".0".repeat(4 - parts)))
        .filter(|whole| is_address(whole));
    match short {
        Some(whole) => fault(
            Prefix,
            format!("an IPv4 network has four numbers; write {whole}/{}", shown(prefix)),
        ),
        None if address.contains('*') || whole.is_some_and(is_address) => {
            fault(Prefix, "a prefix goes with one address, with no range and no zone")
        }
        None if dotted || address.contains(':') => {
            fault(Prefix, format!("'{}' before the '/' is no address", shown(address)))
        }
        None => fault(Prefix, "a prefix goes with an address, not with a name or a path"),
    }
}
