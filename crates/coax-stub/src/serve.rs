//! A stub at work: what it answers with, how often, and to how many at once.
//!
//! Rules are looked up anew for each request, so they can be exchanged while connections stand; a
//! reply that is on its way is finished with the rules it came from.
//!
//! Nothing here accepts connections or reads a file.

mod ended;
mod owed;
mod packets;
mod requests;
mod session;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use coax_net::{Ending, Framing, Stream};
use tokio::sync::Semaphore;

use crate::record::Witness;
use crate::rules::Rules;
use session::Session;

/// Commands that run at the same time: each needs a process and three descriptors.
const COMMANDS: usize = 64;

/// How a stub serves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where a request ends; without it the rules say, or one read is one request.
    pub framing: Option<Framing>,
    /// The longest request, bytes. A longer one ends its connection and is not kept.
    pub max_request: usize,
    /// A connection over which nothing came or went for so long ends.
    pub idle: Option<Duration>,
}

impl Default for Settings {
    /// Requests of up to 64 KiB, as much as one datagram or one read has.
    fn default() -> Settings {
        Settings { framing: None, max_request: 64 << 10, idle: None }
    }
}

/// How much was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All requests.
    pub requests: u64,
    /// Those that no rule took.
    pub unmatched: u64,
    /// Those that were too long, or broke the framing. They are not among the requests.
    pub refused: u64,
}

/// Answers from rules.
#[derive(Debug)]
pub struct Stub {
    rules: RwLock<Arc<Rules>>,
    settings: Settings,
    witness: Arc<dyn Witness>,
    watched: bool,
    requests: AtomicU64,
    unmatched: AtomicU64,
    refused: AtomicU64,
    commands: Semaphore,
}

impl Stub {
    /// A stub that answers from `rules` and tells `witness`.
    pub fn new(rules: Rules, settings: Settings, witness: Arc<dyn Witness>) -> Stub {
        Stub {
            rules: RwLock::new(Arc::new(rules)),
            settings,
            watched: witness.watches(),
            witness,
            requests: AtomicU64::new(0),
            unmatched: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            commands: Semaphore::new(COMMANDS),
        }
    }

    /// Answers from `rules` from now on, over the connections that stand too. Counts of rules that
    /// are the same go on.
    pub fn replace(&self, rules: Rules) {
        let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.carry(&current);
        *current = Arc::new(rules);
    }

    /// The rules of this moment.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much was asked so far.
    pub fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally {
            requests: read(&self.requests),
            unmatched: read(&self.unmatched),
            refused: read(&self.refused),
        }
    }

    /// Serves one connection until the client or a rule ends it, or `stop` does.
    pub async fn serve(
        &self,
        connection: u64,
        stream: Stream,
        stop: impl Future<Output = ()>,
    ) -> Ending {
        Session::new(self, connection, &stream).serve(stop).await.close(stream).await
    }

    fn framing(&self, rules: &Rules) -> Framing {
        self.settings.framing.or(rules.framing()).unwrap_or(Framing::Chunk)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
