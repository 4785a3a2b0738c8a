//! The part of a host that is asked again, slowly.
//!
//! Its ports are asked by turns. Where none of them answers for a while, one that did is asked between
//! them: it shows whether silence at this pace means something. An attempt counts if such a control
//! was answered next, and for as much as the pace is known to lose little.
//!
//! No clock is read here.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use super::ration::Ration;
use super::{Again, Held, Rationed};

/// After so many questions without an answer, known ports are asked as well: each answer to these is
/// one that another port does not get.
const SILENCE: u32 = 8;
/// One of so many questions is then a control.
const EACH: u32 = 8;
/// No port is asked more often, whatever its part answers.
const MOST: u16 = 100;
/// Ports further apart are not told as one range.
const APART: u16 = 64;
/// Fewer answers say nothing about a range, or a pace.
const TELLING: usize = 3;

/// A port without a verdict.
#[derive(Clone, Copy, Debug)]
struct Port {
    held: Held,
    /// How probable its silence is if it does answer.
    doubt: f64,
    attempts: u16,
    /// Of these, in vain since the last control.
    unproven: u16,
    is_asked: bool,
}

/// Ports that may be rationed.
#[derive(Debug)]
pub(super) struct Part {
    /// How probable it may be that a port that answers is silent by chance.
    doubt: f64,
    ports: BTreeMap<u16, Port>,
    /// Ports and their positions that are silent for good.
    pub(super) silent: Vec<(u16, u64)>,
    queue: VecDeque<u16>,
    ration: Ration,
    /// Those that answered.
    answered: Vec<u16>,
    /// Questions since a port answered, and since a known one was asked.
    since_answer: u32,
    since_control: u32,
    controls: usize,
}

impl Part {
    pub(super) fn new(doubt: f64, now: Instant) -> Part {
        Part {
            doubt,
            ports: BTreeMap::new(),
            silent: Vec::new(),
            queue: VecDeque::new(),
            ration: Ration::new(now),
            answered: Vec::new(),
            since_answer: 0,
            since_control: 0,
            controls: 0,
        }
    }

    /// Another port is in question.
    pub(super) fn add(&mut self, port: u16, held: Held) {
        let new = Port { held, doubt: 1.0, attempts: 0, unproven: 0, is_asked: false };
        self.ports.insert(port, new);
        self.queue.push_back(port);
    }

    pub(super) fn is_done(&self) -> bool {
        self.ports.is_empty()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        let is_free = self.ports.values().any(|port| !port.is_asked);
        is_free.then(|| self.ration.due())
    }

    /// A port to ask now.
    pub(super) fn next(&mut self, now: Instant) -> Option<(u16, Held, Again)> {
        if now < self.due()? {
            return None;
        }
        if self.since_answer >= SILENCE && self.since_control >= EACH && !self.answered.is_empty() {
            self.since_control = 0;
            self.controls += 1;
            self.ration.left(now);
            let port = self.answered[self.controls % self.answered.len()];
            return Some((port, Held::default(), Again::Control));
        }
        for _ in 0..self.queue.len() {
            let number = self.queue.pop_front()?;
            let Some(port) = self.ports.get_mut(&number) else { continue };
            self.queue.push_back(number);
            if !std::mem::replace(&mut port.is_asked, true) {
                self.ration.left(now);
                self.since_answer += 1;
                self.since_control += 1;
                let asked = port.held.asked + u32::from(port.attempts);
                return Some((number, Held { asked, ..port.held }, Again::Part));
            }
        }
        None
    }

    /// A port answered. Whether it was one of these without a verdict.
    pub(super) fn heard(&mut self, number: u16, again: Again, now: Instant) -> bool {
        if again == Again::Control {
            self.ration.control_answered();
            self.proves();
            return false;
        }
        let asked = std::mem::take(&mut self.since_answer);
        let port = self.ports.remove(&number);
        if port.is_some() || again == Again::Sample {
            self.answered.push(number);
        }
        self.ration.answered(port.map_or(0, |port| port.attempts), asked, now);
        port.is_some()
    }

    /// A control was answered, so what was in vain just before means something.
    fn proves(&mut self) {
        let (loss, doubt, silent) = (self.ration.loss(), self.doubt, &mut self.silent);
        self.ports.retain(|&number, port| {
            port.doubt *= loss.powi(i32::from(std::mem::take(&mut port.unproven)));
            let is_open = port.doubt > doubt;
            silent.extend((!is_open).then_some((number, port.held.position)));
            is_open
        });
    }

    /// A port did not answer.
    pub(super) fn unheard(&mut self, number: u16, again: Again, now: Instant) {
        match again {
            Again::Sample => {}
            Again::Control => {
                self.ration.failed(now);
                self.ports.values_mut().for_each(|port| port.unproven = 0);
            }
            Again::Part => self.failed(number, self.since_answer >= SILENCE),
        }
    }

    /// An attempt was in vain, which may prove something. There is an end for those that cannot
    /// be asked, too.
    pub(super) fn failed(&mut self, number: u16, may_prove: bool) {
        let Some(port) = self.ports.get_mut(&number) else { return };
        (port.is_asked, port.attempts) = (false, port.attempts + 1);
        port.unproven += u16::from(may_prove);
        if port.attempts >= MOST
            && let Some(port) = self.ports.remove(&number)
        {
            self.silent.push((number, port.held.position));
        }
    }

    /// The ranges that were found to be rationed, if any.
    pub(super) fn found(&self, address: IpAddr) -> Vec<Rationed> {
        let Some(per_second) = self.ration.limit() else { return Vec::new() };
        let mut ports = self.answered.clone();
        ports.sort_unstable();
        let ranges = ports.chunk_by(|a, b| b - a <= APART).filter(|range| range.len() >= TELLING);
        let ends = ranges.filter_map(|range| Some((*range.first()?, *range.last()?)));
        ends.map(|ports| Rationed { address, ports, per_second }).collect()
    }
}
