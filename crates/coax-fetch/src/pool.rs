//! Connections that are open, to be used again.
//!
//! A connection is kept for its route alone, for a limited time, and is looked at before it is
//! given out: one that was closed meanwhile, or that speaks unasked, is dropped. Where HTTP/2 may be
//! spoken, one request connects first, so that a hundred at once share what it finds.
//!
//! Nothing here makes a connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::connection::Connection;
use crate::h1::Wire;
use crate::h2::Session;
use crate::route::Route;

/// Most servers close sooner; a firewall may forget a connection that is silent for minutes.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// For one route. As many may be in use at once as are asked for.
const MOST_IDLE: usize = 64;

/// Connections that are open.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    routes: Mutex<HashMap<Route, Kept>>,
    sessions: AtomicU64,
}

/// What is kept for one route.
#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Idle>,
    session: Option<Session>,
    /// HTTP/2 was agreed on, and did not work.
    http1: bool,
    door: Arc<Door>,
}

#[derive(Debug)]
struct Idle {
    wire: Wire,
    since: Instant,
}

/// Where requests wait while the first of them finds out which HTTP is spoken.
#[derive(Debug, Default)]
pub(crate) struct Door {
    pub(crate) lock: tokio::sync::Mutex<()>,
    /// Nobody needs to wait: there is nothing to share, or no connection came about.
    open: AtomicBool,
}

/// Where a connection goes once its answer has ended.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) pool: Arc<Pool>,
    pub(crate) route: Route,
}

impl Home {
    /// Keeps `wire` for the next request, unless more came than was asked for.
    pub(crate) fn welcome(self, wire: Wire) {
        if !wire.held().is_empty() {
            return;
        }
        let mut routes = self.pool.lock();
        let kept = routes.entry(self.route).or_default();
        if kept.idle.len() < MOST_IDLE {
            kept.idle.push(Idle { wire, since: Instant::now() });
        }
    }
}

impl Pool {
    /// A connection to use again; `fresh` passes over those that may have been closed unseen.
    ///
    /// The one that was used last comes first, since it is the likeliest to be open still.
    pub(crate) fn take(&self, route: &Route, fresh: bool) -> Option<Connection> {
        let mut routes = self.lock();
        let kept = routes.get_mut(route)?;
        kept.session.take_if(|session| session.is_over());
        if let Some(session) = &kept.session {
            return Some(Connection::Two(session.clone()));
        }
        while let Some(mut last) = kept.idle.pop_if(|_| !fresh) {
            if last.since.elapsed() < LONGEST_IDLE && last.wire.is_quiet() {
                return Some(Connection::One(last.wire));
            }
        }
        None
    }

    /// Shares `session` with whoever goes along `route`.
    pub(crate) fn share(&self, route: &Route, session: &Session) {
        self.lock().entry(route.clone()).or_default().session = Some(session.clone());
    }

    /// The session of this number is not to be used again.
    pub(crate) fn forget(&self, route: &Route, number: u64) {
        if let Some(kept) = self.lock().get_mut(route) {
            kept.session.take_if(|session| session.number == number);
        }
    }

    /// From now on HTTP/1.1 is spoken there: HTTP/2 did not work.
    pub(crate) fn use_http1(&self, route: &Route) {
        let mut routes = self.lock();
        let kept = routes.entry(route.clone()).or_default();
        (kept.http1, kept.session) = (true, None);
    }

    /// Whether HTTP/2 did not work there.
    pub(crate) fn is_http1(&self, route: &Route) -> bool {
        self.lock().get(route).is_some_and(|kept| kept.http1)
    }

    /// The door before `route`.
    pub(crate) fn door(&self, route: &Route) -> Arc<Door> {
        self.lock().entry(route.clone()).or_default().door.clone()
    }

    /// A number that no session has had.
    pub(crate) fn next_number(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Route, Kept>> {
        // Nothing that can panic runs under the lock.
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}
