//! Which port of which host is asked next.
//!
//! A question is a number below hosts × ports, and the order of the numbers is computed, so a scan
//! of any size needs no list. Threads take positions in that order in small runs from one counter.
//! A scan that goes on begins with what was under way when the one before was stopped.
//!
//! Nothing here knows what was answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use coax_addr::{AddressSet, Permutation, Protocol, ProtocolPorts};

use crate::{Order, Plan, Rest};

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
    /// What the scan before left, asked first.
    again: Vec<u64>,
    /// The first position that was never asked.
    begin: u64,
    total: u64,
    /// How many were taken.
    taken: AtomicU64,
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
        let begin = plan.rest.next.min(total);
        let again = plan.rest.again.iter().copied().filter(|&left| left < begin).collect();
        let (targets, ports) = (plan.targets.clone(), plan.ports.clone());
        Some(Questions { targets, ports, order, again, begin, total, taken: AtomicU64::new(0) })
    }

    /// How many there are to ask.
    pub(crate) fn len(&self) -> u64 {
        self.again.len() as u64 + self.total - self.begin
    }

    /// What there is to ask, before anything was.
    pub(crate) fn rest(&self) -> Rest {
        Rest { next: self.begin, again: self.again.clone() }
    }

    /// The next question of `share`.
    pub(crate) fn next(&self, share: &mut Share) -> Option<Question> {
        if share.next == share.end {
            share.next = self.taken.fetch_add(RUN, Relaxed).min(self.len());
            share.end = (share.next + RUN).min(self.len());
        }
        if share.next == share.end {
            return None;
        }
        share.next += 1;
        self.at(self.position(share.next - 1))
    }

    fn position(&self, index: u64) -> u64 {
        let again = self.again.len() as u64;
        match usize::try_from(index).ok().and_then(|index| self.again.get(index)) {
            Some(&position) => position,
            None => self.begin + index - again,
        }
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
pub(crate) mod tests {
    use super::*;
    use crate::{Limits, TcpProbe, Tell};
    use coax_addr::ServiceTable;
    use std::collections::HashSet;

    fn questions(order: Order, targets: &str, ports: &str) -> Option<Questions> {
        from(order, targets, ports, Rest::default())
    }

    /// Of a scan that goes on with `rest`.
    pub(crate) fn from(order: Order, targets: &str, ports: &str, rest: Rest) -> Option<Questions> {
        let mut set = AddressSet::new();
        set.add(&targets.parse().unwrap()).unwrap();
        let ports = ProtocolPorts::parse(ports, &ServiceTable::iana(), Protocol::Tcp).unwrap();
        let (limits, tell) = (Limits::default(), Tell::All);
        let tcp = TcpProbe::Connect;
        Questions::of(&Plan {
            targets: set,
            ports,
            tcp,
            order,
            limits,
            tell,
            rest,
            checkpoints: true,
        })
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
