//! Who comes next, and for how many there is room.
//!
//! `--max` and this process's limit of descriptors bound how many are served at once. Whoever
//! comes beyond that waits in the system's queue and is lost to nobody; that the machine is the
//! reason is said, but not over and over.
//!
//! Nothing here knows what is done with a connection.

use std::sync::Arc;
use std::time::Duration;

use coax_net::{Listener, SocketError, SocketErrorKind, Stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::one;
use crate::failure::Failure;
use crate::out::Out;

/// How soon a connection is tried again when the machine ran out of descriptors.
const AGAIN: Duration = Duration::from_millis(100);
/// A shortage is said again after this long: it may be another one.
const SAID: Duration = Duration::from_secs(60);
/// Descriptors for what every process does now and then: a file, a lookup, a command that starts.
const SPARE: usize = 8;
/// What a process holds, where `/proc` does not tell.
const USUAL: usize = 16;

/// For how many there is room, and how long nobody may come.
#[derive(Clone, Copy, Debug)]
pub(in crate::cmd) struct Room {
    /// Give up when nobody has come for this long.
    pub(in crate::cmd) timeout: Option<Duration>,
    /// At once, at most.
    pub(in crate::cmd) max: Option<u32>,
    /// Descriptors that each needs.
    pub(in crate::cmd) cost: usize,
}

/// Those who wait to be let in.
pub(in crate::cmd) struct Queue<'a> {
    listener: &'a Listener,
    out: &'a Out,
    /// Nobody has come by then.
    limit: Option<(Instant, Duration)>,
    /// Asked for with `--max`.
    most: usize,
    /// What the descriptors allow, each connection at its cost.
    room: usize,
    served: u64,
    said: Option<Instant>,
    /// Is notified when somebody waits and there is no room.
    full: Option<Arc<Notify>>,
}

impl<'a> Queue<'a> {
    /// Nobody is let in yet.
    pub(in crate::cmd) fn new(listener: &'a Listener, allowed: Room, out: &'a Out) -> Queue<'a> {
        let Room { timeout, max, cost } = allowed;
        Queue {
            listener,
            out,
            limit: timeout.map(|limit| (Instant::now() + limit, limit)),
            most: max.map_or(usize::MAX, |max| max as usize),
            room: room(cost),
            served: 0,
            said: None,
            full: None,
        }
    }

    /// Notifies `full` when a connection waits and there is no room for it.
    pub(in crate::cmd) fn when_full(self, full: Arc<Notify>) -> Queue<'a> {
        Queue { full: Some(full), ..self }
    }

    /// The next connection and its number, as soon as there is room beside the `here` others.
    /// Safe to cancel.
    pub(in crate::cmd) async fn next(&mut self, here: usize) -> Result<(u64, Stream), Failure> {
        if here >= self.room {
            self.say(&format!("{here} connections are all that 'ulimit -n' leaves room for"));
        }
        if here >= self.room.min(self.most) {
            if let Some(full) = &self.full {
                self.listener.called().await;
                full.notify_one();
            }
            return std::future::pending().await;
        }
        loop {
            match self.accepted().await? {
                Ok(stream) => {
                    self.served += 1;
                    return Ok((self.served, stream));
                }
                Err(error) if is_shortage(&error) => self.say(&error.to_string()),
                Err(error) => return Err(error.into()),
            }
            sleep(AGAIN).await;
        }
    }

    async fn accepted(&self) -> Result<Result<Stream, SocketError>, Failure> {
        let accepting = self.listener.accept();
        match self.limit.filter(|_| self.served == 0) {
            Some((until, limit)) => {
                timeout_at(until, accepting).await.map_err(|_| one::nobody_within(limit))
            }
            None => Ok(accepting.await),
        }
    }

    fn say(&mut self, why: &str) {
        if self.said.is_none_or(|said| said.elapsed() > SAID) {
            self.out.talk(&format!("coax: {why}; newcomers wait"));
            self.said = Some(Instant::now());
        }
    }
}

fn is_shortage(error: &SocketError) -> bool {
    matches!(error.kind(), SocketErrorKind::TooManyDescriptors | SocketErrorKind::OutOfMemory)
}

/// Takes all the descriptors that this user may have: a server needs one for each client, and the
/// usual limit is meant for programs that would mistake many for few (`select(2)`).
pub(in crate::cmd) fn widen() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is refused the old limit holds, and newcomers wait earlier.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

fn room(cost: usize) -> usize {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return usize::MAX };
    let held = std::fs::read_dir("/proc/self/fd").map_or(USUAL, Iterator::count);
    let free = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(held + SPARE);
    (free / cost).max(1)
}
