//! Times on the command line: `5s`, `1m30s`, `100ms`, or a number of seconds.
//!
//! A time is positive, and short enough that no clock overflows when it is added to now. What is
//! read here is written the same way, so that an error repeats what was typed.
//!
//! Nothing here knows what a time is for.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longer than anyone waits, and far from where clocks overflow. What is longer means the same.
const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// Reads a positive time.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => text.parse::<jiff::SignedDuration>().ok().and_then(|time| time.try_into().ok()),
    };
    match time {
        Some(time) if time.is_zero() => Err("a time must be longer than nothing".to_owned()),
        Some(time) => Ok(time.min(CENTURY)),
        None => Err("a time is written like 5s, 1m30s or 100ms".to_owned()),
    }
}

/// When a whole run has to be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// Reads it. It counts from here, where the run begins: connecting is part of it.
    pub(crate) fn parse(text: &str) -> Result<Deadline, String> {
        parse(text).map(|limit| Deadline { at: Instant::now() + limit, limit })
    }

    pub(crate) fn at(self) -> Instant {
        self.at
    }

    /// `1.5 s`: how long it was from the beginning.
    pub(crate) fn words(self) -> String {
        words(self.limit)
    }
}

/// Completes at the deadline, or never.
pub(crate) async fn late(deadline: Option<Deadline>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.at).await,
        None => std::future::pending().await,
    }
}

/// A time for a person: `0.4 ms`, `300 ms`, `1.25 s`.
pub(crate) fn words(time: Duration) -> String {
    let (number, unit) = match time.as_secs_f64() {
        short if short < 1.0 => (format!("{:.1}", short * 1000.0), "ms"),
        long => (format!("{long:.2}"), "s"),
    };
    format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::{CENTURY, parse, words};
    use std::time::Duration;

    #[test]
    fn times_are_read_in_the_usual_ways() {
        assert_eq!(parse("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(parse("1.5"), Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "0", "-1", "-5s", "soon", "1x", "nan", "inf", "1e300"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_no_clock_can_hold_is_a_century() {
        for text in ["1e19", "9223372036854775807s"] {
            assert_eq!(parse(text), Ok(CENTURY), "{text}");
        }
    }

    #[test]
    fn a_time_is_repeated_as_it_was_typed() {
        for (text, said) in
            [("300ms", "300 ms"), ("2s", "2 s"), ("1m40s", "100 s"), ("1.25", "1.25 s")]
        {
            assert_eq!(words(parse(text).unwrap()), said);
        }
        assert_eq!(words(Duration::from_micros(420)), "0.4 ms");
        assert_eq!(words(Duration::from_micros(3)), "0 ms");
    }
}
