//! One thread that asks: sends, hears, sends again, judges.
//!
//! A port that answers at once, as every one of this machine does, is judged on the spot; the rest
//! wait in an epoll set. New questions leave as far as the windows, the rate and the descriptors go.
//!
//! Nothing here knows who reads the verdicts.

mod extra;
mod hear;
mod judge;
mod send;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use rustix::event::epoll::Event;
use rustix::fd::OwnedFd;

use crate::ask::Asker;
use crate::engine::{Message, Shared};
use crate::flight::{Flight, Probe};
use crate::ledger::Settled;
use crate::neighbours::{Neighbours, Standing};
use crate::pace::Pace;
use crate::questions::{Next, Question, Share};
use crate::recheck::Recheck;
use crate::tarpit::Suspects;
use crate::{Heard, State, TcpProbe, Verdict};

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
/// And hosts that were found wait no longer.
const SOON: Duration = Duration::from_millis(5);

/// One thread's part of a scan.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    number: usize,
    verdicts: SyncSender<Message>,
    epoll: OwnedFd,
    events: Vec<Event>,
    pace: Pace,
    flight: Flight,
    /// What keeps hosts from being asked.
    neighbours: Neighbours,
    recheck: Recheck,
    /// Probes under way for something else than the verdict of a new question.
    extra: usize,
    /// Ports of the plan that are asked first where a host says nothing.
    likely: Vec<u16>,
    /// Control probes so far.
    controls: u32,
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
            pace: Pace::new(shared.limits.clone()).sharing(shared.rate.clone()),
            capacity: shared.capacity,
            number,
            verdicts,
            epoll,
            events: Vec::with_capacity(EVENTS),
            flight: Flight::default(),
            neighbours: Neighbours::new(shared.capacity / 2, Instant::now()),
            recheck: Recheck::new(shared.limits.doubt()),
            extra: 0,
            likely: extra::LIKELY.into_iter().filter(|&it| shared.questions.asks(it)).collect(),
            controls: 0,
            share: Share::default(),
            held: None,
            asked_all: false,
            asker,
            suspects: Suspects::new(shared.limits.tarpit, shared.threads),
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
            let now = Instant::now();
            if self.ask_extra(now) {
                break;
            }
            if !self.hear(&pause, now) || !self.flush_if_due(now) {
                break;
            }
            self.see_what_is_due(now);
            self.see_what_is_unreachable(now);
        }
        self.flush();
    }

    /// Whether nothing is under way and nothing waits.
    fn is_idle(&self) -> bool {
        self.flight.len() == self.extra && self.held.is_none() && self.neighbours.is_empty()
    }

    fn send_some(&mut self) -> Pause {
        let mut now = Instant::now();
        for _ in 0..self.burst() {
            let question = match self.next_question() {
                Next::Question(question) => question,
                Next::Later => return Pause::Until(now + SOON),
                Next::End => {
                    self.asked_all = true;
                    return Pause::ForAnswers;
                }
            };
            if self.shared.tarpits.contain(question.to.ip()) {
                self.counts().skipped();
                self.account(question, None);
                continue;
            }
            match self.neighbours.standing(&question.to, now) {
                Standing::Free => {}
                Standing::Waits => match self.neighbours.keep(question, now) {
                    Ok(()) => continue,
                    Err(question) => {
                        self.held = Some(question);
                        return Pause::ForAnswers;
                    }
                },
                Standing::Unreachable(reason) => {
                    self.unreachable(question, reason, now);
                    continue;
                }
            }
            if self.flight.len() >= self.capacity || !self.pace.has_room(question) {
                self.held = Some(question);
                return Pause::ForAnswers;
            }
            if let Err(later) = self.pace.try_send(question, now) {
                self.held = Some(question);
                return Pause::Until(later);
            }
            self.pace.begun(question);
            self.neighbours.leaves(&question.to);
            now = self.send(Probe::new(question, now));
        }
        Pause::None
    }

    fn next_question(&mut self) -> Next {
        let waited = self.held.take().or_else(|| self.neighbours.released());
        match waited {
            Some(question) => Next::Question(question),
            None => self.shared.questions.next(&mut self.share),
        }
    }

    fn burst(&self) -> usize {
        match self.shared.tcp {
            TcpProbe::Connect => BURST,
            TcpProbe::Syn => BURST_OF_SYNS,
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
        self.verdicts.send(Message::of(heard, settled)).is_ok()
    }

    fn account(&mut self, question: Question, state: Option<State>) {
        if self.shared.accounts {
            self.settled.push((question.position, state));
        }
    }
}
