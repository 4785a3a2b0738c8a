//! Hosts on which every port that was asked is open.
//!
//! A tarpit, a load balancer or a proxy may complete every connection, so their open ports say
//! nothing. A server with so many services is rare enough for a hint. Whether it is one is judged
//! as for `--tarpit`: one port in twenty may be other than open.
//!
//! Nothing here changes a verdict, or leaves a host out.

use std::collections::BTreeMap;

use coax_addr::Protocol;
use coax_scan::{State, Verdict};

use super::names::{HostKey, key};

/// Of fewer ports, all may well be open.
const FEWEST_PORTS: usize = 20;
/// One in so many may be other than open: a firewall may guard a few.
const OTHERS: usize = 20;

/// Open TCP ports of each host, where so many are asked that all of them open would be strange.
#[derive(Debug, Default)]
pub(super) struct AllOpen {
    asked: usize,
    open: BTreeMap<HostKey, usize>,
}

impl AllOpen {
    /// Of hosts that are asked so many TCP ports each.
    pub(super) fn new(asked: usize) -> AllOpen {
        AllOpen { asked, open: BTreeMap::new() }
    }

    pub(super) fn hear(&mut self, verdict: &Verdict) {
        let counts = verdict.state == State::Open && verdict.protocol == Protocol::Tcp;
        if counts && self.asked >= FEWEST_PORTS {
            *self.open.entry(key(&verdict.address)).or_default() += 1;
        }
    }

    /// The hosts, in the order of their addresses.
    pub(super) fn hosts(&self) -> impl Iterator<Item = HostKey> {
        let all = |open: usize| self.asked.saturating_sub(open) <= open / OTHERS;
        self.open.iter().filter(move |(_, open)| all(**open)).map(|(host, _)| *host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_scan::Reason;

    fn hosts(asked: usize, open: u16, protocol: Protocol) -> usize {
        let mut all = AllOpen::new(asked);
        for port in 1..=open {
            let address = ([10, 0, 0, 1], port).into();
            let (state, reason, rtt) = (State::Open, Reason::SynAck, None);
            all.hear(&Verdict { address, protocol, state, reason, rtt });
        }
        all.hosts().count()
    }

    #[test]
    fn all_of_many_ports_but_one_in_twenty_are_strange() {
        for (asked, open, strange) in
            [(20, 20, 1), (19, 19, 0), (100, 96, 1), (100, 95, 0), (65_535, 62_414, 0), (20, 0, 0)]
        {
            assert_eq!(hosts(asked, open, Protocol::Tcp), strange, "{open} of {asked}");
        }
        // UDP that answers on every port is an echo.
        assert_eq!(hosts(20, 20, Protocol::Udp), 0);
    }
}
