//! Times on the command line: `5s`, `1m30s`, `100ms`, or a number of seconds.

use std::time::Duration;

/// Reads a positive time.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => text.parse::<jiff::SignedDuration>().ok().and_then(|time| time.try_into().ok()),
    };
    match time {
        Some(time) if time.is_zero() => Err("a time must be longer than nothing".to_owned()),
        Some(time) => Ok(time),
        None => Err("a time is written like 5s, 1m30s or 100ms".to_owned()),
    }
}

/// A time for a person: `0.4 ms`, `1.20 s`.
pub(crate) fn words(time: Duration) -> String {
    match time.as_secs_f64() {
        short if short < 1.0 => format!("{:.1} ms", short * 1000.0),
        long => format!("{long:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
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
}
