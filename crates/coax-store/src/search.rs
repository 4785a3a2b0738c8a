//! Finding what was said, newest first.
//!
//! Words are words: nothing a person types is syntax, but a star at the end of a word, which means
//! any ending. All words must be there, in any order, in any case, with or without accents. In
//! scripts without spaces any part of a text is a word. Conversation and speaker are words of the same
//! index, so narrowing a search makes it faster.
//!
//! Nothing here knows who may read what: the caller names the conversations.

mod expression;
mod index;
mod marks;
mod words;

use std::ops::Range;

use rusqlite::{Connection, params};

use crate::desk::{find_conversation, ids_between, shown};
use crate::entry::{Kept, Target};
use crate::error::{Fault, StoreError};
use crate::history::{COLUMNS, kept};
use crate::reader::Reader;
use crate::schema;
use expression::Phrase;
pub(crate) use index::{index, reindex, unindex};

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words, all of which must be there. None of them: everything within the limits below.
    pub words: String,
    /// In one of these conversations; in all if there are none.
    pub within: Vec<Target>,
    /// In channels alone, not in the talk of two.
    pub channels_only: bool,
    /// Said under this nick, in any case.
    pub nick: Option<String>,
    /// Said by this account, by its key.
    pub account: Option<String>,
    /// Later than this, in milliseconds since 1970.
    pub after: Option<i64>,
    /// Earlier than this.
    pub before: Option<i64>,
    /// Older than the hit with this sequence: the next page.
    pub older_than: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The message.
    pub kept: Kept,
    /// Which bytes of its text are the words.
    pub marks: Vec<Range<usize>>,
}

impl Reader {
    /// The newest messages that have all the words.
    ///
    /// # Errors
    ///
    /// `Invalid` for a search for nothing in particular, `Older` for a file whose index has other
    /// words; else what the disk said.
    pub fn search(&self, search: &Search) -> Result<Vec<Hit>, StoreError> {
        let phrases = expression::phrases(&search.words)?;
        if phrases.is_empty() && !search.words.trim().is_empty() {
            // Signs alone are in no index.
            return Ok(Vec::new());
        }
        self.with(|conn| {
            schema::is_searchable(conn, &shown(self.file()))?;
            let within = conversations(conn, &search.within)?;
            if within.is_empty() && !search.within.is_empty() {
                return Ok(Vec::new());
            }
            let expression = expression::of(search, &phrases, &within)?;
            find(conn, search, &expression, &phrases)
        })
    }
}

fn conversations(conn: &Connection, targets: &[Target]) -> rusqlite::Result<Vec<i64>> {
    let ids = targets.iter().map(|target| find_conversation(conn, target));
    ids.filter_map(Result::transpose).collect()
}

fn find(
    conn: &Connection,
    search: &Search,
    expression: &str,
    phrases: &[Phrase],
) -> Result<Vec<Hit>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, c.first, c.second
           FROM search CROSS JOIN message m ON m.id = search.rowid
           CROSS JOIN conversation c ON c.id = m.conversation
          WHERE search MATCH ? AND search.rowid >= ? AND search.rowid < ?
            AND m.time > ? AND m.time < ? AND (c.second = '' OR NOT ?)
          ORDER BY search.rowid DESC LIMIT ?"
    );
    let ids = ids_of(conn, search)?;
    let (after, before) = (search.after.unwrap_or(i64::MIN), search.before.unwrap_or(i64::MAX));
    let limit = i64::try_from(search.limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![expression, ids.start, ids.end, after, before, search.channels_only, limit],
        |row| {
            let target = Target::from_columns(row.get(9)?, row.get(10)?);
            let kept = kept(row, target)?;
            Ok(Hit { marks: marks::within(&kept.entry.text, phrases), kept })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Among which ids messages of the times asked for can be.
fn ids_of(conn: &Connection, search: &Search) -> rusqlite::Result<Range<i64>> {
    let (after, before) = (search.after.unwrap_or(i64::MIN), search.before.unwrap_or(i64::MAX));
    let ids = ids_between(conn, after, before)?;
    Ok(ids.start..ids.end.min(search.older_than.unwrap_or(i64::MAX)))
}
