//! The wait itself: every goal is looked at until enough of them are reached, or time is up.
//!
//! What is found out is kept and told as it comes, so that a wait that is given up still says what
//! is missing.
//!
//! Nothing here knows how a place is looked at.

mod run;

use std::time::Duration;

use coax_net::{Resolve, Tls, Wanted};
use tokio::sync::Semaphore;

use crate::check::{Check, Evidence};
use crate::expected::Expected;
use crate::goal::Goal;
use crate::statuses::Statuses;
use run::Run;

/// How many places are looked at in the same moment: a long list must not use up the descriptors.
const AT_ONCE: usize = 64;

/// What to wait for, and for how long.
pub struct Wait<'a> {
    /// Turns names into addresses.
    pub resolver: &'a dyn Resolve,
    /// Which address families count.
    pub wanted: Wanted,
    /// There, or gone.
    pub until: Until,
    /// How many of the goals.
    pub need: Need,
    /// For everything together.
    pub timeout: Duration,
    /// For one look at one place, after its name is found: that takes as long as the resolver does.
    pub look: Duration,
    /// Which HTTP statuses mean that a page is there.
    pub statuses: Statuses,
    /// What else an answer has to be.
    pub expected: Expected,
    /// The datagram to send instead of the usual one.
    pub question: Option<Vec<u8>>,
    /// Which servers are believed in TLS.
    pub tls: Tls,
}

/// What a goal is waited for to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It answers.
    There,
    /// It does not, by its own word or by its silence.
    Gone,
}

/// How many goals have to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every one.
    All,
    /// One is enough.
    Any,
}

/// How it is with one goal.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// How often it was looked at.
    pub looks: u32,
    /// When and how it was reached.
    pub reached: Option<(Duration, Evidence)>,
    /// Why it was not, the last time.
    pub reason: Option<String>,
}

/// What happened to a goal: its place among the goals, and how it stands now.
#[derive(Clone, Copy, Debug)]
pub enum News<'s> {
    /// It is not reached, for another reason than before.
    Waiting(usize, &'s Standing),
    /// It is.
    Reached(usize, &'s Standing),
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// What was waited for is there.
    Reached,
    /// Time was up.
    TooLate,
    /// This goal cannot be reached, however long it is waited for; with the reason.
    Hopeless(usize, String),
}

impl Wait<'_> {
    /// Waits, and tells the news as they come. `standings` has one for each goal, and holds what
    /// was found out even if the wait is cancelled.
    ///
    /// An error is what `tell` returned; it ends the wait. Needs a tokio runtime.
    ///
    /// # Panics
    ///
    /// If there are fewer standings than goals.
    pub async fn run<E>(
        &self,
        goals: &[Goal],
        standings: &mut [Standing],
        mut tell: impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<End, E> {
        assert!(standings.len() >= goals.len(), "every goal has a standing");
        let check = Check {
            resolver: self.resolver,
            wanted: self.wanted,
            statuses: &self.statuses,
            expected: &self.expected,
            question: self.question.as_deref(),
            tls: self.tls.clone(),
        };
        let turns = Semaphore::new(AT_ONCE);
        let mut run = Run::new(self, goals, &check, &turns);
        let end = run.run(standings, &mut tell).await?;
        // Who was asked is left in order, even when nobody waits any more.
        run.farewell().await;
        Ok(end)
    }

    fn is_enough(&self, standings: &[Standing]) -> bool {
        let mut reached = standings.iter().map(|standing| standing.reached.is_some());
        match self.need {
            Need::All => reached.all(|reached| reached),
            Need::Any => reached.any(|reached| reached),
        }
    }
}

#[cfg(test)]
mod tests;
