//! How many probes may be under way.
//!
//! The window grows with every answer, first by one each (slow start), after the first loss of
//! weight by one a window (RFC 5681). It is halved when more than 15 of 100 probes of an epoch were
//! lost. A few are lost on many links at any speed; halving for each of these, as TCP did of old,
//! would leave a window of six where two in a hundred are lost each way.
//!
//! Nothing here knows whose window it is.

/// A few hundred SYN packets at once trouble no link; a host may answer to very few of its ports.
const FIRST: f64 = 400.0;
/// Still moving, so that a recovery is noticed.
const SMALLEST: f64 = 4.0;
/// More would only wait in a queue.
const LARGEST: f64 = 8192.0;
/// Probes of known fate after which the loss is judged, or a window of them if that is more. With
/// fewer, chance would judge, or the stragglers at the end, each of which comes after a loss.
const EPOCH: f64 = 64.0;
/// Of 100.
const TOLERATED: u32 = 15;

/// A congestion window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    size: f64,
    /// Above this it grows slowly.
    threshold: f64,
    answered: u32,
    lost: u32,
    /// The length of this epoch.
    epoch: f64,
}

impl Default for Window {
    fn default() -> Window {
        Window { size: FIRST, threshold: LARGEST, answered: 0, lost: 0, epoch: FIRST }
    }
}

impl Window {
    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    /// A probe was answered after `lost` others for the same port were not.
    pub(super) fn answered(&mut self, lost: u8) {
        self.answered += 1;
        self.lost += u32::from(lost);
        let step = if self.size < self.threshold { 1.0 } else { 1.0 / self.size };
        self.size = (self.size + step).min(LARGEST);
        if f64::from(self.answered + self.lost) >= self.epoch {
            self.judge();
        }
    }

    fn judge(&mut self) {
        if self.lost * 100 > (self.answered + self.lost) * TOLERATED {
            self.size = (self.size / 2.0).max(SMALLEST);
            self.threshold = self.size;
        }
        (self.answered, self.lost) = (0, 0);
        self.epoch = self.size.max(EPOCH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_open_the_window_and_it_has_an_end() {
        let mut window = Window::default();
        let before = window.size();
        (0..100).for_each(|_| window.answered(0));
        assert_eq!(window.size(), before + 100);
        (0..100_000).for_each(|_| window.answered(0));
        assert_eq!(window.size(), LARGEST as usize);
    }

    #[test]
    fn a_link_that_loses_four_in_a_hundred_keeps_its_window() {
        let mut window = Window::default();
        (0..2000).for_each(|probe| window.answered(u8::from(probe % 25 == 0)));
        assert!(window.size() >= FIRST as usize + 1900, "{}", window.size());
    }

    #[test]
    fn stragglers_at_the_end_do_not_make_a_link_lossy() {
        let mut window = Window::default();
        (0..2400).for_each(|_| window.answered(0));
        (0..100).for_each(|_| window.answered(1));
        assert!(window.size() > 2000, "{}", window.size());
    }

    #[test]
    fn heavy_loss_halves_it_down_to_the_smallest_and_answers_open_it_again() {
        let mut window = Window::default();
        (0..FIRST as usize / 2).for_each(|_| window.answered(1));
        assert!(window.size() < FIRST as usize, "{}", window.size());
        (0..2000).for_each(|_| window.answered(1));
        assert!((SMALLEST as usize..=12).contains(&window.size()), "{}", window.size());
        let small = window.size();
        (0..2000).for_each(|_| window.answered(0));
        assert!(window.size() > 2 * small, "{}", window.size());
        assert!(window.size() < FIRST as usize, "after a loss it grows slowly");
    }
}
