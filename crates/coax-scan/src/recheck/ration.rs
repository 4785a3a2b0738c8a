//! How fast a rationed part is asked, and how much an attempt at this pace proves.
//!
//! The pace follows the answers: it grows while ports that are known to answer do, and falls when
//! one does not. How many of these answered lately says how probable it is that an attempt at a
//! port that answers is in vain.
//!
//! No clock is read here.

use std::time::{Duration, Instant};

use crate::pace::evidence::Evidence;

/// Most rations are about as large.
const FIRST: f64 = 16.0;
/// A question in two seconds, and as many as need no ration.
const SLOWEST: f64 = 0.5;
const FASTEST: f64 = 2000.0;
/// What an answer does to the pace: at first, or where the question before was answered, too; where
/// there were a few questions since; and where there were many. Some must be in vain, or a free
/// answer would find no question, but more are of no use.
const FREELY: f64 = 1.25;
const LATER: f64 = 1.02;
const MANY: u32 = 4;
const SLOWER: f64 = 0.95;
/// What one to a port that is asked as a measure does, and what a failure leaves.
const CONTROL: f64 = 1.05;
const FALLS: f64 = 0.75;
/// A failure may be one of those that led to the last fall, so many questions long.
const BLIND: f64 = 3.0;
/// Fewer attempts in vain at ports that answered later are no limit, nor is less than a tenth.
const TELLING: u32 = 3;
/// So many attempts are remembered.
const REMEMBERED: f64 = 20.0;
/// Sending wakes up now and then, not for each port.
const LATE: Duration = Duration::from_millis(2);

/// The pace of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ration {
    per_second: f64,
    next: Instant,
    starting: bool,
    fell: Option<Instant>,
    evidence: Evidence,
    /// Attempts in vain at ports that answered later.
    lost: u32,
    /// Answers after the first, and when these began and ended.
    answers: u32,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Ration {
    pub(super) fn new(now: Instant) -> Ration {
        Ration {
            per_second: FIRST,
            next: now,
            starting: true,
            fell: None,
            evidence: Evidence::default(),
            lost: 0,
            answers: 0,
            first: None,
            last: None,
        }
    }

    /// When the next question may leave.
    pub(super) fn due(&self) -> Instant {
        self.next
    }

    /// A question leaves.
    pub(super) fn left(&mut self, now: Instant) {
        let step = Duration::from_secs_f64(1.0 / self.per_second);
        // What was not used for a while is not made up for.
        self.next = (self.next + step).max(now.checked_sub(LATE).unwrap_or(now));
    }

    /// A port answered, after `lost` attempts at it, and `asked` at others since the last answer.
    pub(super) fn answered(&mut self, lost: u16, asked: u32, now: Instant) {
        self.remember();
        self.evidence.answered(lost);
        self.change(match asked {
            _ if self.starting => FREELY,
            0..=1 => FREELY,
            2..=MANY => LATER,
            _ => SLOWER,
        });
        self.lost += u32::from(lost);
        self.starting &= asked <= 2 * MANY;
        match self.first {
            None => self.first = Some(now),
            Some(_) => self.answers += 1,
        }
        self.last = Some(now);
    }

    /// A port that is known to answer did.
    pub(super) fn control_answered(&mut self) {
        self.remember();
        self.evidence.answered(0);
        self.change(if self.starting { FREELY } else { CONTROL });
    }

    fn change(&mut self, factor: f64) {
        self.per_second = (self.per_second * factor).clamp(SLOWEST, FASTEST);
    }

    /// A port that is known to answer did not.
    pub(super) fn failed(&mut self, now: Instant) {
        self.starting = false;
        let blind = Duration::from_secs_f64(BLIND / self.per_second);
        if self.fell.is_none_or(|fell| now >= fell + blind) {
            self.change(FALLS);
            self.fell = Some(now);
            // What was lost at a faster pace says less of this one.
            self.evidence.fade(FALLS);
        }
        self.remember();
        self.evidence.lost();
    }

    fn remember(&mut self) {
        if self.evidence.attempts() > REMEMBERED {
            self.evidence.fade(REMEMBERED / (REMEMBERED + 1.0));
        }
    }

    /// The probability that an attempt at a port that answers is in vain.
    pub(super) fn loss(&self) -> f64 {
        self.evidence.loss()
    }

    /// How many were answered for in a second, where that was found to be limited.
    pub(super) fn limit(&self) -> Option<f64> {
        let time = self.last?.saturating_duration_since(self.first?);
        let is_limited = self.lost >= TELLING && self.lost * 10 > self.answers && !time.is_zero();
        is_limited.then(|| f64::from(self.answers) / time.as_secs_f64())
    }
}
