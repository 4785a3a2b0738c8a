//! What is said about a conversation in datagrams when it is over, and what it means.
//!
//! Silence is its ordinary end. What was asked for and did not happen is no success: a count that
//! was not reached, input that nobody took.
//!
//! Nothing here decides when it is over.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Deadline, Talk, duration};
use crate::failure::{Exit, Failure};
use crate::out::{Human, Report};
use crate::session::not_sent;

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Count,
    Input,
    Idle,
    Deadline,
    Signal,
    Failed,
}

/// What went each way.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) received: u64,
    received_bytes: u64,
    sent: u64,
    sent_bytes: u64,
}

impl Tally {
    pub(super) fn receive(&mut self, message: &[u8]) {
        self.received += 1;
        self.received_bytes += message.len() as u64;
    }

    pub(super) fn send(&mut self, message: &[u8]) {
        self.sent += 1;
        self.sent_bytes += message.len() as u64;
    }
}

/// A conversation in datagrams is over.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DatagramSummary {
    /// `count`, `input ended`, `idle`, `deadline`, `signal` or `failed`.
    how: &'static str,
    received: u64,
    received_bytes: u64,
    sent: u64,
    sent_bytes: u64,
    /// Datagrams that came and that the kernel dropped, because they were not read in time; not
    /// there where the kernel does not count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    seconds: f64,
}

impl DatagramSummary {
    pub(super) fn new(
        end: End,
        tally: &Tally,
        dropped: Option<u64>,
        lasted: Duration,
    ) -> DatagramSummary {
        DatagramSummary {
            how: match end {
                End::Count => "count",
                End::Input => "input ended",
                End::Idle => "idle",
                End::Deadline => "deadline",
                End::Signal => "signal",
                End::Failed => "failed",
            },
            received: tally.received,
            received_bytes: tally.received_bytes,
            sent: tally.sent,
            sent_bytes: tally.sent_bytes,
            dropped,
            seconds: lasted.as_secs_f64(),
        }
    }
}

impl Report for DatagramSummary {
    const EVENT: &'static str = "datagrams";
    fn human(&self) -> Human {
        let dropped = self.dropped.filter(|&dropped| dropped > 0);
        let loss = dropped.map(|dropped| {
            format!(" · {dropped} dropped by this machine: they came faster than they were read")
        });
        let text = format!(
            "datagrams: received {} ({} B) · sent {} ({} B){} · {:.2} s in all ({})",
            self.received,
            self.received_bytes,
            self.sent,
            self.sent_bytes,
            loss.as_deref().unwrap_or_default(),
            self.seconds,
            self.how
        );
        // A loss is said even where nobody asked.
        match loss {
            Some(_) => Human::Talk(text),
            None => Human::Detail(text),
        }
    }
}

impl Talk<'_> {
    /// The exit that the end deserves.
    pub(super) async fn verdict(&mut self, end: End) -> Result<(), Failure> {
        let limit = match end {
            End::Deadline => self.plan.session.deadline.map(Deadline::words),
            _ => self.plan.session.idle.map(duration::words),
        };
        let within = limit.map(|limit| format!(" within {limit}")).unwrap_or_default();
        if let (Some(missing @ 1..), Some(count)) = (self.missing(), self.plan.count) {
            let came = count - missing;
            let text = format!("{came} of {count} datagrams came{within}");
            return Err(Failure::new(Exit::Network, text));
        }
        if !self.has_peer() && self.input_waits().await? {
            let who = if self.last.is_some() { "nobody with a name" } else { "nobody" };
            let text = format!("the input was not sent: {who} has sent anything{within}");
            return Err(Failure::new(Exit::Network, text));
        }
        if self.in_hand > 0 {
            let text = format!("{} messages of the input were not sent{within}", self.in_hand);
            return Err(Failure::new(Exit::Network, text));
        }
        match self.unsent {
            Some((count, exit)) => Err(Failure { exit, ..not_sent(count) }),
            None => Ok(()),
        }
    }
}
