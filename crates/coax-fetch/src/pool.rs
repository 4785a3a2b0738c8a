//! Connections that are open and not in use, to be used again.
//!
//! A connection is kept for its route alone, for a limited time, and is looked at before it is
//! given out: one that was closed meanwhile, or that speaks unasked, is dropped.
//!
//! Nothing here makes a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::h1::Wire;
use crate::route::Route;

/// Most servers close sooner; a firewall may forget a connection that is silent for minutes.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// For one route. As many may be in use at once as are asked for.
const MOST_IDLE: usize = 64;

/// Connections that are open and not in use.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<HashMap<Route, Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    wire: Wire,
    since: Instant,
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
        let mut idle = self.pool.lock();
        let kept = idle.entry(self.route).or_default();
        if kept.len() < MOST_IDLE {
            kept.push(Idle { wire, since: Instant::now() });
        }
    }
}

impl Pool {
    /// The connection that was used last, since it is the likeliest to be open still.
    pub(crate) fn take(&self, route: &Route) -> Option<Wire> {
        let mut idle = self.lock();
        let kept = idle.get_mut(route)?;
        while let Some(mut last) = kept.pop() {
            if last.since.elapsed() < LONGEST_IDLE && last.wire.is_quiet() {
                return Some(last.wire);
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Route, Vec<Idle>>> {
        // Nothing that can panic runs under the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
