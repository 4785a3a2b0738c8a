//! The store of a server: opened once, written by one thread, read by many.
//!
//! A change is queued at once or refused at once; its receipt says when it is on disk. Closing
//! writes everything that was queued.
//!
//! Nothing here has a clock: every time is given.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use crate::backup;
use crate::desk::{Desk, shown, tune, tune_in_memory};
use crate::error::{Fault, StoreError, StoreErrorKind};
use crate::folder::Folder;
use crate::reader::{Origin, Reader};
use crate::schema::{self, MIGRATIONS, Upgrade};
use crate::writer::{Change, Commits, Job, Pending, serve};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Changes that may wait to be written. One more is refused.
    pub queue: usize,
    /// Connections that read at the same time. More readers wait for one of them.
    pub readers: usize,
    /// Part of the name of the copy that is made before the tables change, such as the date.
    pub stamp: String,
    /// After a server that was killed, a file of up to so many bytes is checked before it is used.
    pub check: u64,
}

impl Default for Options {
    fn default() -> Options {
        let stamp = "before".to_owned();
        // Checking runs at some 500 MB/s, so this is a tenth of a second.
        Options { queue: 16_384, readers: 4, stamp, check: 64 << 20 }
    }
}

/// A chat's memory. Shared by reference; all calls may come from any thread.
#[derive(Debug)]
pub struct Store {
    queue: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    waiting: usize,
    writer: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
    reader: Reader,
    unchecked: bool,
    commits: Arc<Commits>,
    /// Held until the writer is done.
    folder: Mutex<Option<Folder>>,
}

impl Store {
    /// Opens the folder, making it if there is none, and takes it for this process.
    ///
    /// # Errors
    ///
    /// `InUse`, `Damaged`, `Newer`, `Foreign`, or what the disk said.
    pub fn open(folder: &Path, options: &Options) -> Result<Store, StoreError> {
        Store::open_telling(folder, options, &mut |_| {})
    }

    /// The same. Where the file is older, changing it takes some ten seconds for a million messages:
    /// `tell` hears how far it is, and what was changed that somebody will notice.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn open_telling(
        folder: &Path,
        options: &Options,
        tell: &mut dyn FnMut(Upgrade<'_>),
    ) -> Result<Store, StoreError> {
        let folder = Folder::take(folder)?;
        folder.prepare()?;
        let (file, was_left_open) = (folder.file(), folder.was_left_open());
        let failed = |fault: Fault| fault.about(&file);
        let mut conn =
            Connection::open(&file).map_err(|error| StoreError::sqlite(&file, &error))?;
        let version = schema::admit(&conn, &shown(&file), MIGRATIONS.len()).map_err(failed)?;
        let checked = was_left_open && folder.size() <= options.check;
        tune(&conn, &file, version == 0).map_err(failed)?;
        if checked {
            backup::check(&conn, &file)?;
        }
        if (1..MIGRATIONS.len()).contains(&version) {
            backup::before_migration(&conn, &file, version, &options.stamp)?;
        }
        schema::migrate(&mut conn, &MIGRATIONS, tell).map_err(failed)?;
        let origin = Origin::File(file);
        let mut store = Store::start(conn, origin, options, Some(folder))?;
        store.unchecked = was_left_open && !checked;
        Ok(store)
    }

    /// A store that is gone with the last reference, for tests.
    ///
    /// # Errors
    ///
    /// When memory is short.
    pub fn in_memory() -> Result<Store, StoreError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("/coax-store-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let origin = Origin::Memory(name);
        let file = origin.file().to_owned();
        let sql = |error| StoreError::sqlite(&file, &error);
        let mut conn = origin.connect().map_err(sql)?;
        tune_in_memory(&conn).map_err(sql)?;
        schema::migrate(&mut conn, &MIGRATIONS, &mut |_| {}).map_err(|fault| fault.about(&file))?;
        Store::start(conn, origin, &Options::default(), None)
    }

    fn start(
        conn: Connection,
        origin: Origin,
        options: &Options,
        folder: Option<Folder>,
    ) -> Result<Store, StoreError> {
        let file = origin.file().to_owned();
        let desk =
            Desk::new(conn, file.clone()).map_err(|error| StoreError::sqlite(&file, &error))?;
        let (sender, receiver) = sync_channel(options.queue);
        let commits = Arc::new(Commits::default());
        let counted = commits.clone();
        let writer = Builder::new()
            .name("coax-store".to_owned())
            .spawn(move || serve(desk, &receiver, &counted))
            .map_err(|_| StoreError::new(StoreErrorKind::Busy, "no thread left to write with"))?;
        Ok(Store {
            queue: RwLock::new(Some(sender)),
            waiting: options.queue,
            writer: Mutex::new(Some(writer)),
            reader: Reader::new(origin, options.readers),
            unchecked: false,
            commits,
            folder: Mutex::new(folder),
        })
    }

    /// Queues a change. The receipt is called once it is on disk, or will not be, on the writer's
    /// thread: it must not wait for the store.
    ///
    /// # Errors
    ///
    /// `Busy` when the queue is full, `Closed` after the end. The change is dropped and the receipt
    /// is not called then.
    pub fn send<C: Change>(
        &self,
        change: C,
        receipt: impl FnOnce(Result<C::Outcome, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return Err(StoreError::closed()) };
        let job: Box<dyn Job> = Box::new(Pending::new(change, Box::new(receipt)));
        queue.try_send(job).map_err(|error| {
            let (mut job, why) = match error {
                TrySendError::Full(job) => (job, self.overloaded()),
                TrySendError::Disconnected(job) => (job, StoreError::closed()),
            };
            job.withdraw();
            why
        })
    }

    /// Makes a change and waits until it is on disk; for a full queue as well.
    ///
    /// # Errors
    ///
    /// Whatever the receipt would say, or `Closed`. Not to be called from a receipt.
    pub fn apply<C: Change>(&self, change: C) -> Result<C::Outcome, StoreError> {
        let (tell, told) = sync_channel(1);
        let receipt = Box::new(move |outcome| drop(tell.send(outcome)));
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(queue) = queue else { return Err(StoreError::closed()) };
        // One that comes back is answered as it is dropped.
        drop(queue.send(Box::new(Pending::new(change, receipt))));
        drop(queue);
        told.recv().unwrap_or_else(|_| Err(StoreError::closed()))
    }

    /// For everything that only reads. It can be cloned and outlives the store.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether the last server was killed and the file is too large to have been checked at the
    /// start. [`Reader::check`] can do it meanwhile.
    pub fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// How many transactions reached the disk since the start, and how many did not.
    pub fn commits(&self) -> (u64, u64) {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (now(&self.commits.done), now(&self.commits.failed))
    }

    /// Writes all that was queued and lets go of the folder. Later changes are refused; to close
    /// twice is no error.
    ///
    /// # Errors
    ///
    /// When the log could not be written back. Nothing is lost by that: the next start does it.
    pub fn close(&self) -> Result<(), StoreError> {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        // Idle readers would keep the log from being put away.
        self.reader.let_go();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let result = match writer.map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => {
                Err(StoreError::new(StoreErrorKind::Closed, "the store's writer broke off"))
            }
        };
        drop(self.folder.lock().unwrap_or_else(PoisonError::into_inner).take());
        result
    }

    fn overloaded(&self) -> StoreError {
        let line = format!("the disk does not keep up: {} changes wait for it", self.waiting);
        StoreError::new(StoreErrorKind::Busy, line)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.close();
    }
}
