//! Everything that was kept, entry by entry.
//!
//! Rows are read a few at a time, each time anew: an export of any length holds neither memory nor
//! the log of the store. What is said meanwhile comes as well.
//!
//! Nothing here knows a format.

use std::vec::IntoIter;

use rusqlite::params;

use crate::entry::{Kept, Target};
use crate::error::StoreError;
use crate::history::{Anchor, COLUMNS, Page, Slice, kept};
use crate::reader::Reader;

const CHUNK: usize = 500;

/// The entries of a store, or of one conversation, oldest first. Ends after the first error.
#[derive(Debug)]
pub struct Export {
    reader: Reader,
    target: Option<Target>,
    chunk: IntoIter<Kept>,
    last: Option<Kept>,
    done: bool,
}

impl Reader {
    /// All entries, events included: of one conversation in its order, of all in the order in which
    /// the store got them.
    pub fn export(&self, target: Option<Target>) -> Export {
        let chunk = Vec::new().into_iter();
        Export { reader: self.clone(), target, chunk, last: None, done: false }
    }

    fn entries_after(&self, sequence: i64) -> Result<Vec<Kept>, StoreError> {
        self.with(|conn| {
            let sql = format!(
                "SELECT {COLUMNS}, c.first, c.second
                   FROM message m CROSS JOIN conversation c ON c.id = m.conversation
                  WHERE m.id > ? ORDER BY m.id LIMIT ?"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params![sequence, CHUNK as i64], |row| {
                kept(row, Target::from_columns(row.get(9)?, row.get(10)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

impl Export {
    fn more(&self) -> Result<Vec<Kept>, StoreError> {
        let Some(target) = &self.target else {
            return self
                .reader
                .entries_after(self.last.as_ref().map_or(i64::MIN, |it| it.sequence));
        };
        let slice = match &self.last {
            None => Slice::After(Anchor::Time(i64::MIN)),
            Some(last) => Slice::After(Anchor::Place(last.place())),
        };
        self.reader.page(&Page { target: target.clone(), slice, limit: CHUNK, events: true })
    }
}

impl Iterator for Export {
    type Item = Result<Kept, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(kept) = self.chunk.next() {
            return Some(Ok(kept));
        }
        if self.done {
            return None;
        }
        match self.more() {
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
            Ok(rows) => {
                self.done = rows.is_empty();
                self.last = rows.last().cloned().or(self.last.take());
                self.chunk = rows.into_iter();
                self.chunk.next().map(Ok)
            }
        }
    }
}
