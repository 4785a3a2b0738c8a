//! How long to leave a place alone between two looks.
//!
//! Short at first, for a server that is just starting; doubled each time, up to a second, so that
//! a long wait costs next to nothing. A little chance keeps many waiters from looking all at once.
//!
//! Nothing here sleeps.

use std::time::Duration;

/// A server that was started a moment ago is there soon.
const FIRST: Duration = Duration::from_millis(50);
/// Nobody notices a second after minutes.
const LONGEST: Duration = Duration::from_secs(1);
/// The most by which chance makes a pause shorter or longer.
const JITTER: f64 = 0.25;

/// The next pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    next: Duration,
}

impl Default for Pause {
    fn default() -> Pause {
        Pause { next: FIRST }
    }
}

impl Pause {
    /// How long to wait now; `chance` is from 0 to 1.
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let pause = self.next;
        self.next = LONGEST.min(pause * 2);
        pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(chance: f64) -> Vec<u128> {
        let mut pause = Pause::default();
        (0..8).map(|_| pause.next(chance).as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        assert_eq!(pauses(0.5), [50, 100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn chance_moves_them_by_a_quarter_at_most() {
        assert_eq!(pauses(0.0), [37, 75, 150, 300, 600, 750, 750, 750]);
        assert_eq!(pauses(1.0), [62, 125, 250, 500, 1000, 1250, 1250, 1250]);
        assert_eq!(pauses(-5.0), pauses(0.0));
        assert_eq!(pauses(f64::INFINITY), pauses(1.0));
    }
}
