//! How far one URL is, how fast it comes now, and for how long nothing has.
//!
//! What is said of the time that is left is about the recent past. A silence is no slow line: while
//! it lasts there is no speed, and what comes after it is measured by itself.
//!
//! Nothing here prints.

use std::time::Duration;

use coax_fetch::{Meter, Speed};

/// So much of the past counts.
const MEMORY: Duration = Duration::from_secs(2);
/// A shorter time tells nothing of what is left.
const MEASURED: Duration = Duration::from_millis(500);
/// No line pauses so long while it works.
pub(super) const SILENCE: Duration = Duration::from_secs(3);

/// One URL, looked at now and then.
#[derive(Debug)]
pub(super) struct Gauge {
    speed: Speed,
    /// When the speed was begun to be measured, and when bytes came last.
    since: Option<Duration>,
    heard: Duration,
    came: u64,
    last: Duration,
    silent: bool,
}

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Nothing comes any more.
    Silent,
    /// Bytes come again, after this long.
    Again(Duration),
}

impl Gauge {
    /// Of something that begins at `now`.
    pub(super) fn new(now: Duration) -> Gauge {
        let speed = Speed::new(MEMORY);
        Gauge { speed, since: None, heard: now, came: 0, last: now, silent: false }
    }

    /// Looks at `now`: `came` bytes have come.
    pub(super) fn look(&mut self, came: u64, now: Duration) -> Change {
        let (new, before) = (came.saturating_sub(self.came), self.last);
        let silence = now.saturating_sub(self.heard);
        (self.came, self.last) = (came, now);
        if new == 0 {
            let begins = !self.silent && silence >= SILENCE;
            self.silent |= begins;
            return if begins { Change::Silent } else { Change::None };
        }
        let over = std::mem::take(&mut self.silent);
        if over || self.since.is_none() {
            (self.speed, self.since) = (Speed::new(MEMORY), Some(before));
        }
        let since = self.since.unwrap_or(before);
        self.speed.came(new, now.saturating_sub(since));
        self.heard = now;
        if over { Change::Again(silence) } else { Change::None }
    }

    /// Bytes a second; 0 while nothing comes.
    pub(super) fn rate(&self) -> f64 {
        match self.since {
            Some(since) if !self.silent => self.speed.now(self.last.saturating_sub(since)),
            _ => 0.0,
        }
    }

    /// For how long nothing has come, if that is long.
    pub(super) fn silence(&self) -> Option<Duration> {
        self.silent.then(|| self.last.saturating_sub(self.heard))
    }

    /// How long `meter` needs for what is left, as it comes now.
    pub(super) fn left(&self, meter: &Meter) -> Option<Duration> {
        if self.last < self.since? + MEASURED {
            return None;
        }
        let left = meter.length()?.saturating_sub(meter.have());
        let rate = self.rate();
        // What takes longer than a century is not known.
        let seconds = left as f64 / rate;
        (rate > 0.0 && seconds < 3e9).then(|| Duration::from_secs_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_silence_is_noticed_and_what_follows_is_measured_by_itself() {
        let mut gauge = Gauge::new(at(0));
        let mut came = 0;
        for tick in 1..=40 {
            came += 1000;
            assert_eq!(gauge.look(came, at(tick * 125)), Change::None);
        }
        assert!((7_500.0..8_500.0).contains(&gauge.rate()), "{}", gauge.rate());
        assert_eq!(gauge.look(came, at(7_000)), Change::None);
        assert_eq!(gauge.look(came, at(8_125)), Change::Silent);
        assert_eq!(gauge.look(came, at(9_000)), Change::None);
        assert_eq!((gauge.rate(), gauge.silence()), (0.0, Some(at(4_000))));
        assert_eq!(gauge.look(came, at(10_000)), Change::None);
        for tick in 1..=8 {
            came += 1000;
            let change = gauge.look(came, at(10_000 + tick * 125));
            assert_eq!(change == Change::Again(at(5_125)), tick == 1, "{change:?}");
        }
        assert!((7_500.0..9_000.0).contains(&gauge.rate()), "{}", gauge.rate());
    }

    #[test]
    fn the_time_before_the_first_byte_is_none_of_the_speed() {
        let mut gauge = Gauge::new(at(0));
        for tick in 1..=16 {
            gauge.look(0, at(tick * 125));
        }
        for tick in 1..=8 {
            gauge.look(tick * 1000, at(2_000 + tick * 125));
        }
        assert!((7_500.0..8_500.0).contains(&gauge.rate()), "{}", gauge.rate());
    }
}
