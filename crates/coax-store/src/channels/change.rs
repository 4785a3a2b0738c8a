//! What can be done to a registered channel.
//!
//! Saving replaces everything that was known of it.
//!
//! Nothing here knows who may do it.

use rusqlite::params;

use super::Channel;
use crate::accounts::{Name, account_id};
use crate::desk::Desk;
use crate::error::{Fault, StoreError};
use crate::writer::Change;

/// Registers a channel, or replaces what is known of it.
#[derive(Clone, Debug)]
pub struct SaveChannel(pub Channel);

/// Gives a channel another name. Its history stays with the old one.
#[derive(Clone, Debug)]
pub struct RenameChannel {
    /// The key of its name so far.
    pub key: String,
    /// Its name from now on.
    pub name: Name,
}

/// Forgets that a channel was registered. Its history stays.
#[derive(Clone, Debug)]
pub struct RemoveChannel {
    /// The key of its name.
    pub key: String,
}

impl Change for SaveChannel {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let SaveChannel(channel) = self;
        if channel.name.key.is_empty() {
            return Err(StoreError::invalid("a channel needs a name").into());
        }
        let id = save_row(desk, channel)?;
        for child in ["access", "mask"] {
            desk.statement(&format!("DELETE FROM {child} WHERE channel = ?"))?.execute([id])?;
        }
        for access in &channel.access {
            let account = account_id(desk, &access.account)?;
            desk.statement("INSERT OR REPLACE INTO access VALUES (?, ?, ?)")?.execute(params![
                id,
                account,
                access.level
            ])?;
        }
        for mask in &channel.masks {
            desk.statement("INSERT OR REPLACE INTO mask VALUES (?, ?, ?, ?, ?)")?
                .execute(params![id, mask.list, mask.mask, mask.by, mask.time])?;
        }
        Ok(())
    }
}

fn save_row(desk: &Desk, channel: &Channel) -> Result<i64, Fault> {
    let founder = channel.founder.as_deref().map(|key| account_id(desk, key)).transpose()?;
    let topic = channel.topic.as_ref();
    let id = desk
        .statement(
            "INSERT INTO channel (key, name, founder, registered, topic, topic_by, topic_time,
                 modes, settings)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (key) DO UPDATE SET
                 name = excluded.name, founder = excluded.founder,
                 registered = excluded.registered, topic = excluded.topic,
                 topic_by = excluded.topic_by, topic_time = excluded.topic_time,
                 modes = excluded.modes, settings = excluded.settings
             RETURNING id",
        )?
        .query_row(
            params![
                channel.name.key,
                channel.name.shown,
                founder,
                channel.registered,
                topic.map(|it| &it.text),
                topic.map(|it| &it.by),
                topic.map(|it| it.time),
                channel.modes,
                channel.settings,
            ],
            |row| row.get(0),
        )?;
    Ok(id)
}

impl Change for RenameChannel {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        if self.name.key.is_empty() {
            return Err(StoreError::invalid("a channel needs a name").into());
        }
        let renamed = desk
            .statement("UPDATE channel SET key = ?2, name = ?3 WHERE key = ?1")?
            .execute(params![self.key, self.name.key, self.name.shown])
            .map_err(|error| match Fault::is_constraint(&error) {
                true => {
                    let line = format!("channel '{}' is registered", self.name.shown);
                    StoreError::exists(line).into()
                }
                false => Fault::from(error),
            })?;
        registered(renamed, &self.key)
    }
}

impl Change for RemoveChannel {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let gone = desk.statement("DELETE FROM channel WHERE key = ?")?.execute([&self.key])?;
        registered(gone, &self.key)
    }
}

fn registered(rows: usize, key: &str) -> Result<(), Fault> {
    match rows {
        0 => Err(StoreError::missing(format!("channel '{key}' is not registered")).into()),
        _ => Ok(()),
    }
}
