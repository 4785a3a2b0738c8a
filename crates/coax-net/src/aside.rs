//! Work that blocks, beside the work that waits.
//!
//! It gets a thread of its own. Where the system gives none, it is done in place: slower for others,
//! and done all the same.
//!
//! Nothing here knows what the work is.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a thread of its own and waits for what it gives; `None` where it panicked.
///
/// Cancelling the future does not end the work.
pub async fn aside<T, F>(work: F) -> Option<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let work = Arc::new(Mutex::new(Some(work)));
    let (done, result) = oneshot::channel();
    let taken = Arc::clone(&work);
    let run = move || {
        let work = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A caller that has left needs no result.
        let _ = done.send(work.map(|work| work()));
    };
    let started = thread::Builder::new().name("aside".to_owned()).spawn(run);
    if started.is_err() {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        return work.map(|work| work());
    }
    result.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_beside_and_a_panic_is_no_result() {
        assert_eq!(aside(|| 1 + 1).await, Some(2));
        assert_eq!(aside(|| -> u8 { std::panic::panic_any("no") }).await, None);
    }
}
