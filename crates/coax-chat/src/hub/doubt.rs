//! Whether this machine's clock can be believed when it says that much time has passed.
//!
//! A machine whose clock is wrong starts a server that finds everything too old: history would be
//! forgotten and bans would be over, for good. So the latest time that is certain is kept. A start
//! more than two weeks later is doubted, and for a day what is forgotten goes by the time that is certain.
//! A server that was off for a month forgets a day later, which hurts nobody.
//!
//! Nothing here forgets anything.

use coax_store::Put;

use super::Hub;
use super::effects::{Effect, Effects};
use super::input::Keep;
use super::time::Time;

/// The shelf and the place where it is kept.
pub(crate) const SHELF: &str = "clock";
const KEY: &str = "certain";

const DAY: u64 = 24 * 60 * 60 * 1000;

/// So many milliseconds may pass between two servers without a doubt.
const HOLIDAY: u64 = 14 * DAY;

/// So long a doubt lasts.
const LASTS: u64 = DAY;

/// How often what is certain is kept.
const HOUR: u64 = 60 * 60 * 1000;

/// What is certain, and since when the clock is doubted.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    certain: Time,
    /// What the clock said when the doubt began.
    since: Option<Time>,
    kept: Time,
}

impl Doubt {
    /// `kept` is what an earlier server kept; before there was any, the latest entry is certain.
    pub(super) fn begin(now: Time, kept: &[(String, Vec<u8>)], latest: Option<i64>) -> Doubt {
        let text = kept.iter().find(|(key, _)| key == KEY);
        let text = text.and_then(|(_, value)| std::str::from_utf8(value).ok());
        let mut words = text.unwrap_or_default().split(' ').map(|word| word.parse().ok().map(Time));
        let (certain, since) = (words.next().flatten(), words.next().flatten());
        let latest = latest.and_then(|time| u64::try_from(time).ok()).map(Time);
        let certain = certain.or(latest).unwrap_or(now);
        let since = match since {
            // It has said the same for a day.
            Some(since) if now.since(since) >= LASTS => None,
            Some(since) if now >= since => Some(since),
            _ => (now.since(certain) > HOLIDAY).then_some(now),
        };
        Doubt { certain, since, kept: now }
    }

    fn certain(&self, now: Time) -> Time {
        match self.since {
            Some(since) if now.since(since) < LASTS => self.certain.later(now.since(since)),
            _ => now,
        }
    }

    fn write(&self, now: Time) -> Put {
        let text = match self.since.filter(|since| now.since(*since) < LASTS) {
            Some(since) => format!("{} {}", self.certain.0, since.0),
            None => now.0.to_string(),
        };
        let (shelf, key) = (SHELF.to_owned(), KEY.to_owned());
        Put { shelf, key, value: Some(text.into_bytes()) }
    }
}

impl Hub {
    /// The time by which things are forgotten.
    pub(crate) fn certain(&self, now: Time) -> Time {
        self.doubt.certain(now)
    }

    /// By how many milliseconds the clock is ahead of what is certain, if it is doubted.
    pub(crate) fn doubted(&self, now: Time) -> Option<u64> {
        Some(now.since(self.doubt.certain(now))).filter(|ahead| *ahead > 0)
    }

    /// Keeps what is certain, now and then.
    pub(super) fn keep_time(&mut self, now: Time, effects: &mut Effects) {
        if now.since(self.doubt.kept) >= HOUR {
            self.keep_time_now(now, effects);
        }
    }

    pub(super) fn keep_time_now(&mut self, now: Time, effects: &mut Effects) {
        self.doubt.kept = now;
        effects.push(Effect::Keep(Box::new(Keep::Shelf(self.doubt.write(now)))));
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, Doubt};
    use crate::hub::Time;

    const NOW: Time = Time(1_700_000_000_000);

    fn next(doubt: &Doubt, ended: Time, now: Time) -> Doubt {
        let put = doubt.write(ended);
        Doubt::begin(now, &[(put.key, put.value.unwrap())], None)
    }

    #[test]
    fn a_server_that_was_off_for_a_holiday_doubts_nothing() {
        let first = Doubt::begin(NOW, &[], None);
        assert_eq!(first.certain(NOW.later(9)), NOW.later(9));
        let back = NOW.later(13 * DAY);
        assert_eq!(next(&first, NOW, back).certain(back), back);
    }

    #[test]
    fn a_clock_that_jumped_is_doubted_for_a_day_whatever_is_started_meanwhile() {
        let ahead = NOW.later(400 * DAY);
        let first = Doubt::begin(ahead, &[], i64::try_from(NOW.0).ok());
        assert_eq!(first.certain(ahead.later(60)), NOW.later(60));
        let second = next(&first, ahead.later(60), ahead.later(100));
        assert_eq!(second.certain(ahead.later(200)), NOW.later(200));
        assert_eq!(second.certain(ahead.later(DAY)), ahead.later(DAY), "a day is enough");
        let third = next(&second, ahead.later(200), ahead.later(DAY));
        assert_eq!(third.certain(ahead.later(DAY)), ahead.later(DAY));
    }

    #[test]
    fn a_clock_that_is_right_again_is_believed() {
        let ahead = NOW.later(400 * DAY);
        let wrong = Doubt::begin(ahead, &[], i64::try_from(NOW.0).ok());
        let right = NOW.later(DAY / 4);
        assert_eq!(next(&wrong, ahead.later(60), right).certain(right), right);
    }
}
