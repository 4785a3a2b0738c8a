//! Looking accounts up.
//!
//! An account is found by its name, by a nick, by a certificate, or in the list of all.
//!
//! Nothing here decides whether somebody is who they claim to be.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Account, Name, Password, Scram};
use crate::error::{Fault, StoreError};
use crate::reader::Reader;

impl Reader {
    /// The account with this name, by its key.
    ///
    /// # Errors
    ///
    /// What the disk said; so for all that follow.
    pub fn account(&self, key: &str) -> Result<Option<Account>, StoreError> {
        self.find_account("WHERE key = ?", key)
    }

    /// Whose nick this is, by its key.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn account_of_nick(&self, key: &str) -> Result<Option<Account>, StoreError> {
        self.find_account("WHERE id = (SELECT account FROM nick WHERE key = ?)", key)
    }

    /// Whom this certificate stands for.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn account_of_fingerprint(&self, it: &str) -> Result<Option<Account>, StoreError> {
        self.find_account("WHERE id = (SELECT account FROM fingerprint WHERE fingerprint = ?)", it)
    }

    /// All accounts, by key.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.with(|conn| {
            let mut statement = conn.prepare_cached(&select("ORDER BY key"))?;
            let rows = statement.query_map([], numbered)?;
            let accounts = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            accounts.into_iter().map(|account| complete(conn, account)).collect()
        })
    }

    fn find_account(&self, which: &str, value: &str) -> Result<Option<Account>, StoreError> {
        self.with(|conn| {
            let mut statement = conn.prepare_cached(&select(which))?;
            let found = statement.query_row([value], numbered).optional()?;
            found.map(|account| complete(conn, account)).transpose()
        })
    }
}

fn select(which: &str) -> String {
    format!(
        "SELECT id, key, name, password, scram_salt, scram_iterations, scram_stored_key,
                scram_server_key, created, seen, settings FROM account {which}"
    )
}

fn numbered(row: &Row<'_>) -> rusqlite::Result<(i64, Account)> {
    let account = Account {
        name: Name { key: row.get(1)?, shown: row.get(2)? },
        password: Password { phc: row.get(3)?, scram: scram(row)? },
        created: row.get(8)?,
        seen: row.get(9)?,
        settings: row.get(10)?,
        ..Account::default()
    };
    Ok((row.get(0)?, account))
}

fn scram(row: &Row<'_>) -> rusqlite::Result<Option<Scram>> {
    let Some(salt) = row.get(4)? else { return Ok(None) };
    let (iterations, stored_key, server_key) = (row.get(5)?, row.get(6)?, row.get(7)?);
    Ok(Some(Scram { salt, iterations, stored_key, server_key }))
}

fn complete(conn: &Connection, (id, account): (i64, Account)) -> Result<Account, Fault> {
    let mut nicks =
        conn.prepare_cached("SELECT key, name FROM nick WHERE account = ? ORDER BY key")?;
    let nicks = nicks.query_map([id], |row| Ok(Name { key: row.get(0)?, shown: row.get(1)? }))?;
    let mut fingerprints = conn.prepare_cached(
        "SELECT fingerprint FROM fingerprint WHERE account = ? ORDER BY fingerprint",
    )?;
    let fingerprints = fingerprints.query_map([id], |row| row.get(0))?;
    Ok(Account {
        nicks: nicks.collect::<rusqlite::Result<_>>()?,
        fingerprints: fingerprints.collect::<rusqlite::Result<_>>()?,
        ..account
    })
}
