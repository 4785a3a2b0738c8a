//! Asking: a round of questions to a host, then a pause, then another round or the judgement.
//!
//! A host on the same cable is sent one thing alone, since nothing reaches it before the kernel has
//! found it, and then the kernel's table says it all.
//!
//! Nothing here knows what becomes of who was found.

use std::time::{Duration, Instant};

use coax_addr::Protocol;

use super::candidates::Id;
use super::questions::{HostQuestion, UNUSED_UDP};
use super::{FIRST_PING, Finder};
use crate::ask::{Attempt, Line};
use crate::flight::{Probe, Slot};
use crate::questions::Question;
use crate::verdict::reason_of;
use crate::{Host, Reason, Sign};

/// This machine lacked a descriptor or a port; others may give one back.
const SHORTAGE: Duration = Duration::from_millis(20);
const SHORTAGES: u8 = 50;
/// The kernel's table is looked at meanwhile.
const NEIGHBOUR: Duration = Duration::from_secs(10);

/// What a question came to at once.
enum Asked {
    Sent,
    /// The host answered.
    Sign(Sign),
    /// This machine lacked something to ask with.
    Later,
    /// This machine cannot ask that.
    Not,
}

/// One thing that a host is asked.
#[derive(Clone, Copy)]
enum Item {
    Ping,
    Port(usize, HostQuestion),
}

impl Finder {
    pub(super) fn ask_who_is_due(&mut self, now: Instant) {
        while let Some(id) = self.candidates.take_due(now) {
            self.go_on(id);
        }
    }

    /// Asks what is left of the round, or judges after the last one.
    fn go_on(&mut self, id: Id) {
        loop {
            let now = Instant::now();
            let Some(candidate) = self.candidates.get(id) else { return };
            let (host, is_near) = (candidate.host, candidate.is_near);
            let (asked, round) = (candidate.asked, candidate.round);
            if asked == 0 && !is_near && round >= self.evidence.rounds() {
                return self.judge(id);
            }
            let Some(item) = self.item(is_near, self.ping(&host).is_some(), asked) else {
                return self.end_round(id, now);
            };
            if let Err(later) = self.may_send(now) {
                return self.candidates.put_off(id, later);
            }
            match self.ask(id, item) {
                Asked::Sign(sign) => return self.found(id, sign, None, round, None),
                Asked::Later if self.may_wait(id) => {
                    return self.candidates.put_off(id, now + SHORTAGE);
                }
                outcome => self.was_asked(id, matches!(outcome, Asked::Sent)),
            }
        }
    }

    /// The question with `asked` others before it in a round.
    fn item(&self, is_near: bool, may_ping: bool, asked: usize) -> Option<Item> {
        let at = asked.checked_sub(usize::from(may_ping));
        match at {
            None => Some(Item::Ping),
            Some(_) if is_near && may_ping => None,
            Some(0) if is_near => {
                let unused = (Protocol::Udp, UNUSED_UDP);
                let index = self.questions.iter().position(|&it| it == unused)?;
                Some(Item::Port(index, unused))
            }
            Some(_) if is_near => None,
            Some(index) => self.questions.get(index).map(|&question| Item::Port(index, question)),
        }
    }

    /// Whether the rate allows a question now. A place is kept for the next one: those who ask ports
    /// would take them all.
    fn may_send(&mut self, now: Instant) -> Result<(), Instant> {
        let rate = &self.shared.rate;
        match self.reserved {
            None if rate.take(now).is_ok() => return Ok(()),
            None => self.reserved = Some(rate.reserve(now)),
            Some(_) => {}
        }
        match self.reserved.filter(|&at| at > now) {
            Some(at) => Err(at),
            None => {
                self.reserved = None;
                Ok(())
            }
        }
    }

    fn may_wait(&mut self, id: Id) -> bool {
        let Some(candidate) = self.candidates.get_mut(id) else { return false };
        candidate.troubles = candidate.troubles.saturating_add(1);
        candidate.troubles < SHORTAGES
    }

    fn was_asked(&mut self, id: Id, sent: bool) {
        if let Some(candidate) = self.candidates.get_mut(id) {
            candidate.asked += 1;
            candidate.was_asked |= sent;
        }
    }

    fn end_round(&mut self, id: Id, now: Instant) {
        let Some(candidate) = self.candidates.get_mut(id) else { return };
        candidate.asked = 0;
        candidate.round += 1;
        let (host, round) = (candidate.host, candidate.round);
        if !candidate.was_asked {
            return match candidate.is_near {
                // Another question may get out.
                true => self.candidates.is_far(id, now),
                false => self.cannot_tell(id),
            };
        }
        if candidate.is_near {
            candidate.begun = now;
            return self.candidates.put_off(id, now + NEIGHBOUR);
        }
        let wait = self.evidence.wait(&host, round - 1, self.shared.limits.timeout);
        self.candidates.put_off(id, now + wait);
    }

    fn ask(&mut self, id: Id, item: Item) -> Asked {
        self.shared.counts[self.shared.threads].sent();
        match item {
            Item::Ping => self.send_ping(id),
            Item::Port(index, question) => self.ask_port(id, index, question),
        }
    }

    fn send_ping(&mut self, id: Id) -> Asked {
        let Some(candidate) = self.candidates.get(id) else { return Asked::Not };
        let (host, round) = (candidate.host, candidate.round);
        let sent = Instant::now();
        let done = self.ping(&host).map(|socket| socket.ask(&host, round));
        if let Some(candidate) = self.candidates.get_mut(id) {
            candidate.pings.resize(usize::from(round) + 1, sent);
        }
        match done {
            Some(Ok(())) => Asked::Sent,
            Some(Err(error)) if reason_of(&error).is_shortage() => Asked::Later,
            _ => Asked::Not,
        }
    }

    fn ask_port(&mut self, id: Id, index: usize, (protocol, port): HostQuestion) -> Asked {
        let Some(candidate) = self.candidates.get_mut(id) else { return Asked::Not };
        let mut to = candidate.host;
        to.set_port(port);
        candidate.slots.resize(self.questions.len(), None);
        // The question of the round before gives way to this one: it has the same slot.
        let before = candidate.slots[index].take();
        let before = before.and_then(|slot| take(&mut self.flight, slot, id));
        let now = Instant::now();
        let question = Question { to, protocol, position: id, silent: false };
        let mut probe = before.unwrap_or_else(|| Probe::new(question, now));
        probe.leaves(now);
        probe.due = now + Duration::from_secs(3600);
        let slot = self.flight.next_slot();
        let attempt = self.asker.ask(&mut probe, slot);
        probe.asked += 1;
        match attempt {
            Attempt::Waits(line) => self.wait(id, index, slot, probe, line),
            Attempt::Heard(reason) => asked(reason, &to),
        }
    }

    fn wait(&mut self, id: Id, index: usize, slot: Slot, mut probe: Probe, line: Line) -> Asked {
        if line.watch(&self.epoll, slot).is_err() {
            return Asked::Later;
        }
        probe.line = Some(line);
        self.flight.insert(probe);
        if let Some(candidate) = self.candidates.get_mut(id) {
            candidate.slots[index] = Some(slot);
        }
        Asked::Sent
    }

    /// Sends what is only prepared. What cannot be sent is asked again in the next round.
    pub(super) fn dispatch(&mut self) {
        for (slot, _) in self.asker.dispatch() {
            self.flight.take(slot);
        }
    }

    /// Something came where `token` says.
    pub(super) fn news(&mut self, token: u64) {
        if let Some(number) = token.checked_sub(FIRST_PING) {
            return self.hear_pings(number as usize);
        }
        match self.asker.hear_many(token) {
            Some(many) => {
                for news in many {
                    let is_of = |probe: &&Probe| {
                        matches!(probe.line, Some(Line::Syn)) && news.is_of(&probe.question.to)
                    };
                    if let Some(probe) = self.flight.find(news.slot).filter(is_of) {
                        let later = news.later_attempts(probe.attempt());
                        self.came(news.slot, news.reason, later);
                    }
                }
            }
            None => {
                let slot = token as Slot;
                let Some(probe) = self.flight.find(slot) else { return };
                let Some(line) = &probe.line else { return };
                if let Some(reason) = self.asker.hear(&probe.question, line) {
                    self.came(slot, reason, 0);
                }
            }
        }
    }

    fn hear_pings(&mut self, number: usize) {
        let mut replies = Vec::new();
        if let Some(Some(socket)) = self.pings.get(number) {
            socket.hear(&mut replies);
        }
        let now = Instant::now();
        for reply in replies {
            let Some(id) = self.candidates.at(&reply.from) else { continue };
            let Some(candidate) = self.candidates.get(id) else { continue };
            let sent = candidate.pings.get(usize::from(reply.number)).copied();
            let rtt = sent.map(|sent| now.duration_since(sent));
            self.found(id, Sign::EchoReply, rtt, reply.number, None);
        }
    }

    /// `later` attempts followed the one that is answered.
    fn came(&mut self, slot: Slot, reason: Reason, later: u32) {
        let Some(mut probe) = self.flight.take(slot) else { return };
        if let Some(line) = probe.line.take() {
            self.asker.done(line, reason);
        }
        let id = probe.question.position;
        if let Asked::Sign(sign) = asked(reason, &probe.question.to) {
            let round = self.candidates.get(id).map_or(0, |it| it.round.saturating_sub(1));
            probe.was_late(later);
            let rtt = probe.rtt(Instant::now());
            let lost = u32::from(round).saturating_sub(later);
            self.found(id, sign, rtt, lost as u16, None);
        }
    }

    /// The host is there: it answered after `lost` rounds in which it did not.
    pub(super) fn found(
        &mut self,
        id: Id,
        sign: Sign,
        rtt: Option<Duration>,
        lost: u16,
        hardware: Option<[u8; 6]>,
    ) {
        let under_way = self.candidates.len();
        let Some((place, host)) = self.leave(id) else { return };
        self.evidence.answered(&host, lost, rtt);
        self.window.answered(lost > 0, under_way);
        self.outcomes.found(place, Host { address: host, sign, rtt, hardware });
    }

    /// Every round is over.
    fn judge(&mut self, id: Id) {
        match self.candidates.get(id) {
            // The kernel knows its hardware address, so it was there not long ago.
            Some(candidate) if candidate.is_remembered => {
                if let Some((place, address)) = self.leave(id) {
                    let (sign, rtt) = (Sign::Neighbour, None);
                    self.outcomes.found(place, Host { address, sign, rtt, hardware: None });
                }
            }
            _ => self.is_silent(id),
        }
    }

    pub(super) fn is_silent(&mut self, id: Id) {
        if let Some((place, host)) = self.leave(id) {
            self.window.grow();
            self.outcomes.silent(place, host);
        }
    }

    /// Nothing could be sent there: what each port says of that is the scan's business.
    fn cannot_tell(&mut self, id: Id) {
        if let Some((place, host)) = self.leave(id) {
            self.outcomes.unclear(place, host);
        }
    }

    fn leave(&mut self, id: Id) -> Option<(u128, std::net::SocketAddr)> {
        let candidate = self.candidates.take(id)?;
        for slot in candidate.slots.into_iter().flatten() {
            take(&mut self.flight, slot, id);
        }
        Some((candidate.place, candidate.host))
    }
}

/// The probe in `slot`, if it is still that of the candidate `id`.
fn take(flight: &mut crate::flight::Flight, slot: Slot, id: Id) -> Option<Probe> {
    let is_its_own = flight.find(slot).is_some_and(|probe| probe.question.position == id);
    is_its_own.then(|| flight.take(slot)).flatten()
}

/// What an answer says of the host `to`.
fn asked(reason: Reason, to: &std::net::SocketAddr) -> Asked {
    match reason {
        Reason::SynAck | Reason::Reset | Reason::UdpReply | Reason::MetItself => {
            Asked::Sign(Sign::Port(reason))
        }
        Reason::Icmp(report) if report.from == Some(to.ip()) => Asked::Sign(Sign::Port(reason)),
        Reason::Icmp(_) | Reason::HostUnreachable | Reason::NoAnswer => Asked::Sent,
        shortage if shortage.is_shortage() => Asked::Later,
        _ => Asked::Not,
    }
}
