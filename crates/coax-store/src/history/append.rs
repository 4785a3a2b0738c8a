//! Keeping an entry: the row, its words, its time.
//!
//! The row comes first. Whether the id is taken shows there, before anything else was written, so
//! the most frequent change needs no savepoint.
//!
//! Nothing here reads what was kept before.

use rusqlite::params;

use crate::desk::Desk;
use crate::entry::{Entry, Place};
use crate::error::{Fault, StoreError};
use crate::search::index;
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
            index(&desk.conn, sequence, conversation, self)?;
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
