//! At most so many a second.
//!
//! Probes are spread evenly; what was not used in the last hundredth of a second is lost, so a
//! pause is not followed by a burst.
//!
//! No clock is read here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sending wakes up now and then, not for each probe.
const BURST: Duration = Duration::from_millis(10);

/// The cap on the rate of a scan, whoever of its threads sends; none is no cap.
#[derive(Clone, Debug)]
pub(crate) struct SharedRate(Option<Arc<Mutex<Rate>>>);

impl SharedRate {
    pub(crate) fn new(per_second: Option<u32>) -> SharedRate {
        SharedRate(per_second.map(|per_second| Arc::new(Mutex::new(Rate::new(per_second)))))
    }

    /// Takes a place if one is free now; if not, says when.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Instant> {
        self.with(|rate| rate.take(now)).unwrap_or(Ok(()))
    }

    /// Takes the next free place and says when it is.
    pub(crate) fn reserve(&self, now: Instant) -> Instant {
        self.with(|rate| rate.reserve(now)).unwrap_or(now)
    }

    fn with<T>(&self, what: impl FnOnce(&mut Rate) -> T) -> Option<T> {
        let rate = self.0.as_ref()?;
        Some(what(&mut rate.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// A cap on the rate.
#[derive(Debug)]
pub(super) struct Rate {
    step: Duration,
    /// When the next probe is due.
    next: Option<Instant>,
}

impl Rate {
    /// At most `per_second`; 0 counts as 1.
    pub(super) fn new(per_second: u32) -> Rate {
        Rate { step: Duration::from_secs(1) / per_second.max(1), next: None }
    }

    /// Takes a place if one is free now; if not, says when.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        match self.next.filter(|&next| next > now) {
            Some(next) => Err(next),
            None => {
                self.reserve(now);
                Ok(())
            }
        }
    }

    /// Takes the next free place and says when it is.
    pub(super) fn reserve(&mut self, now: Instant) -> Instant {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let at = self.next.map_or(now, |next| next.max(earliest));
        self.next = Some(at + self.step);
        at.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_as_many_places_as_it_should() {
        let start = Instant::now();
        for per_second in [1, 7, 100, 5000] {
            let mut rate = Rate::new(per_second);
            let taken = (0..10_000)
                .filter(|tick| rate.take(start + Duration::from_micros(tick * 100)).is_ok())
                .count();
            let (least, most) = (per_second as usize, per_second as usize + 51);
            assert!((least..=most).contains(&taken), "{per_second}: {taken}");
        }
    }

    #[test]
    fn a_pause_is_followed_by_no_burst() {
        let start = Instant::now();
        let mut rate = Rate::new(1000);
        assert!(rate.take(start).is_ok());
        let later = start + Duration::from_secs(60);
        let taken = (0..1000).filter(|_| rate.take(later).is_ok()).count();
        assert!(taken <= 12, "{taken}");
    }

    #[test]
    fn who_must_send_waits_for_a_place_and_others_after_it() {
        let start = Instant::now();
        let mut rate = Rate::new(10);
        assert_eq!(rate.reserve(start), start);
        assert_eq!(rate.reserve(start), start + Duration::from_millis(100));
        assert_eq!(rate.take(start), Err(start + Duration::from_millis(200)));
    }
}
