//! Which conversations somebody had, and when the last word was.
//!
//! The last word of each is one look into an index, so many conversations cost a look each.
//!
//! Nothing here knows which channels somebody may see: the caller names them.

use rusqlite::{Connection, OptionalExtension, params};

use crate::desk::find_conversation;
use crate::entry::{Place, Target};
use crate::error::{Fault, StoreError};
use crate::reader::Reader;

/// Conversations to be looked for.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    /// These channels, by their keys.
    pub channels: Vec<String>,
    /// And all private talk of this one.
    pub person: Option<String>,
    /// Where the last word lies between these two times, neither included. The first may be the
    /// later one: then the newest come first.
    pub from: i64,
    /// See `from`.
    pub to: i64,
    /// At most so many, counted from `from`.
    pub limit: usize,
    /// Whether joins, modes and the like are words, too.
    pub events: bool,
}

/// A conversation and its last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Between whom.
    pub target: Target,
    /// When the last entry was.
    pub latest: Place,
}

impl Reader {
    /// The conversations asked for, ordered by their last word.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn conversations(&self, asked: &Conversations) -> Result<Vec<Conversation>, StoreError> {
        let (low, high) = (asked.from.min(asked.to), asked.from.max(asked.to));
        let within = |it: &Conversation| low < it.latest.time && it.latest.time < high;
        let mut found = self.with(|conn| candidates(conn, asked))?;
        found.retain(within);
        found.sort_unstable_by_key(|it| (it.latest.time, it.latest.sequence));
        if asked.from > asked.to {
            found.reverse();
        }
        found.truncate(asked.limit);
        Ok(found)
    }
}

impl Reader {
    /// Every conversation that still holds something, by its name. Costs a look each.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn all_conversations(&self) -> Result<Vec<Conversation>, StoreError> {
        self.with(|conn| {
            let sql =
                "SELECT id, first, second FROM conversation ORDER BY second != '', first, second";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, Target::from_columns(row.get(1)?, row.get(2)?)))
            })?;
            let mut found = Vec::new();
            for row in rows {
                let (id, target) = row?;
                found.extend(latest(conn, id, true)?.map(|latest| Conversation { target, latest }));
            }
            Ok(found)
        })
    }
}

fn candidates(conn: &Connection, asked: &Conversations) -> Result<Vec<Conversation>, Fault> {
    let mut ids = Vec::new();
    for key in &asked.channels {
        let target = Target::channel(key);
        ids.extend(find_conversation(conn, &target)?.map(|id| (id, target)));
    }
    if let Some(person) = &asked.person {
        ids.extend(private_talk(conn, person)?);
    }
    let mut found = Vec::with_capacity(ids.len());
    for (id, target) in ids {
        let latest = latest(conn, id, asked.events)?;
        found.extend(latest.map(|latest| Conversation { target, latest }));
    }
    Ok(found)
}

fn private_talk(conn: &Connection, person: &str) -> rusqlite::Result<Vec<(i64, Target)>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, first, second FROM conversation WHERE first = ?1 AND second != ''
         UNION
         SELECT id, first, second FROM conversation WHERE second = ?1 AND second != ''",
    )?;
    let rows = statement.query_map([person], |row| {
        Ok((row.get(0)?, Target::from_columns(row.get(1)?, row.get(2)?)))
    })?;
    rows.collect()
}

fn latest(conn: &Connection, id: i64, events: bool) -> rusqlite::Result<Option<Place>> {
    let talk = last_of(conn, id, "talk", "kind < 2")?;
    match events {
        true => Ok(talk.max(last_of(conn, id, "event", "kind >= 2")?)),
        false => Ok(talk),
    }
}

fn last_of(
    conn: &Connection,
    id: i64,
    index: &str,
    which: &str,
) -> rusqlite::Result<Option<Place>> {
    let sql = format!(
        "SELECT time, id FROM message INDEXED BY {index} WHERE conversation = ? AND {which}
          ORDER BY id DESC LIMIT 1"
    );
    conn.prepare_cached(&sql)?
        .query_row(params![id], |row| Ok(Place { time: row.get(0)?, sequence: row.get(1)? }))
        .optional()
}
