//! Looking on while something is brought.
//!
//! A meter is read whenever its reader likes; news come when there are some.
//!
//! Nothing here decides anything.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::download::DownloadError;
use crate::response::Hop;

/// How far it is. Reading costs nothing.
#[derive(Debug, Default)]
pub struct Meter {
    have: AtomicU64,
    /// One more than the length; 0 while it is not known.
    length: AtomicU64,
    connections: AtomicU64,
    came: AtomicU64,
    kept: AtomicBool,
}

impl Meter {
    /// Bytes that are there, those of earlier runs too.
    pub fn have(&self) -> u64 {
        self.have.load(Ordering::Relaxed)
    }

    /// Bytes it will have, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Connections that bring it now.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Bytes that came in this run, whatever became of them: it never falls.
    pub fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }

    /// Whether a later run can go on from what is there.
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    pub(crate) fn add_came(&self, bytes: u64) {
        self.came.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_kept(&self, kept: bool) {
        self.kept.store(kept, Ordering::Relaxed);
    }

    pub(crate) fn set_have(&self, bytes: u64) {
        self.have.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_length(&self, length: Option<u64>) {
        self.length.store(length.map_or(0, |it| it.saturating_add(1)), Ordering::Relaxed);
    }

    pub(crate) fn set_connections(&self, count: usize) {
        self.connections.store(count as u64, Ordering::Relaxed);
    }
}

/// Something that happened on the way.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum News<'a> {
    /// A request is over: what it went through, and what came of it.
    Trip {
        /// When it was sent off, since the beginning of all.
        begun: Duration,
        /// Every attempt and redirect; times count from `begun`.
        hops: &'a [Hop],
        /// How long after `begun` its body was over; `None` where there was none.
        over: Option<Duration>,
        /// Bytes of body that came.
        bytes: u64,
    },
    /// Bytes are kept here until all are there.
    Opened {
        /// The file.
        part: &'a Path,
    },
    /// It goes on where an earlier run stopped.
    Resumed {
        /// So much was there.
        have: u64,
        /// Of so much.
        length: u64,
    },
    /// It begins anew.
    Anew {
        /// Why.
        why: &'a str,
        /// So much is of no use.
        lost: u64,
    },
    /// It will be tried again.
    Retrying {
        /// Why.
        error: &'a DownloadError,
        /// So much later.
        pause: Duration,
        /// How many tries failed in a row.
        failed: u32,
    },
    /// So many connections bring it from now on.
    Connections(usize),
    /// The server gave no part of it to a second connection. The first goes on alone.
    NotSplit {
        /// What it did instead.
        why: &'a DownloadError,
    },
}

/// Who looks on.
#[derive(Clone)]
pub struct Watch {
    /// Counts along.
    pub meter: Arc<Meter>,
    /// Is told the news, on the thread where they happen.
    pub tell: Arc<dyn Fn(News<'_>) + Send + Sync>,
}

/// Nobody.
impl Default for Watch {
    fn default() -> Watch {
        Watch { meter: Arc::default(), tell: Arc::new(|_| ()) }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("meter", &self.meter).finish_non_exhaustive()
    }
}
