//! The tables, and the way from every older version of them to this one.
//!
//! A migration is never changed once it was released: the next one is added below it. Each runs in
//! one transaction together with the number it leads to, so a file has one version or the other.
//! What is made of the rows takes seconds for a million of them, so it says how far it is.
//!
//! Nothing here knows what the rows mean.

mod names;

use rusqlite::Connection;

use crate::error::{Fault, StoreError, StoreErrorKind};
use crate::search::reindex;

/// "coax" in ASCII: tells our file from anybody else's.
pub(crate) const APPLICATION: i64 = 0x636f_6178;

/// What leads from version n to n + 1.
pub(crate) const MIGRATIONS: [Step; 3] = [
    Step { sql: include_str!("schema/1.sql"), fill: None },
    Step { sql: include_str!("schema/by_sequence.sql"), fill: None },
    Step { sql: include_str!("schema/words.sql"), fill: Some(refold_and_index) },
];

/// The version from which on the index has the words that are looked for.
const SEARCHABLE: usize = 3;

/// One migration.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) sql: &'static str,
    /// What is filled from the rows afterwards.
    pub(crate) fill: Option<Fill>,
}

type Fill = fn(&Connection, &mut dyn FnMut(Upgrade<'_>)) -> rusqlite::Result<()>;

/// What happens while a file of an older version is changed to this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Upgrade<'a> {
    /// So many messages are indexed again, of so many.
    Indexed {
        /// Done.
        done: u64,
        /// In all.
        all: u64,
    },
    /// Two names have become one, and the later one has another name from now on.
    Renamed {
        /// What it was called.
        old: &'a str,
        /// What it is called.
        new: &'a str,
    },
}

fn refold_and_index(conn: &Connection, tell: &mut dyn FnMut(Upgrade<'_>)) -> rusqlite::Result<()> {
    for (old, new) in names::refold(conn)? {
        tell(Upgrade::Renamed { old: &old, new: &new });
    }
    reindex(conn, &mut |done, all| tell(Upgrade::Indexed { done, all }))
}

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

/// Whether the words of the file can be looked for: one that was not migrated has other words.
pub(crate) fn is_searchable(conn: &Connection, shown: &str) -> Result<(), Fault> {
    if version(conn)? >= SEARCHABLE {
        return Ok(());
    }
    let line = format!(
        "{shown} has older tables: start the server once, so that it indexes every word again"
    );
    Err(StoreError::new(StoreErrorKind::Older, line).into())
}

/// Brings the file to the last version, step by step.
pub(crate) fn migrate(
    conn: &mut Connection,
    steps: &[Step],
    tell: &mut dyn FnMut(Upgrade<'_>),
) -> Result<(), Fault> {
    for (at, step) in steps.iter().enumerate().skip(version(conn)?) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(step.sql)?;
        if let Some(fill) = step.fill {
            fill(&transaction, tell)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, Step, Upgrade, admit, migrate, version};
    use crate::error::{Fault, StoreErrorKind};
    use crate::{Options, Reader, Redact, Search, Store, Target};
    use rusqlite::Connection;

    fn kind(fault: Fault) -> StoreErrorKind {
        match fault {
            Fault::Said(error) => error.kind(),
            Fault::Sql(error) => panic!("{error}"),
        }
    }

    fn steps<const N: usize>(sql: [&'static str; N]) -> [Step; N] {
        sql.map(|sql| Step { sql, fill: None })
    }

    fn quietly(conn: &mut Connection, steps: &[Step]) -> Result<(), Fault> {
        migrate(conn, steps, &mut |_| {})
    }

    #[test]
    fn every_version_leads_to_the_last() {
        let steps =
            steps(["CREATE TABLE a(x)", "ALTER TABLE a ADD y", "INSERT INTO a VALUES(1, 2)"]);
        for from in 0..steps.len() {
            let mut conn = Connection::open_in_memory().unwrap();
            quietly(&mut conn, &steps[..from]).unwrap();
            quietly(&mut conn, &steps).unwrap();
            assert_eq!(version(&conn).unwrap(), 3);
            let sum: i64 = conn.query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
            assert_eq!(sum, 3);
        }
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps =
            steps(["CREATE TABLE a(x)", "INSERT INTO a VALUES(1); INSERT INTO nowhere VALUES(1)"]);
        quietly(&mut conn, &steps).unwrap_err();
        assert_eq!(version(&conn).unwrap(), 1);
        let rows: i64 = conn.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[test]
    fn a_file_from_the_future_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        quietly(&mut conn, &MIGRATIONS).unwrap();
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

    #[test]
    fn a_file_of_the_first_version_is_read_and_then_indexed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(folder.path().join("chat.db")).unwrap();
        quietly(&mut conn, &MIGRATIONS[..1]).unwrap();
        conn.execute_batch(
            "INSERT INTO conversation VALUES (1, '#lobby', '');
             INSERT INTO message VALUES
                 (1, 1, 10, 'a', 0, 'Ada!a@h', 'ada', '我家在上海东边。', x'', NULL),
                 (2, 1, 20, 'b', 0, 'bob!b@h', NULL, '', x'', x'00'),
                 (3, 1, 30, 'c', 7, 'bob!b@h', NULL, '上海', x'', NULL);
             INSERT INTO conversation VALUES (2, '#Ünal', ''), (3, '#ünal', ''), (4, '#ÜNAL', '');
             INSERT INTO account (id, key, name, created, settings)
                 VALUES (1, 'Ünal', 'Ünal', 1, '{}'), (2, 'ünal', 'ünal', 2, '{}');
             INSERT INTO nick VALUES ('Ünal', 'Ünal', 1), ('ünal', 'ünal', 2);
             INSERT INTO channel (key, name, founder, registered, modes, settings)
                 VALUES ('#ÜNAL', '#ÜNAL', 2, 5, '', '{}');
             INSERT INTO shelf VALUES ('lives', '#ünal', x'31');
             INSERT INTO search (rowid, text, scope) SELECT id, text, scope FROM searchable;",
        )
        .unwrap();
        drop(conn);
        let words = |words: &str| Search { words: words.to_owned(), limit: 9, ..Search::default() };
        let old = Reader::open(folder.path()).unwrap();
        assert_eq!(old.export(None).count(), 3);
        let error = old.search(&words("上海")).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Older);
        let options = Options { stamp: "then".to_owned(), ..Options::default() };
        let mut renamed = Vec::new();
        let mut tell = |news: Upgrade<'_>| {
            if let Upgrade::Renamed { old, new } = news {
                renamed.push(format!("{old} {new}"));
            }
        };
        let store = Store::open_telling(folder.path(), &options, &mut tell).unwrap();
        assert_eq!(renamed, ["ünal ünal_2", "#ünal #ünal_2", "#Ünal #ünal_3"]);
        let reader = store.reader();
        let accounts = reader.accounts().unwrap();
        let names = accounts.iter().map(|it| (&*it.name.key, &*it.name.shown, &*it.nicks[0].key));
        let expected = [("ünal", "Ünal", "ünal"), ("ünal_2", "ünal_2", "ünal_2")];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert_eq!(reader.channels().unwrap()[0].name.key, "#ünal");
        assert!(reader.on_shelf("lives", "#ünal_2").unwrap().is_some());
        for reader in [&old, store.reader()] {
            let found = reader.search(&words("上海")).unwrap();
            assert_eq!(found.iter().map(|it| &*it.kept.entry.msgid).collect::<Vec<_>>(), ["a"]);
        }
        let by =
            Search { nick: Some("ADA".to_owned()), account: Some("ada".to_owned()), ..words("") };
        assert_eq!(store.reader().search(&by).unwrap().len(), 1);
        assert!(folder.path().join("chat.db.schema-1.then").exists());
        // What was put in can be taken out.
        let target = Target::channel("#lobby");
        store.apply(Redact { target, msgid: "a".to_owned(), note: Vec::new() }).unwrap();
        assert!(store.reader().search(&words("上海")).unwrap().is_empty());
    }
}
