//! How many probes may be under way.
//!
//! The window grows with every answer, first by one each (slow start), after the first loss of
//! weight by an eighth. It is halved when more than 15 of 100 ports answered only when they were
//! asked again. A few do on many links at any speed; halving for each of these, as TCP did of old,
//! would leave a window of six where two in a hundred are lost each way.
//!
//! Nothing here knows whose window it is.

/// A few hundred SYN packets at once trouble no link; a host may answer to very few of its ports.
const FIRST: f64 = 400.0;
/// Still moving, so that a recovery is noticed.
const SMALLEST: f64 = 4.0;
/// More would only wait in a queue.
const LARGEST: f64 = 8192.0;
/// Where fewer are under way it is not their number that loses them, so a false alarm in a small
/// scan, or in one with a rate, leaves it the half of this.
const MANY: f64 = 64.0;
/// After so many answers, or a window of them if that is more, what was before counts half. It must
/// not count for nothing: the last answers of any scan are late ones.
const EPOCH: f64 = 64.0;
/// Of 100.
const TOLERATED: f64 = 15.0;
/// Fewer late answers could be chance, unless every second one is late.
const TELLING: f64 = 8.0;
const TELLING_OF_HALF: f64 = 4.0;
/// What an answer adds after a loss of weight. One a window (RFC 5681) would take a minute to forget
/// a false alarm.
const REGAINED: f64 = 0.125;

/// A congestion window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    size: f64,
    /// Above this it grows slowly.
    threshold: f64,
    /// Ports that answered when first asked, and those that did when asked again; what is long ago
    /// counts less.
    prompt: f64,
    late: f64,
    era: u32,
    is_stubborn: bool,
}

impl Default for Window {
    fn default() -> Window {
        let (size, threshold) = (FIRST, LARGEST);
        Window { size, threshold, prompt: 0.0, late: 0.0, era: 0, is_stubborn: false }
    }
}

impl Window {
    pub(crate) fn size(&self) -> usize {
        self.size as usize
    }

    /// How often it was found too large. What was lost before the last time was lost to a window
    /// that is no more.
    pub(super) fn era(&self) -> u32 {
        self.era
    }

    /// Whether much is lost though it cannot be smaller.
    pub(super) fn is_stubborn(&self) -> bool {
        self.is_stubborn
    }

    /// A port answered, when first asked or late, while `under_way` were.
    pub(crate) fn answered(&mut self, late: bool, under_way: usize) {
        match late {
            false => self.prompt += 1.0,
            true => self.late += 1.0,
        }
        self.grow();
        if self.loses() {
            self.shrink(under_way);
        } else if self.prompt + self.late >= self.size.max(EPOCH) {
            (self.prompt, self.late) = (self.prompt / 2.0, self.late / 2.0);
            self.is_stubborn = false;
        }
    }

    fn loses(&self) -> bool {
        self.late >= TELLING && self.late * 100.0 > (self.prompt + self.late) * TOLERATED
            || self.late >= TELLING_OF_HALF && self.late > self.prompt
    }

    /// Nothing speaks against more.
    pub(crate) fn grow(&mut self) {
        let step = if self.size < self.threshold { 1.0 } else { REGAINED };
        self.size = (self.size + step).min(LARGEST);
    }

    /// So many probes were under way and nothing shows that it was too many.
    pub(super) fn bears(&mut self, probes: u32) {
        let step = if self.size < self.threshold { 1.0 } else { REGAINED };
        let more = (f64::from(probes) * step).min(self.size / 2.0);
        self.size = (self.size + more).min(LARGEST);
    }

    /// Half of what was under way was too much as well (RFC 5681 §3.1).
    fn shrink(&mut self, under_way: usize) {
        (self.prompt, self.late) = (0.0, 0.0);
        self.is_stubborn = self.size < SMALLEST + 1.0;
        let used = self.size.min((under_way as f64).max(MANY));
        self.size = (used / 2.0).max(SMALLEST);
        self.threshold = self.size;
        self.era += u32::from(!self.is_stubborn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = LARGEST as usize;

    #[test]
    fn answers_open_the_window_and_it_has_an_end() {
        let mut window = Window::default();
        let before = window.size();
        (0..100).for_each(|_| window.answered(false, ALL));
        assert_eq!(window.size(), before + 100);
        (0..100_000).for_each(|_| window.answered(false, ALL));
        assert_eq!(window.size(), LARGEST as usize);
    }

    #[test]
    fn a_link_that_loses_four_in_a_hundred_keeps_its_window() {
        let mut window = Window::default();
        (0..2000).for_each(|probe| window.answered(probe % 25 == 0, ALL));
        assert!(window.size() >= FIRST as usize + 1900, "{}", window.size());
    }

    #[test]
    fn stragglers_at_the_end_do_not_make_a_link_lossy() {
        let mut window = Window::default();
        (0..2400).for_each(|_| window.answered(false, ALL));
        (0..100).for_each(|_| window.answered(true, ALL));
        assert!(window.size() > 2000, "{}", window.size());
        assert_eq!(window.era(), 0);
    }

    #[test]
    fn heavy_loss_halves_it_down_to_the_smallest_and_answers_open_it_again() {
        let mut window = Window::default();
        (0..8).for_each(|_| window.answered(false, ALL));
        (0..7).for_each(|_| window.answered(true, ALL));
        assert!(window.size() >= FIRST as usize, "it may be chance: {}", window.size());
        window.answered(true, ALL);
        assert_eq!((window.size(), window.era()), (208, 1));
        (0..200).for_each(|_| window.answered(true, ALL));
        assert!((SMALLEST as usize..=5).contains(&window.size()), "{}", window.size());
        assert!(window.is_stubborn());
        let era = window.era();
        (0..1000).for_each(|_| window.answered(false, ALL));
        assert!((100..FIRST as usize).contains(&window.size()), "slowly: {}", window.size());
        assert_eq!((window.is_stubborn(), window.era()), (false, era));
    }

    #[test]
    fn a_host_that_hardly_speaks_shows_in_four_answers_when_most_are_late() {
        let mut window = Window::default();
        (0..3).for_each(|_| window.answered(false, ALL));
        (0..3).for_each(|_| window.answered(true, ALL));
        assert_eq!(window.era(), 0);
        window.answered(true, ALL);
        assert_eq!(window.era(), 1);
    }

    #[test]
    fn what_was_not_used_is_lost_first_but_a_few_probes_are_never_too_many() {
        for (under_way, left) in [(200, 100), (64, 32), (1, 32)] {
            let mut window = Window::default();
            (0..4).for_each(|_| window.answered(true, under_way));
            assert_eq!(window.size(), left);
        }
    }
}
