//! A row of the table as an entry.
//!
//! The columns are named once, in the order in which they are read.
//!
//! Nothing here asks for rows.

use rusqlite::Row;

use crate::entry::{Entry, Kept, Kind, Target};

/// What [`kept`] reads, from `message` as m.
pub(crate) const COLUMNS: &str = "m.id, m.time, m.msgid, m.kind, m.sender, m.account, m.text, \
                                  m.tags, m.redacted";

/// The first nine columns of a row.
pub(crate) fn kept(row: &Row<'_>, target: Target) -> rusqlite::Result<Kept> {
    let number: u8 = row.get(3)?;
    let kind = Kind::from_number(number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, number.into()))?;
    let entry = Entry {
        target,
        time: row.get(1)?,
        msgid: row.get(2)?,
        kind,
        sender: row.get(4)?,
        account: row.get(5)?,
        text: row.get(6)?,
        tags: row.get(7)?,
    };
    Ok(Kept { sequence: row.get(0)?, entry, redacted: row.get(8)? })
}
