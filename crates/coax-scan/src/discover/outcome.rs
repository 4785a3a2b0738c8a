//! What became of each host, on its way to those who ask ports and to the reader.
//!
//! Found hosts are handed over in groups, soon; silent ones in larger ones. Where hosts are to be
//! asked one after the other, they are handed over in their order. Where all are to be asked, silent
//! ones are the last.
//!
//! Nothing here asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use coax_addr::AddressSet;

use super::candidates::key;
use super::near::Vicinity;
use crate::engine::{Message, scope};
use crate::{Heard, Host, HostGroup, Sign};

/// Hosts found within this time are one group.
const SOON: Duration = Duration::from_millis(20);
/// So many silent hosts, or those of so long, are handed over without waiting for the rest.
const MANY: usize = 4096;
const LONG: Duration = Duration::from_secs(1);

/// Outcomes that were not handed over yet.
#[derive(Debug)]
pub(super) struct Outcomes {
    /// Whether silent hosts are asked as well.
    asks_all: bool,
    in_order: bool,
    known: Option<(AddressSet, Vec<Host>)>,
    decided: BTreeMap<u128, Outcome>,
    silent: Vec<SocketAddr>,
    handed_over: Option<Instant>,
    /// When silent hosts were.
    told_silent: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Found(Host),
    /// It is to be asked, though it gave no sign.
    Unclear(SocketAddr),
    Silent(SocketAddr),
}

impl Outcomes {
    pub(super) fn new(asks_all: bool, in_order: bool) -> Outcomes {
        let (decided, silent) = (BTreeMap::new(), Vec::new());
        Outcomes {
            asks_all,
            in_order,
            known: None,
            decided,
            silent,
            handed_over: None,
            told_silent: None,
        }
    }

    /// Hosts that need not be looked for; those of this machine's interfaces are told.
    pub(super) fn known(&mut self, known: AddressSet, vicinity: &Vicinity) {
        if known.is_empty() {
            return;
        }
        let own = vicinity.of_interfaces.iter().filter(|&&address| known.contains(address));
        let host = |&address| Host {
            address: SocketAddr::new(address, 0),
            sign: Sign::Own,
            rtt: Some(Duration::ZERO),
            hardware: None,
        };
        let own = own.map(host).collect();
        self.known = Some((known, own));
    }

    pub(super) fn found(&mut self, place: u128, host: Host) {
        self.decided.insert(place, Outcome::Found(host));
    }

    pub(super) fn unclear(&mut self, place: u128, host: SocketAddr) {
        self.decided.insert(place, Outcome::Unclear(host));
    }

    pub(super) fn silent(&mut self, place: u128, host: SocketAddr) {
        self.decided.insert(place, Outcome::Silent(host));
    }

    /// What is to be handed over now, in this order. Before `first_undecided` everything is
    /// decided.
    pub(super) fn take(
        &mut self,
        now: Instant,
        first_undecided: u128,
        is_over: bool,
        vicinity: &Vicinity,
    ) -> Vec<Message> {
        let is_due = self.handed_over.is_none_or(|at| now.duration_since(at) >= SOON);
        if !is_due && !is_over {
            return Vec::new();
        }
        self.handed_over = Some(now);
        let mut messages: Vec<Message> = self.known.take().map(known).into_iter().collect();
        let later = match self.in_order {
            true => self.decided.split_off(&first_undecided),
            false => BTreeMap::new(),
        };
        let decided = std::mem::replace(&mut self.decided, later);
        let mixes = !(self.in_order && self.asks_all);
        let mut group = Group::default();
        for outcome in decided.into_values() {
            let is_silent = matches!(outcome, Outcome::Silent(_));
            if !mixes && is_silent {
                messages.extend(std::mem::take(&mut group).message(vicinity));
            } else if !mixes {
                messages.extend(self.message_of_silent());
            }
            match outcome {
                Outcome::Found(host) => group.add(host.address, Some(host)),
                Outcome::Unclear(host) => group.add(host, None),
                Outcome::Silent(host) => self.silent.push(host),
            }
        }
        messages.extend(group.message(vicinity));
        // Where they are asked too they come last.
        let is_late =
            !self.asks_all && now.duration_since(*self.told_silent.get_or_insert(now)) >= LONG;
        if is_late || is_over || self.silent.len() >= MANY || !mixes {
            self.told_silent = Some(now);
            messages.extend(self.message_of_silent());
        }
        messages
    }

    fn message_of_silent(&mut self) -> Option<Message> {
        let silent = std::mem::take(&mut self.silent);
        if silent.is_empty() {
            return None;
        }
        let nothing = Message::of(Heard::Nothing, Vec::new());
        if !self.asks_all {
            return Some(Message { silent, ..nothing });
        }
        let mut hosts = AddressSet::new();
        silent.iter().for_each(|host| hosts.add_address(host.ip(), scope(host)));
        Some(Message { group: Some(HostGroup { hosts, silent: true }), ..nothing })
    }
}

/// Hosts to be asked together.
#[derive(Default)]
struct Group {
    hosts: AddressSet,
    told: Vec<Host>,
}

impl Group {
    fn add(&mut self, host: SocketAddr, told: Option<Host>) {
        self.hosts.add_address(host.ip(), scope(&host));
        self.told.extend(told);
    }

    fn message(mut self, vicinity: &Vicinity) -> Option<Message> {
        if self.hosts.is_empty() {
            return None;
        }
        for v4 in [true, false] {
            let is_new = |host: &Host| {
                let ip = host.address.ip();
                host.hardware.is_none() && ip.is_ipv4() == v4 && vicinity.is_near(ip)
            };
            if self.told.iter().any(is_new) {
                let known = vicinity.hardware(v4);
                let new = self.told.iter_mut().filter(|host| is_new(host));
                new.for_each(|host| host.hardware = known.get(&key(&host.address)).copied());
            }
        }
        Some(message(self.hosts, self.told))
    }
}

fn known((hosts, told): (AddressSet, Vec<Host>)) -> Message {
    message(hosts, told)
}

fn message(hosts: AddressSet, told: Vec<Host>) -> Message {
    let heard = if told.is_empty() { Heard::Nothing } else { Heard::Hosts(told) };
    let group = Some(HostGroup { hosts, silent: false });
    Message { group, ..Message::of(heard, Vec::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_AFTER: Duration = Duration::from_secs(60);

    fn address(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 0).into()
    }

    fn host(last: u8) -> Host {
        Host { address: address(last), sign: Sign::EchoReply, rtt: None, hardware: None }
    }

    /// Of each message: whose ports are asked, whether they are silent, who is not asked.
    fn told(messages: Vec<Message>) -> Vec<(String, bool, usize)> {
        let told = messages.into_iter().map(|message| {
            let group = message.group.unwrap_or_default();
            (group.hosts.to_string(), group.silent, message.silent.len())
        });
        told.collect()
    }

    /// Hosts 1, 2, 4 and 6 are there, 3 and 5 are silent, 2 is not decided until the second time.
    fn played(asks_all: bool, in_order: bool) -> Vec<Vec<(String, bool, usize)>> {
        let (start, near) = (Instant::now(), Vicinity::default());
        let mut outcomes = Outcomes::new(asks_all, in_order);
        for place in [6, 1, 4] {
            outcomes.found(place.into(), host(place));
        }
        [3, 5].into_iter().for_each(|place| outcomes.silent(place.into(), address(place)));
        let first = told(outcomes.take(start, 2, false, &near));
        assert!(outcomes.take(start, 2, false, &near).is_empty(), "so soon after");
        outcomes.unclear(2, address(2));
        vec![first, told(outcomes.take(start + LONG_AFTER, 7, true, &near))]
    }

    fn group(hosts: &str, silent: bool) -> (String, bool, usize) {
        (hosts.to_owned(), silent, 0)
    }

    #[test]
    fn who_was_found_is_handed_over_at_once_and_silent_ones_are_told_later() {
        let found = vec![group("10.0.0.1,10.0.0.4,10.0.0.6", false)];
        let silent = (String::new(), false, 2);
        assert_eq!(played(false, false), [found.clone(), vec![group("10.0.0.2", false), silent]]);
        let last = group("10.0.0.3,10.0.0.5", true);
        assert_eq!(played(true, false), [found, vec![group("10.0.0.2", false), last]]);
    }

    #[test]
    fn in_order_nobody_is_handed_over_before_one_with_a_lower_place() {
        let first = vec![group("10.0.0.1", false)];
        let rest = group("10.0.0.2,10.0.0.4,10.0.0.6", false);
        let silent = (String::new(), false, 2);
        assert_eq!(played(false, true), [first.clone(), vec![rest, silent]]);
        let one = |last: u8, silent| group(&format!("10.0.0.{last}"), silent);
        let each = vec![one(2, false), one(3, true), one(4, false), one(5, true), one(6, false)];
        assert_eq!(played(true, true), [first, each]);
    }

    #[test]
    fn this_machine_is_handed_over_first_and_only_its_interfaces_are_told() {
        let near = Vicinity::of_this_machine();
        let mut known = AddressSet::new();
        known.add_range("127.0.0.0/16".parse::<coax_addr::Target>().map(range).unwrap().unwrap());
        let mut outcomes = Outcomes::new(false, false);
        outcomes.known(known, &near);
        outcomes.found(0, host(1));
        let messages = outcomes.take(Instant::now(), 1, false, &near);
        assert!(matches!(&messages[0].heard, Heard::Hosts(hosts) if hosts.len() == 1));
        let all = told(messages);
        assert_eq!(all, [group("127.0.0.0/16", false), group("10.0.0.1", false)]);
    }

    fn range(target: coax_addr::Target) -> Option<coax_addr::AddressRange> {
        match target {
            coax_addr::Target::Range(range) => Some(range),
            _ => None,
        }
    }
}
