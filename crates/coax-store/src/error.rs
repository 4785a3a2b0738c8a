//! Why the store did not do what it was asked.
//!
//! The object is always named: the file, the account, the message. Programs look at the kind,
//! people read the line; what to do about it is a second line where there is something to do.
//!
//! Nothing here knows exit codes or IRC numerics.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_NOMEM};

/// Why something was not read or kept. Cheap to copy: one failed commit has many callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    kind: StoreErrorKind,
    line: String,
}

/// What kind of failure it was. The kinds are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The disk is full. The same change may succeed once it is not.
    DiskFull,
    /// The file, its folder or its disk may only be read.
    ReadOnly,
    /// The disk failed to read or write.
    Disk,
    /// What is on the disk is not what was written.
    Damaged,
    /// The file was written by a newer version.
    Newer,
    /// The file was written by an older version, and only a server may change that.
    Older,
    /// The file is something else.
    Foreign,
    /// Another server holds the folder.
    InUse,
    /// Too much waits to be written, or too many read.
    Busy,
    /// The store was closed before this was done.
    Closed,
    /// There is one of that name already.
    Exists,
    /// There is none of that name.
    Missing,
    /// The request makes no sense, whatever is stored.
    Invalid,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, line: impl Into<String>) -> StoreError {
        StoreError { kind, line: line.into() }
    }

    pub(crate) fn exists(line: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Exists, line)
    }

    pub(crate) fn missing(line: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Missing, line)
    }

    pub(crate) fn invalid(line: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Invalid, line)
    }

    /// What a change is told that the store did not get to.
    pub fn closed() -> StoreError {
        StoreError::new(StoreErrorKind::Closed, "the store is closed")
    }

    pub(crate) fn damaged(file: &Path, what: &str) -> StoreError {
        StoreError::new(StoreErrorKind::Damaged, format!("{} is damaged: {what}", file.display()))
    }

    /// The disk does not give back what is on it. Whether that is damaged is not known.
    pub(crate) fn unreadable(file: &Path) -> StoreError {
        let line = format!("cannot read {}: the disk reports an error", file.display());
        StoreError::new(StoreErrorKind::Disk, line)
    }

    /// What a system call on `path` said.
    pub(crate) fn system(doing: &str, path: &Path, error: &std::io::Error) -> StoreError {
        use std::io::ErrorKind as Io;
        let other = in_words(error);
        let (kind, cause) = match error.kind() {
            Io::StorageFull | Io::QuotaExceeded => (StoreErrorKind::DiskFull, "the disk is full"),
            Io::ReadOnlyFilesystem => (StoreErrorKind::ReadOnly, "the disk is read-only"),
            Io::PermissionDenied => (StoreErrorKind::ReadOnly, "permission denied"),
            Io::NotFound => (StoreErrorKind::Missing, "there is no such file or folder"),
            Io::NotADirectory => (StoreErrorKind::Invalid, "it is not a folder"),
            Io::AlreadyExists => (StoreErrorKind::Exists, "there is a file of that name"),
            _ => (StoreErrorKind::Disk, &*other),
        };
        StoreError::new(kind, format!("cannot {doing} {}: {cause}", path.display()))
    }

    /// What SQLite said about `file`.
    pub(crate) fn sqlite(file: &Path, error: &rusqlite::Error) -> StoreError {
        use StoreErrorKind as Kind;
        let shown = file.display();
        let (code, extended) = match error {
            rusqlite::Error::SqliteFailure(inner, _) => (inner.code, inner.extended_code),
            _ => return StoreError::damaged(file, &error.to_string()),
        };
        let said = |kind, line: String| StoreError::new(kind, line);
        match code {
            ErrorCode::DiskFull => {
                said(Kind::DiskFull, format!("cannot write to {shown}: the disk is full"))
            }
            ErrorCode::ReadOnly => {
                said(Kind::ReadOnly, format!("cannot write to {shown}: it is read-only"))
            }
            ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
                said(Kind::ReadOnly, format!("cannot open {shown}: permission denied"))
            }
            ErrorCode::CannotOpen => said(Kind::Disk, format!("cannot open {shown}")),
            // SQLite says the same of a page that contradicts another and of one that cannot be read.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase if is_unreadable(file) => {
                StoreError::unreadable(file)
            }
            ErrorCode::NotADatabase => {
                StoreError::damaged(file, "its beginning is not that of a database")
            }
            ErrorCode::DatabaseCorrupt => StoreError::damaged(file, "its pages contradict"),
            ErrorCode::SystemIoFailure if extended == SQLITE_IOERR_CORRUPTFS => {
                StoreError::unreadable(file)
            }
            ErrorCode::OutOfMemory => out_of_memory(),
            ErrorCode::SystemIoFailure if extended == SQLITE_IOERR_NOMEM => out_of_memory(),
            ErrorCode::SystemIoFailure => {
                said(Kind::Disk, format!("cannot use {shown}: the disk reports an error"))
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                said(Kind::Busy, format!("{shown} is busy: another program holds it"))
            }
            ErrorCode::TooBig => said(Kind::Invalid, "too long to be kept".to_owned()),
            _ => said(Kind::Invalid, format!("cannot use {shown}: {error}")),
        }
    }

    /// For programs.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What to do about it, where there is something.
    pub fn advice(&self) -> Option<&'static str> {
        match self.kind {
            StoreErrorKind::DiskFull => {
                Some("free some space; writing goes on by itself as soon as there is some")
            }
            StoreErrorKind::Disk => Some(
                "look after the disk first, and at what the system's log says of it; the file may be whole",
            ),
            StoreErrorKind::Damaged => Some(
                "move the file away together with its -wal, then put the latest backup in its place",
            ),
            StoreErrorKind::Newer => {
                Some("run the newer version, or put the copy made before the change in its place")
            }
            StoreErrorKind::Foreign => Some("choose another folder"),
            StoreErrorKind::InUse => Some("stop the other server, or choose another folder"),
            _ => None,
        }
    }

    /// Whether it concerns this change alone: its neighbours in a transaction can be kept.
    pub(crate) fn is_own(&self) -> bool {
        use StoreErrorKind::{Exists, Invalid, Missing};
        matches!(self.kind, Exists | Invalid | Missing)
    }
}

/// What the system calls an error, without its number.
fn in_words(error: &std::io::Error) -> String {
    // What a disk says that fails: EIO has no kind of its own.
    if error.raw_os_error() == Some(5) {
        return "the disk reports an error".to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// How much of a file is read to see whether it can be: a tenth of a second's worth, and more.
const LOOKED_AT: u64 = 256 << 20;

/// Whether the disk fails to read some part of a file.
fn is_unreadable(file: &Path) -> bool {
    let Ok(opened) = File::open(file) else { return false };
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < LOOKED_AT {
        match opened.read_at(&mut buffer, at) {
            Ok(0) => return false,
            Ok(read) => at += read as u64,
            Err(_) => return true,
        }
    }
    false
}

fn out_of_memory() -> StoreError {
    StoreError::new(StoreErrorKind::Busy, "not enough memory for the store")
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for StoreError {}

/// What stopped a piece of work, before the file is named.
#[derive(Debug)]
pub enum Fault {
    /// SQLite said no.
    Sql(rusqlite::Error),
    /// We said no.
    Said(StoreError),
}

impl Fault {
    pub(crate) fn about(self, file: &Path) -> StoreError {
        match self {
            Fault::Sql(error) => StoreError::sqlite(file, &error),
            Fault::Said(error) => error,
        }
    }

    /// A row that must not be there twice is there.
    pub(crate) fn is_constraint(error: &rusqlite::Error) -> bool {
        error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Said(error)
    }
}
