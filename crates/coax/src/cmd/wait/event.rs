//! What `coax wait` reports.
//!
//! A goal that is missing is told again when its reason changes, not at every look; the summary
//! says how often each was looked at.
//!
//! Nothing here waits.

use std::time::Duration;

use coax_wait::{Goal, Standing};
use schemars::JsonSchema;
use serde::Serialize;

use crate::duration;
use crate::out::{Human, Report};

/// Why a place is missing that no look had time for.
pub(super) const UNKNOWN: &str = "no look at it was over in time";

/// A place that is still waited for, and why.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Waiting {
    endpoint: String,
    /// `ready` or `gone`.
    until: &'static str,
    reason: String,
    attempts: u32,
}

impl Waiting {
    pub(super) fn new(goal: &Goal, gone: bool, standing: &Standing) -> Waiting {
        let reason = standing.reason.as_deref().unwrap_or(UNKNOWN).to_owned();
        Waiting { endpoint: goal.to_string(), until: until(gone), reason, attempts: standing.looks }
    }
}

impl Report for Waiting {
    const EVENT: &'static str = "waiting";
    fn human(&self) -> Human {
        let gone = if self.until == "gone" { " to be gone" } else { "" };
        Human::Detail(format!("waiting for {}{gone}: {}", self.endpoint, self.reason))
    }
}

/// A place that is as it was waited for.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Ready {
    endpoint: String,
    /// What it is: `ready` or `gone`.
    until: &'static str,
    /// How that is known.
    reason: String,
    /// Who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    attempts: u32,
    elapsed_ms: f64,
}

impl Ready {
    pub(super) fn new(goal: &Goal, gone: bool, standing: &Standing) -> Ready {
        let (after, evidence) = standing.reached.clone().unwrap_or_default();
        Ready {
            endpoint: goal.to_string(),
            until: until(gone),
            reason: evidence.words,
            address: evidence.address.map(|address| address.to_string()),
            status: evidence.status,
            attempts: standing.looks,
            elapsed_ms: milliseconds(after),
        }
    }
}

impl Report for Ready {
    const EVENT: &'static str = "ready";
    fn human(&self) -> Human {
        let after = duration::words(Duration::from_secs_f64(self.elapsed_ms / 1e3));
        let Ready { endpoint, until, reason, .. } = self;
        Human::Detail(format!("{endpoint} is {until} after {after}: {reason}"))
    }
}

/// How the wait ended, and how each place stands.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WaitSummary {
    /// `reached`, `timeout`, `interrupted`, or `impossible` where no wait would help.
    outcome: &'static str,
    endpoints: Vec<Stood>,
    attempts: u64,
    elapsed_ms: f64,
}

/// How one place stood at the end.
#[derive(Serialize, JsonSchema)]
struct Stood {
    endpoint: String,
    reached: bool,
    /// How that is known, or why it is not reached; null where no look was over.
    reason: Option<String>,
    attempts: u32,
}

impl WaitSummary {
    pub(super) fn new(
        outcome: &'static str,
        goals: &[Goal],
        standings: &[Standing],
        elapsed: Duration,
    ) -> WaitSummary {
        WaitSummary {
            outcome,
            endpoints: goals.iter().zip(standings).map(|(goal, at)| Stood::new(goal, at)).collect(),
            attempts: standings.iter().map(|standing| u64::from(standing.looks)).sum(),
            elapsed_ms: milliseconds(elapsed),
        }
    }
}

impl Stood {
    fn new(goal: &Goal, standing: &Standing) -> Stood {
        let known = standing.reached.as_ref().map(|(_, evidence)| evidence.words.clone());
        Stood {
            endpoint: goal.to_string(),
            reached: known.is_some(),
            reason: known.or_else(|| standing.reason.clone()),
            attempts: standing.looks,
        }
    }
}

impl Report for WaitSummary {
    const EVENT: &'static str = "wait-summary";
    fn human(&self) -> Human {
        Human::Silent
    }
}

fn until(gone: bool) -> &'static str {
    if gone { "gone" } else { "ready" }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
