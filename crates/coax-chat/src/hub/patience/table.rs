//! Wrong guesses, counted by key: how many, when last, and how long the next one waits.
//!
//! Half of what was wrong is forgiven each time that a while passes without another. The table is
//! bounded; the least guilty are forgotten first.
//!
//! Nothing here knows what the keys mean.

use std::collections::BTreeMap;

use super::super::time::Time;
use super::Early;

/// Most that are remembered.
const MOST: usize = 2048;

/// Half of what was wrong is forgiven each time that so many milliseconds pass without another.
const FORGIVING: u64 = 30 * 60_000;

/// What was wrong, and when last.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    times: u32,
    last: Time,
    /// Whether somebody had to wait for it already.
    made_wait: bool,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<Box<str>, Wrong>);

impl Table {
    /// Whether the next guess has to wait: a second after the free ones, twice as long after each
    /// more, `longest` at most.
    pub(super) fn early(&mut self, now: Time, key: &str, free: u32, longest: u64) -> Early {
        let Some(wrong) = self.0.get_mut(key) else { return Early::NOT };
        match wrong.wait(now, free, longest) {
            0 => Early::NOT,
            wait => Early { wait, is_first: !std::mem::replace(&mut wrong.made_wait, true) },
        }
    }

    /// One more; how many there are now.
    pub(super) fn charge(&mut self, key: &str, now: Time) -> u32 {
        if self.0.len() >= MOST && !self.0.contains_key(key) {
            let least = self.0.iter().min_by_key(|(_, it)| (it.left(now), it.last));
            let least = least.map(|(key, _)| key.clone());
            least.and_then(|key| self.0.remove(&key));
        }
        let wrong =
            self.0.entry(key.into()).or_insert(Wrong { times: 0, last: now, made_wait: false });
        let left = wrong.left(now);
        let made_wait = wrong.made_wait && left > 0;
        *wrong = Wrong { times: left.saturating_add(1), last: now, made_wait };
        wrong.times
    }

    /// One less; how many there were.
    pub(super) fn pay_back(&mut self, key: &str) -> u32 {
        let Some(wrong) = self.0.get_mut(key) else { return 0 };
        let before = wrong.times;
        wrong.times = before.saturating_sub(1);
        if wrong.times == 0 {
            self.0.remove(key);
        }
        before
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Wrong {
    /// How many are not forgiven yet.
    fn left(self, now: Time) -> u32 {
        let halvings = now.since(self.last) / FORGIVING;
        self.times.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0)
    }

    fn wait(self, now: Time, free: u32, longest: u64) -> u64 {
        let Some(over) = self.left(now).checked_sub(free) else { return 0 };
        let pause = 1000_u64.checked_shl(over.min(32)).map_or(longest, |it| it.min(longest));
        pause.saturating_sub(now.since(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Table};
    use crate::hub::Time;

    #[test]
    fn a_table_has_a_bound_and_forgets_the_least_guilty() {
        let mut table = Table::default();
        for _ in 0..9 {
            table.charge("guilty", Time(0));
        }
        for number in 0..2 * MOST {
            table.charge(&format!("n{number}"), Time(1));
        }
        assert_eq!(table.0.len(), MOST);
        assert!(table.early(Time(2), "guilty", 5, 60_000).wait > 0);
    }
}
