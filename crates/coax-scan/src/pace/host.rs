//! What one host is like: how far, how patient, how silent.
//!
//! A host that never answers is asked less often. Where a hundred probes were lost without one
//! answer it is not the link that loses them.
//!
//! Nothing here knows ports.

use std::time::Duration;

use super::round_trip::RoundTrip;
use super::window::Window;

/// Unanswered probes after which a host that never answered counts as silent.
const SILENT: u64 = 100;
/// Retries to a silent host. Its first answer brings the others back.
const RETRIES_IF_SILENT: u8 = 2;
/// A host that answers only so often, and is asked too often, deserves more tries: the window
/// needs time to find what it bears.
const LOSSY_FACTOR: u8 = 3;

/// One host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Host {
    pub(super) under_way: usize,
    pub(super) unanswered: u64,
    answers: u64,
    trip: RoundTrip,
    window: Window,
}

impl Host {
    pub(super) fn has_room(&self) -> bool {
        self.under_way < self.window.size()
    }

    pub(super) fn answered(&mut self, rtt: Duration, lost: u8) {
        self.answers += 1;
        self.trip.sample(rtt);
        self.window.answered(lost);
    }

    /// Every second attempt waits twice as long (RFC 6298 §5.5): what is late is not lost.
    pub(super) fn wait(&self, attempt: u8, longest: Duration) -> Duration {
        let doubled = 1 << u32::from(attempt / 2).min(2);
        (self.trip.timeout(longest) * doubled).min(longest)
    }

    pub(super) fn retries(&self, wanted: u8) -> u8 {
        match (self.answers, self.unanswered) {
            (0, SILENT..) => wanted.min(RETRIES_IF_SILENT),
            _ if self.window.is_lossy() => wanted.saturating_mul(LOSSY_FACTOR),
            _ => wanted,
        }
    }
}
