//! Connections that only read: a few, opened when they are first needed, used by turns.
//!
//! A reader sees the last commit and never waits for the writer. Who finds all connections taken
//! waits for one, but not for ever.
//!
//! Nothing here knows what is asked.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::desk::{shown, tune_reader};
use crate::error::{Fault, StoreError, StoreErrorKind};
use crate::folder::file_in;
use crate::schema::{self, MIGRATIONS};

/// How long a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers questions about what is stored. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    origin: Origin,
    most: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    out: usize,
}

/// Where connections lead.
#[derive(Debug)]
pub(crate) enum Origin {
    File(PathBuf),
    /// A file that nobody writes to, on a disk where nobody can.
    Still(PathBuf),
    Memory(String),
}

impl Origin {
    pub(crate) fn file(&self) -> &Path {
        match self {
            Origin::File(path) | Origin::Still(path) => path,
            Origin::Memory(_) => Path::new("the store in memory"),
        }
    }

    /// Able to read; of a store in memory also to write, since it has no other way in.
    pub(crate) fn connect(&self) -> rusqlite::Result<Connection> {
        match self {
            Origin::File(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(path, flags)
            }
            Origin::Still(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(still(path), flags | OpenFlags::SQLITE_OPEN_URI)
            }
            Origin::Memory(name) => {
                let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(format!("file:{name}?vfs=memdb"), flags)
            }
        }
    }
}

/// The name by which SQLite opens a file without a place for its log.
/// Source: <https://www.sqlite.org/uri.html>.
fn still(path: &Path) -> PathBuf {
    let mut name = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => name.extend(format!("%{byte:02x}").into_bytes()),
            other => name.push(*other),
        }
    }
    name.extend(b"?immutable=1");
    PathBuf::from(OsString::from_vec(name))
}

/// Whether the file lies there without a log. A server would have one.
fn lies_still(file: &Path) -> bool {
    let beside = |end: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        fs::metadata(name)
    };
    beside("-wal").map_or(true, |wal| wal.len() == 0) && beside("-shm").is_err()
}

impl Reader {
    /// Reads the memory of a server, running or not, without taking its folder. A copy on a disk
    /// that can only be read is read as well, and so is a file that an older version wrote, all but
    /// its index.
    ///
    /// # Errors
    ///
    /// `Missing`, `Damaged`, `Newer`, `Foreign`, or what the disk said.
    pub fn open(folder: &Path) -> Result<Reader, StoreError> {
        let file = file_in(folder);
        if !file.exists() {
            let line = format!("{} holds no history", folder.display());
            return Err(StoreError::missing(line));
        }
        let known = MIGRATIONS.len();
        let name = shown(&file);
        let mut reader = Reader::new(Origin::File(file.clone()), 1);
        let mut found = reader.with(|conn| schema::admit(conn, &name, known));
        if found.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Disk)
            && lies_still(&file)
        {
            reader = Reader::new(Origin::Still(file), 1);
            found = reader.with(|conn| schema::admit(conn, &name, known));
        }
        match found? {
            0 => Err(StoreError::missing(format!("{} holds no history", folder.display()))),
            _ => Ok(reader),
        }
    }

    /// The latest time of all entries; none where there are none. It may be a clock's mistake.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn latest_time(&self) -> Result<Option<i64>, StoreError> {
        self.with(|conn| {
            let sql = "SELECT max(latest) FROM span";
            Ok(conn.query_row(sql, [], |row| row.get(0))?)
        })
    }

    pub(crate) fn new(origin: Origin, most: usize) -> Reader {
        let (state, returned) = (Mutex::default(), Condvar::new());
        Reader { pool: Arc::new(Pool { origin, most: most.max(1), state, returned }) }
    }

    pub(crate) fn file(&self) -> &Path {
        self.pool.origin.file()
    }

    /// Asks with a connection of one's own for as long as it takes.
    pub(crate) fn with<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let turn = self.turn()?;
        let answer = turn.ask(ask);
        answer.map_err(|fault| fault.about(self.file()))
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn let_go(&self) {
        self.pool.state().idle.clear();
    }

    fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let pool = &*self.pool;
        let all_out = |state: &mut State| state.out >= pool.most;
        let (mut state, waited) = pool
            .returned
            .wait_timeout_while(pool.state(), PATIENCE, all_out)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::new(StoreErrorKind::Busy, "too many questions at once"));
        }
        state.out += 1;
        let conn = state.idle.pop();
        drop(state);
        Ok(Turn { pool, conn })
    }
}

impl Pool {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that comes back, whatever happens meanwhile.
struct Turn<'pool> {
    pool: &'pool Pool,
    conn: Option<Connection>,
}

impl Turn<'_> {
    fn ask<T>(mut self, ask: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                let conn = self.pool.origin.connect()?;
                tune_reader(&conn)?;
                conn
            }
        };
        let answer = ask(self.conn.insert(conn));
        // What failed may have failed because of this very connection.
        if matches!(answer, Err(Fault::Sql(_))) {
            self.conn = None;
        }
        answer
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.out -= 1;
        state.idle.extend(self.conn.take().filter(Connection::is_autocommit));
        drop(state);
        self.pool.returned.notify_one();
    }
}
