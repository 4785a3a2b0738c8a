//! How fast bytes come now, and not how fast they came on average.
//!
//! What came counts less the longer ago it is. A silence makes the speed fall; what comes after it
//! soon counts alone.
//!
//! Nothing here reads a clock.

use std::time::Duration;

/// Bytes a second of the recent past.
#[derive(Clone, Debug)]
pub struct Speed {
    /// What is older than this counts for little.
    memory: f64,
    /// When it was counted last, in seconds.
    at: f64,
    /// Bytes, each the lighter the older it is.
    weight: f64,
}

impl Speed {
    /// Begins to count at time zero.
    pub fn new(memory: Duration) -> Speed {
        Speed { memory: memory.as_secs_f64().max(1e-3), at: 0.0, weight: 0.0 }
    }

    /// So many bytes came since it was called last.
    pub fn came(&mut self, bytes: u64, now: Duration) {
        let now = now.as_secs_f64().max(self.at);
        self.weight = self.weight * self.faded(now) + bytes as f64;
        self.at = now;
    }

    /// Bytes a second.
    pub fn now(&self, now: Duration) -> f64 {
        let now = now.as_secs_f64().max(self.at);
        // Before the memory is full, only the time that has passed is divided by.
        let span = self.memory * (1.0 - (-now / self.memory).exp());
        if span > 0.0 { self.weight * self.faded(now) / span } else { 0.0 }
    }

    fn faded(&self, now: f64) -> f64 {
        (-(now - self.at) / self.memory).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn after(ticks: impl Iterator<Item = (u64, u64)>) -> (Speed, Duration) {
        let (mut speed, mut last) = (Speed::new(at(1000)), 0);
        for (now, bytes) in ticks {
            speed.came(bytes, at(now));
            last = now;
        }
        (speed, at(last))
    }

    #[test]
    fn a_steady_speed_is_right_from_the_beginning_on() {
        for ticks in [2, 10, 100] {
            let (speed, now) = after((1..=ticks).map(|tick| (tick * 100, 1000)));
            let measured = speed.now(now);
            assert!((9_000.0..12_000.0).contains(&measured), "{measured} after {ticks} ticks");
        }
    }

    #[test]
    fn a_silence_lowers_it_and_is_soon_forgotten() {
        let steady = (1..=50).map(|tick| (tick * 100, 1000));
        let (speed, _) = after(steady.clone());
        assert!(speed.now(at(15_000)) < 10.0);
        let again = (1..=30).map(|tick| (60_000 + tick * 100, 1000));
        let (speed, now) = after(steady.chain(again));
        let measured = speed.now(now);
        assert!((9_000.0..11_000.0).contains(&measured), "{measured}");
    }

    #[test]
    fn nothing_has_no_speed() {
        assert_eq!(Speed::new(at(1000)).now(Duration::ZERO), 0.0);
        assert_eq!(Speed::new(Duration::ZERO).now(at(5)), 0.0);
    }
}
