//! Keeping an entry: the row, its words, its time.
//!
//! The row comes first. Whether the id is taken shows there, before anything else was written, so
//! the most frequent change needs no savepoint.
//!
//! Nothing here reads what was kept before.

use rusqlite::{OptionalExtension, params};

use crate::desk::Desk;
use crate::entry::{Entry, Place};
use crate::error::{Fault, StoreError};
use crate::writer::Change;

impl Change for Entry {
    type Outcome = Place;
    const GUARDED: bool = false;

    fn make(&self, desk: &mut Desk) -> Result<Place, Fault> {
        if self.size() > Entry::MOST_BYTES {
            let line = format!("message '{}' is too long to be kept", self.msgid);
            return Err(StoreError::invalid(line).into());
        }
        let conversation = desk.conversation(&self.target)?;
        let sequence = self.insert(desk, conversation)?;
        if self.kind.is_talk() {
            index(desk, sequence)?;
        }
        desk.note_time(sequence, self.time)?;
        Ok(Place { time: self.time, sequence })
    }
}

impl Entry {
    fn insert(&self, desk: &Desk, conversation: i64) -> Result<i64, Fault> {
        let inserted = desk
            .statement(
                "INSERT INTO message (conversation, time, msgid, kind, sender, account, text, tags)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .insert(params![
                conversation,
                self.time,
                self.msgid,
                self.kind as u8,
                self.sender,
                self.account,
                self.text,
                self.tags
            ]);
        inserted.map_err(|error| match Fault::is_constraint(&error) {
            true => {
                StoreError::exists(format!("message '{}' has been kept before", self.msgid)).into()
            }
            false => error.into(),
        })
    }
}

/// Makes the words of a message findable.
fn index(desk: &Desk, id: i64) -> rusqlite::Result<()> {
    let Some((text, scope)) = words(desk, id)? else { return Ok(()) };
    desk.statement("INSERT INTO search (rowid, text, scope) VALUES (?, ?, ?)")?
        .execute(params![id, text, scope])
        .map(|_| ())
}

/// Takes the words of a message out of the index. The row must still be as it was put in.
pub(crate) fn unindex(desk: &Desk, id: i64) -> rusqlite::Result<()> {
    let Some((text, scope)) = words(desk, id)? else { return Ok(()) };
    desk.statement("INSERT INTO search (search, rowid, text, scope) VALUES ('delete', ?, ?, ?)")?
        .execute(params![id, text, scope])
        .map(|_| ())
}

/// What the index has of a message. It is fetched here and not by an `INSERT … SELECT`: that begins
/// a savepoint, at which the index writes out everything it has gathered, for each message anew.
fn words(desk: &Desk, id: i64) -> rusqlite::Result<Option<(String, String)>> {
    desk.statement("SELECT text, scope FROM searchable WHERE id = ?")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
