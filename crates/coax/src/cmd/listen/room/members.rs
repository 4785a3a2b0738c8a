//! Who is in the room, and a bounded queue to each.
//!
//! A queue that stays full means a reader that does not read: it is dropped, and everyone else
//! waits for it only that once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

/// Messages that wait for a member: a burst of talk, or 4 MiB of bulk.
const WAITING: usize = 64;
/// A queue that is full for this long belongs to nobody who reads.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a member's queue holds.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Bytes(Arc<[u8]>),
    /// Local input has ended: nothing more comes.
    End,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    All,
    Others(u64),
    One(u64),
}

#[derive(Debug, Default)]
pub(super) struct Members {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    queues: BTreeMap<u64, Sender<Item>>,
    /// Local input has ended; who comes later is told at once.
    ended: bool,
}

impl Members {
    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        // A member that panicked left the map whole: each change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A newcomer's queue.
    pub(super) fn enter(&self, id: u64) -> Receiver<Item> {
        let (queue, inbox) = channel(WAITING);
        let mut state = self.locked();
        if state.ended {
            // The queue is new, so there is room.
            let _ = queue.try_send(Item::End);
        }
        state.queues.insert(id, queue);
        self.came.notify_waiters();
        inbox
    }

    pub(super) fn leave(&self, id: u64) {
        self.locked().queues.remove(&id);
    }

    /// The numbers of all members.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.locked().queues.keys().copied().collect()
    }

    /// Waits until somebody is there to hear.
    pub(super) async fn somebody(&self) {
        loop {
            let came = self.came.notified();
            if !self.locked().queues.is_empty() {
                return;
            }
            came.await;
        }
    }

    /// Puts `bytes` into the queues of `to`; returns whom it had to drop.
    pub(super) async fn say(&self, bytes: &[u8], to: To) -> Vec<u64> {
        self.put(&Item::Bytes(bytes.into()), to).await
    }

    /// Local input has ended, for those here and for those who come.
    pub(super) async fn end(&self) -> Vec<u64> {
        self.locked().ended = true;
        self.put(&Item::End, To::All).await
    }

    async fn put(&self, item: &Item, to: To) -> Vec<u64> {
        let queues: Vec<(u64, Sender<Item>)> = self
            .locked()
            .queues
            .iter()
            .filter(|(id, _)| match to {
                To::All => true,
                To::Others(speaker) => **id != speaker,
                To::One(only) => **id == only,
            })
            .map(|(id, queue)| (*id, queue.clone()))
            .collect();
        let mut dropped = Vec::new();
        for (id, queue) in queues {
            if timeout(PATIENCE, queue.send(item.clone())).await.is_err() {
                self.leave(id);
                dropped.push(id);
            }
        }
        dropped
    }
}
