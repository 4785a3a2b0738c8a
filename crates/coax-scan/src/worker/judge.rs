//! Judging: what was heard, or not heard in time, is a verdict or a reason to ask again.
//!
//! The pace learns of each answer and of each attempt in vain, and says when silence is enough.
//!
//! Nothing here sends or listens.

use std::time::{Duration, Instant};

use coax_addr::Protocol;

use super::Worker;
use crate::engine::Message;
use crate::flight::{Probe, Purpose, Stage};
use crate::neighbours::Standing;
use crate::questions::Question;
use crate::{Heard, Reason, State, Tell, Verdict};

impl Worker {
    pub(super) fn heard(&mut self, probe: Probe, reason: Reason) -> Instant {
        if probe.purpose != Purpose::Verdict {
            return self.extra_heard(&probe, reason);
        }
        let Question { to, protocol, .. } = probe.question;
        if let (Protocol::Udp, Reason::Icmp(_)) = (protocol, reason) {
            self.pace.told_by_icmp(probe.question, Instant::now(), probe.asked > 1);
        }
        match (reason.state(protocol, to.ip()), reason) {
            (State::Open | State::Closed, _) => self.answered(probe, reason),
            (State::Inconclusive, trouble) => self.trouble(probe, trouble),
            (_, Reason::NoAnswer) => self.unanswered(probe),
            _ => self.settle(&probe, reason, None),
        }
    }

    fn answered(&mut self, probe: Probe, reason: Reason) -> Instant {
        let now = Instant::now();
        let rtt = probe.rtt(now);
        match probe.question.protocol {
            // The same socket heard all attempts, and each may have asked something else.
            Protocol::Udp if probe.asked > 1 => self.pace.answered_at_last(probe.question),
            _ => self.pace.answered(probe.question, rtt, &probe.tries),
        }
        if probe.question.protocol == Protocol::Tcp {
            self.learn_from(&probe, reason, now);
        }
        self.settle(&probe, reason, rtt);
        now
    }

    /// A TCP port answered.
    fn learn_from(&mut self, probe: &Probe, reason: Reason, now: Instant) {
        self.may_control(probe.question, reason);
        if probe.tries.in_vain() > 0 {
            self.recheck.late(probe.question, now);
        }
    }

    /// The attempt was in vain: another one, or the verdict.
    pub(super) fn unanswered(&mut self, mut probe: Probe) -> Instant {
        let now = Instant::now();
        if probe.purpose != Purpose::Verdict {
            return self.extra_unheard(&probe, now);
        }
        match self.neighbours.standing(&probe.question.to, now) {
            Standing::Free => {}
            Standing::Waits => return self.wait_for_next_hop(probe, now),
            Standing::Unreachable(reason) => return self.settle(&probe, reason, None),
        }
        if !self.pace.is_telling(probe.question, probe.sent) {
            let later = self.pace.park(probe.question, now);
            return self.put_off(probe, later, Stage::Parked);
        }
        let may_hold = self.recheck.has_room();
        match self.pace.in_vain(probe.question, &mut probe.tries, may_hold, now) {
            true if self.is_held_back(&probe, now) => now,
            true => self.settle(&probe, Reason::NoAnswer, None),
            false => self.take_turn(probe, now),
        }
    }

    /// The next hop is not there, so this port is not asked.
    pub(super) fn unreachable(&mut self, question: Question, reason: Reason, now: Instant) {
        self.pace.begun(question);
        self.settle(&Probe::new(question, now), reason, None);
    }

    pub(super) fn see_what_is_unreachable(&mut self, now: Instant) {
        for (question, reason) in self.neighbours.take_unreachable() {
            self.unreachable(question, reason, now);
        }
    }

    pub(super) fn settle(
        &mut self,
        probe: &Probe,
        reason: Reason,
        rtt: Option<Duration>,
    ) -> Instant {
        let Question { to: address, protocol, .. } = probe.question;
        let state = reason.state(protocol, address.ip());
        let verdict = Verdict { address, protocol, state, reason, rtt };
        if probe.purpose == Purpose::Verdict {
            self.pace.ended(probe.question);
        }
        self.counts().count(verdict.state);
        if self.suspects.reveal(address.ip(), state, &self.shared.tarpits) {
            // Who does not listen finds out at the next flush.
            let heard = Heard::Tarpit(address.ip());
            let _ = self.verdicts.send(Message::of(heard, Vec::new()));
        }
        self.account(probe.question, Some(state));
        if self.shared.tell == Tell::All
            || matches!(verdict.state, State::Open | State::Inconclusive)
        {
            self.batch.push(verdict);
        }
        self.smooth += 1;
        if self.smooth > self.capacity && self.capacity < self.shared.capacity {
            // Descriptors may have become free elsewhere.
            self.capacity += 1;
            self.smooth = 0;
        }
        probe.sent + rtt.unwrap_or_default()
    }
}
