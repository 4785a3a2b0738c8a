//! Who is asked again, one after the other.
//!
//! A host that answers only so often answers to the first of a burst and to none of the others, and
//! when these are asked again together it is a burst once more. So they take turns, evenly spread:
//! first come, first asked.
//!
//! No clock is read here, and nothing here knows how long a turn should be.

use std::time::{Duration, Instant};

/// The time of a turn may change, so nobody waits for longer without a look.
const LOOK: Duration = Duration::from_millis(200);

/// A queue, of which only the numbers are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    issued: u64,
    /// Who has a lower number may go; a part is the time since the last turn.
    open: f64,
    /// When that was so.
    at: Option<Instant>,
}

impl Turns {
    /// Whether it is the turn of who has `ticket`, where one lasts for `step`; if not, when to look
    /// again. Who has no ticket gets one, and who may go loses it.
    pub(super) fn take(
        &mut self,
        ticket: &mut Option<u64>,
        step: Duration,
        now: Instant,
    ) -> Result<(), Instant> {
        self.advance(step, now);
        let number = *ticket.get_or_insert(self.issued);
        self.issued = self.issued.max(number + 1);
        let ahead = (number + 1) as f64 - self.open;
        if ahead <= 0.0 {
            *ticket = None;
            return Ok(());
        }
        let seconds = step.as_secs_f64() * ahead;
        // A microsecond more than a float can be wrong by.
        let wait = Duration::try_from_secs_f64(seconds + 1e-6).unwrap_or(LOOK);
        Err(now + wait.min(LOOK))
    }

    /// A queue in which nobody waits saves up no turns.
    fn advance(&mut self, step: Duration, now: Instant) {
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let turns = passed.as_secs_f64() / step.as_secs_f64().max(1e-9);
        self.open = (self.open + turns).min(self.issued as f64);
        self.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Lets `count` wait from `start` on, and gives the times in milliseconds at which they went.
    fn played(turns: &mut Turns, count: usize, start: Instant, step: Duration) -> Vec<u128> {
        let mut waiting = vec![(start, None); count];
        let mut went = Vec::new();
        while let Some(first) = (0..waiting.len()).min_by_key(|&number| waiting[number].0) {
            let (now, mut ticket) = waiting.remove(first);
            match turns.take(&mut ticket, step, now) {
                Ok(()) => went.push((now - start).as_millis()),
                Err(later) => waiting.push((later, ticket)),
            }
        }
        went
    }

    #[test]
    fn a_burst_is_spread_evenly() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        let went = played(&mut turns, 100, start, 10 * MS);
        let even = (1..=100).map(|turn| turn * 10).collect::<Vec<_>>();
        assert_eq!(went, even);
        let later = start + 60_000 * MS;
        assert_eq!(played(&mut turns, 3, later, 10 * MS), [10, 20, 30], "nothing is saved up");
    }

    #[test]
    fn who_came_first_goes_first_and_shorter_turns_are_noticed() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        let mut tickets = [None; 50];
        for ticket in &mut tickets {
            let later = turns.take(ticket, 100 * MS, start).unwrap_err();
            assert!(later <= start + LOOK);
        }
        let now = start + 100 * MS;
        assert!(turns.take(&mut tickets[1], 100 * MS, now).is_err());
        assert_eq!(turns.take(&mut tickets[0], 100 * MS, now), Ok(()));
        let now = now + 49 * MS + MS / 100;
        assert_eq!(turns.take(&mut tickets[49], MS, now), Ok(()), "all may go by now");
        assert!(turns.take(&mut tickets[0], MS, now).is_err(), "a new one waits for its turn");
    }
}
