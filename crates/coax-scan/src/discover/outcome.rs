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
/// So many silent hosts are told without waiting for the rest.
const MANY: usize = 4096;

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
        Outcomes { asks_all, in_order, known: None, decided, silent, handed_over: None }
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
        let mut group = Group::default();
        for outcome in decided.into_values() {
            match outcome {
                Outcome::Found(host) => group.add(host.address, Some(host)),
                Outcome::Unclear(host) => group.add(host, None),
                Outcome::Silent(host) => {
                    if self.in_order && self.asks_all {
                        messages.extend(std::mem::take(&mut group).message(vicinity));
                    }
                    self.silent.push(host);
                }
            }
        }
        messages.extend(group.message(vicinity));
        if self.silent.len() >= MANY || is_over || (self.in_order && self.asks_all) {
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
