//! One thread that asks: sends, hears, sends again, judges.
//!
//! A port that answers at once, as every one of this machine does, is judged on the spot; the rest
//! wait in an epoll set. Whatever this machine refuses is tried again after a pause, then reported,
//! and a lack of descriptors or source ports makes fewer probes go at once.
//!
//! Nothing here knows who reads the verdicts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use coax_net::{IcmpReport, Knock, Knocked};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;

use crate::engine::Shared;
use crate::flight::{Flight, Probe};
use crate::pace::Pace;
use crate::questions::Share;
use crate::verdict::reason_of;
use crate::{Reason, State, Tell, Verdict};

/// Probes sent before the answers are looked at.
const BURST: usize = 32;
/// Events taken at once.
const EVENTS: usize = 256;
/// Verdicts handed over at once.
const BATCH: usize = 256;
/// A stop is noticed within this time, and verdicts wait no longer.
const GLANCE: Duration = Duration::from_millis(50);
/// Open ports are left with a FIN, as a polite caller does, which holds a source port for a minute
/// (TIME_WAIT). A machine where everything is open would take them all, so after so many a reset
/// ends the connection.
const POLITE: u64 = 1000;

/// One thread's part of a scan.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    number: usize,
    verdicts: SyncSender<Vec<Verdict>>,
    epoll: OwnedFd,
    events: Vec<Event>,
    pace: Pace,
    flight: Flight,
    share: Share,
    /// The next question, when its host's window is full.
    held: Option<SocketAddr>,
    asked_all: bool,
    /// A socket that was refused: as good as new.
    spare: Option<Knock>,
    /// Probes at once, as far as descriptors go.
    capacity: usize,
    /// Verdicts since the capacity was last changed.
    smooth: usize,
    opened: u64,
    batch: Vec<Verdict>,
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
        verdicts: SyncSender<Vec<Verdict>>,
    ) -> Worker {
        Worker {
            pace: Pace::new(shared.limits.clone()),
            capacity: shared.capacity,
            shared,
            number,
            verdicts,
            epoll,
            events: Vec::with_capacity(EVENTS),
            flight: Flight::default(),
            share: Share::default(),
            held: None,
            asked_all: false,
            spare: None,
            smooth: 0,
            opened: 0,
            batch: Vec::new(),
            flushed: Instant::now(),
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
        for _ in 0..BURST {
            let Some(to) = self.held.take().or_else(|| self.shared.questions.next(&mut self.share))
            else {
                self.asked_all = true;
                return Pause::ForAnswers;
            };
            if self.flight.len() >= self.capacity || !self.pace.has_room(to) {
                self.held = Some(to);
                return Pause::ForAnswers;
            }
            if let Err(later) = self.pace.try_send(now) {
                self.held = Some(to);
                return Pause::Until(later);
            }
            self.pace.begun(to);
            let probe = Probe { to, attempt: 0, troubles: 0, knock: None, sent: now, due: now };
            now = self.send(probe);
        }
        Pause::None
    }

    /// Sends a probe, and gives the time at which that was done.
    fn send(&mut self, mut probe: Probe) -> Instant {
        let spare = self.spare.take().filter(|spare| spare.suits(&probe.to));
        let opened = spare.map_or_else(|| Knock::open(&probe.to), Ok);
        let knock = match opened {
            Ok(knock) => knock,
            Err(error) => return self.trouble(probe, reason_of(&error)),
        };
        self.counts().sent();
        probe.sent = Instant::now();
        match knock.ask(&probe.to) {
            Knocked::Open => self.open(probe, knock),
            Knocked::Waiting => self.wait(probe, knock),
            Knocked::Failed(error) => {
                let reason = knock.report().map_or_else(|| reason_of(&error), Reason::Icmp);
                self.spare = Some(knock);
                self.failed(probe, reason)
            }
        }
    }

    fn wait(&mut self, mut probe: Probe, knock: Knock) -> Instant {
        let slot = self.flight.next_slot();
        let flags = EventFlags::OUT | EventFlags::ET;
        let data = EventData::new_u64(u64::from(slot));
        if let Err(error) = epoll::add(&self.epoll, &knock, data, flags) {
            return self.trouble(probe, reason_of(&error.into()));
        }
        let sent = probe.sent;
        probe.due = sent + self.pace.wait(probe.to, probe.attempt);
        probe.knock = Some(knock);
        self.flight.insert(probe);
        sent
    }

    fn open(&mut self, probe: Probe, knock: Knock) -> Instant {
        if knock.met_itself() {
            knock.abort();
            return self.answered(probe, Reason::MetItself);
        }
        self.opened += 1;
        match self.opened > POLITE {
            true => knock.abort(),
            false => drop(knock),
        }
        self.answered(probe, Reason::SynAck)
    }

    fn failed(&mut self, probe: Probe, reason: Reason) -> Instant {
        match reason {
            Reason::SynAck | Reason::Refused => self.answered(probe, reason),
            Reason::Icmp(_) | Reason::HostUnreachable => self.settle(&probe, reason, None),
            Reason::NoAnswer => self.unanswered(probe),
            trouble => self.trouble(probe, trouble),
        }
    }

    fn answered(&mut self, probe: Probe, reason: Reason) -> Instant {
        let now = Instant::now();
        let rtt = now.duration_since(probe.sent);
        self.pace.answered(probe.to, rtt, probe.attempt);
        self.settle(&probe, reason, Some(rtt));
        now
    }

    /// The attempt was in vain: another one, or the verdict.
    fn unanswered(&mut self, mut probe: Probe) -> Instant {
        let now = Instant::now();
        probe.knock = None;
        self.pace.timed_out(probe.to);
        if probe.attempt >= self.pace.retries(probe.to) {
            return self.settle(&probe, Reason::NoAnswer, None);
        }
        probe.attempt += 1;
        let at = self.pace.reserve(now);
        if at <= now {
            return self.send(probe);
        }
        probe.due = at;
        self.flight.insert(probe);
        now
    }

    /// This machine could not ask: again after a pause, twice as long each time, then a verdict.
    fn trouble(&mut self, mut probe: Probe, reason: Reason) -> Instant {
        let now = Instant::now();
        let (pause, most) = match reason {
            Reason::Descriptors | Reason::SourcePorts | Reason::Buffers => {
                self.capacity = self.flight.sockets().clamp(1, self.capacity);
                self.smooth = 0;
                (Duration::from_millis(5), 10)
            }
            _ => (Duration::from_millis(20), 2),
        };
        if probe.troubles >= most {
            return self.settle(&probe, reason, None);
        }
        probe.due = now + pause * (1 << probe.troubles);
        probe.troubles += 1;
        probe.knock = None;
        self.flight.insert(probe);
        now
    }

    fn settle(&mut self, probe: &Probe, reason: Reason, rtt: Option<Duration>) -> Instant {
        let verdict = Verdict { address: probe.to, state: reason.state(), reason, rtt };
        self.pace.ended(probe.to);
        self.counts().count(verdict.state);
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
        if heard.is_err_and(|error| error != rustix::io::Errno::INTR) {
            // Whoever is due gets a last look all the same, so this costs time and no answer.
            thread::sleep(time);
        }
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            self.news(event.data.u64() as u32);
        }
        self.events = events;
        true
    }

    /// The socket in `slot` has something to tell; or had, before another took its place.
    fn news(&mut self, slot: u32) {
        let Some((probe, knock)) =
            self.flight.find(slot).and_then(|probe| Some((probe, probe.knock.as_ref()?)))
        else {
            return;
        };
        let heard = knock.hear(&probe.to);
        let report = match heard {
            Knocked::Open => None,
            _ => knock.report(),
        };
        if matches!(heard, Knocked::Waiting) && !report.is_some_and(ends) {
            return;
        }
        if let Some(probe) = self.flight.take(slot) {
            self.heard(probe, &heard, report);
        }
    }

    fn heard(&mut self, mut probe: Probe, heard: &Knocked, report: Option<IcmpReport>) {
        let Some(knock) = probe.knock.take() else { return };
        match (heard, report) {
            (Knocked::Open, _) => self.open(probe, knock),
            (_, Some(report)) => self.failed(probe, Reason::Icmp(report)),
            (Knocked::Waiting, None) => self.unanswered(probe),
            (Knocked::Failed(error), None) => {
                let reason = match reason_of(error) {
                    // The probe had left: this is the network's word, not ours.
                    Reason::NoRoute | Reason::Forbidden => Reason::HostUnreachable,
                    reason => reason,
                };
                self.failed(probe, reason)
            }
        };
    }

    /// Sends what waited for its time, and judges what has waited too long, with a last look: this
    /// thread may have been away for longer than the answer.
    fn see_what_is_due(&mut self, now: Instant) {
        while let Some(probe) = self.flight.take_due(now) {
            let Some(knock) = &probe.knock else {
                self.send(probe);
                continue;
            };
            let heard = knock.hear(&probe.to);
            let report = knock.report().filter(|&report| ends(report));
            self.heard(probe, &heard, report);
        }
    }

    fn counts(&self) -> &crate::tally::Counts {
        &self.shared.counts[self.number]
    }

    fn flush_if_due(&mut self, now: Instant) -> bool {
        let is_due = self.batch.len() >= BATCH || now.duration_since(self.flushed) >= GLANCE;
        !is_due || self.flush()
    }

    /// Hands the verdicts over; `false` when nobody takes them.
    fn flush(&mut self) -> bool {
        self.flushed = Instant::now();
        self.batch.is_empty() || self.verdicts.send(std::mem::take(&mut self.batch)).is_ok()
    }
}

/// Whether a message ends the attempt; that a packet was too big (type 3, code 4) does not.
fn ends(report: IcmpReport) -> bool {
    match (report.v6, report.kind, report.code) {
        (false, 3, code) => code != 4,
        (false, 11, _) | (true, 1 | 3, _) => true,
        _ => false,
    }
}
