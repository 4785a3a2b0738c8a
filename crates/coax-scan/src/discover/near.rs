//! This machine's own addresses, and the networks on its cables.
//!
//! Its own addresses are there without asking. On a cable of its own each host must tell its
//! hardware address before anything reaches it, so the kernel's table of neighbours says who is
//! there.
//!
//! Nothing here sends anything.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use coax_addr::{AddressRange, AddressSet};
use coax_net::{Neighbour, NeighbourState, interfaces, neighbours};

use super::Finder;
use super::candidates::{Candidate, Id, key};
use super::evidence::NEIGHBOUR_TRIES;
use crate::Sign;

/// Between two tries of the kernel (`retrans_time_ms`).
const KERNEL_WAIT: Duration = Duration::from_secs(1);
/// On a cable an answer takes a millisecond; a sleeping radio takes some tens of them.
const GRACE: Duration = Duration::from_millis(150);

/// What is near.
#[derive(Debug, Default)]
pub(super) struct Vicinity {
    /// Addresses of this machine.
    pub(super) own: AddressSet,
    /// Of these, those of an interface.
    pub(super) of_interfaces: HashSet<IpAddr>,
    networks: AddressSet,
    broadcast: HashSet<IpAddr>,
}

impl Vicinity {
    pub(super) fn of_this_machine() -> Vicinity {
        let mut near = Vicinity::default();
        let whole = [
            AddressRange::network(Ipv4Addr::LOCALHOST.into(), 8),
            AddressRange::network(Ipv4Addr::UNSPECIFIED.into(), 32),
            AddressRange::network(Ipv6Addr::UNSPECIFIED.into(), 127),
        ];
        whole.into_iter().flatten().for_each(|range| near.own.add_range(range));
        let all = interfaces().unwrap_or_default();
        for (address, _) in all.iter().flat_map(|it| &it.addresses) {
            near.own.add_address(*address, 0);
            near.of_interfaces.insert(*address);
        }
        let cables = all.iter().filter(|it| it.up && !it.loopback);
        for &(address, prefix) in cables.flat_map(|it| &it.addresses) {
            let Some(network) = AddressRange::network(address, prefix.into()) else { continue };
            near.networks.add_range(network);
            if address.is_ipv4() && prefix < 31 {
                near.broadcast.insert(network.last());
            }
        }
        near
    }

    /// Whether `host` is on a cable of this machine.
    pub(super) fn is_near(&self, host: IpAddr) -> bool {
        self.networks.contains(host)
    }

    /// Whether it is the address of everybody there, so nobody's.
    pub(super) fn is_broadcast(&self, host: IpAddr) -> bool {
        self.broadcast.contains(&host)
    }

    /// The hardware addresses of those that are near.
    pub(super) fn hardware(&self, v4: bool) -> HashMap<(IpAddr, u32), [u8; 6]> {
        let all = table(v4).into_iter();
        all.filter_map(|(at, neighbour)| Some((at, neighbour.hardware?))).collect()
    }
}

/// The table of neighbours. An address may have entries on two interfaces: what is known is taken.
fn table(v4: bool) -> HashMap<(IpAddr, u32), Neighbour> {
    let mut table = HashMap::new();
    for neighbour in neighbours(v4).unwrap_or_default() {
        let at = match neighbour.address {
            IpAddr::V6(it) => SocketAddrV6::new(it, 0, 0, neighbour.interface).into(),
            it => SocketAddr::new(it, 0),
        };
        let known: &mut Neighbour = table.entry(key(&at)).or_insert(neighbour);
        if neighbour.hardware.is_some() {
            *known = neighbour;
        }
    }
    table
}

/// What the table says of a host.
enum Said {
    Nothing,
    Far,
    There([u8; 6]),
    Silent,
    /// The kernel is to be made to ask again.
    Again,
}

impl Finder {
    /// Looks whether neighbours have answered the kernel.
    pub(super) fn look_at_neighbours(&mut self, now: Instant) {
        for v4 in [true, false] {
            let near = self.candidates.near_of(v4);
            if near.is_empty() {
                continue;
            }
            let table = table(v4);
            for id in near {
                self.look_at(id, &table, now);
            }
        }
    }

    fn look_at(&mut self, id: Id, table: &HashMap<(IpAddr, u32), Neighbour>, now: Instant) {
        let tries = self.evidence.neighbour_tries();
        let Some(candidate) = self.candidates.get_mut(id).filter(|it| it.was_asked) else { return };
        let (host, round) = (candidate.host, candidate.round.saturating_sub(1));
        match said(candidate, table.get(&key(&host)), tries, now) {
            Said::Nothing => {}
            Said::Far => self.candidates.is_far(id, now),
            Said::There(hardware) => self.found(id, Sign::Neighbour, None, round, Some(hardware)),
            Said::Silent => self.is_silent(id),
            Said::Again => self.candidates.put_off(id, now),
        }
    }
}

fn said(candidate: &mut Candidate, entry: Option<&Neighbour>, tries: u16, now: Instant) -> Said {
    let Some(entry) = entry else { return Said::Far };
    let waited = now.duration_since(candidate.begun);
    let tried = candidate.absences * NEIGHBOUR_TRIES;
    match (entry.state, entry.hardware) {
        (NeighbourState::Reachable, Some(hardware)) => Said::There(hardware),
        // It was there once; whether it still is, an answer shows.
        (NeighbourState::Remembered, _) => {
            candidate.is_remembered = true;
            Said::Far
        }
        (NeighbourState::Reachable | NeighbourState::Unasked, _) => Said::Far,
        (NeighbourState::Absent, _) => {
            candidate.absences += 1;
            // Until the kernel asks again, the table tells what is known.
            candidate.was_asked = false;
            if tried + NEIGHBOUR_TRIES < tries { Said::Again } else { Said::Silent }
        }
        (NeighbourState::Asked, _) => {
            let wanted = tries.saturating_sub(tried);
            let is_enough = wanted < NEIGHBOUR_TRIES
                && waited >= KERNEL_WAIT * u32::from(wanted.saturating_sub(1)) + GRACE;
            if is_enough { Said::Silent } else { Said::Nothing }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::candidates::Candidates;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

    /// What the table says of a host after `waited`, of which the kernel has asked in vain `absences`
    /// times before.
    fn said_after(
        state: NeighbourState,
        hardware: Option<[u8; 6]>,
        waited: u64,
        absences: u16,
        tries: u16,
    ) -> &'static str {
        let (mut candidates, start) = (Candidates::default(), Instant::now());
        candidates.begin(([10, 0, 0, 9], 0).into(), 0, true, start);
        let candidate = candidates.get_mut(0).unwrap();
        candidate.absences = absences;
        let neighbour = Neighbour { address: [10, 0, 0, 9].into(), interface: 2, state, hardware };
        let now = start + Duration::from_millis(waited);
        match said(candidate, Some(&neighbour), tries, now) {
            Said::Nothing => "nothing",
            Said::Far => "far",
            Said::There(_) => "there",
            Said::Silent => "silent",
            Said::Again => "again",
        }
    }

    #[test]
    fn a_neighbour_is_silent_after_as_many_tries_as_the_cable_calls_for() {
        use NeighbourState::{Absent, Asked, Reachable, Remembered, Unasked};
        for (state, hardware, waited, absences, tries, expected) in [
            (Reachable, Some(MAC), 0, 0, 3, "there"),
            (Asked, None, 1100, 0, 2, "nothing"),
            (Asked, None, 1200, 0, 2, "silent"),
            (Asked, None, 2900, 0, 3, "nothing"),
            (Absent, None, 3000, 0, 3, "silent"),
            (Absent, None, 3000, 0, 6, "again"),
            (Asked, None, 2900, 1, 6, "nothing"),
            (Absent, None, 3000, 1, 6, "silent"),
            (Remembered, Some(MAC), 0, 0, 3, "far"),
            (Unasked, None, 0, 0, 3, "far"),
        ] {
            let found = said_after(state, hardware, waited, absences, tries);
            assert_eq!(found, expected, "{state:?} {waited} {absences} {tries}");
        }
    }

    #[test]
    fn the_loopback_and_the_addresses_of_interfaces_are_this_machine() {
        let near = Vicinity::of_this_machine();
        for own in ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0"] {
            assert!(near.own.contains(own.parse().unwrap()), "{own}");
        }
        assert!(near.of_interfaces.iter().all(|&address| near.own.contains(address)));
        assert!(!near.is_near([127, 0, 0, 1].into()) && !near.own.contains([128, 0, 0, 1].into()));
    }
}
