//! How long to wait before a server is asked again.
//!
//! Short after bytes came, for a connection that was merely cut; doubled each time nothing did. A
//! server that says when to come back is obeyed. Chance keeps many clients from coming all at once.
//!
//! Nothing here sleeps.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;

use crate::validator::date;

/// A connection that was cut is mostly let in again at once.
const FIRST: Duration = Duration::from_millis(100);
/// Servers that are away longer are looked after twice a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// How often it is tried in a row, and how often it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    retries: u32,
    failed: u32,
}

impl Patience {
    /// So many more tries than one.
    pub(crate) fn new(retries: u32) -> Patience {
        Patience { retries, failed: 0 }
    }

    /// Bytes came: whatever failed before counts no more.
    pub(crate) fn renew(&mut self) {
        self.failed = 0;
    }

    /// It failed. How long to wait, or `None` where it was tried often enough. `chance` is from 0
    /// to 1.
    pub(crate) fn next(&mut self, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if self.failed >= self.retries {
            return None;
        }
        let doubled = FIRST.saturating_mul(1 << self.failed.min(10)).min(LONGEST);
        self.failed += 1;
        let moved = doubled.mul_f64(0.75 + 0.5 * chance.clamp(0.0, 1.0));
        Some(asked.map_or(moved, |asked| asked + moved.min(FIRST)))
    }

    /// Whether no other try follows one that fails now.
    pub(crate) fn is_last(&self) -> bool {
        self.failed >= self.retries
    }

    /// How many tries failed in a row.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }
}

/// What `Retry-After` says: seconds, or a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let seconds = date(text)?.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn pauses_double_until_it_was_tried_often_enough() {
        let mut patience = Patience::new(4);
        let pauses = std::iter::from_fn(|| patience.next(None, 0.5)).map(|it| it.as_millis());
        assert_eq!(pauses.collect::<Vec<_>>(), [100, 200, 400, 800]);
        patience.renew();
        assert_eq!(patience.next(None, 0.0), Some(Duration::from_millis(75)));
    }

    #[test]
    fn no_pause_is_longer_than_half_a_minute_by_more_than_chance() {
        let mut patience = Patience::new(1000);
        let longest = std::iter::from_fn(|| patience.next(None, 1.0)).max();
        assert_eq!(longest, Some(LONGEST.mul_f64(1.25)));
    }

    #[test]
    fn a_server_says_when_to_come_back() {
        let now = date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let after = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers, now).map(|it| it.as_secs())
        };
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
    }
}
