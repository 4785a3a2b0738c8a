//! The same scan again and again, until a signal.
//!
//! A round begins so long after the one before it began; one that takes longer is followed at
//! once. What will be better in the next round, such as a name server that is away, ends nothing.
//!
//! Nothing here knows what a round does.

use std::time::{Duration, Instant};

use rustix::event::{Timespec, poll};

use super::rounds::Rounds;
use crate::failure::{Exit, Failure};

/// A signal that comes just before the pause is noticed within this time; any other ends it.
const NAP: Duration = Duration::from_secs(1);

/// Scans every `interval`. It ends with the signal, or with what no later round can mend.
pub(super) fn repeat(rounds: &mut Rounds<'_>, interval: Duration) -> Result<(), Failure> {
    loop {
        let next = Instant::now() + interval;
        if let Err(failure) = rounds.scan() {
            if rounds.number == 0 || !is_passing(&failure) {
                return Err(failure);
            }
            if !failure.message.is_empty() {
                rounds.out.failure(&failure);
            }
        }
        rounds.before.end_round();
        pause(rounds, next)?;
    }
}

/// A round that came to its end has told everything itself, whoever is to blame.
fn is_passing(failure: &Failure) -> bool {
    let was_told = failure.exit == Exit::Machine && failure.message.is_empty();
    failure.signal.is_none() && (was_told || matches!(failure.exit, Exit::No | Exit::Network))
}

fn pause(rounds: &Rounds<'_>, until: Instant) -> Result<(), Failure> {
    loop {
        if rounds.signals.came().is_some() {
            return Err(rounds.signals.failure());
        }
        let left = until.saturating_duration_since(Instant::now()).min(NAP);
        if left.is_zero() {
            return Ok(());
        }
        // A signal cuts it short, which thread::sleep would not show.
        let time = Timespec { tv_sec: 0, tv_nsec: 0 };
        let time = Timespec::try_from(left).unwrap_or(time);
        let _ = poll(&mut [], Some(&time));
    }
}
