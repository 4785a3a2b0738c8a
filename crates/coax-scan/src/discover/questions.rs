//! Which ports tell best whether a host is there.
//!
//! A closed port answers as well as an open one, so those are asked which firewalls let through, or
//! refuse aloud: the web's, that for administration, some of those that are to be scanned, and a UDP
//! port that nobody has. More would find hardly more hosts.
//!
//! Nothing here asks.

use coax_addr::{PortSet, Protocol, ProtocolPorts};

/// A port that every host is asked.
pub(super) type HostQuestion = (Protocol, u16);

/// Open on most hosts that have any port open to strangers.
const TCP: [u16; 3] = [443, 80, 22];
/// Of the ports that are to be scanned, these are asked before others, so many of them.
const TCP_IF_SCANNED: [u16; 14] =
    [445, 3389, 8080, 53, 25, 21, 23, 135, 139, 8443, 5900, 3306, 5432, 62078];
const UDP_IF_SCANNED: [u16; 6] = [53, 161, 123, 137, 5353, 500];
const SCANNED: usize = 2;
/// Where traceroute begins: nobody listens there, and many firewalls let it be refused.
pub(super) const UNUSED_UDP: u16 = 33434;

/// What hosts are asked whose `ports` will be scanned.
pub(super) fn of(ports: &ProtocolPorts) -> Vec<HostQuestion> {
    let tcp = TCP.into_iter().chain(scanned(&ports.tcp, &TCP_IF_SCANNED, &TCP));
    let udp = [UNUSED_UDP].into_iter().chain(scanned(&ports.udp, &UDP_IF_SCANNED, &[UNUSED_UDP]));
    tcp.map(|port| (Protocol::Tcp, port)).chain(udp.map(|port| (Protocol::Udp, port))).collect()
}

/// A few of `ports`, the `likely` ones first, without those that are asked in any case.
fn scanned(ports: &PortSet, likely: &[u16], asked: &[u16]) -> Vec<u16> {
    let mut few: Vec<u16> = likely.iter().copied().filter(|&it| ports.contains(it)).collect();
    // The first ports are enough to fill what is left.
    let first = (0..asked.len() + likely.len() + SCANNED).filter_map(|index| ports.nth(index));
    few.extend(first.filter(|port| !likely.contains(port)));
    few.retain(|port| !asked.contains(port));
    few.truncate(SCANNED);
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_words(tcp: &str, udp: &str) -> Vec<HostQuestion> {
        let set = |text: &str| text.parse().unwrap_or_default();
        of(&ProtocolPorts { tcp: set(tcp), udp: set(udp) })
    }

    #[test]
    fn ports_that_are_scanned_are_asked_likely_ones_first() {
        let tcp = |port| (Protocol::Tcp, port);
        let udp = |port| (Protocol::Udp, port);
        let usual = [tcp(443), tcp(80), tcp(22)];
        assert_eq!(of_words("1-1024", "")[..5], [usual[0], usual[1], usual[2], tcp(445), tcp(53)]);
        assert_eq!(of_words("7000-7010", "")[3..5], [tcp(7000), tcp(7001)]);
        assert_eq!(of_words("22,80,443,9", "")[3..], [tcp(9), udp(UNUSED_UDP)]);
        assert_eq!(
            of_words("", "53,9")[..],
            [&usual[..], &[udp(UNUSED_UDP), udp(53), udp(9)]].concat()
        );
    }
}
