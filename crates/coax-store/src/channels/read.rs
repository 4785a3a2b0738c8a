//! Reading registered channels.
//!
//! Three queries read all of them, however many there are.
//!
//! Nothing here makes a channel of what it reads.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::{Access, Channel, Mask, Topic};
use crate::accounts::Name;
use crate::error::StoreError;
use crate::reader::Reader;

impl Reader {
    /// All registered channels, by key.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        self.with(|conn| {
            let mut channels = rows(conn)?;
            for (id, access) in access(conn)? {
                channels.entry(id).and_modify(|channel| channel.access.push(access));
            }
            for (id, mask) in masks(conn)? {
                channels.entry(id).and_modify(|channel| channel.masks.push(mask));
            }
            let mut channels: Vec<_> = channels.into_values().collect();
            channels.sort_unstable_by(|one, other| one.name.key.cmp(&other.name.key));
            Ok(channels)
        })
    }
}

fn rows(conn: &Connection) -> rusqlite::Result<BTreeMap<i64, Channel>> {
    let mut statement = conn.prepare_cached(
        "SELECT c.id, c.key, c.name, a.key, c.registered, c.topic, c.topic_by, c.topic_time,
                c.modes, c.settings
           FROM channel c LEFT JOIN account a ON a.id = c.founder",
    )?;
    let rows = statement.query_map([], |row| {
        let channel = Channel {
            name: Name { key: row.get(1)?, shown: row.get(2)? },
            founder: row.get(3)?,
            registered: row.get(4)?,
            topic: topic(row)?,
            modes: row.get(8)?,
            settings: row.get(9)?,
            ..Channel::default()
        };
        Ok((row.get(0)?, channel))
    })?;
    rows.collect()
}

fn topic(row: &Row<'_>) -> rusqlite::Result<Option<Topic>> {
    let Some(text) = row.get(5)? else { return Ok(None) };
    Ok(Some(Topic { text, by: row.get(6)?, time: row.get(7)? }))
}

fn access(conn: &Connection) -> rusqlite::Result<Vec<(i64, Access)>> {
    let mut statement = conn.prepare_cached(
        "SELECT channel, a.key, level FROM access JOIN account a ON a.id = account ORDER BY a.key",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, Access { account: row.get(1)?, level: row.get(2)? }))
    })?;
    rows.collect()
}

fn masks(conn: &Connection) -> rusqlite::Result<Vec<(i64, Mask)>> {
    let mut statement = conn
        .prepare_cached("SELECT channel, list, mask, set_by, time FROM mask ORDER BY list, mask")?;
    let rows = statement.query_map([], |row| {
        let mask =
            Mask { list: row.get(1)?, mask: row.get(2)?, by: row.get(3)?, time: row.get(4)? };
        Ok((row.get(0)?, mask))
    })?;
    rows.collect()
}
