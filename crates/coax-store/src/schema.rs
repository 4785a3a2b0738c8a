//! The tables, and the way from every older version of them to this one.
//!
//! A migration is never changed once it was released: the next one is added below it. Each runs in
//! one transaction together with the number it leads to, so a file has one version or the other.
//!
//! Nothing here knows what the rows mean.

use rusqlite::Connection;

use crate::error::{Fault, StoreError, StoreErrorKind};

/// "coax" in ASCII: tells our file from anybody else's.
pub(crate) const APPLICATION: i64 = 0x636f_6178;

/// What leads from version n to n + 1.
pub(crate) const MIGRATIONS: [&str; 2] =
    [include_str!("schema/1.sql"), include_str!("schema/by_sequence.sql")];

/// Which version a file has; 0 is an empty one.
pub(crate) fn version(conn: &Connection) -> rusqlite::Result<usize> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the file is empty or ours, and not from the future.
pub(crate) fn admit(conn: &Connection, shown: &str, known: usize) -> Result<usize, Fault> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && tables > 0 {
        let line = format!("{shown} is a database of another program");
        return Err(StoreError::new(StoreErrorKind::Foreign, line).into());
    }
    let found = version(conn)?;
    if found > known {
        let line = format!(
            "{shown} was written by a newer version (schema {found}, this one knows {known})"
        );
        return Err(StoreError::new(StoreErrorKind::Newer, line).into());
    }
    Ok(found)
}

/// Brings the file to the last version, step by step.
pub(crate) fn migrate(conn: &mut Connection, steps: &[&str]) -> Result<(), Fault> {
    for (at, step) in steps.iter().enumerate().skip(version(conn)?) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, admit, migrate, version};
    use crate::error::{Fault, StoreErrorKind};
    use rusqlite::Connection;

    fn kind(fault: Fault) -> StoreErrorKind {
        match fault {
            Fault::Said(error) => error.kind(),
            Fault::Sql(error) => panic!("{error}"),
        }
    }

    #[test]
    fn every_version_leads_to_the_last() {
        let steps = ["CREATE TABLE a(x)", "ALTER TABLE a ADD y", "INSERT INTO a VALUES(1, 2)"];
        for from in 0..steps.len() {
            let mut conn = Connection::open_in_memory().unwrap();
            migrate(&mut conn, &steps[..from]).unwrap();
            migrate(&mut conn, &steps).unwrap();
            assert_eq!(version(&conn).unwrap(), 3);
            let sum: i64 = conn.query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
            assert_eq!(sum, 3);
        }
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a(x)", "INSERT INTO a VALUES(1); INSERT INTO nowhere VALUES(1)"];
        migrate(&mut conn, &steps).unwrap_err();
        assert_eq!(version(&conn).unwrap(), 1);
        let rows: i64 = conn.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[test]
    fn a_file_from_the_future_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &MIGRATIONS).unwrap();
        let known = MIGRATIONS.len();
        assert_eq!(admit(&conn, "x", known).unwrap(), known);
        conn.pragma_update(None, "user_version", 7).unwrap();
        assert_eq!(kind(admit(&conn, "x", known).unwrap_err()), StoreErrorKind::Newer);
    }

    #[test]
    fn another_programs_file_is_refused() {
        let conn = Connection::open_in_memory().unwrap();
        assert_eq!(admit(&conn, "x", 1).unwrap(), 0);
        conn.execute_batch("CREATE TABLE bookmarks(x)").unwrap();
        assert_eq!(kind(admit(&conn, "x", 1).unwrap_err()), StoreErrorKind::Foreign);
    }
}
