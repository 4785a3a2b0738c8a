//! The thread that writes: all that waits goes into one transaction, then everybody is told.
//!
//! A receipt is given after the commit, when a power cut can no longer take the change back. What
//! is wrong with one change is told to its caller alone; a disk that fails is told to all of the
//! batch, and the thread goes on with the next. So it works again as soon as the disk does, and
//! every change has exactly one answer.
//!
//! Nothing here knows what a change changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::desk::Desk;
use crate::error::{Fault, StoreError};

/// Changes in one transaction: 50 ms of work. More would not make a change much cheaper, and all
/// wait for it; with a quarter of them a message writes half as much again.
const BATCH: usize = 4_096;
/// How long nothing may come before the log is written back.
const REST: Duration = Duration::from_millis(500);

/// Transactions since the start.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    pub(crate) done: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// Something that can be asked of the store. What it changes is kept whole or not at all.
pub trait Change: Send + 'static {
    /// What the caller learns once it is on disk.
    type Outcome: Send + 'static;
    /// Whether a refusal may come after something was written, which must be taken back then.
    #[doc(hidden)]
    const GUARDED: bool = true;
    #[doc(hidden)]
    fn make(&self, desk: &mut Desk) -> Result<Self::Outcome, Fault>;
}

/// Called once, on the writer's thread: it must not wait for the store.
pub(crate) type Receipt<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// A change on its way, whatever its type.
pub(crate) trait Job: Send {
    /// Makes the change. An error concerns the whole batch.
    fn make(&mut self, desk: &mut Desk) -> Result<(), StoreError>;
    /// Tells the caller: what came of it, or what happened to the whole batch.
    fn tell(&mut self, batch: Result<(), StoreError>);
    /// The caller was told otherwise.
    fn withdraw(&mut self);
}

pub(crate) struct Pending<C: Change> {
    change: C,
    outcome: Option<Result<C::Outcome, StoreError>>,
    receipt: Option<Receipt<C::Outcome>>,
}

impl<C: Change> Pending<C> {
    pub(crate) fn new(change: C, receipt: Receipt<C::Outcome>) -> Pending<C> {
        Pending { change, outcome: None, receipt: Some(receipt) }
    }

    fn make_guarded(&self, desk: &mut Desk) -> Result<C::Outcome, Fault> {
        if !C::GUARDED {
            return self.change.make(desk);
        }
        desk.statement("SAVEPOINT change")?.execute([])?;
        let outcome = self.change.make(desk);
        // A disk that fails may have ended the transaction, and the savepoint with it.
        if desk.conn.is_autocommit() {
            return outcome;
        }
        if outcome.is_err() {
            desk.take_back()?;
        }
        desk.statement("RELEASE change")?.execute([])?;
        outcome
    }
}

impl<C: Change> Job for Pending<C> {
    fn make(&mut self, desk: &mut Desk) -> Result<(), StoreError> {
        let outcome = self.make_guarded(desk).map_err(|fault| fault.about(&desk.file));
        match outcome {
            Err(error) if !error.is_own() => return Err(error),
            outcome => self.outcome = Some(outcome),
        }
        Ok(())
    }

    fn tell(&mut self, batch: Result<(), StoreError>) {
        let outcome = self.outcome.take().unwrap_or_else(|| Err(StoreError::closed()));
        let answer = batch.and(outcome);
        if let Some(receipt) = self.receipt.take() {
            // A caller's bug must not end the writing of everybody else.
            let _ = catch_unwind(AssertUnwindSafe(|| receipt(answer)));
        }
    }

    fn withdraw(&mut self) {
        self.receipt = None;
    }
}

impl<C: Change> Drop for Pending<C> {
    /// What the writer no longer got to is answered as well.
    fn drop(&mut self) {
        self.tell(Err(StoreError::closed()));
    }
}

/// Serves until the last sender is gone and everything was written.
pub(crate) fn serve(
    mut desk: Desk,
    queue: &Receiver<Box<dyn Job>>,
    commits: &Commits,
) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = next(&mut desk, queue) {
        batch.push(first);
        batch.extend(queue.try_iter().take(BATCH - 1));
        let result = write(&mut desk, &mut batch);
        let count = if result.is_ok() { &commits.done } else { &commits.failed };
        count.fetch_add(1, Ordering::Relaxed);
        for mut job in batch.drain(..) {
            job.tell(result.clone());
        }
        desk.keep_log_short();
    }
    desk.close()
}

/// The next change; while none comes, the log is written back.
fn next(desk: &mut Desk, queue: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
    while desk.is_behind() {
        match queue.recv_timeout(REST) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => desk.rest(),
        }
    }
    queue.recv().ok()
}

fn write(desk: &mut Desk, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let sql = |desk: &Desk, error| StoreError::sqlite(&desk.file, &error);
    let made = desk
        .begin()
        .map_err(|error| sql(desk, error))
        .and_then(|()| batch.iter_mut().try_for_each(|job| job.make(desk)))
        .and_then(|()| desk.commit().map_err(|error| sql(desk, error)));
    if made.is_err() {
        desk.roll_back();
    }
    made
}
