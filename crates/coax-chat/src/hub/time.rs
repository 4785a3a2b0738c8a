//! A moment, as the hub is told it.
//!
//! Milliseconds since 1970, UTC, without leap seconds; the hub never looks at a clock.
//!
//! Nothing here knows a time zone.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// Whole seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// As the store counts: signed.
    pub(crate) fn millis(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// So many milliseconds later.
    #[must_use]
    pub fn later(self, millis: u64) -> Time {
        Time(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`; 0 when it is later.
    pub fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// `2026-11-21T15:19:25.123Z`, as server-time has it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&coax_irc::format_time(self.0)).unwrap_or_default())
    }
}
