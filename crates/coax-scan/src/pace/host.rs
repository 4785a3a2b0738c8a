//! What one host is like: how far, how patient, how silent.
//!
//! A host that never answers is asked less often. Where a hundred probes were lost without one
//! answer it is not the link that loses them.
//!
//! Nothing here knows ports.

use std::time::Duration;

use super::round_trip::{FIRST, RoundTrip};
use super::udp::Sparing;
use super::window::Window;

/// Unanswered probes after which a host that never answered counts as silent.
const SILENT: u64 = 100;
/// Retries to a silent host. Its first answer brings the others back.
const RETRIES_IF_SILENT: u8 = 2;
/// Where more than so many of 100 ports answer only when asked again, the host itself answers only
/// so often: Linux and routers limit resets, a firewall may. Silence means less there, so such a
/// host has more retries, with longer waits.
const RELUCTANT: u64 = 15;
/// Fewer could be chance.
const TELLING: u64 = 8;
const RETRIES_IF_RELUCTANT: u8 = 3;

/// One host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Host {
    pub(super) under_way: usize,
    pub(super) unanswered: u64,
    /// Ports that answered at the first attempt.
    prompt: u64,
    /// Ports that answered at a later one.
    late: u64,
    /// Probes that left before the first answer and have no verdict yet, at most.
    hasty: usize,
    trip: RoundTrip,
    window: Window,
    /// Known once it has sent an ICMP message about UDP.
    pub(super) sparing: Option<Sparing>,
}

impl Host {
    pub(super) fn has_room(&self) -> bool {
        self.under_way < self.window.size()
    }

    /// How many of `lost` attempts count. Those that left before the first answer were not waited
    /// for as long as a far host needs, so there they were late.
    pub(super) fn lost(&mut self, rtt: Option<Duration>, lost: u8) -> u8 {
        if self.prompt + self.late == 0 {
            self.hasty = self.under_way;
        }
        if lost == 0 || rtt.is_some_and(|rtt| rtt <= FIRST) || self.hasty == 0 {
            return lost;
        }
        self.hasty -= 1;
        0
    }

    pub(super) fn answered(&mut self, rtt: Option<Duration>, lost: u8) {
        match lost {
            0 => self.prompt += 1,
            _ => self.late += 1,
        }
        if let Some(rtt) = rtt {
            self.trip.sample(rtt);
        }
        self.window.answered(lost);
    }

    /// The time it took is not known, nor whether anything was lost.
    pub(super) fn answered_at_last(&mut self) {
        self.prompt += 1;
        self.window.answered(0);
    }

    /// Whether it must not be forgotten.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way > 0 || self.sparing.is_some_and(|sparing| sparing.parked > 0)
    }

    /// Every second attempt waits twice as long (RFC 6298 §5.5): what is late is not lost.
    pub(super) fn wait(&self, attempt: u8, longest: Duration) -> Duration {
        let doubled = match attempt {
            0..=5 => 1 << (attempt / 2),
            _ if self.is_reluctant() => return longest,
            _ => 4,
        };
        (self.trip.timeout(longest) * doubled).min(longest)
    }

    pub(super) fn retries(&self, wanted: u8) -> u8 {
        match (self.prompt + self.late, self.unanswered) {
            (0, SILENT..) => wanted.min(RETRIES_IF_SILENT),
            _ if self.is_reluctant() => wanted.saturating_mul(RETRIES_IF_RELUCTANT),
            _ => wanted,
        }
    }

    /// Counted over the whole scan: the last answers of any scan are late ones.
    fn is_reluctant(&self) -> bool {
        self.late >= TELLING && self.late * 100 > (self.prompt + self.late) * RELUCTANT
    }
}
