//! Which port of which host is asked next.
//!
//! A question is a number below hosts × ports, and the order of the numbers is computed, so a scan
//! of any size needs no list. Threads take numbers in small runs from one counter.
//!
//! Nothing here knows what was answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use coax_addr::{AddressSet, Permutation, Protocol, ProtocolPorts};

use crate::{Order, Plan};

/// A run is long enough that two threads rarely meet at the counter, and short enough that they
/// end together.
const RUN: u64 = 32;

/// One port of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) to: SocketAddr,
    pub(crate) protocol: Protocol,
    /// Where it stands in the order: the first to be asked has 0.
    pub(crate) position: u64,
}

/// Every question of a plan, handed out once.
#[derive(Debug)]
pub(crate) struct Questions {
    targets: AddressSet,
    ports: ProtocolPorts,
    order: Option<Permutation>,
    total: u64,
    next: AtomicU64,
}

/// One thread's share, taken as it goes.
#[derive(Debug, Default)]
pub(crate) struct Share {
    next: u64,
    end: u64,
}

impl Questions {
    /// `None` where there are more than a number can count.
    pub(crate) fn of(plan: &Plan) -> Option<Questions> {
        let total = plan.targets.len().checked_mul(plan.ports.len() as u128)?;
        // Threads run past the end by less than this.
        let total = u64::try_from(total).ok().filter(|&total| total < u64::MAX - (1 << 32))?;
        let order = match plan.order {
            Order::Random { seed } => Some(Permutation::new(total, seed)),
            Order::Serial => None,
        };
        let (targets, ports) = (plan.targets.clone(), plan.ports.clone());
        Some(Questions { targets, ports, order, total, next: AtomicU64::new(0) })
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The next question of `share`.
    pub(crate) fn next(&self, share: &mut Share) -> Option<Question> {
        if share.next == share.end {
            share.next = self.next.fetch_add(RUN, Relaxed).min(self.total);
            share.end = (share.next + RUN).min(self.total);
        }
        let position = share.next;
        if position == share.end {
            return None;
        }
        share.next += 1;
        self.at(position)
    }

    fn at(&self, position: u64) -> Option<Question> {
        let number = self.order.map_or(position, |order| order.at(position));
        let ports = self.ports.len() as u64;
        let (protocol, port) = self.ports.nth(usize::try_from(number % ports).ok()?)?;
        let to = self.targets.socket_at(u128::from(number / ports), port);
        Some(Question { to, protocol, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Tell};
    use coax_addr::ServiceTable;
    use std::collections::HashSet;

    fn questions(order: Order, targets: &str, ports: &str) -> Option<Questions> {
        let mut set = AddressSet::new();
        set.add(&targets.parse().unwrap()).unwrap();
        let ports = ProtocolPorts::parse(ports, &ServiceTable::iana(), Protocol::Tcp).unwrap();
        let (limits, tell) = (Limits::default(), Tell::All);
        Questions::of(&Plan { targets: set, ports, order, limits, tell })
    }

    fn all(questions: &Questions) -> Vec<String> {
        let mut share = Share::default();
        std::iter::from_fn(|| questions.next(&mut share)).map(shown).collect()
    }

    fn shown(question: Question) -> String {
        format!("{} {}", question.to, question.protocol)
    }

    #[test]
    fn serial_goes_host_by_host_from_the_lowest_port() {
        let asked = all(&questions(Order::Serial, "10.0.0.1-10.0.0.2", "80,22,U:53").unwrap());
        let first = ["10.0.0.1:22 tcp", "10.0.0.1:80 tcp", "10.0.0.1:53 udp"];
        assert_eq!(asked[..3], first);
        assert_eq!(asked[3..], first.map(|it| it.replace("0.1:", "0.2:")));
    }

    #[test]
    fn random_asks_everything_once_whoever_takes_it() {
        let questions = questions(Order::Random { seed: 7 }, "10.0.0.0/24", "1-100").unwrap();
        let mut shares = [Share::default(), Share::default(), Share::default()];
        let mut asked = HashSet::new();
        loop {
            let taken: Vec<_> =
                shares.iter_mut().filter_map(|share| questions.next(share)).collect();
            if taken.is_empty() {
                break;
            }
            for question in taken {
                assert!(asked.insert(question.to), "{} twice", question.to);
            }
        }
        assert_eq!(asked.len(), 25_600);
    }

    #[test]
    fn more_than_can_be_counted_is_no_plan() {
        assert!(questions(Order::Serial, "2001:db8::/32", "-").is_none());
        assert!(questions(Order::Serial, "2001:db8::/80", "80").is_some());
    }
}
