//! One thread that asks: sends, hears, sends again, judges.
//!
//! A port that answers at once, as every one of this machine does, is judged on the spot; the rest
//! wait in an epoll set. Whatever this machine refuses is tried again after a pause, then reported,
//! and a lack of descriptors or source ports makes fewer probes go at once.
//!
//! Nothing here knows who reads the verdicts.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use coax_addr::Protocol;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use crate::ask::syn::News;
use crate::ask::{Asker, Attempt, Line};
use crate::engine::{Message, Shared};
use crate::flight::{Flight, Probe, Slot, Stage};
use crate::ledger::Settled;
use crate::pace::Pace;
use crate::questions::{Question, Share};
use crate::tarpit::Suspects;
use crate::verdict::reason_of;
use crate::{Heard, Reason, State, TcpProbe, Tell, Verdict};

/// Probes sent before the answers are looked at: a few calls' worth where many go in one.
const BURST: usize = 32;
const BURST_OF_SYNS: usize = 256;
/// Events taken at once.
const EVENTS: usize = 256;
/// Verdicts handed over at once.
const BATCH: usize = 256;
/// Settled questions handed over at once, where somebody keeps account of them.
const SETTLED: usize = 4096;
/// A stop is noticed within this time, and verdicts wait no longer.
const GLANCE: Duration = Duration::from_millis(50);
/// One thread's part of a scan.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    number: usize,
    verdicts: SyncSender<Message>,
    epoll: OwnedFd,
    events: Vec<Event>,
    pace: Pace,
    flight: Flight,
    share: Share,
    /// The next question, when its host's window is full.
    held: Option<Question>,
    asked_all: bool,
    asker: Asker,
    suspects: Suspects,
    /// Probes at once, as far as descriptors go.
    capacity: usize,
    /// Verdicts since the capacity was last changed.
    smooth: usize,
    batch: Vec<Verdict>,
    settled: Vec<Settled>,
    flushed: Instant,
}

/// Why no probe is sent now.
enum Pause {
    /// There is no reason.
    None,
    /// The rate.
    Until(Instant),
    /// The windows are full, or everything was asked.
    ForAnswers,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        number: usize,
        epoll: OwnedFd,
        asker: Asker,
        verdicts: SyncSender<Message>,
    ) -> Worker {
        Worker {
            pace: Pace::new(shared.limits.clone()),
            capacity: shared.capacity,
            number,
            verdicts,
            epoll,
            events: Vec::with_capacity(EVENTS),
            flight: Flight::default(),
            share: Share::default(),
            held: None,
            asked_all: false,
            asker,
            suspects: Suspects::new(shared.limits.tarpit, shared.counts.len()),
            smooth: 0,
            batch: Vec::new(),
            settled: Vec::new(),
            flushed: Instant::now(),
            shared,
        }
    }

    /// Asks until everything has a verdict, somebody says stop, or nobody listens any more.
    pub(crate) fn run(mut self) {
        while !self.shared.stopped() {
            let pause = self.send_some();
            if self.asked_all && self.flight.len() == 0 {
                break;
            }
            let now = Instant::now();
            if !self.hear(&pause, now) || !self.flush_if_due(now) {
                break;
            }
            self.see_what_is_due(now);
        }
        self.flush();
    }

    fn send_some(&mut self) -> Pause {
        let mut now = Instant::now();
        for _ in 0..self.burst() {
            let Some(question) =
                self.held.take().or_else(|| self.shared.questions.next(&mut self.share))
            else {
                self.asked_all = true;
                return Pause::ForAnswers;
            };
            if self.shared.tarpits.contain(question.to.ip()) {
                self.counts().skipped();
                self.account(question, None);
                continue;
            }
            if self.flight.len() >= self.capacity || !self.pace.has_room(question) {
                self.held = Some(question);
                return Pause::ForAnswers;
            }
            if let Err(later) = self.pace.try_send(now) {
                self.held = Some(question);
                return Pause::Until(later);
            }
            self.pace.begun(question);
            now = self.send(Probe::new(question, now));
        }
        Pause::None
    }

    fn burst(&self) -> usize {
        match self.shared.tcp {
            TcpProbe::Connect => BURST,
            TcpProbe::Syn => BURST_OF_SYNS,
        }
    }

    /// Sends a probe, and gives the time at which that was done.
    fn send(&mut self, mut probe: Probe) -> Instant {
        self.counts().sent();
        probe.sent = Instant::now();
        let slot = self.flight.next_slot();
        let attempt = self.asker.ask(&mut probe, slot);
        probe.asked += 1;
        match attempt {
            Attempt::Waits(line) => self.wait(probe, slot, line),
            Attempt::Heard(reason) => self.heard(probe, reason),
        }
    }

    fn wait(&mut self, mut probe: Probe, slot: Slot, line: Line) -> Instant {
        if let Err(error) = self.watch(&line, slot) {
            return self.trouble(probe, reason_of(&error.into()));
        }
        let sent = probe.sent;
        probe.due = sent + self.pace.wait(probe.question, probe.attempt);
        (probe.line, probe.stage) = (Some(line), Stage::Asked);
        self.flight.insert(probe);
        sent
    }

    /// News on `line` will name the next slot, where its probe will be.
    fn watch(&self, line: &Line, slot: Slot) -> rustix::io::Result<()> {
        let Some(socket) = line.socket() else { return Ok(()) };
        let data = EventData::new_u64(u64::from(slot));
        match epoll::add(&self.epoll, socket, data, line.news()) {
            // A line that is used again.
            Err(Errno::EXIST) => epoll::modify(&self.epoll, socket, data, line.news()),
            done => done,
        }
    }

    fn heard(&mut self, probe: Probe, reason: Reason) -> Instant {
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
        // Of SYNs that are the same, nobody can say which was answered (Karn, RFC 6298 §3).
        if self.asks_by_syn(&probe.question) && probe.attempt > 0 {
            self.pace.answered_one_of(probe.question, probe.attempt);
            self.settle(&probe, reason, None);
            return now;
        }
        let rtt = now.duration_since(probe.sent);
        match probe.question.protocol {
            // The same socket heard all attempts, and each may have asked something else.
            Protocol::Udp if probe.asked > 1 => self.pace.answered_at_last(probe.question),
            _ => self.pace.answered(probe.question, rtt, probe.attempt),
        }
        self.settle(&probe, reason, Some(rtt));
        now
    }

    fn asks_by_syn(&self, question: &Question) -> bool {
        self.shared.tcp == TcpProbe::Syn && question.protocol == Protocol::Tcp
    }

    /// The attempt was in vain: another one, or the verdict.
    fn unanswered(&mut self, mut probe: Probe) -> Instant {
        let now = Instant::now();
        if !self.pace.is_telling(probe.question, probe.sent) {
            let later = self.pace.park(probe.question, now);
            return self.put_off(probe, later, Stage::Parked);
        }
        self.pace.timed_out(probe.question);
        if probe.attempt >= self.pace.retries(probe.question) {
            return self.settle(&probe, Reason::NoAnswer, None);
        }
        probe.attempt += 1;
        self.send_at(probe, now, now)
    }

    /// Sends again at `at`, or when the rate allows it.
    fn send_at(&mut self, probe: Probe, at: Instant, now: Instant) -> Instant {
        let at = self.pace.reserve(now).max(at);
        match at <= now {
            true => self.send(probe),
            false => self.put_off(probe, at, Stage::ToAsk),
        }
    }

    fn put_off(&mut self, mut probe: Probe, at: Instant, stage: Stage) -> Instant {
        (probe.due, probe.stage) = (at, stage);
        let sent = probe.sent;
        self.flight.insert(probe);
        sent
    }

    fn look_for_a_place(&mut self, probe: Probe, now: Instant) -> Instant {
        match self.pace.place(probe.question, now) {
            Ok(at) => self.send_at(probe, at, now),
            Err(later) => self.put_off(probe, later, Stage::Parked),
        }
    }

    /// This machine could not ask: again after a pause, twice as long each time, then a verdict.
    fn trouble(&mut self, mut probe: Probe, reason: Reason) -> Instant {
        let now = Instant::now();
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

    fn settle(&mut self, probe: &Probe, reason: Reason, rtt: Option<Duration>) -> Instant {
        let Question { to: address, protocol, .. } = probe.question;
        let state = reason.state(protocol, address.ip());
        let verdict = Verdict { address, protocol, state, reason, rtt };
        self.pace.ended(probe.question);
        self.counts().count(verdict.state);
        if self.suspects.reveal(address.ip(), state, &self.shared.tarpits) {
            // Who does not listen finds out at the next flush.
            let heard = Heard::Tarpit(address.ip());
            let _ = self.verdicts.send(Message { heard, settled: Vec::new() });
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

    /// Takes what the sockets have to tell, waiting if there is nothing else to do. `false` when
    /// nobody takes the verdicts.
    fn hear(&mut self, pause: &Pause, now: Instant) -> bool {
        self.dispatch();
        let until = match pause {
            Pause::None if self.flight.sockets() == 0 => return true,
            Pause::None => now,
            Pause::Until(at) => *at,
            Pause::ForAnswers => now + GLANCE,
        };
        let until = self.flight.next_due().map_or(until, |due| due.min(until)).min(now + GLANCE);
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
            && let Some(probe) = self.flight.take(news.slot)
        {
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
    fn came(&mut self, mut probe: Probe, reason: Reason) -> Instant {
        if let Some(line) = probe.line.take() {
            self.asker.done(line, reason);
        }
        if probe.stage == Stage::Parked {
            self.pace.unpark(probe.question);
        }
        self.heard(probe, reason)
    }

    /// Sends what waited for its time, and judges what has waited too long, with a last look: this
    /// thread may have been away for longer than the answer.
    fn see_what_is_due(&mut self, now: Instant) {
        while let Some(probe) = self.flight.take_due(now) {
            let line = probe.line.as_ref();
            match line.and_then(|line| self.asker.hear(&probe.question, line)) {
                Some(reason) => self.came(probe, reason),
                None if probe.stage == Stage::Asked => self.unanswered(probe),
                None if probe.stage == Stage::Parked => self.look_for_a_place(probe, now),
                None => self.send(probe),
            };
        }
    }

    fn counts(&self) -> &crate::tally::Counts {
        &self.shared.counts[self.number]
    }

    fn flush_if_due(&mut self, now: Instant) -> bool {
        let is_full = self.batch.len() >= BATCH || self.settled.len() >= SETTLED;
        let is_due = is_full || now.duration_since(self.flushed) >= GLANCE;
        !is_due || self.flush()
    }

    /// Hands the verdicts over; `false` when nobody takes them.
    fn flush(&mut self) -> bool {
        self.flushed = Instant::now();
        if self.batch.is_empty() && self.settled.is_empty() {
            return true;
        }
        let heard = Heard::Verdicts(std::mem::take(&mut self.batch));
        let settled = std::mem::take(&mut self.settled);
        self.verdicts.send(Message { heard, settled }).is_ok()
    }

    fn account(&mut self, question: Question, state: Option<State>) {
        if self.shared.accounts {
            self.settled.push((question.position, state));
        }
    }
}
