//! Copies of the store, and whether one is whole.
//!
//! A copy is what the store was at one moment, while writing goes on: a reader holds on to that
//! moment and the pages are copied in steps. It gets its name when it is complete and on disk, so
//! half a copy is never taken for one.
//!
//! Nothing here knows when a copy is due.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::error::{Fault, StoreError, StoreErrorKind};
use crate::reader::Reader;

/// Pages copied between two looks at the caller: 4 MB.
const STEP: i32 = 1_000;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pages that are in the copy.
    pub copied: u64,
    /// Pages that will be.
    pub pages: u64,
}

impl Reader {
    /// Copies the store to a new file while it is used. `progress` is asked between two steps
    /// whether to go on; if not, nothing is left and `None` is returned.
    ///
    /// The log of the store cannot start over meanwhile, so it grows by what is written.
    ///
    /// # Errors
    ///
    /// `Exists` if there is a file of that name, `DiskFull`, or what the disk said.
    pub fn backup(
        &self,
        to: &Path,
        progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<()>, StoreError> {
        if to.exists() {
            let line = format!("{} exists: a backup needs a new name", to.display());
            return Err(StoreError::exists(line));
        }
        let done = self.with(|conn| Ok(copy(conn, self.file(), to, progress)?))?;
        Ok(done.then_some(()))
    }

    /// Reads everything and says what is wrong. Takes a second for some 500 MB.
    ///
    /// # Errors
    ///
    /// `Damaged`, or what the disk said.
    pub fn check(&self) -> Result<(), StoreError> {
        self.with(|conn| Ok(check(conn, self.file())?))
    }
}

/// Whether all pages hang together.
pub(crate) fn check(conn: &Connection, file: &Path) -> Result<(), StoreError> {
    let found: Result<String, _> = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => {
            // The first line may say which database it is about; there is only one.
            // SQLITE_IOERR with whatever more it knows.
            let code = found.rsplit_once("error code=").and_then(|(_, code)| code.parse().ok());
            if code.is_some_and(|code: i32| code & 0xff == 10) {
                return Err(StoreError::unreadable(file));
            }
            let what = found.lines().find(|line| !line.starts_with("***")).unwrap_or("somewhere");
            Err(StoreError::damaged(file, what))
        }
        Err(error) => Err(StoreError::sqlite(file, &error)),
    }
}

/// The copy that is made before the tables change; one of the same name is replaced.
pub(crate) fn before_migration(
    conn: &Connection,
    file: &Path,
    version: usize,
    stamp: &str,
) -> Result<(), StoreError> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".schema-{version}.{stamp}"));
    copy(conn, file, Path::new(&name), |_| ControlFlow::Continue(())).map(|_| ())
}

/// Whether the copy is there; false if it was called off.
fn copy(
    conn: &Connection,
    file: &Path,
    to: &Path,
    progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<bool, StoreError> {
    let part = Part::new(to)?;
    let done = pages(conn, &part.path, progress).map_err(|fault| match fault {
        Fault::Sql(error) => name_the_guilty(file, &part.path, &error),
        Fault::Said(error) => error,
    })?;
    if done {
        part.keep(to).map_err(|error| StoreError::system("write to", to, &error))?;
    }
    Ok(done)
}

/// What cannot be read is the source, what cannot be written is the copy.
fn name_the_guilty(file: &Path, part: &Path, error: &rusqlite::Error) -> StoreError {
    let from_source = StoreError::sqlite(file, error);
    match from_source.kind() {
        StoreErrorKind::Damaged | StoreErrorKind::Busy => from_source,
        _ => StoreError::sqlite(part, error),
    }
}

fn pages(
    conn: &Connection,
    to: &Path,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<bool, Fault> {
    let mut target = Connection::open(to)?;
    // Holding on to one moment: else every commit of the writer would begin the copy anew.
    let moment = conn.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let backup = Backup::new(&moment, &mut target)?;
    loop {
        match backup.step(STEP)? {
            StepResult::Done => return Ok(true),
            StepResult::More => {}
            _ => {
                let line = format!("{} is busy: another program holds it", to.display());
                return Err(StoreError::new(StoreErrorKind::Busy, line).into());
            }
        }
        let at = backup.progress();
        let pages = u64::try_from(at.pagecount).unwrap_or(0);
        let copied = pages.saturating_sub(u64::try_from(at.remaining).unwrap_or(0));
        if progress(Progress { copied, pages }).is_break() {
            return Ok(false);
        }
    }
}

/// A file that goes away again unless it is kept.
struct Part {
    path: PathBuf,
}

impl Part {
    fn new(to: &Path) -> Result<Part, StoreError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path).map_err(|error| StoreError::system("write to", &path, &error))?;
        Ok(Part { path })
    }

    fn keep(self, to: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{before_migration, check};
    use rusqlite::Connection;

    #[test]
    fn the_copy_before_a_migration_is_whole_and_named_by_version_and_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chat.db");
        let conn = Connection::open(&file).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a(x)").unwrap();
        // The second replaces the first.
        for rows in 1..3 {
            conn.execute("INSERT INTO a VALUES (1)", []).unwrap();
            before_migration(&conn, &file, 1, "2026-11-21").unwrap();
            let copy = folder.path().join("chat.db.schema-1.2026-11-21");
            let copied = Connection::open(&copy).unwrap();
            check(&copied, &copy).unwrap();
            let found: i64 =
                copied.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
            assert_eq!(found, rows);
        }
        let parts = std::fs::read_dir(folder.path()).unwrap();
        let parts = parts
            .filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
        assert_eq!(parts.count(), 0);
    }
}
