//! The one connection that writes, and what the writer remembers beside it.
//!
//! Whatever is remembered can be forgotten at any time: after a transaction that failed, everything
//! is. The file alone is the truth.
//!
//! Nothing here knows queues or receipts.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::entry::Target;
use crate::error::{Fault, StoreError, StoreErrorKind};

/// Pages of 4 KiB in the log after which it is written back even though there is work.
const WRITE_BACK: i32 = 4_000;
/// Pages after which readers are waited for, so that the log can start over.
const START_OVER: i32 = 16_000;
/// Ids in one span; a search by time looks at no fewer.
pub(crate) const SPAN: i64 = 1024;
/// Conversations remembered by name. They are read again beyond that.
const REMEMBERED: usize = 16_384;

/// Where changes are made.
#[derive(Debug)]
pub struct Desk {
    pub(crate) conn: Connection,
    pub(crate) file: PathBuf,
    conversations: HashMap<Target, i64>,
    span: Option<Span>,
    /// Pages in the log after the last commit.
    logged: Arc<AtomicI32>,
    /// Pages that were in it when it could not be written back, since somebody read them.
    stuck: i32,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    block: i64,
    earliest: i64,
    latest: i64,
}

impl Desk {
    pub(crate) fn new(mut conn: Connection, file: PathBuf) -> rusqlite::Result<Desk> {
        conn.set_prepared_statement_cache_capacity(64);
        let logged = Arc::new(AtomicI32::new(0));
        let counter = Arc::clone(&logged);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            counter.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let conversations = HashMap::new();
        Ok(Desk { conn, file, conversations, span: None, logged, stuck: 0 })
    }

    pub(crate) fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.conn.prepare_cached(sql)
    }

    /// The number of a conversation, made up if it is new.
    pub(crate) fn conversation(&mut self, target: &Target) -> Result<i64, Fault> {
        if let Some(id) = self.conversations.get(target) {
            return Ok(*id);
        }
        if !target.is_named() {
            return Err(StoreError::invalid("a conversation needs a name").into());
        }
        let (first, second) = target.columns();
        let known = find_conversation(&self.conn, target)?;
        let id = match known {
            Some(id) => id,
            None => self
                .statement("INSERT INTO conversation (first, second) VALUES (?, ?)")?
                .insert(params![first, second])?,
        };
        if self.conversations.len() >= REMEMBERED {
            self.conversations.clear();
        }
        self.conversations.insert(target.clone(), id);
        Ok(id)
    }

    /// Notes which times occur among which ids.
    pub(crate) fn note_time(&mut self, id: i64, time: i64) -> rusqlite::Result<()> {
        let block = id / SPAN;
        match &mut self.span {
            Some(span) if span.block == block => {
                span.earliest = span.earliest.min(time);
                span.latest = span.latest.max(time);
            }
            _ => {
                self.write_span()?;
                self.span = Some(Span { block, earliest: time, latest: time });
            }
        }
        Ok(())
    }

    fn write_span(&mut self) -> rusqlite::Result<()> {
        let Some(span) = self.span.take() else { return Ok(()) };
        self.statement(
            "INSERT INTO span (block, earliest, latest) VALUES (?, ?, ?)
             ON CONFLICT (block) DO UPDATE SET
                 earliest = min(earliest, excluded.earliest),
                 latest = max(latest, excluded.latest)",
        )?
        .execute(params![span.block, span.earliest, span.latest])?;
        Ok(())
    }

    pub(crate) fn begin(&mut self) -> rusqlite::Result<()> {
        self.statement("BEGIN IMMEDIATE")?.execute([]).map(|_| ())
    }

    /// After this, and not before, everything since [`begin`](Desk::begin) survives a crash.
    pub(crate) fn commit(&mut self) -> rusqlite::Result<()> {
        self.write_span()?;
        self.statement("COMMIT")?.execute([]).map(|_| ())
    }

    /// Gives up everything since [`begin`](Desk::begin). A full disk may have done it already.
    pub(crate) fn roll_back(&mut self) {
        self.conversations.clear();
        self.span = None;
        if !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    /// Gives up what the change at hand has written so far.
    pub(crate) fn take_back(&mut self) -> rusqlite::Result<()> {
        self.conversations.clear();
        self.statement("ROLLBACK TO change")?.execute([]).map(|_| ())
    }

    /// One of them may be gone, and its number given to another.
    pub(crate) fn forget_conversations(&mut self) {
        self.conversations.clear();
    }

    /// Whether there is something to do while nobody waits.
    pub(crate) fn is_behind(&self) -> bool {
        self.logged.load(Ordering::Relaxed) > 0
    }

    /// Writes the log back if it has grown long. A failure is met again by the next commit.
    pub(crate) fn keep_log_short(&mut self) {
        let logged = self.logged.load(Ordering::Relaxed);
        if logged < self.stuck {
            // It has started over.
            self.stuck = 0;
        }
        if logged < self.stuck + WRITE_BACK {
            return;
        }
        let way = if logged < START_OVER { "PASSIVE" } else { "RESTART" };
        self.stuck = self.checkpoint(way).unwrap_or(logged);
    }

    /// Writes the whole log back: nobody waits.
    pub(crate) fn rest(&mut self) {
        let _ = self.checkpoint("PASSIVE");
        self.logged.store(0, Ordering::Relaxed);
    }

    /// How many pages could not be written back, since somebody still reads them.
    fn checkpoint(&self, way: &str) -> rusqlite::Result<i32> {
        let (logged, back) = self
            .statement(&format!("PRAGMA wal_checkpoint({way})"))?
            .query_row([], |row| Ok((row.get::<_, i32>(1)?, row.get::<_, i32>(2)?)))?;
        Ok(if logged == back { 0 } else { logged })
    }

    /// Empties the log into the file and lets go of it.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        // A reader elsewhere would keep the log from going away, and the next start from knowing
        // that this was a clean end. An empty one says it as well.
        let _ = self.checkpoint("TRUNCATE");
        let Desk { conn, file, .. } = self;
        conn.close().map_err(|(_, error)| StoreError::sqlite(&file, &error))
    }
}

/// Among which ids entries later than one time and earlier than another can be.
pub(crate) fn ids_between(
    conn: &Connection,
    after: i64,
    before: i64,
) -> rusqlite::Result<Range<i64>> {
    let block = |sql: &str, time: i64| {
        conn.prepare_cached(sql)?.query_row([time], |row| row.get::<_, Option<i64>>(0))
    };
    let mut ids = 0..i64::MAX;
    if after != i64::MIN {
        let first = block("SELECT min(block) FROM span WHERE latest > ?", after)?;
        ids.start = first.map_or(i64::MAX, |block| block * SPAN);
    }
    if before != i64::MAX {
        let last = block("SELECT max(block) FROM span WHERE earliest < ?", before)?;
        ids.end = last.map_or(0, |block| (block + 1) * SPAN);
    }
    Ok(ids)
}

/// The number of a conversation that has one.
pub(crate) fn find_conversation(
    conn: &Connection,
    target: &Target,
) -> rusqlite::Result<Option<i64>> {
    let (first, second) = target.columns();
    conn.prepare_cached("SELECT id FROM conversation WHERE first = ? AND second = ?")?
        .query_row(params![first, second], |row| row.get(0))
        .optional()
}

/// What both kinds of connection wait for a lock of another process. Within one, nobody waits.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);

/// Makes a connection one that writes, and a new file what it should be.
pub(crate) fn tune(conn: &Connection, file: &Path, is_new: bool) -> Result<(), Fault> {
    conn.busy_timeout(PATIENCE)?;
    if is_new {
        // Freed pages can be given back in small steps. Only an empty file takes this, and an empty
        // file needs no journal: half the waiting for the disk at a first start was for that.
        conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    let journal: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if journal != "wal" {
        let line = format!("cannot write to {}: its disk cannot share memory", file.display());
        return Err(StoreError::new(StoreErrorKind::Disk, line).into());
    }
    Ok(tune_writer(conn)?)
}

/// The same for a store in memory, which has no log.
pub(crate) fn tune_in_memory(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY")?;
    tune_writer(conn)
}

fn tune_writer(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = FAST;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 67108864;",
    )
}

/// Opens a connection that cannot write.
pub(crate) fn tune_reader(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(64);
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;",
    )
}

/// The name of `file` for messages.
pub(crate) fn shown(file: &Path) -> String {
    file.display().to_string()
}
