//! What hosts that answered say about the way to the others: how long it takes, how much is lost.
//!
//! A host that answered only in its third round shows that two rounds were lost. From the share of
//! these follows how many rounds a silent host needs until silence cannot be chance: one in a
//! hundred thousand hosts that are there may be missed.
//!
//! No clock is read here.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::pace::{RoundTrip, network};

/// A host that is there is called silent with this probability at most.
const MISSED: f64 = 1e-5;
/// Where nothing is known of the loss. It is enough for one packet of twenty lost each way.
const ROUNDS: u16 = 4;
const FEWEST: u16 = 3;
const MOST: u16 = 8;
/// The kernel asks three times for a neighbour, a second apart.
pub(super) const NEIGHBOUR_TRIES: u16 = 3;
/// Where the cable loses less than that, two tries are enough.
const CLEAN: f64 = 0.05;
/// And where it loses more than that, six are not too many.
const LOSSY: f64 = 0.2;
/// Where nobody near a host has answered, it may be farther than those who have.
const FARTHER: Duration = Duration::from_millis(250);
/// Networks remembered.
const NETWORKS: usize = 4096;

/// What was learned so far.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    answered: f64,
    lost: f64,
    everyone: Option<RoundTrip>,
    networks: HashMap<IpAddr, RoundTrip>,
}

impl Evidence {
    /// A host answered after it had not in `lost` rounds.
    pub(super) fn answered(&mut self, host: &SocketAddr, lost: u16, rtt: Option<Duration>) {
        self.answered += 1.0;
        self.lost += f64::from(lost);
        let Some(rtt) = rtt else { return };
        if self.networks.len() >= NETWORKS {
            self.networks.clear();
        }
        self.networks.entry(network(host.ip())).or_default().sample(rtt);
        self.everyone.get_or_insert_default().sample(rtt);
    }

    /// The share of rounds that go unanswered though the host is there, as far as that can be told
    /// from so few.
    fn loss(&self) -> Option<f64> {
        let all = self.answered + self.lost;
        (all > 0.0).then(|| (self.lost + 0.5) / (all + 1.0))
    }

    /// How many rounds make silence certain.
    pub(super) fn rounds(&self) -> u16 {
        let Some(loss) = self.loss() else { return ROUNDS };
        let rounds = MISSED.ln() / loss.ln();
        (rounds.ceil() as u16).clamp(FEWEST, MOST)
    }

    /// How many times the kernel must have asked for a neighbour in vain.
    pub(super) fn neighbour_tries(&self) -> u16 {
        match self.loss() {
            Some(loss) if loss < CLEAN => NEIGHBOUR_TRIES - 1,
            Some(loss) if loss > LOSSY && self.lost > 0.0 => 2 * NEIGHBOUR_TRIES,
            _ => NEIGHBOUR_TRIES,
        }
    }

    /// How long to wait for the answers of a round, at most `longest`. Later rounds wait longer:
    /// a router that must look for the host first needs a second.
    pub(super) fn wait(&self, host: &SocketAddr, round: u16, longest: Duration) -> Duration {
        let (trip, farther) = match (self.networks.get(&network(host.ip())), self.everyone) {
            (Some(trip), _) => (*trip, Duration::ZERO),
            (None, Some(trip)) => (trip, FARTHER),
            (None, None) => (RoundTrip::default(), Duration::ZERO),
        };
        (trip.timeout(longest) * u32::from(round + 1).min(4) + farther).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn host(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 0).into()
    }

    fn after(answers: &[u16]) -> Evidence {
        let mut evidence = Evidence::default();
        answers.iter().for_each(|&lost| evidence.answered(&host(1), lost, Some(20 * MS)));
        evidence
    }

    #[test]
    fn the_more_is_lost_the_more_rounds_it_takes() {
        assert_eq!(after(&[]).rounds(), ROUNDS);
        assert_eq!(after(&[0; 10]).rounds(), 4);
        assert_eq!(after(&[0; 100]).rounds(), FEWEST);
        // One packet of twenty is lost each way: 1 - 0.95² of the rounds.
        let mut lossy = vec![0; 90];
        lossy.extend([1; 10]);
        assert_eq!(after(&lossy).rounds(), 5);
        assert!(0.0975_f64.powi(5) < MISSED);
        assert_eq!(after(&[1, 2, 0, 3]).rounds(), MOST);
    }

    #[test]
    fn a_clean_cable_needs_less_to_know_who_is_not_there() {
        assert_eq!(after(&[]).neighbour_tries(), 3);
        assert_eq!(after(&[0]).neighbour_tries(), 3, "one answer shows little");
        assert_eq!(after(&[0; 10]).neighbour_tries(), 2);
        assert_eq!(after(&[0, 1, 0, 2]).neighbour_tries(), 6);
    }

    #[test]
    fn the_wait_follows_who_answered_and_grows() {
        let longest = 1000 * MS;
        assert_eq!(after(&[]).wait(&host(2), 0, longest), 500 * MS);
        let known = after(&[0; 20]);
        assert_eq!(known.wait(&host(2), 0, longest), 100 * MS);
        assert_eq!(known.wait(&host(2), 2, longest), 300 * MS);
        let elsewhere = ([10, 0, 1, 2], 0).into();
        assert_eq!(known.wait(&elsewhere, 0, longest), 350 * MS);
        assert_eq!(known.wait(&elsewhere, 7, longest), 650 * MS);
        assert_eq!(known.wait(&elsewhere, 7, 300 * MS), 300 * MS);
    }
}
