//! A moment on the command line: a date, a time of day, or how long ago.
//!
//! What names no zone is in the time of this machine, as are the logs that it is compared with.
//!
//! Nothing here knows what the moment is for.

use jiff::civil::{DateTime, Time};
use jiff::{Span, SpanFieldwise, Timestamp, Zoned};

/// From when to when, for the verbs that look back.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(super) struct Between {
    /// From then on: 2026-11-21, 18:30, 2h, yesterday
    ///
    /// A date begins at midnight, '2026-11-21 18:30' is later that day, a time alone is today's, and
    /// 2h or 3d is so long ago. Anything that RFC 3339 allows is understood, too.
    #[arg(long, value_name = "WHEN", value_parser = parse)]
    pub(super) since: Option<Timestamp>,
    /// Before then
    #[arg(long, value_name = "WHEN", value_parser = parse)]
    pub(super) until: Option<Timestamp>,
}

impl Between {
    /// In milliseconds since 1970, neither included.
    pub(super) fn open(self) -> (i64, i64) {
        let after = self.since.map_or(i64::MIN, |since| since.as_millisecond() - 1);
        (after, self.until.map_or(i64::MAX, Timestamp::as_millisecond))
    }

    pub(super) fn is_given(self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

fn parse(text: &str) -> Result<Timestamp, String> {
    at(text, &Zoned::now())
}

fn at(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let found = match text {
        "now" => Some(now.clone()),
        "today" => now.start_of_day().ok(),
        "yesterday" => now.yesterday().and_then(|day| day.start_of_day()).ok(),
        text => civil(text, now).or_else(|| ago(text, now)),
    };
    let found = text.parse::<Timestamp>().ok().or(found.map(|zoned| zoned.timestamp()));
    found.ok_or_else(|| {
        "a moment is like 2026-11-21, 18:30, 2h (so long ago) or yesterday".to_owned()
    })
}

fn civil(text: &str, now: &Zoned) -> Option<Zoned> {
    let date = text.parse::<DateTime>().ok();
    let time = || Some(now.date().to_datetime(text.parse::<Time>().ok()?));
    date.or_else(time)?.to_zoned(now.time_zone().clone()).ok()
}

fn ago(text: &str, now: &Zoned) -> Option<Zoned> {
    let span = text.parse::<Span>().ok()?;
    let is_past = !span.is_negative() && span.fieldwise() != SpanFieldwise(Span::new());
    now.checked_sub(span).ok().filter(|_| is_past)
}

#[cfg(test)]
mod tests {
    use super::at;
    use jiff::Zoned;

    fn read(text: &str) -> Option<String> {
        let now: Zoned = "2026-11-21T18:30:00+01:00[+01:00]".parse().unwrap();
        at(text, &now).ok().map(|at| at.to_string())
    }

    #[test]
    fn moments_are_read_in_the_usual_ways() {
        for (text, expected) in [
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20 12:00", "2026-11-20T11:00:00Z"),
            ("2026-11-20T12:00:05", "2026-11-20T11:00:05Z"),
            ("2026-11-20T12:00:05Z", "2026-11-20T12:00:05Z"),
            ("2026-11-20T12:00:05.5+02:00", "2026-11-20T10:00:05.5Z"),
            ("07:15", "2026-11-21T06:15:00Z"),
            ("2h", "2026-11-21T15:30:00Z"),
            ("90m", "2026-11-21T16:00:00Z"),
            ("3d", "2026-11-18T17:30:00Z"),
            ("1w", "2026-11-14T17:30:00Z"),
            ("today", "2026-11-20T23:00:00Z"),
            ("yesterday", "2026-11-19T23:00:00Z"),
            ("now", "2026-11-21T17:30:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "5", "soon", "-2h", "0s", "25:00", "2026-13-01", "99999999999999d"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
