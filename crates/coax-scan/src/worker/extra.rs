//! Probes beside the questions: controls, which measure the way, and second looks at silent ports.
//!
//! Each is one attempt. They have no place in the windows, since there are few of them.
//!
//! Nothing here decides who is asked.

use std::time::Instant;

use coax_addr::Protocol;

use super::Worker;
use crate::engine::Message;
use crate::flight::{Probe, Purpose};
use crate::questions::Question;
use crate::recheck::Again;
use crate::{Heard, Reason, State, TcpProbe};

/// Open on most hosts that let strangers ask any port. Those of them that are to be scanned are
/// asked first where a host says nothing.
pub(super) const LIKELY: [u16; 10] = [443, 80, 22, 25, 53, 110, 445, 993, 3389, 8080];

impl Worker {
    /// Asks what is due beside the questions. Whether nothing is left to ask or to wait for.
    pub(super) fn ask_extra(&mut self, now: Instant) -> bool {
        let is_over = self.asked_all && self.is_idle();
        for (to, purpose) in self.pace.controls(now, &self.likely) {
            let question = Question { to, protocol: Protocol::Tcp, position: 0, silent: false };
            // The host may still have half a connection from the probe before.
            self.controls = self.controls.wrapping_add(1);
            let probe = Probe::new(question, now).asked_for(purpose).after(self.controls);
            self.send_at(probe, now, now);
        }
        self.recheck.begin(now, is_over);
        while self.pace.has_room_beside(self.extra)
            && let Some((question, asked, again)) = self.recheck.next(now)
        {
            let probe = Probe::new(question, now).asked_for(Purpose::Recheck(again)).after(asked);
            self.send_at(probe, now, now);
        }
        let is_over = is_over && self.recheck.is_empty();
        if is_over {
            self.recheck.end();
        }
        self.settle_silent(now);
        is_over
    }

    /// A TCP port that answered may be asked again as a measure: by a SYN alone as often as one
    /// likes, since no program sees it.
    pub(super) fn may_control(&mut self, question: Question, reason: Reason) {
        let is_open = reason == Reason::SynAck;
        self.pace.may_control(question, is_open, self.shared.tcp == TcpProbe::Syn);
    }

    /// When one may be asked.
    pub(super) fn extra_due(&self) -> Option<Instant> {
        self.recheck.due().filter(|_| self.pace.has_room_beside(self.extra))
    }

    /// Whether the verdict on a silent port waits for a second look.
    pub(super) fn is_held_back(&mut self, probe: &Probe, now: Instant) -> bool {
        let question = probe.question;
        let is_worth_it = question.protocol == Protocol::Tcp
            && self.shared.limits.retries > 0
            && self.pace.answers(question)
            && self.recheck.hold(question, probe.asked, now);
        if is_worth_it {
            self.pace.ended(question);
        }
        is_worth_it
    }

    /// Something came back, or it could not be asked.
    pub(super) fn extra_heard(&mut self, probe: &Probe, reason: Reason) -> Instant {
        let now = Instant::now();
        let question = probe.question;
        self.extra -= 1;
        let state = reason.state(question.protocol, question.to.ip());
        match (probe.purpose, state) {
            (Purpose::Control, State::Open | State::Closed) => {
                self.pace.control(question, Some(now.duration_since(probe.sent)));
            }
            (Purpose::Likely, State::Open | State::Closed) => {
                self.pace.spoke(question, now.duration_since(probe.sent));
                self.may_control(question, reason);
            }
            (Purpose::Recheck(again), State::Open | State::Closed) => {
                let rtt = Some(now.duration_since(probe.sent));
                if self.recheck.heard(question, again, now) {
                    self.settle(probe, reason, rtt);
                }
            }
            (Purpose::Recheck(again), _) => self.recheck.unheard(question, again, false, now),
            _ => {}
        }
        now
    }

    /// Nothing came back in time.
    pub(super) fn extra_unheard(&mut self, probe: &Probe, now: Instant) -> Instant {
        self.extra -= 1;
        match probe.purpose {
            Purpose::Control => self.pace.control(probe.question, None),
            Purpose::Recheck(again) => self.recheck.unheard(probe.question, again, true, now),
            Purpose::Verdict | Purpose::Likely => {}
        }
        now
    }

    /// Ports whose second look is over.
    fn settle_silent(&mut self, now: Instant) {
        for question in self.recheck.take_silent() {
            let probe = Probe::new(question, now).asked_for(Purpose::Recheck(Again::Part));
            self.settle(&probe, Reason::NoAnswer, None);
        }
        for found in self.recheck.take_found() {
            // Who does not listen finds out at the next flush.
            let heard = Heard::Rationed(found);
            let _ = self.verdicts.send(Message::of(heard, Vec::new()));
        }
    }
}
