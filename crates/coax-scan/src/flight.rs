//! The probes under way, and when each is due.
//!
//! A probe is due when its answer is late or, while it was not sent, when it is to be. There
//! are never more entries than probes, whatever their number of attempts.
//!
//! Nothing here asks anything.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::ask::Line;
use crate::pace::Tries;
use crate::questions::Question;
use crate::recheck::Again;

/// One port that has no verdict yet.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) question: Question,
    pub(crate) purpose: Purpose,
    /// The attempts so far.
    pub(crate) tries: Tries,
    /// How often this machine could not ask.
    pub(crate) troubles: u8,
    /// How often it was asked.
    pub(crate) asked: u32,
    pub(crate) stage: Stage,
    /// Where its answer comes, or that of the attempt before.
    pub(crate) line: Option<Line>,
    pub(crate) sent: Instant,
    /// When the attempt before left, if there was one.
    pub(crate) sent_before: Option<Instant>,
    /// The number of its first attempt, where the same port was asked by other probes before.
    first: u32,
    /// How many attempts followed the one that is answered.
    later: u32,
    pub(crate) due: Instant,
}

impl Probe {
    pub(crate) fn new(question: Question, now: Instant) -> Probe {
        let stage = Stage::ToAsk;
        Probe {
            question,
            purpose: Purpose::Verdict,
            tries: Tries::default(),
            troubles: 0,
            asked: 0,
            stage,
            line: None,
            sent: now,
            sent_before: None,
            first: 0,
            later: 0,
            due: now,
        }
    }
}

impl Probe {
    pub(crate) fn asked_for(self, purpose: Purpose) -> Probe {
        Probe { purpose, ..self }
    }

    /// Another attempt leaves.
    pub(crate) fn leaves(&mut self, now: Instant) {
        self.sent_before = (self.asked > 0).then_some(self.sent);
        self.sent = now;
    }

    /// `before` probes may have asked the same port.
    pub(crate) fn after(self, before: u32) -> Probe {
        Probe { first: before, ..self }
    }

    /// The number of the next attempt at its port.
    pub(crate) fn attempt(&self) -> u32 {
        self.first.wrapping_add(self.asked)
    }

    /// What is heard answers an attempt that `later` others followed: it was late, not in vain.
    pub(crate) fn was_late(&mut self, later: u32) {
        self.later = later;
        (0..later).for_each(|_| self.tries.forgive());
    }

    /// How long an answer took that is heard `now`, where that is known.
    pub(crate) fn rtt(&self, now: Instant) -> Option<Duration> {
        let sent = match self.later {
            0 => Some(self.sent),
            1 => self.sent_before,
            _ => None,
        };
        sent.map(|sent| now.duration_since(sent))
    }
}

/// What a port is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its verdict.
    Verdict,
    /// A measure of the way: it is known to answer.
    Control,
    /// A first word of its host, since it is likely to answer.
    Likely,
    /// Its verdict, which is held back.
    Recheck(Again),
}

/// What a probe waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its time to ask.
    ToAsk,
    /// An answer.
    Asked,
    /// The hardware address of the next hop. It is not under way meanwhile.
    Unresolved,
    /// A place, because its host was not free to answer.
    Parked,
    /// Its turn, because its host answers only so often.
    Queued,
}

/// Where a probe is kept: what the kernel tells us when its socket has news.
pub(crate) type Slot = u32;

/// The probes under way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    slots: Vec<Option<Probe>>,
    free: Vec<Slot>,
    due: BTreeSet<(Instant, Slot)>,
    sockets: usize,
}

impl Flight {
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }

    /// Probes with a line, each of which is a socket.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets
    }

    /// Where the next probe will be kept.
    pub(crate) fn next_slot(&mut self) -> Slot {
        if let Some(&slot) = self.free.last() {
            return slot;
        }
        let slot = self.slots.len() as Slot;
        self.slots.push(None);
        self.free.push(slot);
        slot
    }

    pub(crate) fn insert(&mut self, probe: Probe) {
        let slot = self.next_slot();
        self.free.pop();
        self.due.insert((probe.due, slot));
        self.sockets += usize::from(probe.line.is_some());
        self.slots[slot as usize] = Some(probe);
    }

    pub(crate) fn find(&self, slot: Slot) -> Option<&Probe> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(crate) fn take(&mut self, slot: Slot) -> Option<Probe> {
        let probe = self.slots.get_mut(slot as usize)?.take()?;
        self.due.remove(&(probe.due, slot));
        self.sockets -= usize::from(probe.line.is_some());
        self.free.push(slot);
        Some(probe)
    }

    /// When the next probe is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|&(due, _)| due)
    }

    /// Takes a probe that is due at `now`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Probe> {
        let &(_, slot) = self.due.first().filter(|&&(due, _)| due <= now)?;
        self.take(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_addr::Protocol;
    use std::net::SocketAddr;

    fn probe(port: u16, due: Instant) -> Probe {
        let to = SocketAddr::from(([127, 0, 0, 1], port));
        Probe::new(Question { to, protocol: Protocol::Tcp, position: 0, silent: false }, due)
    }

    #[test]
    fn probes_are_due_in_order_and_their_places_are_used_again() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut flight = Flight::default();
        for (port, ms) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            flight.insert(probe(port, after(ms)));
        }
        assert_eq!((flight.len(), flight.next_due()), (4, Some(after(10))));
        assert!(flight.take_due(after(9)).is_none());
        let taken: Vec<u16> = std::iter::from_fn(|| flight.take_due(after(20)))
            .map(|it| it.question.to.port())
            .collect();
        assert_eq!(taken, [2, 4, 3]);
        assert!(flight.take(1).is_none());
        (0..3).for_each(|port| flight.insert(probe(port, after(40))));
        assert_eq!((flight.slots.len(), flight.len()), (4, 4));
    }
}
