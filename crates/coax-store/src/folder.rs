//! The folder a server keeps its memory in: one file, one lock, and whether the last end was clean.
//!
//! What can be known about the file before it is opened is looked at here, so that a damaged one is
//! refused and not written to. The folder is its owner's alone, since accounts lie in it.
//!
//! Nothing here looks at tables.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{StoreError, StoreErrorKind};

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The file of a folder.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join("chat.db")
}

/// A folder nobody else writes to. The system gives it back when the process ends, however.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes it if there is none, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Folder, StoreError> {
        let builder = DirBuilder::new().recursive(true).mode(0o700).create(path);
        builder.map_err(|error| StoreError::system("make the folder", path, &error))?;
        let lock_file = path.join("lock");
        let mut lock = private()
            .open(&lock_file)
            .map_err(|error| StoreError::system("write to", &lock_file, &error))?;
        match lock.try_lock() {
            Ok(()) => sign(&mut lock),
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut lock)),
            Err(TryLockError::Error(error)) => {
                // It says nothing of the disk: the file system knows no locks, or has none left.
                let line = StoreError::system("lock", &lock_file, &error).to_string();
                return Err(StoreError::new(StoreErrorKind::Busy, line));
            }
        }
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn file(&self) -> PathBuf {
        file_in(&self.path)
    }

    /// Makes the file, with nobody else's eyes on it, and looks at its first bytes.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        let path = self.file();
        let mut file =
            private().open(&path).map_err(|error| StoreError::system("write to", &path, &error))?;
        inspect(&path, &mut file, self.was_left_open())
    }

    /// Whether the last server could not say goodbye: it left something to catch up with.
    pub(crate) fn was_left_open(&self) -> bool {
        let wal = self.path.join("chat.db-wal");
        fs::metadata(wal).is_ok_and(|wal| wal.len() > 0)
    }

    pub(crate) fn size(&self) -> u64 {
        fs::metadata(self.file()).map_or(0, |file| file.len())
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// Leaves our number for whoever is refused. A disk too full for it is met later.
fn sign(lock: &mut File) {
    let _ = lock.set_len(0);
    let _ = write!(lock, "{}", std::process::id());
}

fn in_use(path: &Path, lock: &mut File) -> StoreError {
    let mut owner = String::new();
    let _ = lock.seek(SeekFrom::Start(0));
    let _ = lock.take(20).read_to_string(&mut owner);
    let owner = match owner.parse::<u32>() {
        Ok(process) => format!("another server (process {process})"),
        Err(_) => "another server".to_owned(),
    };
    StoreError::new(StoreErrorKind::InUse, format!("{} is used by {owner}", path.display()))
}

/// An empty file is a new one. Any other says in its header what it is and how long. Whoever was
/// killed while it wrote the log back may have written the header, and not yet what it speaks of:
/// then the log has it.
fn inspect(path: &Path, file: &mut File, has_log: bool) -> Result<(), StoreError> {
    let broken = |error| StoreError::system("read", path, &error);
    let length = file.metadata().map_err(broken)?.len();
    if length == 0 {
        return Ok(());
    }
    let mut header = [0; 100];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(StoreError::damaged(path, "it ends within its header"));
        }
        read => read.map_err(broken)?,
    }
    if !header.starts_with(MAGIC) {
        return Err(StoreError::damaged(path, "its beginning is not that of a database"));
    }
    match !has_log && length < length_by_header(&header) {
        true => Err(StoreError::damaged(path, "it is shorter than it says")),
        false => Ok(()),
    }
}

/// Page size by page count; the count holds only where two counters agree.
/// Source: the database header, <https://www.sqlite.org/fileformat.html>.
fn length_by_header(header: &[u8; 100]) -> u64 {
    let number =
        |at: usize| header[at..at + 4].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let page = match (header[16], header[17]) {
        (0, 1) => 65536,
        (high, low) => u64::from(high) << 8 | u64::from(low),
    };
    if number(24) == number(92) { page * number(28) } else { 0 }
}
