//! Small things a server wants back after a restart: a secret, its bans, how far somebody has read.
//!
//! A shelf has a name and holds values by key. What they are is the caller's business.
//!
//! Nothing here looks inside.

use rusqlite::{OptionalExtension, params};

use crate::desk::Desk;
use crate::error::{Fault, StoreError};
use crate::reader::Reader;
use crate::writer::Change;

/// Puts a value on a shelf, in the place of an older one. `None` takes it away.
#[derive(Clone, Debug)]
pub struct Put {
    /// Which shelf.
    pub shelf: String,
    /// Which place.
    pub key: String,
    /// What is there from now on.
    pub value: Option<Vec<u8>>,
}

impl Change for Put {
    type Outcome = ();
    // One statement needs no taking back.
    const GUARDED: bool = false;

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        match &self.value {
            Some(value) => desk
                .statement("INSERT OR REPLACE INTO shelf (shelf, key, value) VALUES (?, ?, ?)")?
                .execute(params![self.shelf, self.key, value])?,
            None => desk
                .statement("DELETE FROM shelf WHERE shelf = ? AND key = ?")?
                .execute(params![self.shelf, self.key])?,
        };
        Ok(())
    }
}

impl Reader {
    /// What is at one place of a shelf.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn on_shelf(&self, shelf: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|conn| {
            let sql = "SELECT value FROM shelf WHERE shelf = ? AND key = ?";
            let found = conn.prepare_cached(sql)?.query_row([shelf, key], |row| row.get(0));
            Ok(found.optional()?)
        })
    }

    /// All that is on a shelf, by key.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn shelf(&self, shelf: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.with(|conn| {
            let sql = "SELECT key, value FROM shelf WHERE shelf = ? ORDER BY key";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([shelf], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
