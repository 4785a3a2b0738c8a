//! How many connections bring one file.
//!
//! One, until it is known how fast it is. More are added while all together gain by a real margin;
//! a step that did not is taken back, and that is the end of trying. What will be over in a moment
//! is left alone.
//!
//! Nothing here opens a connection or reads a clock.

use std::time::Duration;

/// The shortest time in which a rate is measured.
const WINDOW: Duration = Duration::from_millis(300);
/// A server that sends in bursts is measured over so many of its pauses.
const PAUSES: u32 = 3;
/// New connections start slowly; no longer than this is waited for all of them to deliver.
const SETTLE: Duration = Duration::from_secs(2);
/// Less time than this is not worth a handshake.
const WORTHWHILE: Duration = Duration::from_secs(2);
/// Each step takes so many times as many connections.
const STEP: usize = 4;
/// And must bring so many times as much.
const MARGIN: f64 = 1.5;

/// How many connections bring one file.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    most: usize,
    wanted: usize,
    /// Before the last step: how many there were, and bytes a second of all together.
    before: Option<(usize, f64)>,
    /// When the step was taken, and when its measuring began.
    stepped: Option<Duration>,
    window: Option<(Duration, u64)>,
    /// When bytes came last, how many there were then, and the longest pause between any.
    last: (Duration, u64),
    pause: Duration,
    /// Bytes a second as measured last, with so many connections.
    rate: f64,
    measured: usize,
    settled: bool,
}

/// What is to be seen at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// Since the first byte came.
    pub(crate) now: Duration,
    /// Bytes that came in all.
    pub(crate) came: u64,
    /// Bytes still to come.
    pub(crate) left: u64,
    /// Connections that deliver.
    pub(crate) delivering: usize,
}

impl Growth {
    /// At most `most`.
    pub(crate) fn new(most: usize) -> Growth {
        Growth {
            most,
            wanted: 1,
            before: None,
            stepped: None,
            window: None,
            last: (Duration::ZERO, 0),
            pause: Duration::ZERO,
            rate: 0.0,
            measured: 1,
            settled: most <= 1,
        }
    }

    /// How many there shall be.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Bytes a second of one connection, as far as that was measured.
    pub(crate) fn rate_of_one(&self) -> f64 {
        self.rate / self.measured.max(1) as f64
    }

    /// Whether nothing will change any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// A server let no more than `count` in.
    pub(crate) fn limit(&mut self, count: usize) {
        self.wanted = self.wanted.min(count.max(1));
        self.settled = true;
    }

    /// Looks, and says how many there shall be from now on.
    pub(crate) fn look(&mut self, sight: Sight) -> usize {
        if self.settled {
            return self.wanted;
        }
        self.pause = self.pause.max(sight.now.saturating_sub(self.last.0));
        if sight.came > self.last.1 {
            self.last = (sight.now, sight.came);
        }
        let stepped = *self.stepped.get_or_insert(sight.now);
        let (since, came) = match self.window {
            Some(window) => window,
            None => {
                let all = sight.delivering >= self.wanted;
                if all || sight.now.saturating_sub(stepped) >= SETTLE {
                    self.window = Some((sight.now, sight.came));
                }
                return self.wanted;
            }
        };
        let time = sight.now.saturating_sub(since);
        if time >= WINDOW.max(self.pause * PAUSES) {
            let rate = sight.came.saturating_sub(came) as f64 / time.as_secs_f64();
            self.step(rate, sight.left);
            (self.stepped, self.window) = (None, None);
        }
        self.wanted
    }

    fn step(&mut self, rate: f64, left: u64) {
        (self.rate, self.measured) = (rate, self.wanted);
        if let Some((count, before)) = self.before
            && rate < before * MARGIN
        {
            self.wanted = count;
            self.settled = true;
            return;
        }
        let seconds = if rate > 0.0 { left as f64 / rate } else { f64::INFINITY };
        if seconds < WORTHWHILE.as_secs_f64() {
            return;
        }
        self.before = Some((self.wanted, rate));
        self.settled = self.wanted == self.most;
        self.wanted = (self.wanted * STEP).min(self.most);
    }
}

/// The size of the next piece to ask for: small, so that all connections end together, but not so
/// small that asking costs much. `asking` is how many bytes one connection brings while an answer is
/// waited for.
pub(crate) fn piece(left: u64, connections: usize, asking: u64) -> u64 {
    const LEAST: u64 = 1 << 20;
    const MOST: u64 = 256 << 20;
    let share = left / (4 * connections.max(1) as u64);
    share.max(asking.saturating_mul(20)).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A server that gives each connection `each` bytes a second, and all together no more than
    /// `all`; how many connections there were at the end of each window.
    fn run(each: u64, all: u64, size: u64) -> Vec<usize> {
        let mut growth = Growth::new(16);
        let (mut came, mut seen) = (0, vec![1]);
        for tick in 0..400u64 {
            let count = growth.wanted() as u64;
            came += (each * count).min(all) / 20;
            if came >= size {
                break;
            }
            let now = Duration::from_millis(50 * tick);
            let wanted =
                growth.look(Sight { now, came, left: size - came, delivering: count as usize });
            if seen.last() != Some(&wanted) {
                seen.push(wanted);
            }
        }
        seen
    }

    #[test]
    fn a_server_that_limits_each_connection_gets_sixteen() {
        assert_eq!(run(20 * MIB, 1000 * MIB, 2048 * MIB), [1, 4, 16]);
    }

    #[test]
    fn a_link_that_is_full_keeps_one() {
        assert_eq!(run(100 * MIB, 100 * MIB, 2048 * MIB), [1, 4, 1]);
    }

    #[test]
    fn a_link_that_is_full_with_four_keeps_four() {
        assert_eq!(run(20 * MIB, 80 * MIB, 2048 * MIB), [1, 4, 16, 4]);
    }

    #[test]
    fn a_server_that_sends_in_bursts_is_measured_over_several() {
        let mut growth = Growth::new(16);
        let mut seen = vec![1];
        for tick in 0..600u64 {
            let count = growth.wanted() as u64;
            // 2 MiB for each connection at the beginning of each second.
            let came = (tick / 50 + 1) * 2 * MIB * count;
            let now = Duration::from_millis(20 * tick);
            let left = 1000 * MIB;
            let wanted = growth.look(Sight { now, came, left, delivering: count as usize });
            if seen.last() != Some(&wanted) {
                seen.push(wanted);
            }
        }
        assert_eq!(seen, [1, 4, 16]);
    }

    #[test]
    fn what_is_over_in_a_moment_is_left_alone() {
        assert_eq!(run(1500 * MIB, 1500 * MIB, 2048 * MIB), [1]);
        assert_eq!(run(20 * MIB, 1000 * MIB, 30 * MIB), [1]);
    }

    #[test]
    fn a_server_that_lets_no_more_in_is_obeyed() {
        let mut growth = Growth::new(16);
        growth.limit(3);
        assert_eq!((growth.wanted(), growth.is_settled()), (1, true));
    }

    #[test]
    fn pieces_get_smaller_towards_the_end() {
        assert_eq!(piece(2048 * MIB, 16, 0), 32 * MIB);
        assert_eq!(piece(80 * MIB, 16, 0), MIB + MIB / 4);
        assert_eq!(piece(5, 16, 0), MIB);
        assert_eq!(piece(u64::MAX, 1, 0), 256 * MIB);
    }

    #[test]
    fn pieces_are_large_where_answers_take_long() {
        assert_eq!(piece(80 * MIB, 16, 2 * MIB), 40 * MIB);
        assert_eq!(piece(80 * MIB, 16, u64::MAX), 256 * MIB);
    }
}
