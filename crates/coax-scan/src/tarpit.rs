//! Hosts that answer on every port, whoever listens.
//!
//! A tarpit, a load balancer or a proxy may complete every connection. Its open ports say nothing,
//! and asking them all costs a lot, so such a host is asked no more. Whether it is one is judged
//! from its first open port on: nearly everything open, nothing else.
//!
//! Nothing here knows why a host does so.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::State;

/// One in so many ports may be other than open: a firewall may guard a few.
const OTHERS: u32 = 20;

/// The tarpits that were found, for all threads.
#[derive(Debug, Default)]
pub(crate) struct Tarpits {
    any: AtomicBool,
    hosts: RwLock<HashSet<IpAddr>>,
}

/// What one thread has seen of hosts with open ports.
#[derive(Debug)]
pub(crate) struct Suspects {
    /// Open ports that make a host a tarpit; nobody is one without.
    limit: Option<u32>,
    seen: HashMap<IpAddr, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    open: u32,
    others: u32,
}

impl Tarpits {
    pub(crate) fn contain(&self, host: IpAddr) -> bool {
        self.any.load(Relaxed) && self.hosts.read().is_ok_and(|hosts| hosts.contains(&host))
    }

    /// `false` when it was known.
    fn add(&self, host: IpAddr) -> bool {
        self.any.store(true, Relaxed);
        self.hosts.write().is_ok_and(|mut hosts| hosts.insert(host))
    }
}

impl Suspects {
    /// `limit` open ports make a host a tarpit; `threads` share what there is to see.
    pub(crate) fn new(limit: Option<u32>, threads: usize) -> Suspects {
        let threads = u32::try_from(threads).unwrap_or(1).max(1);
        let limit = limit.map(|limit| limit.div_ceil(threads).max(1));
        Suspects { limit, seen: HashMap::new() }
    }

    /// Counts a verdict; `true` when it shows that `host` is a tarpit, the first time.
    pub(crate) fn reveal(&mut self, host: IpAddr, state: State, tarpits: &Tarpits) -> bool {
        let Some(limit) = self.limit else { return false };
        if state != State::Open {
            // A host without an open port is not kept, so memory does not grow with the targets.
            if let Some(seen) = self.seen.get_mut(&host) {
                seen.others += 1;
            }
            return false;
        }
        let seen = self.seen.entry(host).or_default();
        seen.open += 1;
        seen.open >= limit && seen.others <= seen.open / OTHERS && tarpits.add(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_host_whose_every_port_answers_is_one_and_is_told_once() {
        let (tarpits, mut suspects) = (Tarpits::default(), Suspects::new(Some(100), 2));
        let told = (0..80).filter(|_| suspects.reveal(HOST, State::Open, &tarpits)).count();
        assert_eq!((told, tarpits.contain(HOST)), (1, true));
    }

    #[test]
    fn a_host_with_many_services_is_none() {
        let (tarpits, mut suspects) = (Tarpits::default(), Suspects::new(Some(10), 1));
        assert!(!suspects.reveal(HOST, State::Closed, &tarpits));
        for _ in 0..500 {
            assert!(!suspects.reveal(HOST, State::Open, &tarpits) || tarpits.contain(HOST));
            suspects.reveal(HOST, State::Closed, &tarpits);
        }
        assert!(!tarpits.contain(HOST));
    }

    #[test]
    fn without_a_limit_nobody_is_one_and_nothing_is_kept() {
        let (tarpits, mut suspects) = (Tarpits::default(), Suspects::new(None, 1));
        (0..1000).for_each(|_| assert!(!suspects.reveal(HOST, State::Open, &tarpits)));
        assert!(suspects.seen.is_empty() && !tarpits.contain(HOST));
    }
}
