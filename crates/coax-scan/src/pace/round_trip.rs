//! How long an answer takes, and so how long to wait for one.
//!
//! RFC 6298 §2, with limits of our own: half a second is the first guess, a tenth of a second is the
//! shortest wait, since the asked machine may be busy.
//!
//! Whoever takes samples knows to which probe an answer is (Karn's rule).

use std::time::Duration;

/// RFC 6298 §2.1 says one second, for the whole internet. Half of that is still more than any way
/// over land takes; later attempts wait longer, and silent hosts are told from far ones sooner.
pub(super) const FIRST: Duration = Duration::from_millis(500);
/// A machine under load answers late by some tens of milliseconds.
const SHORTEST: Duration = Duration::from_millis(100);
/// Nor is a queue that takes so long worth a look.
const QUEUE: Duration = Duration::from_millis(30);

/// The smoothed round trip and how much it varies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrip {
    known: Option<(Duration, Duration)>,
    shortest: Option<Duration>,
}

impl RoundTrip {
    /// An answer took `rtt`.
    pub(crate) fn sample(&mut self, rtt: Duration) {
        self.shortest = Some(self.shortest.map_or(rtt, |shortest| shortest.min(rtt)));
        self.known = Some(match self.known {
            None => (rtt, rtt / 2),
            Some((smoothed, varies)) => {
                (smoothed * 7 / 8 + rtt / 8, varies * 3 / 4 + smoothed.abs_diff(rtt) / 4)
            }
        });
    }

    /// Whether an answer took much longer than it need have: something waits in a queue.
    pub(super) fn is_longer(&self, rtt: Duration) -> bool {
        self.shortest.is_some_and(|shortest| rtt > shortest * 2 + QUEUE)
    }

    /// How long to wait, never longer than `longest`.
    pub(crate) fn timeout(&self, longest: Duration) -> Duration {
        let wait = self.known.map_or(FIRST, |(smoothed, varies)| smoothed + varies * 4);
        wait.max(SHORTEST).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(3);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn rfc_6298_is_followed() {
        let mut trip = RoundTrip::default();
        assert_eq!(trip.timeout(LONGEST), FIRST);
        trip.sample(ms(200));
        assert_eq!(trip.timeout(LONGEST), ms(200) + 4 * ms(100));
        trip.sample(ms(280));
        // SRTT = 7/8 · 200 + 1/8 · 280, RTTVAR = 3/4 · 100 + 1/4 · 80
        assert_eq!(trip.timeout(LONGEST), ms(210) + 4 * ms(95));
    }

    #[test]
    fn the_wait_has_limits() {
        let mut trip = RoundTrip::default();
        assert_eq!(trip.timeout(ms(300)), ms(300));
        (0..50).for_each(|_| trip.sample(Duration::from_micros(40)));
        assert_eq!(trip.timeout(LONGEST), SHORTEST);
        assert_eq!(trip.timeout(ms(20)), ms(20), "the caller's limit wins");
        (0..50).for_each(|_| trip.sample(Duration::from_secs(9)));
        assert_eq!(trip.timeout(LONGEST), LONGEST);
    }
}
