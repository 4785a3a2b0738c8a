//! Asking open ports what they are: `--banner`.
//!
//! Ports are asked while the scan goes on, a bounded number at once; each is told of when it has
//! answered. A scan that finds them faster waits.
//!
//! Nothing here knows how a service is recognised.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use coax_addr::Protocol;
use coax_net::{cause_in_words, no_thread};
use coax_scan::{Identify, Identity, Verdict};
use rustix::process::{Resource, getrlimit};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};

use crate::failure::{Exit, Failure};

/// Ports that are asked at once, where there are descriptors for it.
const MAX_PORTS_AT_ONCE: usize = 32;
/// What the rest of the program may have open.
const OTHERS: usize = 32;
/// Ports that wait to be asked; more make the scan wait.
const WAITING: usize = 1024;

/// Ports that are being asked what they are.
pub(super) struct Banners {
    runtime: Handle,
    /// Ends the thread that asks, when it is dropped.
    _stop: oneshot::Sender<()>,
    places: Arc<Semaphore>,
    answered: Sender<(Verdict, Identity)>,
    answers: Receiver<(Verdict, Identity)>,
    under_way: HashMap<(SocketAddr, Protocol), Verdict>,
}

/// Of the descriptors that there are, half are the scan's.
fn ports_at_once() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let own = limit.saturating_sub(OTHERS) / 2;
    (own / Identify::CONNECTIONS_AT_ONCE).clamp(1, MAX_PORTS_AT_ONCE)
}

/// The descriptors that asking may take.
pub(super) fn descriptors() -> usize {
    ports_at_once() * Identify::CONNECTIONS_AT_ONCE
}

impl Banners {
    pub(super) fn new() -> Result<Banners, Failure> {
        let cannot = |why: String| Failure::new(Exit::Machine, format!("cannot start: {why}"));
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| cannot(cause_in_words(&error)))?;
        let (handle, (stop, stopped)) = (runtime.handle().clone(), oneshot::channel());
        let ask = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("banner".to_owned()).spawn(ask);
        thread.map_err(|error| cannot(no_thread(&error)))?;
        let (answered, answers) = channel();
        let places = Arc::new(Semaphore::new(ports_at_once()));
        let under_way = HashMap::new();
        Ok(Banners { runtime: handle, _stop: stop, places, answered, answers, under_way })
    }

    /// Asks an open port; `name` is whom to ask for where several share the address.
    pub(super) fn ask(&mut self, verdict: Verdict, name: Option<String>) {
        self.under_way.insert((verdict.address, verdict.protocol), verdict);
        let (places, answered) = (self.places.clone(), self.answered.clone());
        self.runtime.spawn(async move {
            let _place = places.acquire_owned().await;
            let identify = Identify { name, ..Identify::default() };
            let identity = identify.at(verdict.address, verdict.protocol).await;
            // Whoever no longer listens needs no answer.
            let _ = answered.send((verdict, identity));
        });
    }

    /// Whether the scan should wait.
    pub(super) fn is_full(&self) -> bool {
        self.under_way.len() >= WAITING
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The next answer, waiting for it at most for `time`.
    pub(super) fn next(&mut self, time: Duration) -> Option<(Verdict, Identity)> {
        match self.answers.recv_timeout(time) {
            Ok((verdict, identity)) => {
                self.under_way.remove(&(verdict.address, verdict.protocol));
                Some((verdict, identity))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Leaves what is under way, and says what that is.
    pub(super) fn leave(self) -> Vec<Verdict> {
        self.under_way.into_values().collect()
    }
}
