//! What one host is like: how far, how patient, how silent.
//!
//! A host that never answers is asked less often. Where a hundred probes were lost without one
//! answer it is not the link that loses them. One that was found to answer only so often is asked
//! again by turns, and what was in vain before that was found out does not count.
//!
//! Nothing here knows ports.

use std::time::{Duration, Instant};

use super::round_trip::{FIRST, RoundTrip};
use super::tries::Tries;
use super::turns::Turns;
use super::udp::Sparing;
use super::window::Window;

/// Unanswered probes after which a host that never answered counts as silent.
const SILENT: u64 = 100;
/// Retries to a silent host. Its first answer brings the others back.
const RETRIES_IF_SILENT: u16 = 2;
/// A host that loses much from the smallest window, too, has so many times the retries, the last of
/// them with the longest wait, and longer turns.
const RETRIES_IF_STUBBORN: u16 = 3;
const TURNS_IF_STUBBORN: u32 = 4;
/// No port has more than so many times the retries, whatever is found out meanwhile.
const MOST: u16 = 5;

/// One host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Host {
    pub(super) under_way: usize,
    /// Whether it was looked for, and said nothing.
    pub(super) gave_no_sign: bool,
    unanswered: u64,
    /// Ports that answered.
    answered: u64,
    /// Probes that left before the first answer and have no verdict yet, at most.
    hasty: usize,
    trip: RoundTrip,
    window: Window,
    turns: Turns,
    /// Known once it has sent an ICMP message about UDP.
    pub(super) sparing: Option<Sparing>,
}

impl Host {
    pub(super) fn has_room(&self) -> bool {
        self.under_way < self.window.size()
    }

    /// Whether an answer after `tries` shows that attempts that count were lost. Those that left
    /// before the first answer were not waited for as long as a far host needs, so there they were
    /// late; it is not far if that answer came early.
    pub(super) fn lost(&mut self, rtt: Option<Duration>, tries: &Tries) -> bool {
        if self.answered == 0 {
            let is_near = rtt.is_some_and(|rtt| rtt <= FIRST / 2);
            self.hasty = if is_near { 0 } else { self.under_way };
        }
        let lost = tries.counted(self.window.era()) > 0;
        if !lost || rtt.is_some_and(|rtt| rtt <= FIRST) || self.hasty == 0 {
            return lost;
        }
        self.hasty -= 1;
        false
    }

    pub(super) fn answered(&mut self, rtt: Option<Duration>, lost: bool) {
        self.answered += 1;
        if let Some(rtt) = rtt {
            self.trip.sample(rtt);
        }
        self.window.answered(lost, self.under_way);
    }

    /// Whether it ever said anything.
    pub(super) fn is_silent(&self) -> bool {
        self.answered == 0
    }

    #[cfg(test)]
    pub(super) fn era(&self) -> u32 {
        self.window.era()
    }

    /// Whether it must not be forgotten.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way > 0 || self.sparing.is_some_and(|sparing| sparing.parked > 0)
    }

    pub(super) fn leaves(&self, tries: &mut Tries) {
        tries.leave(self.window.era());
    }

    pub(super) fn fails(&mut self, tries: &mut Tries) {
        self.unanswered += 1;
        tries.fail(self.window.era());
    }

    /// A window in the time of an answer, evenly spread, once it was found that a burst loses much.
    pub(super) fn turn(
        &mut self,
        tries: &mut Tries,
        longest: Duration,
        now: Instant,
    ) -> Result<(), Instant> {
        if self.window.era() == 0 {
            return Ok(());
        }
        let longer = if self.window.is_stubborn() { TURNS_IF_STUBBORN } else { 1 };
        let step = self.trip.timeout(longest).div_f64(self.window.size() as f64);
        self.turns.take(&mut tries.ticket, step * longer, now)
    }

    /// Every second attempt waits twice as long (RFC 6298 §5.5): what is late is not lost.
    pub(super) fn wait(&self, tries: &Tries, longest: Duration) -> Duration {
        let doubled = match tries.counted(self.window.era()) {
            before @ 0..=5 => 1 << (before / 2),
            _ if self.window.is_stubborn() => return longest,
            _ => 4,
        };
        (self.trip.timeout(longest) * doubled).min(longest)
    }

    /// Whether silence after `tries` means something, where `retries` are wanted.
    pub(super) fn is_enough(&self, tries: &Tries, retries: u8) -> bool {
        let wanted = u16::from(retries);
        let is_silent = self.gave_no_sign || self.unanswered >= SILENT;
        let retries = match self.answered {
            0 if is_silent => wanted.min(RETRIES_IF_SILENT),
            _ if self.window.is_stubborn() => wanted * RETRIES_IF_STUBBORN,
            _ => wanted,
        };
        tries.counted(self.window.era()) > retries || tries.in_vain() > wanted * MOST
    }
}
