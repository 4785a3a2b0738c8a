//! One page of a conversation, by where it begins or ends.
//!
//! The slices are those of IRCv3 chathistory; a page is always in the order of the conversation,
//! oldest first. An anchor itself is part of the page for `Around` alone.
//!
//! Nothing here reads more rows than it returns, but for events: at most twice as many.
//! Source: <https://ircv3.net/specs/extensions/chathistory>.

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{COLUMNS, kept};
use crate::desk::find_conversation;
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

const FIRST: Place = Place { time: i64::MIN, sequence: i64::MIN };
const LAST: Place = Place { time: i64::MAX, sequence: i64::MAX };

/// The places an anchor covers: one for an entry, all of its millisecond for a moment.
#[derive(Clone, Copy)]
struct Extent {
    first: Place,
    last: Place,
}

/// What lies between two places, neither included, from one end on.
struct Cut {
    above: Place,
    below: Place,
    newest: bool,
    limit: usize,
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
        let cut = |above, below, newest| Cut { above, below, newest, limit };
        Ok(match &self.page.slice {
            Slice::Latest => vec![cut(FIRST, LAST, true)],
            Slice::LatestAfter(anchor) => vec![cut(self.extent(anchor)?.last, LAST, true)],
            Slice::Before(anchor) => vec![cut(FIRST, self.extent(anchor)?.first, true)],
            Slice::After(anchor) => vec![cut(self.extent(anchor)?.last, LAST, false)],
            Slice::Between(from, to) => {
                let (from, to) = (self.extent(from)?, self.extent(to)?);
                match from.first <= to.first {
                    true => vec![cut(from.last, to.first, false)],
                    false => vec![cut(to.last, from.first, true)],
                }
            }
            Slice::Around(anchor) => {
                let middle = self.extent(anchor)?.first;
                let before = limit / 2;
                // Nothing has the place just below: sequences are counted one by one.
                let below = Place { sequence: middle.sequence.saturating_sub(1), ..middle };
                vec![
                    Cut { above: FIRST, below: middle, newest: true, limit: before },
                    Cut { above: below, below: LAST, newest: false, limit: limit - before },
                ]
            }
        })
    }

    fn extent(&self, anchor: &Anchor) -> Result<Extent, Fault> {
        let at = |place| Extent { first: place, last: place };
        match anchor {
            Anchor::Place(place) => Ok(at(*place)),
            Anchor::Time(time) => Ok(Extent {
                first: Place { time: *time, sequence: i64::MIN },
                last: Place { time: *time, sequence: i64::MAX },
            }),
            Anchor::Msgid(msgid) => self.place_of(msgid).map(at),
        }
    }

    fn place_of(&self, msgid: &str) -> Result<Place, Fault> {
        let sql = "SELECT time, id FROM message WHERE msgid = ? AND conversation = ?";
        let found = self
            .conn
            .prepare_cached(sql)?
            .query_row(params![msgid, self.conversation], |row| {
                Ok(Place { time: row.get(0)?, sequence: row.get(1)? })
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
        match cut.newest {
            true => drop(rows.drain(..rows.len().saturating_sub(cut.limit))),
            false => rows.truncate(cut.limit),
        }
        Ok(rows)
    }

    fn read_index(&self, index: &str, which: &str, cut: &Cut) -> rusqlite::Result<Vec<Kept>> {
        let sql = page_of(index, which, cut.newest);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let (above, below) = (cut.above, cut.below);
        let limit = i64::try_from(cut.limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(
            params![
                self.conversation,
                above.time,
                above.sequence,
                below.time,
                below.sequence,
                limit
            ],
            |row| kept(row, self.page.target.clone()),
        )?;
        rows.collect()
    }
}

fn page_of(index: &str, which: &str, newest: bool) -> String {
    let order = if newest { "DESC" } else { "ASC" };
    format!(
        "SELECT {COLUMNS} FROM message m INDEXED BY {index}
          WHERE conversation = ? AND {which} AND (time, id) > (?, ?) AND (time, id) < (?, ?)
          ORDER BY time {order}, id {order} LIMIT ?"
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
                // Ids count only within a millisecond, where the index is walked.
                let range = "(conversation=? AND time>? AND time<?)";
                assert_eq!(steps, [format!("SEARCH m USING INDEX {index} {range}")]);
            }
        }
    }
}
