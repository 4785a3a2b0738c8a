//! What is remembered of each host until it is shown, or the files are written.
//!
//! A host that gave no sign is not remembered, nor is a port that is not listed: those are counted
//! by state and reason. So a scan of a large network costs memory only where somebody is.
//!
//! Nothing here knows how a host looks on a screen or in a file.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use coax_addr::{Protocol, ProtocolPorts};
use coax_net::Neighbour;
use coax_scan::{Reason, State, Verdict};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::IdentityReport;
use super::kept::{ReasonWords, StateWords, protocol_name};
use super::names::{HostKey, host_key, key};

/// What is kept of a banner, in bytes: a reader of files wants to see what is there.
const BANNER: usize = 1024;

/// Every host with something to tell.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// By address and interface. A tree keeps them in order, and half as much memory idle.
    found: BTreeMap<HostKey, Host>,
    list_all: bool,
    /// Whether so few ports are asked that a terminal shows each of them, whatever its state.
    few: bool,
}

/// What is known of one. Listed ports are kept elsewhere for a scan that goes on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Host {
    /// The time of its first and its last verdict, in seconds since 1970.
    pub(super) first: u64,
    pub(super) last: u64,
    /// What says most about whether it is there, and how much that is.
    #[serde(with = "ReasonWords")]
    pub(super) reason: Reason,
    sign: Sign,
    /// How it was found, in the words of nmap's files.
    pub(super) found: Option<Cow<'static, str>>,
    pub(super) trip: Option<Trip>,
    /// The shortest round trip: the way there, without what it waits for in between.
    pub(super) shortest: Option<Duration>,
    /// Its hardware address, where it is on the same cable.
    pub(super) hardware: Option<[u8; 6]>,
    /// Whether it is this machine.
    pub(super) own: bool,
    #[serde(skip)]
    pub(super) ports: Vec<Port>,
    /// Ports that are counted, where there are few.
    #[serde(skip)]
    pub(super) others: Vec<Port>,
    counts: Vec<(Group, u64)>,
}

/// A port that is listed.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    pub(super) protocol: Protocol,
    pub(super) state: State,
    pub(super) reason: Reason,
    pub(super) service: Option<Box<str>>,
    /// What it said of itself, if it was asked.
    pub(super) report: Option<Box<IdentityReport>>,
}

/// What is known of a port beside its verdict.
#[derive(Clone, Copy, Default)]
pub(super) struct What<'a> {
    pub(super) service: Option<&'a str>,
    pub(super) report: Option<&'a IdentityReport>,
}

/// Ports that are only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    #[serde(with = "protocol_name")]
    pub(super) protocol: Protocol,
    #[serde(with = "StateWords")]
    pub(super) state: State,
    #[serde(with = "ReasonWords")]
    pub(super) reason: Reason,
}

/// RFC 6298 §2: the smoothed round trip, and how much it varies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Trip {
    pub(super) smoothed: Duration,
    pub(super) varies: Duration,
}

impl Hosts {
    pub(super) fn new(list_all: bool) -> Hosts {
        Hosts { list_all, ..Hosts::default() }
    }

    /// Whether each port is remembered, as there are few.
    pub(super) fn keeps_each(&self) -> bool {
        self.few
    }

    /// Remembers each port, as there are few.
    pub(super) fn keep_each(&mut self) {
        self.few = true;
    }

    pub(super) fn hear(&mut self, verdict: &Verdict, what: What<'_>, now: u64) {
        let key = key(&verdict.address);
        let silent = verdict.reason == Reason::NoAnswer && !self.list_all;
        if silent && !self.found.contains_key(&key) {
            return;
        }
        let new = || Host::new(verdict.reason, Sign::of(verdict), now);
        let host = self.found.entry(key).or_insert_with(new);
        host.hear(verdict, now);
        let &Verdict { protocol, state, reason, .. } = verdict;
        let group = Group { protocol, state, reason };
        let port = Port::new(verdict.address.port(), group, what);
        if state == State::Open || self.list_all {
            host.ports.push(port);
            return;
        }
        add(&mut host.counts, group, 1);
        if self.few {
            host.others.push(port);
        }
    }

    /// What the kernel knows of hosts on the same cable.
    pub(super) fn learn_hardware(&mut self, neighbours: &[Neighbour]) {
        for Neighbour { address, interface, hardware, .. } in neighbours {
            if let Some(host) = self.found.get_mut(&host_key(*address, *interface)) {
                host.hardware = host.hardware.or(*hardware);
            }
        }
    }

    /// A host gave a sign of life before its ports were asked; `sign` is that in words.
    pub(super) fn hear_host(&mut self, found: &coax_scan::Host, sign: &'static str, now: u64) {
        let new = || Host::new(Reason::NoAnswer, Sign::There, now);
        let host = self.found.entry(key(&found.address)).or_insert_with(new);
        host.found = Some(sign.into());
        host.hardware = found.hardware;
        host.own = found.sign == coax_scan::Sign::Own;
        found.rtt.into_iter().for_each(|rtt| host.took(rtt));
    }

    /// What an earlier run has found; its listed ports are to be heard again.
    pub(super) fn go_on(&mut self, earlier: Hosts) {
        self.found = earlier.found;
    }

    /// One of them.
    pub(super) fn get(&self, key: HostKey) -> Option<&Host> {
        self.found.get(&key)
    }

    /// Hosts in the order of their addresses.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (HostKey, &Host)> {
        self.found.iter().map(|(key, host)| (*key, host))
    }

    /// How many are there without a doubt.
    pub(super) fn up(&self) -> u128 {
        self.found.values().filter(|host| host.state() == "up").count() as u128
    }
}

/// As a list, one element a host.
impl Serialize for Hosts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.found.iter())
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Hosts, D::Error> {
        let found = Vec::<(HostKey, Host)>::deserialize(from)?;
        Ok(Hosts { found: found.into_iter().collect(), ..Hosts::default() })
    }
}

impl Port {
    fn new(number: u16, group: Group, what: What<'_>) -> Port {
        let Group { protocol, state, reason } = group;
        let (service, report) = (what.service.map(Box::from), what.report.map(shortened));
        Port { number, protocol, state, reason, service, report }
    }
}

impl Host {
    fn new(reason: Reason, sign: Sign, now: u64) -> Host {
        // Most hosts say the same of all their ports.
        let (ports, others, counts) = (Vec::new(), Vec::new(), Vec::with_capacity(1));
        let (found, trip, shortest, hardware, own) = (None, None, None, None, false);
        Host {
            first: now,
            last: now,
            reason,
            sign,
            found,
            trip,
            shortest,
            hardware,
            own,
            ports,
            others,
            counts,
        }
    }

    fn hear(&mut self, verdict: &Verdict, now: u64) {
        self.last = now;
        let sign = Sign::of(verdict);
        if sign > self.sign || (sign == self.sign && self.reason == Reason::NoAnswer) {
            (self.sign, self.reason) = (sign, verdict.reason);
        }
        if let Some(rtt) = verdict.rtt {
            self.took(rtt);
        }
    }

    fn took(&mut self, rtt: Duration) {
        self.shortest = Some(self.shortest.map_or(rtt, |shortest| shortest.min(rtt)));
        self.trip = Some(match self.trip {
            None => Trip { smoothed: rtt, varies: rtt / 2 },
            Some(Trip { smoothed, varies }) => Trip {
                smoothed: smoothed * 7 / 8 + rtt / 8,
                varies: varies * 3 / 4 + smoothed.abs_diff(rtt) / 4,
            },
        });
    }

    /// Whether so many ports have a verdict.
    pub(super) fn has_all(&self, asked: usize) -> bool {
        let counted: u64 = self.counts.iter().map(|(_, count)| count).sum();
        self.ports.len() as u64 + counted >= asked as u64
    }

    /// `up` where it answered itself, `down` where somebody else said that it is not there.
    pub(super) fn state(&self) -> &'static str {
        match self.sign {
            Sign::There => "up",
            Sign::Gone => "down",
            Sign::None => "unknown",
        }
    }

    /// Listed ports, TCP first, from low to high.
    pub(super) fn listed(&self) -> Vec<&Port> {
        in_order(self.ports.iter())
    }

    /// Every port in that order, if each of them is remembered.
    pub(super) fn each(&self) -> Option<Vec<&Port>> {
        let counted: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let all = counted > 0 && self.others.len() as u64 == counted;
        all.then(|| in_order(self.ports.iter().chain(&self.others)))
    }

    /// Ports that are only counted, the most first. Of those that were `asked`, what is missing went
    /// unanswered before the host gave its first sign; `None` where not all of them were asked.
    pub(super) fn counted(&self, asked: Option<&ProtocolPorts>) -> Vec<(Group, u64)> {
        let mut counts = self.counts.clone();
        if let Some(asked) = asked {
            self.add_unanswered(Protocol::Tcp, asked.tcp.len(), &mut counts);
            self.add_unanswered(Protocol::Udp, asked.udp.len(), &mut counts);
        }
        counts.sort_by_key(|(group, count)| (Reverse(*count), group.state.name()));
        counts
    }

    fn add_unanswered(&self, protocol: Protocol, asked: usize, to: &mut Vec<(Group, u64)>) {
        let listed = self.ports.iter().filter(|port| port.protocol == protocol).count() as u64;
        let counted = self.counts.iter().filter(|(group, _)| group.protocol == protocol);
        let known = listed + counted.map(|(_, count)| count).sum::<u64>();
        let state = if protocol == Protocol::Udp { State::OpenOrFiltered } else { State::Filtered };
        match (asked as u64).saturating_sub(known) {
            0 => {}
            missing => add(to, Group { protocol, state, reason: Reason::NoAnswer }, missing),
        }
    }
}

fn in_order<'a>(ports: impl Iterator<Item = &'a Port>) -> Vec<&'a Port> {
    let mut ports: Vec<_> = ports.collect();
    ports.sort_unstable_by_key(|port| (port.protocol.name(), port.number));
    ports
}

fn shortened(report: &IdentityReport) -> Box<IdentityReport> {
    let end = report.banner.floor_char_boundary(BANNER);
    let banner = report.banner[..end].to_owned();
    Box::new(IdentityReport { banner, ..report.clone() })
}

fn add(counts: &mut Vec<(Group, u64)>, group: Group, more: u64) {
    match counts.iter_mut().find(|(known, _)| *known == group) {
        Some((_, count)) => *count += more,
        None => counts.push((group, more)),
    }
}

/// What a verdict says about the host itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Sign {
    None,
    /// Somebody else says that it is not there.
    Gone,
    /// It answered.
    There,
}

impl Sign {
    fn of(verdict: &Verdict) -> Sign {
        match (verdict.state, verdict.reason) {
            (State::Open | State::Closed, _) => Sign::There,
            (_, Reason::Icmp(report)) if report.from == Some(verdict.address.ip()) => Sign::There,
            // RFC 4443 §3.1: in IPv6 "no route" is a router's word about itself.
            (_, Reason::Icmp(report)) if report.v6 && report.code == 0 => Sign::None,
            (_, reason) => match reason.name() {
                "host-unreachable" | "icmp-host-unreachable" | "icmp-net-unreachable" => Sign::Gone,
                _ => Sign::None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_net::IcmpReport;
    use std::net::SocketAddr;

    fn verdict(address: &str, reason: Reason) -> Verdict {
        let (address, protocol) = (address.parse::<SocketAddr>().unwrap(), Protocol::Tcp);
        let state = reason.state(protocol, address.ip());
        Verdict { address, protocol, state, reason, rtt: None }
    }

    fn heard(list_all: bool, all: &[(&str, Reason)]) -> Hosts {
        let mut hosts = Hosts::new(list_all);
        for (address, reason) in all {
            hosts.hear(&verdict(address, *reason), What::default(), 0);
        }
        hosts
    }

    #[test]
    fn a_host_that_gave_no_sign_costs_nothing() {
        let silent = [("10.0.0.1:1", Reason::NoAnswer), ("10.0.0.1:2", Reason::NoAnswer)];
        assert!(heard(false, &silent).found.is_empty());
        assert_eq!(heard(true, &silent).in_order().next().unwrap().1.ports.len(), 2);
    }

    #[test]
    fn what_went_unanswered_before_the_first_sign_is_reckoned() {
        let hosts = heard(
            false,
            &[
                ("10.0.0.1:1", Reason::NoAnswer),
                ("10.0.0.1:2", Reason::SynAck),
                ("10.0.0.1:3", Reason::Reset),
                ("10.0.0.1:4", Reason::NoAnswer),
            ],
        );
        let host = hosts.in_order().next().unwrap().1;
        let counts = |asked| {
            let counts = host.counted(asked);
            counts.iter().map(|(it, count)| (it.state.name(), *count)).collect::<Vec<_>>()
        };
        let asked = ProtocolPorts { tcp: "1-4".parse().unwrap(), ..ProtocolPorts::default() };
        assert_eq!(counts(Some(&asked)), [("filtered", 2), ("closed", 1)]);
        assert_eq!(counts(None), [("closed", 1), ("filtered", 1)]);
        assert_eq!((host.state(), hosts.up()), ("up", 1));
    }

    #[test]
    fn whether_a_host_is_there_is_what_its_best_sign_says() {
        let icmp = |code| {
            Reason::Icmp(IcmpReport { v6: false, kind: 3, code, from: "10.0.0.9".parse().ok() })
        };
        let own = IcmpReport { v6: false, kind: 3, code: 3, from: "10.0.0.1".parse().ok() };
        for (reasons, state) in [
            (vec![icmp(1)], "down"),
            (vec![icmp(13)], "unknown"),
            (vec![icmp(1), Reason::Reset], "up"),
            (vec![Reason::NoRoute], "unknown"),
            (vec![icmp(3)], "unknown"),
            (vec![Reason::Icmp(own)], "up"),
        ] {
            let all: Vec<_> = reasons.into_iter().map(|reason| ("10.0.0.1:1", reason)).collect();
            assert_eq!(heard(false, &all).in_order().next().unwrap().1.state(), state, "{all:?}");
        }
    }
}
