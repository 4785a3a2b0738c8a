//! No more bytes a second than allowed, over all transfers that share it.
//!
//! Who took bytes waits until they are paid for before it reads on, so the peer is slowed by the
//! window of its own connection and nothing is stored.
//!
//! Nothing here knows what the bytes are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So much may be taken at once after a pause.
const BURST: Duration = Duration::from_millis(100);

/// A limit that any number of transfers share.
#[derive(Clone, Debug)]
pub struct Rate {
    per_second: u64,
    /// When all that was taken is paid for.
    paid: Arc<Mutex<Option<Instant>>>,
}

impl Rate {
    /// So many bytes a second; 0 counts as 1.
    pub fn new(per_second: u64) -> Rate {
        Rate { per_second: per_second.max(1), paid: Arc::default() }
    }

    /// Takes `bytes` and waits until they are paid for. What was taken counts even if this is
    /// dropped before its end.
    pub async fn take(&self, bytes: usize) {
        let paid = self.book(bytes as u64, Instant::now());
        sleep_until(paid).await;
    }

    fn book(&self, bytes: u64, now: Instant) -> Instant {
        let price = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let until = paid.map_or(now, |paid| paid.max(earliest)) + price;
        *paid = Some(until);
        until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_transfers_share_one_limit() {
        let rate = Rate::new(1000);
        let begun = Instant::now();
        let take = async |rate: Rate| {
            for _ in 0..10 {
                rate.take(100).await;
            }
        };
        tokio::join!(take(rate.clone()), take(rate.clone()));
        let took = begun.elapsed().as_secs_f64();
        assert!((1.9..2.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_saves_no_more_than_a_moment() {
        let rate = Rate::new(1000);
        rate.take(1).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        rate.take(1000).await;
        let took = begun.elapsed().as_secs_f64();
        assert!((0.85..1.0).contains(&took), "{took}");
    }
}
