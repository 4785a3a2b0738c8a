//! The steps of forgetting: each short enough that nobody notices it.
//!
//! A step says whether there is more to do. It can be left out or repeated.
//!
//! Nothing here decides what goes.

use rusqlite::Connection;

use crate::desk::{Desk, SPAN};
use crate::error::Fault;
use crate::search::unindex;
use crate::writer::Change;

/// Deletes these entries; how many there were.
///
/// Their words are only crossed out in the index: taking them out one by one would cost five times
/// as much. [`Merge`] takes them out together.
pub(super) struct Forget(pub(super) Vec<i64>);

impl Change for Forget {
    type Outcome = u64;

    fn make(&self, desk: &mut Desk) -> Result<u64, Fault> {
        let mut gone = 0;
        for id in &self.0 {
            unindex(&desk.conn, *id)?;
            gone += desk.statement("DELETE FROM message WHERE id = ?")?.execute([id])?;
        }
        Ok(gone as u64)
    }
}

/// Puts the index in order, by so many pages; whether there was anything to do. A negative number
/// begins with all of it, a positive one goes on.
pub(super) struct Merge(pub(super) i64);

impl Change for Merge {
    type Outcome = bool;

    fn make(&self, desk: &mut Desk) -> Result<bool, Fault> {
        let before = desk.conn.total_changes();
        desk.statement("INSERT INTO search (search, rank) VALUES ('merge', ?)")?
            .execute([self.0])?;
        // The statement itself counts as one.
        Ok(desk.conn.total_changes() - before > 1)
    }
}

/// Forgets a conversation that has nothing left, and times of ids that are gone.
pub(super) struct Sweep(pub(super) i64);

impl Change for Sweep {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        desk.forget_conversations();
        desk.statement(
            "DELETE FROM conversation WHERE id = ?1
                AND NOT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND kind < 2)
                AND NOT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND kind >= 2)",
        )?
        .execute([self.0])?;
        let oldest: Option<i64> =
            desk.statement("SELECT min(id) FROM message")?.query_row([], |row| row.get(0))?;
        if let Some(oldest) = oldest {
            desk.statement("DELETE FROM span WHERE block < ?")?.execute([oldest / SPAN])?;
        }
        Ok(())
    }
}

/// Gives so many free pages back to the disk; whether there were any.
pub(super) struct Shrink(pub(super) u64);

impl Change for Shrink {
    type Outcome = bool;
    const GUARDED: bool = false;

    fn make(&self, desk: &mut Desk) -> Result<bool, Fault> {
        let before = free(&desk.conn)?;
        let mut statement = desk.conn.prepare(&format!("PRAGMA incremental_vacuum({})", self.0))?;
        let mut rows = statement.query([])?;
        // Each row is a page.
        while rows.next()?.is_some() {}
        Ok(free(&desk.conn)? < before)
    }
}

fn free(conn: &Connection) -> rusqlite::Result<u64> {
    conn.pragma_query_value(None, "freelist_count", |row| row.get(0))
}
