//! Which port of which host is asked next.
//!
//! Hosts come in groups: all at once, or, where hosts are looked for, as they are found. Within a
//! group a question is a number below hosts × ports, and the order of the numbers is computed, so a
//! scan of any size needs no list. Threads take positions in that order in small runs from one
//! counter. A scan that goes on begins with what was under way when the one before was stopped.
//!
//! Nothing here knows what was answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use coax_addr::{AddressSet, Permutation, Protocol, ProtocolPorts};

use crate::{HostGroup, Order, Plan, Rest};

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
    /// Whether its host gave no sign of life when it was looked for.
    pub(crate) silent: bool,
}

/// Every question of a plan, handed out once.
#[derive(Debug)]
pub(crate) struct Questions {
    ports: ProtocolPorts,
    order: Order,
    groups: RwLock<Vec<Arc<Group>>>,
    /// Whether no group is still to come.
    complete: AtomicBool,
    /// What the scan before left, asked first.
    again: Vec<u64>,
    /// The first position that was never asked.
    begin: u64,
    /// Where the positions of the last group end.
    end: AtomicU64,
    /// How many there are in all, whoever is there.
    total: u64,
    /// How many were taken.
    taken: AtomicU64,
}

/// Hosts whose positions follow each other.
#[derive(Debug)]
struct Group {
    begin: u64,
    end: u64,
    hosts: AddressSet,
    order: Option<Permutation>,
    silent: bool,
}

/// One thread's share, taken as it goes.
#[derive(Debug, Default)]
pub(crate) struct Share {
    next: u64,
    end: u64,
    group: Option<Arc<Group>>,
}

/// What there is to ask now.
#[derive(Debug)]
pub(crate) enum Next {
    Question(Question),
    /// Nothing, until more hosts are found.
    Later,
    /// Nothing any more.
    End,
}

impl Questions {
    /// `None` where there are more than a number can count.
    pub(crate) fn of(plan: &Plan) -> Option<Questions> {
        let ports = plan.ports.len() as u64;
        let all = plan.targets.len().checked_mul(ports.into())?;
        // Threads run past the end by less than this.
        u64::try_from(all).ok().filter(|&all| all < u64::MAX - (1 << 32))?;
        let questions = Questions {
            ports: plan.ports.clone(),
            order: plan.order,
            groups: RwLock::default(),
            complete: AtomicBool::new(false),
            again: Vec::new(),
            begin: 0,
            end: AtomicU64::new(0),
            total: 0,
            taken: AtomicU64::new(0),
        };
        plan.rest.groups.iter().for_each(|group| questions.add(group.clone()));
        let mut left = plan.targets.len().saturating_sub(plan.rest.silent.len());
        if plan.finds_hosts() {
            let known = plan.rest.groups.iter().map(|group| group.hosts.len()).sum::<u128>();
            left = left.saturating_sub(known);
        } else {
            questions.add(HostGroup { hosts: plan.targets.clone(), silent: false });
            questions.complete();
            left = 0;
        }
        let end = questions.end.load(Ordering::Relaxed);
        let begin = plan.rest.next.min(end);
        let again: Vec<_> = plan.rest.again.iter().copied().filter(|&it| it < begin).collect();
        let unknown = u64::try_from(left).ok()?.checked_mul(ports)?;
        let total = (again.len() as u64).checked_add(end - begin)?.checked_add(unknown)?;
        Some(Questions { again, begin, total, ..questions })
    }

    /// How many there are to ask, if everybody is there.
    pub(crate) fn len(&self) -> u64 {
        self.total
    }

    /// Whether this TCP port of each host is to be asked.
    pub(crate) fn asks(&self, port: u16) -> bool {
        self.ports.tcp.contains(port)
    }

    /// How many each host is asked.
    pub(crate) fn of_each_host(&self) -> u64 {
        self.ports.len() as u64
    }

    /// What there is to ask, before anything was; the groups are whose who has added them.
    pub(crate) fn rest(&self) -> Rest {
        Rest { next: self.begin, again: self.again.clone(), ..Rest::default() }
    }

    /// More hosts to ask.
    pub(crate) fn add(&self, group: HostGroup) {
        let HostGroup { hosts, silent } = group;
        let count = u64::try_from(hosts.len()).unwrap_or(u64::MAX);
        let count = count.saturating_mul(self.of_each_host());
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let begin = self.end.load(Ordering::Relaxed);
        let order = match self.order {
            Order::Random { seed } => Some(Permutation::new(count, seed.wrapping_add(begin))),
            Order::Serial => None,
        };
        let end = begin.saturating_add(count);
        groups.push(Arc::new(Group { begin, end, hosts, order, silent }));
        drop(groups);
        self.end.store(end, Ordering::Release);
    }

    /// No more hosts will come.
    pub(crate) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// The next question of `share`.
    pub(crate) fn next(&self, share: &mut Share) -> Next {
        if share.next == share.end {
            let complete = self.complete.load(Ordering::Acquire);
            let again = self.again.len() as u64;
            let ready = again + self.end.load(Ordering::Acquire) - self.begin;
            let take = |taken| (taken < ready).then(|| ready.min(taken + RUN));
            match self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
                Ok(next) => (share.next, share.end) = (next, ready.min(next + RUN)),
                Err(_) if complete => return Next::End,
                Err(_) => return Next::Later,
            }
        }
        share.next += 1;
        let position = self.position(share.next - 1);
        self.at(position, &mut share.group).map_or(Next::End, Next::Question)
    }

    fn position(&self, index: u64) -> u64 {
        let again = self.again.len() as u64;
        match usize::try_from(index).ok().and_then(|index| self.again.get(index)) {
            Some(&position) => position,
            None => self.begin + index - again,
        }
    }

    /// `group` is that of the question before, most often the same.
    fn at(&self, position: u64, group: &mut Option<Arc<Group>>) -> Option<Question> {
        if group.as_ref().is_none_or(|group| !(group.begin..group.end).contains(&position)) {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            let after = groups.partition_point(|group| group.begin <= position);
            *group = Some(groups.get(after.checked_sub(1)?)?.clone());
        }
        let Group { begin, hosts, order, silent, .. } = group.as_deref()?;
        let number = order.map_or(position - begin, |order| order.at(position - begin));
        let ports = self.of_each_host();
        let (protocol, port) = self.ports.nth(usize::try_from(number % ports).ok()?)?;
        let to = hosts.socket_at(u128::from(number / ports), port);
        Some(Question { to, protocol, position, silent: *silent })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Hosts, Limits, TcpProbe, Tell};
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
            named: set.clone(),
            hosts: Hosts::All,
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

    pub(crate) fn taken(questions: &Questions, share: &mut Share) -> Option<Question> {
        match questions.next(share) {
            Next::Question(question) => Some(question),
            Next::Later | Next::End => None,
        }
    }

    fn all(questions: &Questions) -> Vec<String> {
        let mut share = Share::default();
        std::iter::from_fn(|| taken(questions, &mut share)).map(shown).collect()
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
                shares.iter_mut().filter_map(|share| taken(&questions, share)).collect();
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
