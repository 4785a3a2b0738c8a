//! How many connections bring one file.
//!
//! One, until it is known that it is slower than the line. A line that loses packets slows each
//! connection, which is seen at once; a server that does is found by trying, and a trial must be
//! worth what it costs. A step that did not bring more by a real margin is taken back, and that is
//! the end of trying. What will be over in a moment is left alone.
//!
//! Nothing here opens a connection or reads a clock.

use std::time::Duration;

/// The shortest time in which a rate is measured.
const WINDOW: Duration = Duration::from_millis(300);
/// A server that sends in bursts is measured over so many of its pauses.
const PAUSES: u32 = 3;
/// New connections start slowly; no longer than this is waited for all of them to deliver.
const SETTLE: Duration = Duration::from_secs(2);
/// Less time than this is not worth a trial.
const WORTHWHILE: Duration = Duration::from_secs(2);
/// Nor is less than so many round trips: a trial costs some.
const WORTHWHILE_TRIPS: u32 = 30;
/// After so many round trips a connection that loses nothing is as fast as it gets: ten packets
/// doubled ten times are 15 MB on the way.
const SLOW_START_TRIPS: u32 = 10;
/// A server that thinks for longer than this is no line that is longer.
const LONGEST_TRIP: Duration = Duration::from_secs(1);
/// While it starts, so many times as many packets come in each round trip.
const STARTING: f64 = 1.3;
/// So many packets out of order are more than a line that swaps two.
const LOSSES: u32 = 3;
/// What is smaller than this is there before others could help.
const WORTH_HELP: u64 = 2 << 20;
/// Each that helps on a line that loses packets must have so much to bring.
const WORTH_A_HELPER: u64 = 1 << 20;
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
    /// How many packets had come at each look in the slow start.
    starting: Vec<(Duration, u32)>,
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
    /// From a request to the first byte of its answer.
    pub(crate) latency: Duration,
    /// Packets of the first connection, and how many of them came out of order, as others before
    /// them were lost.
    pub(crate) packets: u32,
    pub(crate) disordered: u32,
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
            starting: Vec::new(),
            settled: most <= 1,
        }
    }

    /// How many there shall be.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
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
        let alone = self.wanted == 1 && self.before.is_none();
        if alone && sight.now < sight.trip() * SLOW_START_TRIPS {
            return self.start(&sight);
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
            self.step(rate, &sight);
            (self.stepped, self.window) = (None, None);
        }
        self.wanted
    }

    /// In the slow start only a line that loses packets gets help.
    fn start(&mut self, sight: &Sight) -> usize {
        self.starting.push((sight.now, sight.packets));
        if sight.is_lossy() && self.is_starting(sight) {
            let helped = usize::try_from(sight.left / WORTH_A_HELPER).unwrap_or(usize::MAX);
            self.wanted = self.most.min(helped.saturating_add(1));
            self.settled = true;
        }
        self.wanted
    }

    /// Whether more packets came in the last round trip than in the one before: the line is not yet
    /// known to be full.
    fn is_starting(&self, sight: &Sight) -> bool {
        let before = |ago: Duration| {
            let then = sight.now.checked_sub(ago);
            let known = then.and_then(|then| self.starting.iter().rfind(|(at, _)| *at <= then));
            known.map_or(0, |(_, packets)| *packets)
        };
        let (last, first) = (before(sight.trip()), before(sight.trip() * 2));
        let (late, early) = (sight.packets.saturating_sub(last), last.saturating_sub(first));
        f64::from(late) >= f64::from(early) * STARTING
    }

    fn step(&mut self, rate: f64, sight: &Sight) {
        if let Some((count, before)) = self.before
            && rate < before * MARGIN
        {
            self.wanted = count;
            self.settled = true;
            return;
        }
        let seconds = if rate > 0.0 { sight.left as f64 / rate } else { f64::INFINITY };
        if seconds < WORTHWHILE.max(sight.trip() * WORTHWHILE_TRIPS).as_secs_f64() {
            return;
        }
        self.before = Some((self.wanted, rate));
        self.grow();
    }

    fn grow(&mut self) {
        self.settled = self.wanted == self.most;
        self.wanted = (self.wanted * STEP).min(self.most);
    }
}

impl Sight {
    /// A round trip, or less.
    fn trip(&self) -> Duration {
        self.latency.min(LONGEST_TRIP)
    }

    /// Whether packets are lost, and enough is left that others can help.
    fn is_lossy(&self) -> bool {
        let rate = self.came as f64 / self.now.as_secs_f64().max(1e-3);
        let enough = (self.trip() * 6 + WINDOW).as_secs_f64();
        self.disordered >= LOSSES && self.left > WORTH_HELP && self.left as f64 > rate * enough
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

    /// Nothing is lost, and answers come after a millisecond.
    fn sight(now: Duration, came: u64, left: u64, delivering: usize) -> Sight {
        let latency = Duration::from_millis(1);
        let packets = (came / 1460) as u32;
        Sight { now, came, left, delivering, latency, packets, disordered: 0 }
    }

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
            let wanted = growth.look(sight(now, came, size - came, count as usize));
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
            let wanted = growth.look(sight(now, came, left, count as usize));
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
    fn a_long_line_that_loses_nothing_keeps_one_while_a_trial_would_cost_more() {
        let mut growth = Growth::new(16);
        let latency = Duration::from_millis(150);
        for tick in 0..150_u64 {
            let (now, came) = (Duration::from_millis(20 * tick), tick * 120_000);
            let seen = Sight { latency, ..sight(now, came, 20_000_000 - came, 1) };
            assert_eq!(growth.look(seen), 1, "after {now:?}");
        }
    }

    #[test]
    fn a_line_that_loses_packets_gets_help_at_once() {
        let latency = Duration::from_millis(80);
        let seen = |disordered, left| {
            let now = Duration::from_millis(400);
            let first = Sight { latency, disordered, ..sight(now, 300_000, left, 1) };
            Growth::new(16).look(first)
        };
        assert_eq!(seen(0, 20_000_000), 1);
        assert_eq!(seen(2, 20_000_000), 1, "two packets may have changed places");
        assert_eq!(seen(3, 20_000_000), 16);
        assert_eq!(seen(3, 500_000), 1, "it is nearly over");
    }

    #[test]
    fn a_line_that_loses_packets_and_is_full_gets_no_help() {
        let mut growth = Growth::new(16);
        let latency = Duration::from_millis(80);
        for tick in 0..40_u64 {
            let (now, came) = (Duration::from_millis(20 * tick), tick * 12_000);
            // Two round trips tell whether it is full.
            let disordered = if tick < 8 { 0 } else { 9 };
            let seen = Sight { latency, disordered, ..sight(now, came, 6_000_000, 1) };
            assert_eq!(growth.look(seen), 1, "after {now:?}");
        }
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
