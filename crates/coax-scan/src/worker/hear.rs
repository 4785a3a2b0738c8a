//! Hearing: news of the sockets, and what is due without any.
//!
//! Whoever is due gets a last look, since this thread may have been away for longer than the
//! answer.
//!
//! Nothing here knows what an answer means.

use std::thread;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::io::Errno;

use super::{GLANCE, Pause, Worker};
use crate::Reason;
use crate::ask::Line;
use crate::ask::syn::News;
use crate::flight::{Probe, Slot, Stage};

impl Worker {
    /// Takes what the sockets have to tell, waiting if there is nothing else to do. `false` when
    /// nobody takes the verdicts.
    pub(super) fn hear(&mut self, pause: &Pause, now: Instant) -> bool {
        self.dispatch();
        self.neighbours.look(now);
        let until = match pause {
            Pause::None if self.flight.sockets() == 0 => return true,
            Pause::None => now,
            Pause::Until(at) => *at,
            Pause::ForAnswers => now + GLANCE,
        };
        let due = [self.flight.next_due(), self.extra_due()];
        let until = due.into_iter().flatten().fold(until, Instant::min).min(now + GLANCE);
        let time = until.saturating_duration_since(now);
        if !time.is_zero() && !self.flush() {
            return false;
        }
        self.events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
        let heard = epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait));
        if heard.is_err_and(|error| error != Errno::INTR) {
            // Whoever is due gets a last look all the same, so this costs time and no answer.
            thread::sleep(time);
        }
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            let token = event.data.u64();
            match self.asker.hear_many(token) {
                Some(many) => many.iter().for_each(|news| self.news_of_many(news)),
                None => self.news(token as Slot),
            }
        }
        self.events = events;
        true
    }

    /// Sends what is only prepared. What cannot be sent is trouble of this machine.
    fn dispatch(&mut self) {
        for (slot, reason) in self.asker.dispatch() {
            if let Some(probe) = self.flight.take(slot) {
                self.came(probe, reason);
            }
        }
    }

    /// The socket of many probes told this of one, unless another took its place.
    fn news_of_many(&mut self, news: &News) {
        let is_of =
            |probe: &Probe| matches!(probe.line, Some(Line::Syn)) && news.is_of(&probe.question.to);
        if self.flight.find(news.slot).is_some_and(is_of)
            && let Some(mut probe) = self.flight.take(news.slot)
        {
            probe.was_late(news.later_attempts(probe.attempt()));
            self.came(probe, news.reason);
        }
    }

    /// The socket in `slot` has something to tell; or had, before another took its place.
    fn news(&mut self, slot: Slot) {
        let Some(probe) = self.flight.find(slot) else { return };
        let Some(line) = &probe.line else { return };
        let Some(reason) = self.asker.hear(&probe.question, line) else { return };
        if let Some(probe) = self.flight.take(slot) {
            self.came(probe, reason);
        }
    }

    /// `reason` came on the probe's line.
    pub(super) fn came(&mut self, mut probe: Probe, reason: Reason) -> Instant {
        if let Some(line) = probe.line.take() {
            self.asker.done(line, reason);
        }
        if matches!(reason, Reason::SynAck | Reason::Reset | Reason::UdpReply) {
            self.neighbours.answers(&probe.question.to, probe.sent);
        }
        match probe.stage {
            Stage::Parked => self.pace.unpark(probe.question),
            Stage::Unresolved => self.pace.begun(probe.question),
            // It was late, not lost.
            Stage::Queued => probe.tries.forgive(),
            Stage::ToAsk | Stage::Asked => {}
        }
        self.heard(probe, reason)
    }

    /// Sends what waited for its time, and judges what has waited too long, with a last look: this
    /// thread may have been away for longer than the answer.
    pub(super) fn see_what_is_due(&mut self, now: Instant) {
        while let Some(probe) = self.flight.take_due(now) {
            let line = probe.line.as_ref();
            match line.and_then(|line| self.asker.hear(&probe.question, line)) {
                Some(reason) => self.came(probe, reason),
                None => match probe.stage {
                    Stage::Asked => self.unanswered(probe),
                    Stage::Unresolved => self.look_at_next_hop(probe, now),
                    Stage::Parked => self.look_for_a_place(probe, now),
                    Stage::Queued => self.take_turn(probe, now),
                    Stage::ToAsk => self.send(probe),
                },
            };
        }
    }
}
