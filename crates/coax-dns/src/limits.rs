//! How long name servers have for a question, in the terms of resolv.conf(5).
//!
//! Nothing here waits.

use std::time::Duration;

/// How long name servers have for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A server that is silent for so long lets the next one be asked beside it.
    pub attempt: Duration,
    /// For how many attempts each server is waited for.
    pub attempts: u32,
    /// Each question begins at another server.
    pub rotate: bool,
}

impl Limits {
    /// The most that a question to so many servers takes.
    pub fn of_a_question(self, servers: usize) -> Duration {
        let turns = u32::try_from(servers).unwrap_or(u32::MAX).max(1);
        self.attempt.saturating_mul(self.attempts.saturating_mul(turns))
    }
}
