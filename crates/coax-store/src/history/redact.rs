//! Taking back what was said.
//!
//! The text goes, from the index as well; that something stood there stays, with whatever the
//! caller wants to tell about it.
//!
//! Nothing here knows who may take back what.

use rusqlite::{OptionalExtension, params};

use crate::desk::{Desk, find_conversation};
use crate::entry::Target;
use crate::error::{Fault, StoreError};
use crate::search::unindex;
use crate::writer::Change;

/// Deletes the text and tags of a message, and leaves a note in their place.
///
/// Nobody is told the text again. It is not wiped from the disk: free space of the file, and copies
/// made before, may hold it for a while.
#[derive(Clone, Debug)]
pub struct Redact {
    /// Where it was said.
    pub target: Target,
    /// Which message.
    pub msgid: String,
    /// Who did it, when, why: opaque, and shown as [`Kept::redacted`](crate::Kept::redacted).
    pub note: Vec<u8>,
}

impl Change for Redact {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = self.find(desk)?;
        unindex(&desk.conn, id)?;
        desk.statement("UPDATE message SET text = '', tags = x'', redacted = ?2 WHERE id = ?1")?
            .execute(params![id, self.note])?;
        Ok(())
    }
}

impl Redact {
    fn find(&self, desk: &Desk) -> Result<i64, Fault> {
        let found = match find_conversation(&desk.conn, &self.target)? {
            None => None,
            Some(conversation) => desk
                .statement("SELECT id FROM message WHERE msgid = ? AND conversation = ?")?
                .query_row(params![self.msgid, conversation], |row| row.get(0))
                .optional()?,
        };
        found.ok_or_else(|| StoreError::missing(format!("no message '{}'", self.msgid)).into())
    }
}
