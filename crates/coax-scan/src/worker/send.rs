//! Asking: a probe leaves, now or when it may, and its line is watched.
//!
//! What this machine refuses is tried again after a pause, and a lack of descriptors or source ports
//! makes fewer probes go at once.
//!
//! Nothing here knows what an answer means.

use std::time::{Duration, Instant};

use super::Worker;
use crate::Reason;
use crate::ask::{Attempt, Line};
use crate::flight::{Probe, Purpose, Slot, Stage};
use crate::neighbours::Standing;
use crate::verdict::reason_of;

/// How often a probe that the kernel has kept is looked at.
const NEXT_HOP_GLANCE: Duration = Duration::from_millis(20);

impl Worker {
    /// Sends a probe, and gives the time at which that was done.
    pub(super) fn send(&mut self, mut probe: Probe) -> Instant {
        self.counts().sent();
        let now = Instant::now();
        match probe.purpose {
            Purpose::Verdict => self.pace.leaves(probe.question, &mut probe.tries, now),
            _ => self.extra += 1,
        }
        probe.leaves(now);
        let slot = self.flight.next_slot();
        let attempt = self.asker.ask(&mut probe, slot);
        probe.asked += 1;
        match attempt {
            Attempt::Waits(line) => self.wait(probe, slot, line),
            Attempt::Heard(reason) => self.heard(probe, reason),
        }
    }

    fn wait(&mut self, mut probe: Probe, slot: Slot, line: Line) -> Instant {
        if let Err(error) = line.watch(&self.epoll, slot) {
            return self.trouble(probe, reason_of(&error.into()));
        }
        let sent = probe.sent;
        probe.due = sent + self.pace.wait(probe.question, &probe.tries);
        (probe.line, probe.stage) = (Some(line), Stage::Asked);
        self.flight.insert(probe);
        sent
    }

    /// Sends again at `at`, or when the rate allows it.
    pub(super) fn send_at(&mut self, probe: Probe, at: Instant, now: Instant) -> Instant {
        let at = self.pace.reserve(now).max(at);
        match at <= now {
            true => self.send(probe),
            false => self.put_off(probe, at, Stage::ToAsk),
        }
    }

    pub(super) fn put_off(&mut self, mut probe: Probe, at: Instant, stage: Stage) -> Instant {
        (probe.due, probe.stage) = (at, stage);
        let sent = probe.sent;
        self.flight.insert(probe);
        sent
    }

    /// Sends again, when it is the probe's turn.
    pub(super) fn take_turn(&mut self, mut probe: Probe, now: Instant) -> Instant {
        match self.pace.turn(probe.question, &mut probe.tries, now) {
            Ok(()) => self.send_at(probe, now, now),
            Err(later) => self.put_off(probe, later, Stage::Queued),
        }
    }

    /// The kernel has kept the probe, so silence means nothing yet.
    pub(super) fn wait_for_next_hop(&mut self, probe: Probe, now: Instant) -> Instant {
        self.pace.ended(probe.question);
        self.put_off(probe, now + NEXT_HOP_GLANCE, Stage::Unresolved)
    }

    pub(super) fn look_at_next_hop(&mut self, mut probe: Probe, now: Instant) -> Instant {
        let standing = self.neighbours.standing(&probe.question.to, now);
        if standing == Standing::Waits {
            return self.put_off(probe, now + NEXT_HOP_GLANCE, Stage::Unresolved);
        }
        self.pace.begun(probe.question);
        if let Standing::Unreachable(reason) = standing {
            return self.settle(&probe, reason, None);
        }
        // It leaves now.
        probe.sent = now;
        let due = now + self.pace.wait(probe.question, &probe.tries);
        self.put_off(probe, due, Stage::Asked)
    }

    pub(super) fn look_for_a_place(&mut self, probe: Probe, now: Instant) -> Instant {
        match self.pace.place(probe.question, now) {
            Ok(at) => self.send_at(probe, at, now),
            Err(later) => self.put_off(probe, later, Stage::Parked),
        }
    }

    /// This machine could not ask: again after a pause, twice as long each time, then a verdict.
    pub(super) fn trouble(&mut self, mut probe: Probe, reason: Reason) -> Instant {
        let now = Instant::now();
        if probe.purpose != Purpose::Verdict {
            return self.extra_heard(&probe, reason);
        }
        let (pause, most) = match reason.is_shortage() {
            true => (Duration::from_millis(5), 10),
            false => (Duration::from_millis(20), 2),
        };
        if reason.is_shortage() {
            self.capacity = self.flight.sockets().clamp(1, self.capacity);
            self.smooth = 0;
        }
        if probe.troubles >= most {
            return self.settle(&probe, reason, None);
        }
        let later = now + pause * (1 << probe.troubles);
        probe.troubles += 1;
        probe.line = None;
        self.put_off(probe, later, Stage::ToAsk)
    }
}
