//! What can be done to an account.
//!
//! Each change is whole or not made at all, and says which name was in the way or missing.
//!
//! Nothing here knows who may do it.

use rusqlite::{OptionalExtension, params};

use super::{Account, Name, Password};
use crate::desk::Desk;
use crate::error::{Fault, StoreError};
use crate::writer::Change;

/// Adds an account, with its nicks and fingerprints. Its own name becomes one of its nicks.
#[derive(Clone, Debug)]
pub struct Register(pub Account);

/// Gives an account another name. Its old name is free then; what it said keeps the old one.
#[derive(Clone, Debug)]
pub struct RenameAccount {
    /// The key of its name so far.
    pub key: String,
    /// Its name from now on.
    pub name: Name,
}

/// Forgets an account, its nicks and its rights; channels it founded are no longer registered. What
/// it said stays.
#[derive(Clone, Debug)]
pub struct RemoveAccount {
    /// The key of its name.
    pub key: String,
}

/// Sets or removes what the password is checked against.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// The key of the account.
    pub key: String,
    /// From now on.
    pub password: Password,
}

/// Replaces the settings.
#[derive(Clone, Debug)]
pub struct SetSettings {
    /// The key of the account.
    pub key: String,
    /// JSON, opaque here.
    pub settings: String,
}

/// Notes a sign of life. An earlier one than is known changes nothing.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The key of the account.
    pub key: String,
    /// Milliseconds since 1970.
    pub time: i64,
}

/// Gives an account one more nick.
#[derive(Clone, Debug)]
pub struct AddNick {
    /// The key of the account.
    pub key: String,
    /// The nick.
    pub nick: Name,
}

/// Takes a nick from an account; not its own name.
#[derive(Clone, Debug)]
pub struct RemoveNick {
    /// The key of the account.
    pub key: String,
    /// The key of the nick.
    pub nick: String,
}

/// Lets a certificate stand for the account.
#[derive(Clone, Debug)]
pub struct AddFingerprint {
    /// The key of the account.
    pub key: String,
    /// As the caller writes fingerprints.
    pub fingerprint: String,
}

/// Takes that back.
#[derive(Clone, Debug)]
pub struct RemoveFingerprint {
    /// The key of the account.
    pub key: String,
    /// As it was added.
    pub fingerprint: String,
}

impl Change for Register {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let Register(account) = self;
        check_name(&account.name)?;
        let scram = account.password.scram.as_ref();
        let id = desk
            .statement(
                "INSERT INTO account (key, name, password, scram_salt, scram_iterations,
                     scram_stored_key, scram_server_key, created, seen, settings)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .insert(params![
                account.name.key,
                account.name.shown,
                account.password.phc,
                scram.map(|it| &it.salt),
                scram.map(|it| it.iterations),
                scram.map(|it| &it.stored_key),
                scram.map(|it| &it.server_key),
                account.created,
                account.seen,
                account.settings,
            ])
            .map_err(|error| taken("account", &account.name.shown, error))?;
        add_nick(desk, id, &account.name)?;
        let others = account.nicks.iter().filter(|nick| nick.key != account.name.key);
        others.into_iter().try_for_each(|nick| add_nick(desk, id, nick))?;
        account.fingerprints.iter().try_for_each(|it| add_fingerprint(desk, id, it))
    }
}

impl Change for RenameAccount {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        check_name(&self.name)?;
        let id = account_id(desk, &self.key)?;
        desk.statement("UPDATE account SET key = ?2, name = ?3 WHERE id = ?1")?
            .execute(params![id, self.name.key, self.name.shown])
            .map_err(|error| taken("account", &self.name.shown, error))?;
        // The new name may have been one of its nicks before.
        desk.statement("DELETE FROM nick WHERE account = ? AND key IN (?, ?)")?
            .execute(params![id, self.key, self.name.key])?;
        add_nick(desk, id, &self.name)
    }
}

impl Change for RemoveAccount {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        desk.statement("DELETE FROM channel WHERE founder = ?")?.execute([id])?;
        desk.statement("DELETE FROM account WHERE id = ?")?.execute([id])?;
        Ok(())
    }
}

impl Change for SetPassword {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        let scram = self.password.scram.as_ref();
        desk.statement(
            "UPDATE account SET password = ?2, scram_salt = ?3, scram_iterations = ?4,
                 scram_stored_key = ?5, scram_server_key = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id,
            self.password.phc,
            scram.map(|it| &it.salt),
            scram.map(|it| it.iterations),
            scram.map(|it| &it.stored_key),
            scram.map(|it| &it.server_key),
        ])?;
        Ok(())
    }
}

impl Change for SetSettings {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        desk.statement("UPDATE account SET settings = ?2 WHERE id = ?1")?
            .execute(params![id, self.settings])?;
        Ok(())
    }
}

impl Change for Seen {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        desk.statement("UPDATE account SET seen = max(coalesce(seen, ?2), ?2) WHERE id = ?1")?
            .execute(params![id, self.time])?;
        Ok(())
    }
}

impl Change for AddNick {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        check_name(&self.nick)?;
        let id = account_id(desk, &self.key)?;
        add_nick(desk, id, &self.nick)
    }
}

impl Change for RemoveNick {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        if self.key == self.nick {
            let line = format!("'{}' is the name of the account itself", self.nick);
            return Err(StoreError::invalid(line).into());
        }
        let gone = desk
            .statement("DELETE FROM nick WHERE account = ? AND key = ?")?
            .execute(params![id, self.nick])?;
        some(gone, || format!("account '{}' has no nick '{}'", self.key, self.nick))
    }
}

impl Change for AddFingerprint {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        add_fingerprint(desk, id, &self.fingerprint)
    }
}

impl Change for RemoveFingerprint {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        let id = account_id(desk, &self.key)?;
        let gone = desk
            .statement("DELETE FROM fingerprint WHERE account = ? AND fingerprint = ?")?
            .execute(params![id, self.fingerprint])?;
        some(gone, || format!("account '{}' has no certificate {}", self.key, self.fingerprint))
    }
}

/// The number of an account that must be there.
pub(crate) fn account_id(desk: &Desk, key: &str) -> Result<i64, Fault> {
    let found = desk
        .statement("SELECT id FROM account WHERE key = ?")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| StoreError::missing(format!("no account '{key}'")).into())
}

fn add_nick(desk: &Desk, account: i64, nick: &Name) -> Result<(), Fault> {
    desk.statement("INSERT INTO nick (key, name, account) VALUES (?, ?, ?)")?
        .execute(params![nick.key, nick.shown, account])
        .map_err(|error| taken("nick", &nick.shown, error))?;
    Ok(())
}

fn add_fingerprint(desk: &Desk, account: i64, fingerprint: &str) -> Result<(), Fault> {
    desk.statement("INSERT INTO fingerprint (fingerprint, account) VALUES (?, ?)")?
        .execute(params![fingerprint, account])
        .map_err(|error| taken("certificate", fingerprint, error))?;
    Ok(())
}

fn check_name(name: &Name) -> Result<(), Fault> {
    match name.key.is_empty() || name.shown.is_empty() {
        true => Err(StoreError::invalid("a name must not be empty").into()),
        false => Ok(()),
    }
}

fn taken(what: &str, name: &str, error: rusqlite::Error) -> Fault {
    match Fault::is_constraint(&error) {
        true => StoreError::exists(format!("{what} '{name}' is taken")).into(),
        false => error.into(),
    }
}

fn some(gone: usize, line: impl FnOnce() -> String) -> Result<(), Fault> {
    match gone {
        0 => Err(StoreError::missing(line()).into()),
        _ => Ok(()),
    }
}
