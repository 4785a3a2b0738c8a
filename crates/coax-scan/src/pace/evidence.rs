//! What is known of loss on the way to a host, and what silence therefore proves.
//!
//! Of ports that answer it is known which attempts were lost. By Bayes' rule these give the
//! probability that a port which answers stays silent so many times, whatever the loss really is:
//! with little evidence more attempts are needed, since it may be large.
//!
//! Nothing here knows whose evidence it is.

/// Before anything is known: one attempt in twenty-one is lost, and ten answers weigh as much.
const LOST: f64 = 0.5;
const ANSWERED: f64 = 10.0;
/// What is older than so many attempts counts half: a line changes.
const REMEMBERED: f64 = 2000.0;

/// Attempts at ports that answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    lost: f64,
    answered: f64,
}

impl Evidence {
    /// A port answered after `lost` attempts that it did not.
    pub(crate) fn answered(&mut self, lost: u16) {
        self.answered += 1.0;
        self.lost += f64::from(lost);
        if self.attempts() > REMEMBERED {
            self.fade(0.5);
        }
    }

    /// A port that is known to answer did not.
    pub(crate) fn lost(&mut self) {
        self.lost += 1.0;
    }

    /// Everything so far counts for `part` of what it did.
    pub(crate) fn fade(&mut self, part: f64) {
        self.lost *= part;
        self.answered *= part;
    }

    /// How many it is about.
    pub(crate) fn attempts(&self) -> f64 {
        self.lost + self.answered
    }

    /// This and `other`, which counts for `most` attempts at most.
    pub(crate) fn with(&self, other: Evidence, most: f64) -> Evidence {
        let mut sum = other;
        sum.fade((most.max(0.0) / other.attempts().max(1e-9)).min(1.0));
        Evidence { lost: self.lost + sum.lost, answered: self.answered + sum.answered }
    }

    /// The probability that the next attempt at a port that answers is lost.
    pub(crate) fn loss(&self) -> f64 {
        self.silence(1)
    }

    /// The probability that a port that answers is silent `attempts` times: the expectation of the
    /// loss to that power, where the loss has a beta distribution.
    pub(crate) fn silence(&self, attempts: u16) -> f64 {
        let (lost, all) = (LOST + self.lost, LOST + self.lost + ANSWERED + self.answered);
        (0..attempts).map(f64::from).map(|before| (lost + before) / (all + before)).product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lost: u16, answered: u16) -> Evidence {
        let mut evidence = Evidence::default();
        (0..answered).for_each(|_| evidence.answered(0));
        (0..lost).for_each(|_| evidence.lost());
        evidence
    }

    fn needed(evidence: Evidence, doubt: f64) -> u16 {
        (1..100).find(|&attempts| evidence.silence(attempts) <= doubt).unwrap_or(100)
    }

    #[test]
    fn a_good_line_needs_few_attempts_a_bad_one_many_and_an_unknown_one_more() {
        let needed = |lost, answered| needed(of(lost, answered), 1e-6);
        assert_eq!(needed(0, 300), 3);
        assert_eq!(needed(0, 50), 4);
        assert_eq!(needed(3, 300), 4);
        assert_eq!(needed(40, 960), 5);
        assert_eq!(needed(300, 300), 20);
        assert!(needed(0, 0) > 7, "{}", needed(0, 0));
    }

    /// Silence is as likely as said: played with a loss that is drawn from what is believed.
    #[test]
    fn what_is_said_of_silence_is_what_happens() {
        let evidence = of(10, 90);
        let (mut chance, mut silent) = (1_u64, 0);
        let mut random = move || {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (chance >> 11) as f64 / (1_u64 << 53) as f64
        };
        let runs = 200_000;
        for _ in 0..runs {
            // Pólya's urn draws attempts in a row from a beta distribution.
            let (mut lost, mut all) = (LOST + 10.0, LOST + ANSWERED + 100.0);
            let silences = (0..2).take_while(|_| {
                let is_lost = random() < lost / all;
                (lost, all) = (lost + f64::from(u8::from(is_lost)), all + 1.0);
                is_lost
            });
            silent += u32::from(silences.count() == 2);
        }
        let share = f64::from(silent) / f64::from(runs);
        assert!((share - evidence.silence(2)).abs() < 0.001, "{share} {}", evidence.silence(2));
    }

    #[test]
    fn old_evidence_fades_and_that_of_others_counts_so_far() {
        let mut evidence = of(1000, 1000);
        (0..20_000).for_each(|_| evidence.answered(0));
        assert!(evidence.loss() < 0.01, "{}", evidence.loss());
        let sum = of(0, 10).with(of(0, 1000), 90.0);
        assert_eq!(sum.attempts(), 100.0);
        assert_eq!(of(0, 10).with(of(1, 1), 90.0).attempts(), 12.0);
    }
}
