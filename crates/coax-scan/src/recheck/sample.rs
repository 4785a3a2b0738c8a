//! Which of a host's silent ports are asked again first, and when.
//!
//! They are spread evenly over all of them, one for so many, so every part of the host has its
//! share; and the neighbours of ports that answered late are among them. They leave slowly, in an
//! order in which those near each other are far apart in time: a part that is answered for a few
//! times a second answers to its share.
//!
//! No clock is read here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Held;

/// One for so many silent ports.
const EACH: usize = 16;
/// But so many, if there are.
const LEAST: usize = 40;
/// And no more than these.
const MOST: usize = 4096;
/// In so much time. Rations are by the second.
const TIME: Duration = Duration::from_millis(800);
/// Sending wakes up now and then, not for each port.
const LATE: Duration = Duration::from_millis(20);

/// A sample that is being asked.
#[derive(Debug)]
pub(super) struct Sample {
    /// The first to be asked stands last.
    ports: Vec<u16>,
    step: Duration,
    next: Instant,
    under_way: usize,
}

/// Chooses from the ports that are `held` back, where some were `late`.
pub(super) fn choose(held: &BTreeMap<u16, Held>, late: &[u16]) -> Vec<u16> {
    let ports: Vec<u16> = held.keys().copied().collect();
    let count = ports.len().div_ceil(EACH).clamp(LEAST, MOST).min(ports.len());
    let spread = (0..count).map(|number| ports[(2 * number + 1) * ports.len() / (2 * count)]);
    let near = late.iter().flat_map(|&port| {
        let below = held.range(..port).next_back();
        below.into_iter().chain(held.range(port..).next()).map(|(&port, _)| port)
    });
    let chosen: BTreeSet<u16> = spread.chain(near).collect();
    scattered(&chosen.into_iter().collect::<Vec<_>>())
}

/// Each is a golden section away from the one before.
fn scattered(ports: &[u16]) -> Vec<u16> {
    let count = ports.len();
    let about = (count as f64 * 0.618) as usize;
    let stride = (about.max(1)..).find(|&stride| is_coprime(stride, count)).unwrap_or(1);
    (0..count).map(|number| ports[number * stride % count]).collect()
}

fn is_coprime(mut a: usize, mut b: usize) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

impl Sample {
    pub(super) fn new(ports: Vec<u16>, now: Instant) -> Sample {
        let step = TIME / u32::try_from(ports.len().max(1)).unwrap_or(u32::MAX);
        Sample { ports, step, next: now, under_way: 0 }
    }

    /// A port to ask now that is still `held` back.
    pub(super) fn next(&mut self, now: Instant, held: &BTreeMap<u16, Held>) -> Option<u16> {
        if now < self.next {
            return None;
        }
        while let Some(port) = self.ports.pop() {
            if held.contains_key(&port) {
                self.next = (self.next + self.step).max(now.checked_sub(LATE).unwrap_or(now));
                self.under_way += 1;
                return Some(port);
            }
        }
        None
    }

    pub(super) fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    pub(super) fn due(&self) -> Option<Instant> {
        (!self.ports.is_empty()).then_some(self.next)
    }

    pub(super) fn is_done(&self) -> bool {
        self.ports.is_empty() && self.under_way == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ports: impl Iterator<Item = u16>) -> BTreeMap<u16, Held> {
        ports.map(|port| (port, Held::default())).collect()
    }

    #[test]
    fn every_sixteen_neighbours_have_one_of_the_sample() {
        for count in [1, 15, 40, 41, 640, 641, 5000, 65_000] {
            let chosen = choose(&held(1..=count), &[]);
            let distinct: BTreeSet<u16> = chosen.iter().copied().collect();
            assert_eq!(distinct.len(), chosen.len());
            let gaps = distinct.iter().zip(distinct.iter().skip(1)).map(|(a, b)| b - a);
            assert!(gaps.max().unwrap_or(1) <= 17, "of {count}");
        }
    }

    #[test]
    fn neighbours_in_number_are_not_neighbours_in_time() {
        let chosen = choose(&held(1..=1000), &[]);
        for pair in chosen.windows(2) {
            assert!(pair[0].abs_diff(pair[1]) > 100, "{pair:?}");
        }
    }

    #[test]
    fn neighbours_of_late_ports_are_in_it() {
        let chosen = choose(&held((1..=60_000).filter(|port| port % 500 != 0)), &[500, 30_000]);
        for port in [499, 501, 29_999, 30_001] {
            assert!(chosen.contains(&port), "{port}");
        }
        assert_eq!(choose(&held(0..0), &[7]), []);
    }
}
