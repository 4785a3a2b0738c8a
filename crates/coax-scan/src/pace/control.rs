//! Control probes: a port that is known to answer is asked again, as a measure.
//!
//! Where a firewall drops nearly everything, hardly any answer shows how much the line loses, how
//! long it takes, or whether more may be under way. So a known port is asked now and then while
//! nothing else is heard. A closed port costs its host nothing; an open one is a program that sees
//! connections come and go, so each is asked a few times only.
//!
//! Of a host that has said nothing yet no port is known. Then likely ones are asked first, since all
//! that is silent is waited for too long until one answers.
//!
//! No clock is read here.

use std::time::{Duration, Instant};

/// An open port that is asked by a connection. Servers take many of these for an attack.
const EACH_OPEN: u16 = 12;
/// The first ones follow each other quickly, since they decide how fast all others go.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_secs(1);
/// Each is later than the one before by so much more.
const SLOWER: f64 = 1.15;
/// Fewer probes since the last answer are no silence.
const SILENCE: u32 = 32;
/// A host that says nothing is asked likely ports so often, after so much time.
const ROUNDS: u8 = 3;
const ROUND: Duration = Duration::from_millis(300);
/// A server that is asked by many, and one where each caller may be counted.
const SENSITIVE: [u16; 3] = [22, 23, 3389];

/// One port that answered.
#[derive(Clone, Copy, Debug)]
struct Known {
    port: u16,
    left: u16,
}

/// The known ports of one host, and when the next is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Controls {
    closed: [Option<Known>; 2],
    open: [Option<Known>; 4],
    next: Option<Instant>,
    step: Duration,
    /// Probes that left since the last answer.
    unheard: u32,
    /// How often likely ports were asked.
    rounds: u8,
}

impl Controls {
    /// `port` answered: it is open or not, and may be asked `often` or not.
    pub(super) fn learn(&mut self, port: u16, is_open: bool, often: bool) {
        let list = if is_open { &mut self.open[..] } else { &mut self.closed[..] };
        if list.iter().flatten().any(|known| known.port == port) {
            return;
        }
        let left = if often || !is_open { u16::MAX } else { EACH_OPEN };
        if let Some(free) = list.iter_mut().find(|known| known.is_none()) {
            *free = Some(Known { port, left });
        }
    }

    pub(super) fn left(&mut self) {
        self.unheard = self.unheard.saturating_add(1);
    }

    /// Something was heard; gives the number of probes that had left since the last time.
    pub(super) fn heard(&mut self) -> u32 {
        std::mem::take(&mut self.unheard)
    }

    pub(super) fn unheard(&self) -> u32 {
        self.unheard
    }

    /// Whether likely ports are to be asked now, where nothing was ever heard.
    pub(super) fn looks(&mut self, now: Instant) -> bool {
        let is_due = self.unheard >= SILENCE
            && self.rounds < ROUNDS
            && self.next.is_none_or(|next| now >= next);
        if is_due {
            self.rounds += 1;
            self.next = Some(now + ROUND);
        }
        is_due
    }

    /// A port to ask now, where nothing is heard.
    pub(super) fn due(&mut self, now: Instant) -> Option<u16> {
        if self.unheard < SILENCE || self.next.is_some_and(|next| now < next) {
            return None;
        }
        let is_any_closed = self.closed[0].is_some();
        let list = if is_any_closed { &mut self.closed[..] } else { &mut self.open[..] };
        // The one that was asked least, and of these the first: a rotation.
        let known = list.iter_mut().rev().flatten();
        let known = known.max_by_key(|it| (it.left, !SENSITIVE.contains(&it.port)))?;
        known.left = known.left.checked_sub(1)?;
        self.step = self.step.mul_f64(SLOWER).clamp(FIRST, LAST);
        self.next = Some(now + self.step);
        Some(known.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ports asked in `seconds` of silence.
    fn asked(controls: &mut Controls, start: Instant, seconds: u64) -> Vec<u16> {
        let times = (0..seconds * 1000).map(|ms| start + Duration::from_millis(ms));
        let silent = |now| {
            (0..50).for_each(|_| controls.left());
            controls.due(now)
        };
        times.filter_map(silent).collect()
    }

    #[test]
    fn open_ports_are_asked_a_few_times_each_and_closed_ones_before_them() {
        let start = Instant::now();
        let mut controls = Controls::default();
        assert_eq!(controls.due(start), None);
        for port in [22, 80, 443] {
            controls.learn(port, true, false);
        }
        let ports = asked(&mut controls, start, 600);
        assert_eq!(ports.len(), 36);
        assert_eq!(ports[..4], [80, 443, 22, 80]);
        controls.learn(9, false, false);
        let later = start + Duration::from_secs(600);
        let ports = asked(&mut controls, later, 10);
        assert!(ports.len() >= 9 && ports.iter().all(|&port| port == 9), "{ports:?}");
    }

    #[test]
    fn they_begin_quickly_and_only_silence_needs_them() {
        let start = Instant::now();
        let mut controls = Controls::default();
        controls.learn(9, false, false);
        let count = asked(&mut controls, start, 1).len();
        assert!((10..20).contains(&count), "{count}");
        assert!(controls.heard() > 1000);
        assert_eq!(controls.due(start + Duration::from_secs(9)), None);
    }
}
