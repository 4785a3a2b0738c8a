//! Hosts that cannot be reached yet, since the hardware address of the next hop is not known.
//!
//! The kernel asks for it for three seconds, and keeps what was sent meanwhile. Where nobody answers,
//! that would fill the socket that all probes leave by, and each of the host's ports would take a
//! place of others. So one probe goes to such a host; other questions wait here. They are
//! released when the address is known, and have their verdict at once when the kernel gives up:
//! that of a probe which the kernel kept. A kernel that tells nothing holds up nobody.
//!
//! Nothing here sends anything.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use coax_net::{IcmpReport, NextHop, NextHops, Resolution};

use crate::Reason;
use crate::questions::Question;

/// Next hops asked for at once by one thread. The kernel keeps a packet for each, some 800 bytes of
/// a socket's 200,000, and its table has room for 1,024 (`gc_thresh3`, arp(7)), which others need
/// as well.
const UNRESOLVED: usize = 128;
/// Questions that wait here at most.
const KEPT: usize = 1 << 16;
/// Hosts and networks remembered at most.
const REMEMBERED: usize = 1 << 12;
/// The kernel is asked what it knows so often. An answer of the host says it sooner.
const GLANCE: Duration = Duration::from_millis(20);
/// The kernel's times and ours differ by less, and it never gives up so soon.
const SLACK: Duration = Duration::from_millis(500);
/// What was known may have changed after this time.
const FRESH: Duration = Duration::from_secs(1);
/// A host that is not there may come.
const FAILURE: Duration = Duration::from_secs(10);

/// Whether a host can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It can.
    Free,
    /// Not yet.
    Waits,
    /// This is known without asking.
    Unreachable(Reason),
}

/// What one thread knows of the hops to its hosts.
#[derive(Debug)]
pub(crate) struct Neighbours {
    kernel: Option<NextHops>,
    /// Hops asked for at once.
    most: usize,
    /// The next hop to each host, where there is one.
    hosts: HashMap<SocketAddr, Option<NextHop>>,
    /// The router to each network that is behind one.
    networks: HashMap<IpAddr, NextHop>,
    hops: HashMap<NextHop, Hop>,
    /// Hops that are being asked for.
    unresolved: Vec<NextHop>,
    /// Hops that could not be asked for yet.
    queue: VecDeque<NextHop>,
    kept: usize,
    released: VecDeque<Question>,
    unreachable: Vec<(Question, Reason)>,
    looked: Instant,
}

#[derive(Debug)]
struct Hop {
    /// This machine's address towards it.
    source: Option<IpAddr>,
    state: State,
    since: Instant,
    is_queued: bool,
    /// Questions to hosts behind it.
    kept: Vec<Question>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    /// A probe has left, and the kernel was not asked since.
    Asked,
    Pending,
    Resolved,
    Failed,
}

impl Neighbours {
    /// Of a thread that has at most `probes` to spare for hops which are asked for.
    pub(crate) fn new(probes: usize, now: Instant) -> Neighbours {
        Neighbours {
            most: probes.clamp(1, UNRESOLVED),
            kernel: NextHops::open().ok(),
            hosts: HashMap::new(),
            networks: HashMap::new(),
            hops: HashMap::new(),
            unresolved: Vec::new(),
            queue: VecDeque::new(),
            kept: 0,
            released: VecDeque::new(),
            unreachable: Vec::new(),
            looked: now,
        }
    }

    /// Whether the host of `to` can be asked.
    pub(crate) fn standing(&mut self, to: &SocketAddr, now: Instant) -> Standing {
        let Some(next) = self.next_hop(to, now) else { return Standing::Free };
        self.look_again(next, now);
        let Some(hop) = self.hops.get(&next) else { return Standing::Free };
        match hop.state {
            State::Resolved => Standing::Free,
            State::New if self.unresolved.len() < self.most => Standing::Free,
            State::New | State::Asked | State::Pending => Standing::Waits,
            State::Failed => Standing::Unreachable(reason(&next, hop)),
        }
    }

    /// Keeps a question until its host can be asked; gives it back where there is no room.
    pub(crate) fn keep(&mut self, question: Question, now: Instant) -> Result<(), Question> {
        if self.kept >= KEPT {
            return Err(question);
        }
        let next = self.next_hop(&question.to, now);
        let Some((next, hop)) = next.and_then(|next| Some((next, self.hops.get_mut(&next)?)))
        else {
            self.released.push_back(question);
            return Ok(());
        };
        if hop.state == State::New && !hop.is_queued {
            hop.is_queued = true;
            self.queue.push_back(next);
        }
        hop.kept.push(question);
        self.kept += 1;
        Ok(())
    }

    /// A probe leaves for `to`.
    pub(crate) fn leaves(&mut self, to: &SocketAddr) {
        let Some(next) = self.known_hop(&host(to)).flatten() else { return };
        if let Some(hop) = self.hops.get_mut(&next).filter(|hop| hop.state == State::New) {
            hop.state = State::Asked;
            self.unresolved.push(next);
        }
    }

    /// Something came from `to`.
    pub(crate) fn answers(&mut self, to: &SocketAddr, now: Instant) {
        if self.unresolved.is_empty() {
            return;
        }
        if let Some(next) = self.known_hop(&host(to)).flatten() {
            self.becomes(next, State::Resolved, now);
        }
    }

    /// Asks the kernel about hops that a probe has left for, and again about those it asks for.
    pub(crate) fn look(&mut self, now: Instant) {
        if self.unresolved.is_empty() && self.queue.is_empty() {
            return;
        }
        let is_due = now.duration_since(self.looked) >= GLANCE;
        if is_due {
            self.looked = now;
        }
        for next in std::mem::take(&mut self.unresolved) {
            let state = match self.hops.get(&next).map(|hop| hop.state) {
                // Of a hop that it must ask for, the kernel would know by now.
                Some(State::Asked) => self.known_of(&next, now).unwrap_or(State::Resolved),
                Some(State::Pending) if is_due => self.known_of(&next, now).unwrap_or(State::New),
                Some(state) => state,
                None => continue,
            };
            self.becomes(next, state, now);
        }
        self.begin_others();
    }

    /// Lets a probe go to hops that could not be asked for before.
    fn begin_others(&mut self) {
        let room = self.most.saturating_sub(self.unresolved.len() + self.released.len());
        for _ in 0..room.min(self.queue.len()) {
            let hop = self.queue.pop_front().and_then(|next| self.hops.get_mut(&next));
            let Some(hop) = hop else { continue };
            hop.is_queued = false;
            if hop.state == State::New
                && let Some(question) = hop.kept.pop()
            {
                self.kept -= 1;
                self.released.push_back(question);
            }
        }
    }

    /// A question that may be asked by now.
    pub(crate) fn released(&mut self) -> Option<Question> {
        self.released.pop_front()
    }

    /// Questions that have their verdict without being asked.
    pub(crate) fn take_unreachable(&mut self) -> Vec<(Question, Reason)> {
        std::mem::take(&mut self.unreachable)
    }

    /// Whether no question waits here.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept == 0 && self.released.is_empty() && self.unreachable.is_empty()
    }

    fn becomes(&mut self, next: NextHop, state: State, now: Instant) {
        let Some(hop) = self.hops.get_mut(&next) else { return };
        if hop.state != state {
            (hop.state, hop.since) = (state, now);
        }
        match state {
            State::Asked | State::Pending => self.unresolved.push(next),
            State::Resolved => {
                self.kept -= hop.kept.len();
                self.released.extend(hop.kept.drain(..));
            }
            State::Failed => {
                self.kept -= hop.kept.len();
                let reason = reason(&next, hop);
                self.unreachable.extend(hop.kept.drain(..).map(|question| (question, reason)));
            }
            State::New if !hop.kept.is_empty() && !hop.is_queued => {
                hop.is_queued = true;
                self.queue.push_back(next);
            }
            State::New => {}
        }
    }

    /// Looks again at what has been known for a while.
    fn look_again(&mut self, next: NextHop, now: Instant) {
        let Some(hop) = self.hops.get_mut(&next) else { return };
        let age = now.duration_since(hop.since);
        match hop.state {
            State::Failed if age >= FAILURE => self.becomes(next, State::New, now),
            State::Resolved if age >= FRESH => {
                hop.since = now;
                let state = self.known_of(&next, now).unwrap_or(State::Resolved);
                self.becomes(next, state, now);
            }
            _ => {}
        }
    }

    /// What the kernel knows of a hop.
    fn known_of(&mut self, next: &NextHop, now: Instant) -> Option<State> {
        let hop = self.hops.get(next).filter(|hop| hop.state == State::Pending);
        let waited = hop.map_or(Duration::ZERO, |hop| now.duration_since(hop.since));
        let Some(kernel) = &mut self.kernel else { return Some(State::Resolved) };
        match kernel.resolution(next) {
            Ok(Resolution::Unknown) => None,
            // It has given up, and somebody made it begin again.
            Ok(Resolution::Pending(age)) if waited > age + SLACK => Some(State::Failed),
            Ok(Resolution::Pending(_)) => Some(State::Pending),
            Ok(Resolution::Failed) => Some(State::Failed),
            Ok(Resolution::Resolved) | Err(_) => Some(State::Resolved),
        }
    }

    fn next_hop(&mut self, to: &SocketAddr, now: Instant) -> Option<NextHop> {
        let host = host(to);
        if host.ip().is_loopback() {
            return None;
        }
        if let Some(next) = self.known_hop(&host) {
            return next;
        }
        let route = self.kernel.as_mut()?.towards(&host).ok().flatten();
        if self.hosts.len() + self.networks.len() >= REMEMBERED {
            self.forget();
        }
        let next = route.map(|(next, source)| {
            self.meet(next, source, now);
            next
        });
        match next.filter(|next| next.address != host.ip()) {
            Some(router) => drop(self.networks.insert(network(&host), router)),
            None => drop(self.hosts.insert(host, next)),
        }
        next
    }

    fn known_hop(&self, host: &SocketAddr) -> Option<Option<NextHop>> {
        let known = self.hosts.get(host).copied();
        known.or_else(|| self.networks.get(&network(host)).map(|&router| Some(router)))
    }

    /// A hop that may be new.
    fn meet(&mut self, next: NextHop, source: Option<IpAddr>, now: Instant) {
        if self.hops.contains_key(&next) {
            return;
        }
        let (state, kept) = (State::New, Vec::new());
        self.hops.insert(next, Hop { source, state, since: now, is_queued: false, kept });
        let state = self.known_of(&next, now).unwrap_or(State::New);
        self.becomes(next, state, now);
    }

    /// What is known without waiting can be found out again.
    fn forget(&mut self) {
        self.hosts.clear();
        self.networks.clear();
        let waits = |hop: &Hop| !matches!(hop.state, State::Resolved | State::Failed);
        self.hops.retain(|_, hop| waits(hop) && (hop.state != State::New || !hop.kept.is_empty()));
    }
}

/// What the kernel reports of a packet that it kept in vain (RFC 792; RFC 4443 §3.1).
fn reason(next: &NextHop, hop: &Hop) -> Reason {
    let v6 = next.address.is_ipv6();
    let (kind, code) = if v6 { (1, 3) } else { (3, 1) };
    Reason::Icmp(IcmpReport { v6, kind, code, from: hop.source })
}

/// The 256 addresses that share a router with `host`. One with a route of its own may be among them:
/// its questions wait for the wrong hop then, or for none, which costs time alone.
fn network(host: &SocketAddr) -> IpAddr {
    match host.ip() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() >> 8 << 8).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 8 << 8).into()),
    }
}

/// The host alone, with its scope. IPv4 in IPv6's clothes is IPv4 to the kernel.
fn host(to: &SocketAddr) -> SocketAddr {
    match to.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, 0),
        _ => {
            let mut host = *to;
            host.set_port(0);
            host
        }
    }
}
