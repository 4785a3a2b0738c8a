//! One page of a conversation, by where it begins or ends.
//!
//! The slices are those of IRCv3 chathistory; a page is always in the order of the conversation,
//! oldest first, which is the order in which it was said: a clock that jumped moves nothing. An anchor
//! itself is part of the page for `Around` alone.
//!
//! Nothing here reads more rows than it returns, but for events, at most twice as many, and for times,
//! those of some thousand neighbours.
//! Source: <https://ircv3.net/specs/extensions/chathistory>.

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{COLUMNS, kept};
use crate::desk::{find_conversation, ids_between};
use crate::entry::{Kept, Place, Target};
use crate::error::{Fault, StoreError};
use crate::reader::Reader;

/// A page to be read.
#[derive(Clone, Debug)]
pub struct Page {
    /// Of which conversation.
    pub target: Target,
    /// Which part of it.
    pub slice: Slice,
    /// At most so many entries.
    pub limit: usize,
    /// Whether joins, modes and the like belong to it.
    pub events: bool,
}

/// Which part of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// The newest.
    Latest,
    /// The newest, but none up to here.
    LatestAfter(Anchor),
    /// Those just before.
    Before(Anchor),
    /// Those just after.
    After(Anchor),
    /// Those between the two, counted from the first, which may be the newer one.
    Between(Anchor, Anchor),
    /// Half of them before, half of them from here on.
    Around(Anchor),
}

/// Something in a conversation to count from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The entry with this id.
    Msgid(String),
    /// A moment, in milliseconds since 1970; entries of this very millisecond are at it.
    Time(i64),
    /// A place, as an entry came with.
    Place(Place),
}

/// What lies between, neither included, from one end on.
#[derive(Clone, Copy)]
struct Cut {
    above: i64,
    below: i64,
    after: i64,
    before: i64,
    newest: bool,
    limit: usize,
}

impl Cut {
    /// Everything, from the newest or the oldest on.
    fn all(newest: bool, limit: usize) -> Cut {
        let (above, below) = (i64::MIN, i64::MAX);
        Cut { above, below, after: i64::MIN, before: i64::MAX, newest, limit }
    }

    fn after(self, mark: Mark) -> Cut {
        match mark {
            Mark::Sequence { sequence, .. } => Cut { above: sequence, ..self },
            Mark::Time(time) => Cut { after: time, ..self },
        }
    }

    fn before(self, mark: Mark) -> Cut {
        match mark {
            Mark::Sequence { sequence, .. } => Cut { below: sequence, ..self },
            Mark::Time(time) => Cut { before: time, ..self },
        }
    }
}

/// What an anchor is: an entry, or a moment. Where the clock was set back, a moment is none between
/// two entries, and what is later than it is what says so of itself.
#[derive(Clone, Copy)]
enum Mark {
    Sequence { sequence: i64, time: i64 },
    Time(i64),
}

impl Mark {
    fn time(self) -> i64 {
        match self {
            Mark::Sequence { time, .. } | Mark::Time(time) => time,
        }
    }

    fn is_no_later_than(self, other: Mark) -> bool {
        match (self, other) {
            (Mark::Sequence { sequence, .. }, Mark::Sequence { sequence: other, .. }) => {
                sequence <= other
            }
            _ => self.time() <= other.time(),
        }
    }
}

impl Reader {
    /// Reads a page. A conversation nobody had is empty.
    ///
    /// # Errors
    ///
    /// `Missing` when an anchor's id is not in this conversation; else what the disk said.
    pub fn page(&self, page: &Page) -> Result<Vec<Kept>, StoreError> {
        self.with(|conn| {
            let Some(conversation) = find_conversation(conn, &page.target)? else {
                return Ok(Vec::new());
            };
            let open = Conversing { conn, page, conversation };
            let mut rows = Vec::new();
            for cut in open.cuts()? {
                rows.extend(open.read(&cut)?);
            }
            Ok(rows)
        })
    }

    /// One message of a conversation by its id.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn message(&self, target: &Target, msgid: &str) -> Result<Option<Kept>, StoreError> {
        self.with(|conn| {
            let Some(conversation) = find_conversation(conn, target)? else { return Ok(None) };
            let sql =
                format!("SELECT {COLUMNS} FROM message m WHERE msgid = ? AND conversation = ?");
            let mut statement = conn.prepare_cached(&sql)?;
            let row =
                statement.query_row(params![msgid, conversation], |row| kept(row, target.clone()));
            Ok(row.optional()?)
        })
    }
}

struct Conversing<'a> {
    conn: &'a Connection,
    page: &'a Page,
    conversation: i64,
}

impl Conversing<'_> {
    fn cuts(&self) -> Result<Vec<Cut>, Fault> {
        let limit = self.page.limit;
        let (newest, oldest) = (Cut::all(true, limit), Cut::all(false, limit));
        Ok(match &self.page.slice {
            Slice::Latest => vec![newest],
            Slice::LatestAfter(anchor) => vec![newest.after(self.mark(anchor)?)],
            Slice::Before(anchor) => vec![newest.before(self.mark(anchor)?)],
            Slice::After(anchor) => vec![oldest.after(self.mark(anchor)?)],
            Slice::Between(from, to) => {
                let (from, to) = (self.mark(from)?, self.mark(to)?);
                if from.is_no_later_than(to) {
                    vec![oldest.after(from).before(to)]
                } else {
                    vec![newest.after(to).before(from)]
                }
            }
            Slice::Around(anchor) => {
                let before = Cut { limit: limit / 2, ..newest };
                let Some(middle) = self.middle(anchor)? else { return Ok(vec![before]) };
                // Nothing has the place just below: sequences are counted one by one.
                let rest = Cut { above: middle.saturating_sub(1), ..oldest };
                let rest = Cut { limit: limit - limit / 2, ..rest };
                vec![Cut { below: middle, ..before }, rest]
            }
        })
    }

    /// The sequence of an entry, or of the first one at a moment or later.
    fn middle(&self, anchor: &Anchor) -> Result<Option<i64>, Fault> {
        match self.mark(anchor)? {
            Mark::Sequence { sequence, .. } => Ok(Some(sequence)),
            Mark::Time(time) => {
                let first = Cut::all(false, 1).after(Mark::Time(time.saturating_sub(1)));
                Ok(self.read(&first)?.first().map(|row| row.sequence))
            }
        }
    }

    fn mark(&self, anchor: &Anchor) -> Result<Mark, Fault> {
        match anchor {
            Anchor::Place(Place { sequence, time }) => {
                Ok(Mark::Sequence { sequence: *sequence, time: *time })
            }
            Anchor::Time(time) => Ok(Mark::Time(*time)),
            Anchor::Msgid(msgid) => self.mark_of(msgid),
        }
    }

    fn mark_of(&self, msgid: &str) -> Result<Mark, Fault> {
        let sql = "SELECT id, time FROM message WHERE msgid = ? AND conversation = ?";
        let found = self
            .conn
            .prepare_cached(sql)?
            .query_row(params![msgid, self.conversation], |row| {
                Ok(Mark::Sequence { sequence: row.get(0)?, time: row.get(1)? })
            })
            .optional()?;
        found.ok_or_else(|| StoreError::missing(format!("no message '{msgid}'")).into())
    }

    fn read(&self, cut: &Cut) -> Result<Vec<Kept>, Fault> {
        let mut rows = self.read_index("talk", "kind < 2", cut)?;
        if self.page.events {
            rows.extend(self.read_index("event", "kind >= 2", cut)?);
        }
        rows.sort_unstable_by_key(Kept::place);
        if cut.newest {
            rows.drain(..rows.len().saturating_sub(cut.limit));
        } else {
            rows.truncate(cut.limit);
        }
        Ok(rows)
    }

    fn read_index(&self, index: &str, which: &str, cut: &Cut) -> rusqlite::Result<Vec<Kept>> {
        let ids = ids_between(self.conn, cut.after, cut.before)?;
        let (above, below) = (cut.above.max(ids.start.saturating_sub(1)), cut.below.min(ids.end));
        let sql = page_of(index, which, cut.newest);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let limit = i64::try_from(cut.limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(
            params![self.conversation, above, below, cut.after, cut.before, limit],
            |row| kept(row, self.page.target.clone()),
        )?;
        rows.collect()
    }
}

fn page_of(index: &str, which: &str, newest: bool) -> String {
    let order = if newest { "DESC" } else { "ASC" };
    format!(
        "SELECT {COLUMNS} FROM message m INDEXED BY {index}
          WHERE conversation = ? AND {which} AND id > ? AND id < ? AND time > ? AND time < ?
          ORDER BY id {order} LIMIT ?"
    )
}

#[cfg(test)]
mod tests {
    use super::page_of;
    use crate::schema::{MIGRATIONS, migrate};
    use rusqlite::{Connection, params};

    #[test]
    fn a_page_is_cut_out_of_an_index_at_both_ends_and_never_sorted() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &MIGRATIONS, &mut |_| {}).unwrap();
        for (index, which) in [("talk", "kind < 2"), ("event", "kind >= 2")] {
            for newest in [false, true] {
                let sql = format!("EXPLAIN QUERY PLAN {}", page_of(index, which, newest));
                let mut statement = conn.prepare(&sql).unwrap();
                let steps = statement
                    .query_map(params![1, 2, 3, 4, 5, 6], |row| row.get::<_, String>(3))
                    .unwrap();
                let steps: Vec<_> = steps.map(Result::unwrap).collect();
                let range = "(conversation=? AND rowid>? AND rowid<?)";
                assert_eq!(steps, [format!("SEARCH m USING INDEX {index} {range}")]);
            }
        }
    }
}
