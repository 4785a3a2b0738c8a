//! Who is in the room, and a bounded queue to each.
//!
//! A message is in the queue of everyone who has room before anybody is waited for. A queue
//! without room slows whoever speaks, and a reader that takes nothing at all while others are
//! there is dropped, so that it costs them a moment and only once.
//!
//! Nothing here reads or writes a socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::seat::{Item, Ledger, Seat};

/// Whom a message is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    All,
    Others(u64),
    One(u64),
}

impl To {
    fn includes(self, id: u64) -> bool {
        match self {
            To::All => true,
            To::Others(speaker) => id != speaker,
            To::One(only) => id == only,
        }
    }
}

/// Everyone who is here.
#[derive(Clone, Debug)]
pub(super) struct Members(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    came: Notify,
    /// A member that takes nothing for so long, while others wait for it, is dropped.
    patience: Duration,
}

#[derive(Debug, Default)]
struct State {
    seats: BTreeMap<u64, Seat>,
    /// Local input has ended; who comes later is told at once.
    ended: bool,
}

impl Members {
    pub(super) fn new(patience: Duration) -> Members {
        let (state, came) = (Mutex::default(), Notify::new());
        Members(Arc::new(Shared { state, came, patience }))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        // A member that panicked left the map whole: each change is one call.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A newcomer's ledger and what is said to it, beginning with `greeting`.
    pub(super) fn enter(
        &self,
        id: u64,
        greeting: Option<Vec<u8>>,
    ) -> (Arc<Ledger>, UnboundedReceiver<Item>) {
        let (queue, inbox) = unbounded_channel();
        let ledger = Ledger::new();
        let seat = Seat::new(queue, ledger.clone());
        let mut state = self.locked();
        if let Some(greeting) = greeting {
            seat.greet(greeting);
        }
        if state.ended {
            seat.end();
        }
        state.seats.insert(id, seat);
        self.0.came.notify_waiters();
        (ledger, inbox)
    }

    /// Nothing more is said to it. What waits for it is still its own.
    pub(super) fn leave(&self, id: u64) {
        self.locked().seats.remove(&id);
    }

    /// The numbers of all members.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.locked().seats.keys().copied().collect()
    }

    /// Waits until somebody is there to hear.
    pub(super) async fn somebody(&self) {
        loop {
            let came = self.0.came.notified();
            if !self.locked().seats.is_empty() {
                return;
            }
            came.await;
        }
    }

    /// Puts `bytes` into the queues of `to`; returns whom it had to drop.
    pub(super) async fn say(&self, bytes: Vec<u8>, to: To) -> Vec<u64> {
        let bytes: Arc<[u8]> = bytes.into();
        let mut waiting = JoinSet::new();
        for (id, seat) in self.seats(to) {
            if !seat.offer(&bytes) {
                let (all, bytes) = (self.clone(), bytes.clone());
                waiting.spawn(async move {
                    let others = || all.others(to, id);
                    (id, seat.wait_for(bytes, all.0.patience, others).await)
                });
            }
        }
        let mut dropped = Vec::new();
        while let Some(waited) = waiting.join_next().await {
            if let Ok((id, false)) = waited {
                self.leave(id);
                dropped.push(id);
            }
        }
        dropped
    }

    /// Local input has ended, for those here and for those who come.
    pub(super) fn end(&self) {
        let mut state = self.locked();
        state.ended = true;
        state.seats.values().for_each(Seat::end);
    }

    fn seats(&self, to: To) -> Vec<(u64, Seat)> {
        let state = self.locked();
        let meant = state.seats.iter().filter(|(id, _)| to.includes(**id));
        meant.map(|(id, seat)| (*id, seat.clone())).collect()
    }

    /// Whether waiting for `id` keeps something from anyone: a speaker with one listener waits
    /// for it as any writer does for its reader.
    fn others(&self, to: To, id: u64) -> bool {
        let speaker = match to {
            To::Others(speaker) => Some(speaker),
            To::All | To::One(_) => None,
        };
        self.locked().seats.keys().any(|other| *other != id && Some(*other) != speaker)
    }
}
