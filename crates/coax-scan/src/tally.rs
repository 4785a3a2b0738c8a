//! How many ports are in which state, so far.
//!
//! Each thread counts for itself; whoever wants to know adds the counts up.
//!
//! Nothing here decides what a port is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::State;

/// What is known so far, or in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ports in all.
    pub total: u64,
    /// Ports with a verdict.
    pub probed: u64,
    /// Of these, open.
    pub open: u64,
    /// Of these, closed.
    pub closed: u64,
    /// Of these, filtered.
    pub filtered: u64,
    /// Of these, open or filtered: UDP ports that were silent.
    pub open_or_filtered: u64,
    /// Of these, inconclusive.
    pub inconclusive: u64,
    /// Ports that were not asked, since their host is a tarpit.
    pub skipped: u64,
    /// Hosts that gave no sign of life and are not asked.
    pub silent_hosts: u64,
    /// Their ports.
    pub not_asked: u64,
    /// Probes sent, those sent again and those that look for hosts included.
    pub sent: u64,
}

impl Tally {
    /// So many more hosts are silent, each with so many ports.
    pub(crate) fn count_silent(&mut self, hosts: u64, ports: u64) {
        self.silent_hosts += hosts;
        self.not_asked += hosts * ports;
    }

    /// One more port; `None` where it was not asked.
    pub(crate) fn count(&mut self, state: Option<State>) {
        self.probed += u64::from(state.is_some());
        *match state {
            Some(State::Open) => &mut self.open,
            Some(State::Closed) => &mut self.closed,
            Some(State::Filtered) => &mut self.filtered,
            Some(State::OpenOrFiltered) => &mut self.open_or_filtered,
            Some(State::Inconclusive) => &mut self.inconclusive,
            None => &mut self.skipped,
        } += 1;
    }
}

/// One thread's counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    states: [AtomicU64; 5],
    skipped: AtomicU64,
    sent: AtomicU64,
}

impl Counts {
    pub(crate) fn count(&self, state: State) {
        self.states[state as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn skipped(&self) {
        self.skipped.fetch_add(1, Relaxed);
    }

    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }
}

/// The counts of all threads together.
pub(crate) fn sum<'a>(total: u64, all: impl Iterator<Item = &'a Counts>) -> Tally {
    let mut tally = Tally { total, ..Tally::default() };
    for counts in all {
        let of = |state: State| counts.states[state as usize].load(Relaxed);
        tally.open += of(State::Open);
        tally.closed += of(State::Closed);
        tally.filtered += of(State::Filtered);
        tally.open_or_filtered += of(State::OpenOrFiltered);
        tally.inconclusive += of(State::Inconclusive);
        tally.skipped += counts.skipped.load(Relaxed);
        tally.sent += counts.sent.load(Relaxed);
    }
    let Tally { open, closed, filtered, open_or_filtered, inconclusive, .. } = tally;
    tally.probed = open + closed + filtered + open_or_filtered + inconclusive;
    tally
}
