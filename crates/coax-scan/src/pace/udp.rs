//! When a host's silence about a UDP port means something, and when to ask again.
//!
//! A closed port is told by ICMP, and hosts are sparing with that: Linux sends a peer six messages
//! at once and then one a second (`icmp_ratelimit`, RFC 1812 §4.3.2.8). A question that was asked
//! while the host had just spoken may be one it was not free to answer, so it does not count.
//! Messages that are not sent cost the host nothing, so asking goes on, at a rate that follows
//! what comes back, and each message it is free to send finds a question.
//!
//! No clock is read here, and nothing here knows what was asked.

use std::time::{Duration, Instant};

/// A second, and something for the way.
const GAP: Duration = Duration::from_millis(1100);
/// The time between two questions to a host that limits itself: a free message waits half of it.
const LONGEST: Duration = Duration::from_millis(100);
/// A host that answers a thousand a second is not slowed down.
const SHORTEST: Duration = Duration::from_millis(1);
/// Places are given no further ahead: the rate may change.
const HORIZON: Duration = Duration::from_secs(1);
/// So few questions for one message: more would be answered.
const KEEN: u32 = 2;
/// So many are more than are needed.
const IDLE: u32 = 12;

/// A host that has sent ICMP messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sparing {
    spoke: Instant,
    /// Whether a message came to a question that was asked again: the first one was not answered.
    limits: bool,
    step: Duration,
    /// The next free place.
    next: Instant,
    /// Questions asked again since the last message.
    asked: u32,
    /// Questions that wait to be asked again.
    pub(super) parked: u32,
}

impl Sparing {
    pub(super) fn new(now: Instant) -> Sparing {
        Sparing { spoke: now, limits: false, step: LONGEST, next: now, asked: 0, parked: 0 }
    }

    /// A message came, to a question that was asked more than once or not.
    pub(super) fn spoke(&mut self, now: Instant, again: bool) {
        match self.asked {
            _ if !again => {}
            _ if !self.limits => self.limits = true,
            0..=KEEN => self.step = (self.step * 3 / 4).max(SHORTEST),
            IDLE.. => self.step = (self.step * 5 / 4).min(LONGEST),
            _ => {}
        }
        self.spoke = now;
        self.asked = 0;
    }

    /// Whether a question asked at `sent` would have been answered, had the port been closed.
    pub(super) fn was_free(&self, sent: Instant) -> bool {
        sent >= self.spoke + GAP
    }

    /// A question that could be answered was not: there is no need to save messages.
    pub(super) fn was_silent(&mut self) {
        self.step = (self.step * 3 / 4).max(SHORTEST);
    }

    /// When a question that could not be answered should ask for a place.
    pub(super) fn look_again(&self, now: Instant) -> Instant {
        match self.limits {
            true => now + (self.step * self.parked).min(HORIZON),
            false => now.max(self.spoke + GAP),
        }
    }

    /// A place to ask again, or when to look for one.
    pub(super) fn place(&mut self, now: Instant) -> Result<Instant, Instant> {
        let at = self.next.max(now);
        match () {
            () if !self.limits => Ok(now),
            () if at > now + HORIZON => Err(now + HORIZON),
            () => {
                self.next = at + self.step;
                self.asked += 1;
                Ok(at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn silence_after_a_message_says_nothing_for_a_second() {
        let start = Instant::now();
        let mut host = Sparing::new(start);
        assert!(!host.was_free(start) && !host.was_free(start + 1000 * MS));
        assert!(host.was_free(start + GAP));
        assert_eq!(host.look_again(start + 100 * MS), start + GAP);
        host.spoke(start + 500 * MS, false);
        assert!(!host.was_free(start + GAP), "it spoke again");
        assert_eq!(host.place(start), Ok(start), "nothing shows that it limits itself");
    }

    /// Plays a host with a bucket of `burst` messages that gains one each `refill`, and tells how
    /// many messages came within `time` and how many questions that took.
    fn played(burst: u32, refill: Duration, time: Duration) -> (u32, u32) {
        let start = Instant::now();
        let (mut now, mut host) = (start, Sparing::new(start));
        let (mut tokens, mut filled, mut came, mut asked) = (burst, start, 0, 0);
        host.spoke(now, true);
        while now < start + time {
            match host.place(now) {
                Err(later) => now = later,
                Ok(at) => {
                    now = at.max(now);
                    asked += 1;
                    let gained = now.duration_since(filled).as_micros() / refill.as_micros();
                    filled += refill * gained as u32;
                    tokens = (tokens + gained as u32).min(burst);
                    if tokens > 0 {
                        (tokens, came) = (tokens - 1, came + 1);
                        host.spoke(now, true);
                    }
                }
            }
        }
        (came, asked)
    }

    #[test]
    fn every_message_of_a_host_that_sends_one_a_second_is_used_with_few_questions() {
        let (came, asked) = played(6, 1000 * MS, 100_000 * MS);
        assert!((100..=106).contains(&came), "{came}");
        assert!(asked < 1500, "{asked}");
    }

    #[test]
    fn a_host_that_sends_more_is_asked_more() {
        let (came, asked) = played(6, 10 * MS, 20_000 * MS);
        assert!(came > 1500, "of 2000: {came}");
        assert!(asked < 40_000, "{asked}");
    }

    #[test]
    fn places_are_given_a_second_ahead_and_follow_silence() {
        let start = Instant::now();
        let mut host = Sparing::new(start);
        host.spoke(start, true);
        let places = std::iter::from_fn(|| host.place(start).ok()).count();
        assert_eq!(places, 11, "at 0, 0.1 … 1.0 s");
        assert_eq!(host.place(start), Err(start + HORIZON));
        (0..50).for_each(|_| host.was_silent());
        let later = start + 2 * HORIZON;
        let places = std::iter::from_fn(|| host.place(later).ok()).count();
        assert!(places > 900, "{places}");
    }
}
