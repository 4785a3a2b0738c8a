//! What `coax scan` reports of a comparison.
//!
//! A change names the state before and the state now; what could not be compared is counted, so
//! that nothing is passed over in silence.
//!
//! Nothing here compares.

use std::fmt::Write as _;
use std::net::IpAddr;

use coax_scan::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::PortReport;
use crate::out::{Human, Report};

/// A port whose state is another one than before.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeReport {
    #[serde(flatten)]
    pub(crate) port: ChangedPort,
    /// The state before, or silent where the host gave no sign of life; null where the earlier
    /// output does not mention the port, so it was not open.
    pub(crate) was: Option<&'static str>,
    /// The state now, or silent where the host gives no sign of life and was not asked.
    pub(crate) now: &'static str,
    /// When, for a person who watches.
    #[serde(skip)]
    pub(crate) clock: Option<String>,
}

/// What a change has in common with a port.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangedPort {
    /// The first word that led to it: a name, or the address as it was typed.
    host: String,
    /// Every such word.
    names: Vec<String>,
    address: IpAddr,
    protocol: &'static str,
    port: u16,
    /// How the state is known now.
    reason: &'static str,
    /// What is usually at this port: a guess.
    service: Option<String>,
    #[serde(skip)]
    row: String,
}

impl ChangeReport {
    pub(in crate::cmd::scan) fn new(
        port: PortReport,
        was: Option<&'static str>,
        clock: Option<String>,
    ) -> ChangeReport {
        let mut words = vec![format!("{} {}", port.place, port.state)];
        words.push(format!("(was {})", was.unwrap_or("not open")));
        words.push(port.service_in_words());
        words.push(port.names_in_words());
        words.retain(|word| !word.is_empty());
        let (row, now) = (words.join(" "), port.state);
        let PortReport { host, names, address, protocol, port, reason, service, .. } = port;
        let port = ChangedPort { host, names, address, protocol, port, reason, service, row };
        ChangeReport { port, was, now, clock }
    }
}

impl Report for ChangeReport {
    const EVENT: &'static str = "change";
    fn human(&self) -> Human {
        let open = State::Open.name();
        let sign = match (self.now == open, self.was == Some(open)) {
            (true, _) => '+',
            (_, true) => '-',
            _ => '~',
        };
        let clock = self.clock.as_ref().map(|clock| format!("{clock} ")).unwrap_or_default();
        Human::Answer(format!("{clock}{sign} {}", self.port.row))
    }
}

/// What a comparison with an earlier scan came to.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Comparison {
    /// Ports whose state is another one.
    pub(crate) changes: u64,
    /// Open ports that were not asked then, which is no change.
    pub(crate) open_but_not_asked_before: u64,
    /// Ports that were open and could not be asked now, which is no change either.
    pub(crate) open_before_inconclusive_now: u64,
    /// Whether the earlier scan was cut short. What it did not reach counts as not open.
    pub(crate) earlier_was_cut_short: bool,
}

impl Comparison {
    pub(super) fn tell(&self, text: &mut String) {
        for (count, what) in [
            (self.open_but_not_asked_before, "open, but not asked before: not compared"),
            (self.open_before_inconclusive_now, "open before, and inconclusive now: not compared"),
        ] {
            if count > 0 {
                let _ = writeln!(text, "coax: {count} {what}");
            }
        }
        if self.earlier_was_cut_short {
            text.push_str(
                "coax: the earlier scan was cut short; what it did not reach counts as not open\n",
            );
        }
    }
}
