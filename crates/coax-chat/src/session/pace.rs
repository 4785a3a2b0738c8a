//! How fast a client may send commands.
//!
//! So many at once, and so many each second after that. Whoever sends more is not refused: the rest
//! is read later, and the network holds it back.
//!
//! Nothing here counts bytes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A client's allowance.
#[derive(Debug)]
pub(super) struct Pace {
    /// Commands at once; 0 is no limit.
    burst: u32,
    each: Duration,
    /// When the allowance would be full again. It has commands left while this is near enough.
    full_at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(super) fn new((burst, per_second): (u32, u32)) -> Pace {
        let each = Duration::from_secs(1) / per_second.max(1);
        Pace { burst, each, full_at: None, sleep: None }
    }

    /// One command was said.
    pub(super) fn spend(&mut self) {
        if self.burst > 0 {
            let now = Instant::now();
            self.full_at = Some(self.full_at.map_or(now, |at| at.max(now)) + self.each);
        }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.next().is_some()
    }

    /// When the next command may come, if not now.
    fn next(&self) -> Option<Instant> {
        let next = self.full_at?.checked_sub(self.each * self.burst)?;
        (next > Instant::now()).then_some(next)
    }

    /// Ready when there is something left.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(next) = self.next() {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(next)));
            sleep.as_mut().reset(next);
            ready!(sleep.as_mut().poll(context));
        }
        self.sleep = None;
        Poll::Ready(())
    }
}
