//! How long a peer may stand still before it is given up.
//!
//! Only standing still counts: whatever moves, either way, starts the time anew.
//!
//! Nothing here knows what is waited for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::error::{FetchErrorKind, Trouble};

/// The time that is left for the next move.
#[derive(Debug)]
pub(crate) struct Patience {
    idle: Duration,
    left: Pin<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new(idle: Duration) -> Patience {
        Patience { idle, left: Box::pin(sleep(idle)) }
    }

    /// Something moved.
    pub(crate) fn renew(&mut self) {
        let now = Instant::now();
        // What is too far away to be counted never comes; the time that was left will do.
        if let Some(end) = now.checked_add(self.idle) {
            self.left.as_mut().reset(end);
        }
    }

    /// Ready once it has run out; `waiting` says for what, as `no answer`.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, waiting: &str) -> Poll<Trouble> {
        let idle = self.idle;
        self.left.as_mut().poll(context).map(|()| out_of(idle, waiting))
    }
}

/// What is said when a peer stood still for too long.
pub(crate) fn out_of(idle: Duration, waiting: &str) -> Trouble {
    let time = match idle.as_secs() {
        0 => format!("{} ms", idle.as_millis()),
        seconds => format!("{seconds} s"),
    };
    Trouble::new(FetchErrorKind::Timeout, format!("{waiting} in {time}"))
}
