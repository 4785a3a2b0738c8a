//! A second look at silent ports, before they are called filtered.
//!
//! Attempts that follow each other quickly may all meet the same ration: a part of a host that is
//! answered for only so often a second. So the silent ports of a host that answers elsewhere are held
//! back until its quick questions are over, and a sample of them is asked once more, slowly. Where
//! one of these answers, chance is no explanation for its silence before: its neighbours are asked
//! again, at the pace at which such ports do answer, and so are theirs, until all of a part are told.
//!
//! No clock is read here, and nothing is sent.

mod part;
mod ration;
mod sample;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use coax_addr::Protocol;

use crate::questions::Question;
use part::Part;
use sample::Sample;

/// Verdicts held back at most, which is some megabytes. Where there are more, many hosts are asked at
/// once, and each of them slowly.
const MOST: usize = 1 << 17;
/// A host of which nothing was heard or asked for so long may be looked at again.
const QUIET: Duration = Duration::from_secs(1);
/// How often such are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// Ports that answered late are remembered so far.
const LATE: usize = 128;
/// An answer brings so many of its silent neighbours into question on each side.
const NEIGHBOURS: usize = 8;

/// The ports that are held back, of all hosts.
#[derive(Debug)]
pub(crate) struct Recheck {
    /// How probable it may be that a port that answers is silent by chance.
    doubt: f64,
    hosts: HashMap<SocketAddr, Host>,
    held: usize,
    /// When each host that is looked at again has a port to ask.
    due: BTreeSet<(Instant, SocketAddr)>,
    /// When quiet hosts are looked for.
    look: Option<Instant>,
    /// Silent for good.
    silent: Vec<Question>,
    found: Vec<Rationed>,
}

/// Why a port is asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It stands for others.
    Sample,
    /// It is near one that answered after all.
    Part,
    /// It is known to answer at the pace of its part.
    Control,
}

/// Ports of a host that are answered for only so often.
#[derive(Clone, Debug, PartialEq)]
pub struct Rationed {
    /// Whose ports.
    pub address: IpAddr,
    /// From the first to the last that was found to be one of them.
    pub ports: (u16, u16),
    /// About how many of them are answered for in a second.
    pub per_second: f64,
}

/// A question that is held back.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    position: u64,
    /// How often its port was asked. A SYN from the same port as an earlier one would be taken for
    /// a fault of it by a host that has half a connection.
    asked: u32,
}

/// One host.
#[derive(Debug, Default)]
struct Host {
    held: BTreeMap<u16, Held>,
    /// All that were, in order, once they are looked at again.
    silent: Vec<u16>,
    late: Vec<u16>,
    /// When something was heard or held back last.
    last: Option<Instant>,
    /// When it has a port to ask, as it was last noted.
    due: Option<Instant>,
    sample: Option<Sample>,
    part: Option<Part>,
}

impl Recheck {
    pub(crate) fn new(doubt: f64) -> Recheck {
        Recheck {
            doubt,
            hosts: HashMap::new(),
            held: 0,
            due: BTreeSet::new(),
            look: None,
            silent: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Whether nothing is held back.
    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// No verdict is held back any more; what was found out of parts whose questions are still under
    /// way is found all the same.
    pub(crate) fn end(&mut self) {
        for (address, host) in self.hosts.drain() {
            self.found.extend(host.part.iter().flat_map(|part| part.found(address.ip())));
        }
    }

    /// Whether another verdict can be held back.
    pub(crate) fn has_room(&self) -> bool {
        self.held < MOST
    }

    /// Holds a silent port back that was `asked` so often, if there is room.
    pub(crate) fn hold(&mut self, question: Question, asked: u32, now: Instant) -> bool {
        if !self.has_room() {
            return false;
        }
        let host = self.hosts.entry(place(question.to)).or_default();
        let held = Held { position: question.position, asked };
        host.held.insert(question.to.port(), held);
        host.last = Some(now);
        self.held += 1;
        true
    }

    /// A port answered that had been silent when it was first asked.
    pub(crate) fn late(&mut self, question: Question, now: Instant) {
        let host = self.hosts.entry(place(question.to)).or_default();
        if host.late.len() < LATE {
            host.late.push(question.to.port());
        }
        host.last = Some(now);
    }

    /// Looks again at the hosts that are quiet, or at all of them, since `all` was asked.
    pub(crate) fn begin(&mut self, now: Instant, all: bool) {
        if !all && self.look.is_some_and(|look| now < look) {
            return;
        }
        self.look = Some(now + LOOK);
        let is_over = |host: &Host| {
            let last = host.last.filter(|_| !all);
            last.is_none_or(|last| now.saturating_duration_since(last) > QUIET)
        };
        let waiting = self.hosts.iter_mut().filter(|(_, host)| host.sample.is_none());
        let over: Vec<SocketAddr> = waiting
            .filter(|(_, host)| is_over(host))
            .map(|(&address, host)| {
                host.begin(now);
                address
            })
            .collect();
        over.into_iter().for_each(|address| self.note(address));
    }

    /// A port to ask now, and how often it was.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(Question, u32, Again)> {
        while let Some(&(_, address)) = self.due.first().filter(|&&(due, _)| due <= now) {
            let asked = self.hosts.get_mut(&address).and_then(|host| host.next(now));
            self.note(address);
            if let Some((port, held, again)) = asked {
                return Some((question(address, port, held.position), held.asked, again));
            }
        }
        None
    }

    /// When there is one to ask.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due.first().map(|&(due, _)| due)
    }

    /// A port that was asked again answered. Whether it had no verdict.
    pub(crate) fn heard(&mut self, question: Question, again: Again, now: Instant) -> bool {
        let address = place(question.to);
        let Some(host) = self.hosts.get_mut(&address) else { return false };
        let is_news = host.heard(question.to.port(), again, self.doubt, now);
        self.held -= usize::from(is_news);
        self.note(address);
        is_news
    }

    /// A port that was asked again did not answer, or could not be asked.
    pub(crate) fn unheard(&mut self, question: Question, again: Again, asked: bool, now: Instant) {
        let address = place(question.to);
        let Some(host) = self.hosts.get_mut(&address) else { return };
        host.unheard(question.to.port(), again, asked, now);
        self.note(address);
    }

    /// Ports that are silent for good.
    pub(crate) fn take_silent(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.silent)
    }

    /// What was found.
    pub(crate) fn take_found(&mut self) -> Vec<Rationed> {
        std::mem::take(&mut self.found)
    }

    /// Notes when a host has a port to ask next. Where it was looked at to the end, what is still
    /// silent is so for good.
    fn note(&mut self, address: SocketAddr) {
        let Some(host) = self.hosts.get_mut(&address) else { return };
        let silent = host.part.as_mut().map(|part| std::mem::take(&mut part.silent));
        for (port, position) in silent.into_iter().flatten() {
            self.silent.push(question(address, port, position));
            self.held -= 1;
        }
        let due = host.next_due();
        if let Some(before) = std::mem::replace(&mut host.due, due) {
            self.due.remove(&(before, address));
        }
        self.due.extend(due.map(|due| (due, address)));
        if host.is_done()
            && let Some(host) = self.hosts.remove(&address)
        {
            self.held -= host.held.len();
            let silent =
                host.held.iter().map(|(&port, held)| question(address, port, held.position));
            self.silent.extend(silent);
            self.found.extend(host.part.iter().flat_map(|part| part.found(address.ip())));
        }
    }
}

fn question(mut to: SocketAddr, port: u16, position: u64) -> Question {
    to.set_port(port);
    Question { to, protocol: Protocol::Tcp, position, silent: false }
}

/// The host alone, with its scope.
fn place(mut to: SocketAddr) -> SocketAddr {
    to.set_port(0);
    to
}

impl Host {
    fn begin(&mut self, now: Instant) {
        let ports = sample::choose(&self.held, &self.late);
        self.sample = Some(Sample::new(ports, now));
        self.silent = self.held.keys().copied().collect();
    }

    fn next(&mut self, now: Instant) -> Option<(u16, Held, Again)> {
        let asked = self.part.as_mut().and_then(|part| part.next(now));
        if asked.is_some() {
            return asked;
        }
        let port = self.sample.as_mut()?.next(now, &self.held)?;
        let held = self.held.get_mut(&port)?;
        held.asked += 1;
        let before = Held { asked: held.asked - 1, ..*held };
        Some((port, before, Again::Sample))
    }

    fn next_due(&self) -> Option<Instant> {
        let part = self.part.as_ref().and_then(Part::due);
        let sample = self.sample.as_ref().and_then(Sample::due);
        part.into_iter().chain(sample).min()
    }

    fn heard(&mut self, port: u16, again: Again, doubt: f64, now: Instant) -> bool {
        if let Some(sample) = self.sample.as_mut().filter(|_| again == Again::Sample) {
            sample.ended();
        }
        let was_held = self.held.remove(&port).is_some();
        let part = self.part.get_or_insert_with(|| Part::new(doubt, now));
        let is_news = part.heard(port, again, now) || was_held;
        if is_news {
            self.draw_near(port);
        }
        is_news
    }

    fn unheard(&mut self, port: u16, again: Again, asked: bool, now: Instant) {
        if let Some(sample) = self.sample.as_mut().filter(|_| again == Again::Sample) {
            sample.ended();
        }
        match &mut self.part {
            Some(part) if asked => part.unheard(port, again, now),
            Some(part) => part.failed(port, false),
            None => {}
        }
    }

    /// The neighbours of `port` are in question with it.
    fn draw_near(&mut self, port: u16) {
        let Some(part) = &mut self.part else { return };
        let at = self.silent.partition_point(|&silent| silent < port);
        let near = at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS + 1).min(self.silent.len());
        for port in self.silent[near].iter().copied() {
            if let Some(held) = self.held.remove(&port) {
                part.add(port, held);
            }
        }
    }

    fn is_done(&self) -> bool {
        self.sample.as_ref().is_some_and(Sample::is_done)
            && self.part.as_ref().is_none_or(Part::is_done)
    }
}

#[cfg(test)]
mod tests;
