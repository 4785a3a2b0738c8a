//! How many accounts a place may make in an hour.
//!
//! A class or a party registers from one address within minutes; a program that never stops does, too,
//! and each account costs a hash and stays for ever. One that could not be made is not counted.
//!
//! Nothing here makes an account.

use std::collections::{BTreeMap, VecDeque};

use super::patience::neighbourhood;
use super::time::Time;
use super::turn::Turn;

/// In milliseconds.
const HOUR: u64 = 60 * 60_000;

/// Most places that are remembered; the one that was quiet for longest is forgotten first.
const PLACES: usize = 2048;

/// When each place made accounts, within an hour, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Registrations(BTreeMap<Box<str>, VecDeque<Time>>);

impl Registrations {
    /// One more from there, if there may be; otherwise how many milliseconds are to pass first.
    fn begin(&mut self, now: Time, most: u32, place: &str) -> Result<(), u64> {
        if most == 0 {
            return Ok(());
        }
        if self.0.len() >= PLACES && !self.0.contains_key(place) {
            let quiet = self.0.iter().min_by_key(|(_, times)| times.back().copied());
            let quiet = quiet.map(|(place, _)| place.clone());
            quiet.and_then(|place| self.0.remove(&place));
        }
        let times = self.0.entry(place.into()).or_default();
        times.retain(|time| now.since(*time) < HOUR);
        match times.front() {
            Some(first) if times.len() >= most as usize => Err(HOUR - now.since(*first)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    fn take_back(&mut self, place: &str) {
        if let Some(times) = self.0.get_mut(place) {
            times.pop_back();
        }
    }
}

impl Turn<'_> {
    /// Begins to make an account; too many from one place, and the answer is how many seconds are to
    /// pass first.
    pub(crate) fn may_register(&mut self) -> Result<(), u64> {
        let (place, most) = (self.place(), self.hub.settings.accounts_per_address);
        let begun = self.hub.registrations.begin(self.now, most, &place);
        begun.map_err(|wait| wait.div_ceil(1000))
    }

    /// It was not made after all.
    pub(crate) fn did_not_register(&mut self) {
        let place = self.place();
        self.hub.registrations.take_back(&place);
    }

    fn place(&self) -> Box<str> {
        neighbourhood(&self.me().origin.address)
    }
}

#[cfg(test)]
mod tests {
    use super::{HOUR, PLACES, Registrations};
    use crate::hub::Time;

    #[test]
    fn so_many_in_an_hour_and_one_more_when_the_first_is_an_hour_ago() {
        let mut registrations = Registrations::default();
        for second in 0..3 {
            assert_eq!(registrations.begin(Time(second * 1000), 3, "a"), Ok(()));
        }
        assert_eq!(registrations.begin(Time(3000), 3, "a"), Err(HOUR - 3000));
        assert_eq!(registrations.begin(Time(3000), 3, "b"), Ok(()), "another place");
        registrations.take_back("a");
        assert_eq!(registrations.begin(Time(3000), 3, "a"), Ok(()), "one was not made");
        assert_eq!(registrations.begin(Time(HOUR), 3, "a"), Ok(()));
        assert!((0..99).all(|_| registrations.begin(Time(0), 0, "a").is_ok()), "no limit");
    }

    #[test]
    fn only_so_many_places_are_remembered() {
        let mut registrations = Registrations::default();
        for number in 0..2 * PLACES {
            let now = Time(number as u64);
            assert_eq!(registrations.begin(now, 1, &number.to_string()), Ok(()));
        }
        assert_eq!(registrations.0.len(), PLACES);
    }
}
