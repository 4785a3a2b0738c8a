//! What waits to be heard by one member: bounded in bytes, in the order it was said.
//!
//! Nothing here knows who else is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Bytes that wait for a member, beside what the system keeps for it.
const ROOM: usize = 1 << 20;
/// What a message costs besides its bytes, so that empty ones are bounded too.
const OVERHEAD: usize = 64;
/// What a member's queue holds.
#[derive(Debug)]
pub(super) enum Item {
    /// A message; its room comes free with it.
    Bytes(Arc<[u8]>, Option<OwnedSemaphorePermit>),
    /// Local input has ended: nothing more comes.
    End,
}

/// One member's queue, from the speakers' side. The queue ends with the last of these.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    queue: UnboundedSender<Item>,
    ledger: Arc<Ledger>,
}

/// How far a member is with its queue: what both sides know.
#[derive(Debug)]
pub(super) struct Ledger {
    room: Arc<Semaphore>,
    put: AtomicU64,
    taken: AtomicU64,
    cut: Notify,
}

impl Ledger {
    pub(super) fn new() -> Arc<Ledger> {
        let room = Arc::new(Semaphore::new(ROOM));
        let [put, taken] = [const { AtomicU64::new(0) }; 2];
        Arc::new(Ledger { room, put, taken, cut: Notify::new() })
    }

    /// The member took this many bytes.
    pub(super) fn took(&self, count: usize) {
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Bytes that the member has not taken.
    pub(super) fn waiting(&self) -> u64 {
        let put = self.put.load(Ordering::Relaxed);
        put.saturating_sub(self.taken.load(Ordering::Relaxed))
    }

    /// The member has gone: nobody waits for it any longer.
    pub(super) fn close(&self) {
        self.room.close();
    }

    /// Completes when it is dropped for not reading.
    pub(super) async fn dropped(&self) {
        self.cut.notified().await;
    }
}

impl Seat {
    pub(super) fn new(queue: UnboundedSender<Item>, ledger: Arc<Ledger>) -> Seat {
        Seat { queue, ledger }
    }

    /// The first message, which needs no room: it is ours, and there is one.
    pub(super) fn greet(&self, greeting: Vec<u8>) {
        self.send(greeting.into(), None);
    }

    pub(super) fn end(&self) {
        let _ = self.queue.send(Item::End);
    }

    /// Takes the message if there is room for it.
    pub(super) fn offer(&self, bytes: &Arc<[u8]>) -> bool {
        match self.ledger.room.clone().try_acquire_many_owned(cost(bytes)) {
            Ok(permit) => self.put(bytes.clone(), permit),
            Err(_) => return false,
        }
        true
    }

    /// Takes the message once there is room; false when the member takes not one byte for as long
    /// as `patience` while `others` are there.
    pub(super) async fn wait_for(
        &self,
        bytes: Arc<[u8]>,
        patience: Duration,
        others: impl Fn() -> bool,
    ) -> bool {
        // Kept through the whole wait: its place in the order is its place in this queue.
        let mut room = std::pin::pin!(self.ledger.room.clone().acquire_many_owned(cost(&bytes)));
        loop {
            let before = self.ledger.taken.load(Ordering::Relaxed);
            if let Ok(acquired) = timeout(patience, &mut room).await {
                acquired.into_iter().for_each(|permit| self.put(bytes.clone(), permit));
                return true;
            }
            if self.queue.is_closed() {
                return true;
            }
            if self.ledger.taken.load(Ordering::Relaxed) == before && others() {
                self.ledger.cut.notify_one();
                return false;
            }
        }
    }

    fn put(&self, bytes: Arc<[u8]>, permit: OwnedSemaphorePermit) {
        self.send(bytes, Some(permit));
    }

    fn send(&self, bytes: Arc<[u8]>, permit: Option<OwnedSemaphorePermit>) {
        self.ledger.put.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        // A member that has gone meanwhile hears nothing, and need not.
        let _ = self.queue.send(Item::Bytes(bytes, permit));
    }
}

fn cost(bytes: &[u8]) -> u32 {
    (bytes.len() + OVERHEAD).min(ROOM) as u32
}
