//! Times in a rules file: `200ms`, `1.5s`, `1m30s`.
//!
//! A time is written with its unit, because a bare number is read as seconds by some and as
//! milliseconds by others.
//!
//! Nothing here knows what is waited for.

use std::time::Duration;

/// Longer than any client waits.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a time of up to a day.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let time = text.parse::<jiff::SignedDuration>().ok()?;
    Duration::try_from(time).ok().filter(|time| *time <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::time::Duration;

    #[test]
    fn a_time_has_its_unit() {
        assert_eq!(read("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(read("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(read("0s"), Some(Duration::ZERO));
        for text in ["", "5", "-1s", "soon", "25h"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
