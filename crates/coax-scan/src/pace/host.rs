//! What one host is like: how far, how patient, how silent.
//!
//! A port of a host that answers is silent when chance is no explanation: the loss that is known
//! says how many attempts that takes. A host that never answers is asked less often. Where a hundred
//! probes were lost without one answer it is not the link that loses them. One that was found to
//! answer only so often is asked again by turns, and what was in vain before that was found out does
//! not count.
//!
//! Nothing here knows which ports are asked.

use std::time::{Duration, Instant};

use super::control::Controls;
use super::evidence::Evidence;
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
/// Where nothing is heard, probes leave evenly: nothing shows how much a queue on the way takes at
/// once. So much may leave at once all the same, since sending wakes up now and then.
const AT_ONCE: Duration = Duration::from_millis(2);
/// Attempts in less time may all meet the same pause: a busy machine, a radio that looks for a better
/// place.
const SPAN: Duration = Duration::from_millis(600);
/// Of a host about which more attempts are known, others say nothing.
const SAMPLE: f64 = 100.0;
/// Fewer probes since the last answer are no silence.
const SILENCE: u32 = 64;

/// When silence is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    pub(super) retries: u8,
    /// Since the first attempt.
    pub(super) time: Duration,
    /// How probable it may be that a port that answers is silent by chance.
    pub(super) doubt: f64,
    /// What is known of loss from others on the same way.
    pub(super) others: Evidence,
}

/// One host.
#[derive(Clone, Debug, Default)]
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
    evidence: Evidence,
    pub(super) controls: Controls,
    /// Control probes that were not answered since the last answer: if there is none any more, nobody
    /// is there, and nothing was lost.
    lost_controls: u16,
    /// When the next probe leaves into silence.
    next: Option<Instant>,
    turns: Turns,
    /// Known once it has sent an ICMP message about UDP.
    pub(super) sparing: Option<Sparing>,
}

impl Host {
    pub(super) fn has_room(&self) -> bool {
        self.under_way < self.window.size()
    }

    /// How many attempts that count were lost, as an answer after `tries` shows. Those that left
    /// before the first answer were not waited for as long as a far host needs, so there they were
    /// late; it is not far if that answer came early.
    pub(super) fn lost(&mut self, rtt: Option<Duration>, tries: &Tries) -> u16 {
        if self.answered == 0 {
            let is_near = rtt.is_some_and(|rtt| rtt <= FIRST / 2);
            self.hasty = if is_near { 0 } else { self.under_way };
        }
        let lost = tries.counted(self.window.era());
        if lost == 0 || rtt.is_some_and(|rtt| rtt <= FIRST) || self.hasty == 0 {
            return lost;
        }
        self.hasty -= 1;
        0
    }

    /// It answered, after `lost` attempts that count.
    pub(super) fn answered(&mut self, rtt: Option<Duration>, lost: u16) {
        self.answered += 1;
        self.controls.heard();
        self.count_lost_controls();
        if let Some(rtt) = rtt {
            self.trip.sample(rtt);
        }
        self.evidence.answered(lost);
        self.gauge(lost > 0);
    }

    /// The window learns whether it is too large. If so, nothing is known of loss in a smaller one.
    fn gauge(&mut self, lost: bool) {
        let era = self.window.era();
        self.window.answered(lost, self.under_way);
        if self.window.era() != era {
            self.evidence = Evidence::default();
        }
    }

    /// A control probe was answered: all that left since the last answer is no burden for the way,
    /// unless it made the way longer. Gives how much that was.
    pub(super) fn control_answered(&mut self, rtt: Duration) -> u32 {
        self.count_lost_controls();
        self.evidence.answered(0);
        self.gauge(false);
        self.trip.sample(rtt);
        let left = self.controls.heard();
        let borne = if self.trip.is_longer(rtt) { 0 } else { left };
        self.window.bears(borne);
        borne
    }

    /// A control probe was not answered.
    pub(super) fn control_lost(&mut self) {
        self.lost_controls = self.lost_controls.saturating_add(1);
    }

    /// It answers again, so they were lost.
    fn count_lost_controls(&mut self) {
        for _ in 0..std::mem::take(&mut self.lost_controls) {
            self.evidence.lost();
            self.gauge(true);
        }
    }

    /// Whether a probe may leave now; if not, when.
    pub(super) fn try_send(&mut self, longest: Duration, now: Instant) -> Result<(), Instant> {
        if self.is_silent() || self.controls.unheard() < SILENCE {
            return Ok(());
        }
        if let Some(next) = self.next.filter(|&next| next > now) {
            return Err(next);
        }
        let step = self.trip.timeout(longest).div_f64(self.window.size() as f64);
        let earliest = now.checked_sub(AT_ONCE).unwrap_or(now);
        self.next = Some(self.next.map_or(now, |next| next.max(earliest)) + step);
        Ok(())
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

    pub(super) fn leaves(&mut self, tries: &mut Tries) {
        self.controls.left();
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

    /// Later attempts wait longer (RFC 6298 §5.5): what is late is not lost. Those to a host that
    /// answers only twice as long, since it is known how long its answers take.
    pub(super) fn wait(&self, tries: &Tries, longest: Duration) -> Duration {
        let before = tries.counted(self.window.era());
        let longer = match (self.is_silent(), before) {
            _ if before > 5 && self.window.is_stubborn() => return longest,
            (true, 0..=5) => 1 << (before / 2),
            (true, _) => 4,
            (false, 0..=1) => 1,
            (false, 2..=3) => 2,
            (false, _) => 4,
        };
        (self.trip.timeout(longest) * longer).min(longest)
    }

    /// Whether silence after `tries` means something.
    pub(super) fn is_enough(&self, tries: &Tries, proof: Proof) -> bool {
        let wanted = u16::from(proof.retries);
        let counted = tries.counted(self.window.era());
        let is_silent = self.gave_no_sign || self.unanswered >= SILENT;
        let retries = match self.answered {
            0 if is_silent => wanted.min(RETRIES_IF_SILENT),
            _ if self.window.is_stubborn() => wanted * RETRIES_IF_STUBBORN,
            _ => wanted,
        };
        counted > retries || tries.in_vain() > wanted * MOST || self.is_proof(counted, proof)
    }

    /// Whether chance is no explanation for `counted` attempts in vain.
    fn is_proof(&self, counted: u16, proof: Proof) -> bool {
        let known = self.evidence.with(proof.others, SAMPLE - self.evidence.attempts());
        !self.is_silent() && proof.time >= SPAN && known.silence(counted) <= proof.doubt
    }
}
