//! The chat's time: it follows this machine's clock, never goes back, and takes no part in a jump.
//!
//! A clock that is set a little is caught up with: time runs twice as fast, or half as fast, until both
//! agree, so nobody is thrown out for a silence that never was. One that jumps by more than a day is
//! not believed: the chat goes on with its own time until the new one has gone right for a day. A
//! reload of the settings or a restart takes it over at once.
//!
//! Nothing here asks a clock.

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// A jump that is believed at once, in microseconds.
const BELIEVED: u64 = DAY;

/// A clock that has gone right for so long after its jump is believed: a machine that begins with a
/// wrong clock and asks for the time later has one jump, and no glitch lasts as long.
const STEADY: u64 = DAY;

/// A clock that goes right is corrected by no more than this meanwhile.
const CORRECTED: u64 = 60 * 1_000_000;

/// The chat's time.
#[derive(Debug)]
pub(super) struct Clock {
    /// In microseconds since 1970.
    time: u64,
    /// What had passed then since the machine started.
    passed: u64,
    /// The clock that is not believed.
    jump: Option<Jump>,
}

/// A jump of the machine's clock.
#[derive(Clone, Copy, Debug)]
struct Jump {
    /// By so much the clock is ahead.
    ahead: i64,
    /// What had passed when it was seen.
    seen: u64,
}

impl Clock {
    /// `wall` is what the machine's clock says, `passed` how long the machine is up, both in
    /// microseconds.
    pub(super) fn new(wall: u64, passed: u64) -> Clock {
        Clock { time: wall, passed, jump: None }
    }

    /// The time now, in milliseconds since 1970.
    pub(super) fn now(&mut self, wall: u64, passed: u64) -> u64 {
        let step = passed.saturating_sub(self.passed);
        self.passed = self.passed.max(passed);
        let expected = self.time.saturating_add(step);
        let off = wall.abs_diff(expected);
        self.jump = (off > BELIEVED).then(|| self.jump_to(wall, expected));
        self.time = match self.jump {
            Some(jump) if self.passed - jump.seen >= STEADY => {
                self.jump = None;
                wall
            }
            Some(_) => expected,
            None if wall > expected => expected + off.min(step),
            None => expected - off.min(step / 2),
        };
        self.time / 1000
    }

    /// The jump that was seen before, unless this is another.
    fn jump_to(&self, wall: u64, expected: u64) -> Jump {
        let ahead = signed(wall).saturating_sub(signed(expected));
        let same = |jump: &Jump| jump.ahead.abs_diff(ahead) <= CORRECTED;
        let seen = self.jump.filter(same).map_or(self.passed, |jump| jump.seen);
        Jump { ahead, seen }
    }

    /// By how many milliseconds the machine's clock is ahead, or behind, where it is not believed.
    pub(super) fn jumped(&self) -> Option<i64> {
        self.jump.map(|jump| jump.ahead / 1000)
    }

    /// The machine's clock is right, whatever it says.
    pub(super) fn believe(&mut self, wall: u64) {
        (self.time, self.jump) = (wall, None);
    }
}

fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{BELIEVED, Clock, DAY};

    const SECOND: u64 = 1_000_000;
    const START: u64 = 1_700_000_000 * SECOND;

    #[test]
    fn it_follows_a_clock_that_goes_right() {
        let mut clock = Clock::new(START, 7);
        for second in 1..100 {
            let now = clock.now(START + second * SECOND, 7 + second * SECOND);
            assert_eq!((now, clock.jumped()), ((START + second * SECOND) / 1000, None));
        }
    }

    #[test]
    fn a_glitch_of_thirty_years_is_nothing_and_stays_nothing() {
        let mut clock = Clock::new(START, 0);
        let years = 30 * 365 * BELIEVED;
        for second in 1..50 {
            let now = clock.now(START + years + second * SECOND, second * SECOND);
            assert_eq!(now, (START + second * SECOND) / 1000);
        }
        assert_eq!(clock.jumped().map(|ahead| ahead / 1000), Some(30 * 365 * 24 * 60 * 60));
        assert_eq!(clock.now(START + 50 * SECOND, 50 * SECOND), (START + 50 * SECOND) / 1000);
        assert_eq!(clock.jumped(), None);
        clock.now(START + years, 51 * SECOND);
        clock.believe(START + years);
        assert_eq!(clock.now(START + years + SECOND, 52 * SECOND), (START + years + SECOND) / 1000);
    }

    #[test]
    fn a_clock_that_goes_right_for_a_day_after_its_jump_is_believed() {
        let minutes = 24 * 60 + 1;
        for (drift, believed) in [(0, true), (SECOND, true), (90 * SECOND, false)] {
            let mut clock = Clock::new(START, 0);
            let mut now = 0;
            for minute in 1..=minutes {
                // The clock is three days ahead, and `drift` is added to it each hour.
                let wall = START + 3 * DAY + minute * 60 * SECOND + minute / 60 * drift;
                now = clock.now(wall, minute * 60 * SECOND);
            }
            assert_eq!(now > (START + 3 * DAY) / 1000, believed, "{drift}");
            assert_eq!(clock.jumped().is_none(), believed, "{drift}");
        }
    }

    #[test]
    fn a_clock_that_is_set_a_little_is_caught_up_with() {
        for (off, in_seconds) in [(30_i64, 31), (-30, 61)] {
            let mut clock = Clock::new(START, 0);
            let mut before = 0;
            for tenth in 1..=in_seconds * 10 {
                let passed = tenth * SECOND / 10;
                let wall = (START + passed).saturating_add_signed(off * SECOND as i64);
                let now = clock.now(wall, passed);
                assert!(now > before, "it never goes back");
                before = now;
            }
            let right = (START + in_seconds * SECOND).saturating_add_signed(off * SECOND as i64);
            assert_eq!(before, right / 1000, "{off}");
        }
    }
}
