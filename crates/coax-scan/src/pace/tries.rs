//! The attempts at one port: how many were in vain, and how many of these mean something.
//!
//! An attempt that left while its host was asked too fast says nothing: when that is found out, a new
//! era begins, and what was in vain before does not count. All are remembered too, so that there
//! is an end.
//!
//! Nothing here knows when an era ends.

use std::time::{Duration, Instant};

/// What the pace remembers of one port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    in_vain: u16,
    counted: u16,
    era: u32,
    first: Option<Instant>,
    /// Its place in the queue of its host.
    pub(super) ticket: Option<u64>,
}

impl Tries {
    /// An attempt leaves.
    pub(super) fn begin(&mut self, now: Instant) {
        self.first.get_or_insert(now);
    }

    /// The time since the first attempt.
    pub(super) fn since(&self, now: Instant) -> Duration {
        self.first.map_or(Duration::ZERO, |first| now.saturating_duration_since(first))
    }

    /// Attempts that were not answered in time.
    pub(crate) fn in_vain(&self) -> u16 {
        self.in_vain
    }

    /// Of these, those that count in `era`.
    pub(super) fn counted(&self, era: u32) -> u16 {
        if self.era == era { self.counted } else { 0 }
    }

    /// Another attempt leaves in `era`.
    pub(super) fn leave(&mut self, era: u32) {
        (self.counted, self.era) = (self.counted(era), era);
    }

    /// It was not answered, and it is `era` now.
    pub(super) fn fail(&mut self, era: u32) {
        self.in_vain = self.in_vain.saturating_add(1);
        self.counted = self.counted.saturating_add(u16::from(self.era == era));
    }

    /// It was answered after all, before another had left.
    pub(crate) fn forgive(&mut self) {
        self.in_vain = self.in_vain.saturating_sub(1);
        self.counted = self.counted.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_left_in_an_earlier_era_does_not_count() {
        let mut tries = Tries::default();
        tries.leave(0);
        tries.fail(0);
        tries.leave(0);
        assert_eq!((tries.in_vain(), tries.counted(0), tries.counted(1)), (1, 1, 0));
        tries.fail(1);
        tries.leave(1);
        assert_eq!((tries.in_vain(), tries.counted(1)), (2, 0));
        tries.fail(1);
        assert_eq!((tries.in_vain(), tries.counted(1)), (3, 1));
        tries.forgive();
        assert_eq!((tries.in_vain(), tries.counted(1)), (2, 0));
    }
}
