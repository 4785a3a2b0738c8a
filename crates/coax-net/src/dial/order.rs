//! In which order addresses are tried: RFC 8305 §4.
//!
//! The families take turns, beginning with the family of the resolver's first choice; within a
//! family the resolver's order stays.
//!
//! Nothing here knows which addresses work.

use std::net::SocketAddr;

/// `addresses` with the families taking turns.
pub(super) fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let count = addresses.len();
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let mut first = first.into_iter();
    let mut second = second.into_iter();
    let mut turns = Vec::with_capacity(count);
    while turns.len() < count {
        turns.extend(first.next());
        turns.extend(second.next());
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<SocketAddr> {
        text.split_whitespace().map(|ip| SocketAddr::new(ip.parse().unwrap(), 80)).collect()
    }

    #[test]
    fn the_families_take_turns() {
        let table = [
            ("", ""),
            ("1.1.1.1", "1.1.1.1"),
            ("::1 ::2 1.1.1.1 2.2.2.2", "::1 1.1.1.1 ::2 2.2.2.2"),
            ("1.1.1.1 ::1 ::2 ::3", "1.1.1.1 ::1 ::2 ::3"),
            ("1.1.1.1 2.2.2.2 ::1", "1.1.1.1 ::1 2.2.2.2"),
            ("::2 ::1", "::2 ::1"),
        ];
        for (given, expected) in table {
            assert_eq!(interleaved(parse(given)), parse(expected), "{given}");
        }
    }
}
