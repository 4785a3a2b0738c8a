//! Forgetting what is too old, or too much.
//!
//! What has to go is found by a reader, and goes in small steps through the queue of the writer:
//! whoever says something meanwhile waits for one step at most. Freed pages are used again, and
//! given back to the disk when there are many.
//!
//! Nothing here has a clock: the caller says what time it is, and calls again now and then.

mod step;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::desk::ids_between;
use crate::entry::Target;
use crate::error::{Fault, StoreError};
use crate::reader::Reader;
use crate::store::Store;
use step::{Forget, Merge, Shrink, Sweep};

/// Entries forgotten in one step.
const STEP: usize = 50;
/// Pages of the index put in order in one step.
const MERGED: i64 = 64;
/// Pages given back in one step.
const GIVEN: u64 = 100;

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// For how long. Without it, for ever.
    pub age: Option<Duration>,
    /// How much, in bytes on disk. The oldest goes first, whichever conversation it belongs to.
    pub bytes: Option<u64>,
    /// Conversations that are kept longer or shorter.
    pub exceptions: Vec<(Target, Keep)>,
}

/// For how long a conversation is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So long; less if it becomes too much.
    For(Duration),
    /// Whatever its age, and however much it is.
    Forever,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// So many messages and events.
    pub entries: u64,
}

/// What is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes in use.
    pub used: u64,
    /// Bytes of the file that are free to be used again.
    pub free: u64,
}

impl Reader {
    /// How much there is. Without the log, which comes and goes.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn figures(&self) -> Result<Figures, StoreError> {
        self.with(|conn| {
            let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
            let (size, pages) = (pragma("page_size")?, pragma("page_count")?);
            let free = pragma("freelist_count")?;
            Ok(Figures { used: pages.saturating_sub(free) * size, free: free * size })
        })
    }
}

impl Store {
    /// Forgets what the retention does not keep at `now`, in milliseconds since 1970. Returns when
    /// it is done, which may take minutes; changes and questions are served meanwhile.
    ///
    /// # Errors
    ///
    /// What the disk said. What went before stays gone.
    pub fn prune(&self, retention: &Retention, now: i64) -> Result<Pruned, StoreError> {
        let mut pruning =
            Pruning { store: self, entries: 0, crossed_out: 0, thinned: BTreeSet::new() };
        let by_age = |(_, keep): &(Target, Keep)| matches!(keep, Keep::For(_));
        let by_age = retention.age.is_some() || retention.exceptions.iter().any(by_age);
        // Looking at each conversation is for when something may have to go.
        if !by_age && !pruning.is_too_much(retention.bytes)? {
            return Ok(Pruned::default());
        }
        let plan = self.reader().with(|conn| plan(conn, retention, now))?;
        for (conversation, before) in plan.limits {
            pruning.by_age(conversation, before)?;
        }
        if let Some(bytes) = retention.bytes {
            pruning.by_size(bytes, &plan.spared)?;
        }
        pruning.finish()
    }
}

/// What goes by age, and what must not go by size.
struct Plan {
    /// Conversations, and the time before which nothing of them stays.
    limits: Vec<(i64, i64)>,
    spared: BTreeSet<i64>,
}

fn plan(conn: &Connection, retention: &Retention, now: i64) -> Result<Plan, Fault> {
    let exceptions: HashMap<_, _> =
        retention.exceptions.iter().map(|(target, keep)| (target.columns(), *keep)).collect();
    let mut plan = Plan { limits: Vec::new(), spared: BTreeSet::new() };
    let mut statement = conn.prepare_cached("SELECT id, first, second FROM conversation")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (first, second): (String, String) = (row.get(1)?, row.get(2)?);
        let age = match exceptions.get(&(&*first, &*second)) {
            Some(Keep::For(age)) => Some(*age),
            Some(Keep::Forever) => {
                plan.spared.insert(row.get(0)?);
                None
            }
            None => retention.age,
        };
        let before =
            |age: Duration| now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        if let Some(age) = age {
            plan.limits.push((row.get(0)?, before(age)));
        }
    }
    Ok(plan)
}

struct Pruning<'a> {
    store: &'a Store,
    entries: u64,
    /// How many of them have still words in the index.
    crossed_out: u64,
    /// Conversations that have lost something, and perhaps everything.
    thinned: BTreeSet<i64>,
}

impl Pruning<'_> {
    fn by_age(&mut self, conversation: i64, before: i64) -> Result<(), StoreError> {
        for (index, which) in [("talk", "kind < 2"), ("event", "kind >= 2")] {
            let sql = format!(
                "SELECT id FROM message INDEXED BY {index}
                  WHERE conversation = ? AND {which} AND id < ? AND time < ? ORDER BY id LIMIT ?"
            );
            loop {
                let ids = self.store.reader().with(|conn| {
                    let ids = ids_between(conn, i64::MIN, before)?;
                    let mut statement = conn.prepare_cached(&sql)?;
                    let bounds = params![conversation, ids.end, before, STEP as i64];
                    let rows = statement.query_map(bounds, |row| row.get(0))?;
                    Ok(rows.collect::<rusqlite::Result<Vec<i64>>>()?)
                })?;
                if ids.is_empty() {
                    break;
                }
                self.thinned.insert(conversation);
                self.forget(ids)?;
            }
        }
        Ok(())
    }

    /// The oldest go until it fits, and a twentieth more, so that it need not be done again at
    /// once. How much one entry takes is not known: it is measured again after each round.
    fn by_size(&mut self, bytes: u64, spared: &BTreeSet<i64>) -> Result<(), StoreError> {
        if !self.is_too_much(Some(bytes))? {
            return Ok(());
        }
        let goal = bytes / 20 * 19;
        loop {
            let excess = self.excess(goal)?;
            if excess == 0 || self.round(excess, spared)? == 0 {
                return Ok(());
            }
            self.merge()?;
        }
    }

    fn is_too_much(&self, bytes: Option<u64>) -> Result<bool, StoreError> {
        bytes.map_or(Ok(false), |bytes| Ok(self.used()? > bytes))
    }

    fn used(&self) -> Result<u64, StoreError> {
        Ok(self.store.reader().figures()?.used)
    }

    fn entries_left(&self) -> Result<u64, StoreError> {
        self.store
            .reader()
            .with(|conn| Ok(conn.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?))
    }

    /// How many entries are too many, going by what an entry takes on average.
    fn excess(&self, goal: u64) -> Result<usize, StoreError> {
        let used = self.used()?;
        if used <= goal {
            return Ok(0);
        }
        let all = u128::from(self.entries_left()?);
        let share = all * u128::from(used - goal) / u128::from(used);
        Ok(usize::try_from(share).unwrap_or(usize::MAX).max(1))
    }

    /// Takes out of the index what was crossed out.
    fn merge(&mut self) -> Result<(), StoreError> {
        self.crossed_out = 0;
        let mut pages = -MERGED;
        self.in_steps(|store| {
            let more = store.apply(Merge(pages));
            pages = MERGED;
            more
        })
    }

    /// Forgets so many of the oldest that are not spared; how many there were.
    fn round(&mut self, excess: usize, spared: &BTreeSet<i64>) -> Result<usize, StoreError> {
        let (mut gone, mut from) = (0, i64::MIN);
        while gone < excess {
            let oldest = self.store.reader().with(|conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT id, conversation FROM message WHERE id > ? ORDER BY id LIMIT ?",
                )?;
                let rows = statement
                    .query_map(params![from, STEP as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?)
            })?;
            let Some((last, _)) = oldest.last() else { break };
            from = *last;
            let going = oldest.iter().filter(|(_, conversation)| !spared.contains(conversation));
            let (ids, conversations): (Vec<i64>, Vec<i64>) =
                going.take(excess - gone).copied().unzip();
            gone += ids.len();
            self.thinned.extend(conversations);
            self.forget(ids)?;
        }
        Ok(gone)
    }

    fn forget(&mut self, ids: Vec<i64>) -> Result<(), StoreError> {
        let gone = self.store.apply(Forget(ids))?;
        self.entries += gone;
        self.crossed_out += gone;
        Ok(())
    }

    fn finish(mut self) -> Result<Pruned, StoreError> {
        for conversation in &self.thinned {
            self.store.apply(Sweep(*conversation))?;
        }
        // Going through the index takes as long as it is large: only when it is worth it.
        if self.crossed_out > 0 && self.crossed_out >= self.entries_left()? / 10 {
            self.merge()?;
        }
        let figures = self.store.reader().figures()?;
        // Some free space will be used again soon; only more than a tenth is given back.
        let keep = figures.used / 10;
        if figures.free > keep.max(1 << 20) {
            let mut left = figures.free.saturating_sub(keep) / 4096;
            self.in_steps(|store| {
                let pages = left.min(GIVEN);
                left -= pages;
                Ok(pages > 0 && store.apply(Shrink(pages))?)
            })?;
        }
        Ok(Pruned { entries: self.entries })
    }

    /// Repeats a step as long as it says that there was something to do.
    fn in_steps(
        &self,
        mut step: impl FnMut(&Store) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        while step(self.store)? {}
        Ok(())
    }
}
