//! Ranges as they come in, put in order when somebody asks.
//!
//! Sorting once instead of inserting in place keeps a list of a million addresses from costing a
//! million shifts; putting what has come in order now and then keeps repetitions from piling up.
//!
//! Nothing here knows what the numbers stand for.

use std::sync::OnceLock;

use crate::runs::{Number, Runs, merge};

/// Below this many ranges, tidying up in between is not worth it.
const FEW: usize = 4096;

/// Ranges, and the set they make once it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Gathered<N> {
    /// In any order.
    added: Vec<(N, N)>,
    /// How many ranges may come in before the next tidying up.
    room: usize,
    /// Of everything in `added`, or not made yet.
    runs: OnceLock<Runs<N>>,
}

impl<N> Default for Gathered<N> {
    fn default() -> Gathered<N> {
        Gathered { added: Vec::new(), room: FEW, runs: OnceLock::new() }
    }
}

impl<N: Number> Gathered<N> {
    pub(super) fn add(&mut self, range: (N, N)) {
        self.runs.take();
        match self.added.last_mut() {
            // Neighbours in order, as lists often are.
            Some(before) if continues(*before, range) => before.1 = before.1.max(range.1),
            _ => self.added.push(range),
        }
        if self.added.len() > self.room {
            merge(&mut self.added);
            self.room = FEW.max(2 * self.added.len());
        }
    }

    /// The set; the first call after a change puts the ranges in order.
    pub(super) fn runs(&self) -> &Runs<N> {
        self.runs.get_or_init(|| Runs::new(self.added.clone()))
    }

    pub(super) fn exclude(&mut self, other: &Gathered<N>) {
        if other.added.is_empty() {
            return;
        }
        let left = self.runs().without(other.runs());
        *self = Gathered { added: left.ranges().to_vec(), room: self.room, runs: left.into() };
    }
}

fn continues<N: Number>(before: (N, N), range: (N, N)) -> bool {
    range.0 >= before.0 && range.0.into() <= before.1.into().saturating_add(1)
}
