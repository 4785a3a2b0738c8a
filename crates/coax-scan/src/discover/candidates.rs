//! Hosts that are being looked for, and when each is to be asked next.
//!
//! Nothing here asks.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::engine::scope;
use crate::flight::Slot;

/// Names a candidate, once.
pub(super) type Id = u64;

/// A host that is being looked for.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) host: SocketAddr,
    /// Where it stands among the targets.
    pub(super) place: u128,
    /// Whether it is on the same cable, so the kernel's table of neighbours will tell.
    pub(super) is_near: bool,
    /// When the kernel began to ask for it.
    pub(super) begun: Instant,
    /// Rounds that are over.
    pub(super) round: u16,
    /// Questions of this round that were asked.
    pub(super) asked: usize,
    /// Whether anything could be sent to it.
    pub(super) was_asked: bool,
    /// When the ping of each round was sent.
    pub(super) pings: Vec<Instant>,
    /// Where the answer to each question comes.
    pub(super) slots: Vec<Option<Slot>>,
    /// How often this machine lacked something to ask with.
    pub(super) troubles: u8,
    /// How often the kernel has asked for it in vain, three times each.
    pub(super) absences: u16,
    /// Whether the kernel knows a hardware address of it from before.
    pub(super) is_remembered: bool,
    due: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    next: Id,
    all: HashMap<Id, Candidate>,
    by_address: HashMap<(IpAddr, u32), Id>,
    due: BTreeSet<(Instant, Id)>,
    places: BTreeSet<u128>,
    near: usize,
}

impl Candidates {
    pub(super) fn begin(&mut self, host: SocketAddr, place: u128, is_near: bool, now: Instant) {
        let id = self.next;
        self.next += 1;
        let candidate = Candidate {
            host,
            place,
            is_near,
            begun: now,
            round: 0,
            asked: 0,
            was_asked: false,
            pings: Vec::new(),
            slots: Vec::new(),
            troubles: 0,
            absences: 0,
            is_remembered: false,
            due: now,
        };
        self.near += usize::from(is_near);
        self.places.insert(place);
        self.by_address.insert(key(&host), id);
        self.due.insert((now, id));
        self.all.insert(id, candidate);
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Candidate> {
        self.all.get_mut(&id)
    }

    pub(super) fn get(&self, id: Id) -> Option<&Candidate> {
        self.all.get(&id)
    }

    /// Who has the address that an answer came from.
    pub(super) fn at(&self, from: &SocketAddr) -> Option<Id> {
        self.by_address.get(&key(from)).copied()
    }

    /// It was found, or it is silent.
    pub(super) fn take(&mut self, id: Id) -> Option<Candidate> {
        let candidate = self.all.remove(&id)?;
        self.due.remove(&(candidate.due, id));
        self.places.remove(&candidate.place);
        self.by_address.remove(&key(&candidate.host));
        self.near -= usize::from(candidate.is_near);
        Some(candidate)
    }

    /// It is to be asked again, or judged, at `at`.
    pub(super) fn put_off(&mut self, id: Id, at: Instant) {
        if let Some(candidate) = self.all.get_mut(&id) {
            self.due.remove(&(candidate.due, id));
            candidate.due = at;
            self.due.insert((at, id));
        }
    }

    /// The table of neighbours does not tell of it after all.
    pub(super) fn is_far(&mut self, id: Id, now: Instant) {
        if let Some(candidate) = self.all.get_mut(&id).filter(|candidate| candidate.is_near) {
            candidate.is_near = false;
            self.near -= 1;
            self.put_off(id, now);
        }
    }

    /// Who is due, and put off until somebody says for how long.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Id> {
        let &(_, id) = self.due.first().filter(|&&(due, _)| due <= now)?;
        self.put_off(id, now + Duration::from_secs(1));
        Some(id)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|&(due, _)| due)
    }

    /// Those on the same cable, of one family.
    pub(super) fn near_of(&self, v4: bool) -> Vec<Id> {
        let of = |it: &&Candidate| it.is_near && it.host.is_ipv4() == v4;
        self.all.iter().filter(|(_, it)| of(it)).map(|(&id, _)| id).collect()
    }

    pub(super) fn near(&self) -> usize {
        self.near
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Everybody before this place has been decided.
    pub(super) fn first_place(&self) -> Option<u128> {
        self.places.first().copied()
    }
}

/// A scope is part of a link-local address alone: only these are told with theirs.
pub(super) fn key(host: &SocketAddr) -> (IpAddr, u32) {
    match host.ip() {
        IpAddr::V6(address) if address.is_unicast_link_local() => (host.ip(), scope(host)),
        address => (address, 0),
    }
}
