//! What the server counts of itself, for those who watch it.
//!
//! Counting is adding to a number of this thread, so it costs next to nothing where the talk flows;
//! what can be counted when somebody asks is counted then. The names follow the rules of Prometheus:
//! base units, `_total` for what only grows, a line of help for each.
//!
//! Nothing here decides who may see it.

mod page;
mod process;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::hub::{Cause, Note, Way};

pub(crate) use page::Page;

/// How long one input may have taken, in microseconds: most take a few, telling a full channel takes
/// hundreds, and everything from a hundredth of a second on is felt by somebody.
const STEPS: [u64; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// The numbers.
#[derive(Debug)]
pub struct Metrics {
    begun: Instant,
    /// Seconds since 1970.
    started: f64,
    /// Lines that clients said.
    pub(crate) heard: Cell<u64>,
    /// Lines that were put in the queues of clients.
    pub(crate) said: Cell<u64>,
    /// Bytes that came from clients.
    pub(crate) received: Cell<u64>,
    /// Bytes that went to clients.
    pub(crate) sent: Cell<u64>,
    /// Callers that are no clients, or not yet.
    pub(crate) callers: Cell<u64>,
    accepted: [[Cell<u64>; 2]; Way::ALL.len()],
    left: [Cell<u64>; Cause::ALL.len()],
    refused: RefCell<BTreeMap<&'static str, u64>>,
    answered: RefCell<BTreeMap<u16, u64>>,
    reloads: [Cell<u64>; 2],
    steps: [Cell<u64>; STEPS.len() + 1],
    stepped: Cell<Duration>,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Metrics {
            begun: Instant::now(),
            started: since.as_secs_f64(),
            heard: Cell::default(),
            said: Cell::default(),
            received: Cell::default(),
            sent: Cell::default(),
            callers: Cell::default(),
            accepted: Default::default(),
            left: Default::default(),
            refused: RefCell::default(),
            answered: RefCell::default(),
            reloads: Default::default(),
            steps: Default::default(),
            stepped: Cell::default(),
        }
    }

    /// Somebody is let in to talk.
    pub(crate) fn accepted(&self, way: Way, secure: bool) {
        add(&self.accepted[way as usize][usize::from(secure)], 1);
    }

    /// Somebody is not.
    pub(crate) fn refused(&self, why: &'static str) {
        *self.refused.borrow_mut().entry(why).or_default() += 1;
    }

    /// A request of HTTP was answered.
    pub(crate) fn answered(&self, code: u16) {
        *self.answered.borrow_mut().entry(code).or_default() += 1;
    }

    /// The settings were read again, or could not be.
    pub(crate) fn reloaded(&self, well: bool) {
        add(&self.reloads[usize::from(well)], 1);
    }

    /// One input was taken in, and what came of it is in the queues.
    pub(crate) fn stepped(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = STEPS.iter().position(|most| micros <= *most).unwrap_or(STEPS.len());
        add(&self.steps[place], 1);
        self.stepped.set(self.stepped.get() + took);
    }

    /// Counts what the hub tells.
    pub(crate) fn noted(&self, note: &Note) {
        let Note::Left { registered, cause, .. } = note else { return };
        match (registered, cause) {
            (true, cause) => add(&self.left[*cause as usize], 1),
            // Who looks in and leaves was not refused.
            (false, Cause::Quit | Cause::Lost | Cause::Stop) => {}
            (false, cause) => self.refused(cause.name()),
        }
    }
}

pub(crate) fn add(cell: &Cell<u64>, more: u64) {
    cell.set(cell.get() + more);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Metrics;
    use crate::hub::{Cause, Way};

    #[test]
    fn every_cause_and_every_way_has_its_own_place() {
        assert!(Cause::ALL.iter().enumerate().all(|(at, cause)| *cause as usize == at));
        assert!(Way::ALL.iter().enumerate().all(|(at, way)| *way as usize == at));
    }

    #[test]
    fn a_step_is_counted_where_it_belongs() {
        let metrics = Metrics::new();
        for micros in [0, 10, 11, 999, 1_000_000, 1_000_001] {
            metrics.stepped(Duration::from_micros(micros));
        }
        let steps = metrics.steps.iter().map(std::cell::Cell::get).collect::<Vec<_>>();
        assert_eq!(steps, [2, 1, 1, 0, 0, 1, 1]);
        assert_eq!(metrics.stepped.get(), Duration::from_micros(2_001_021));
    }
}
