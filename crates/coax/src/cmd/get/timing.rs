//! `--timing`: what took how long, as a chart in text.
//!
//! Every attempt and every redirect has its own row, all on one scale, so that what waited for what
//! is to be seen. Letters, not colours, say which phase a bar is.
//!
//! Nothing here measures.

use std::time::Duration;

use coax_fetch::{Hop, HopOutcome};

use super::event::HopReport;
use super::{milliseconds, words};
use crate::failure::Failure;
use crate::out::Out;

/// Columns of the bars.
const WIDTH: f64 = 60.0;

/// The hops of a run.
#[derive(Debug, Default)]
pub(super) struct Chart {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    report: HopReport,
    /// When each phase began and ended, with its letter and name.
    phases: Vec<(char, &'static str, Duration, Duration)>,
}

impl Chart {
    /// What a request went through that was sent off at `begun`.
    pub(super) fn add(
        &mut self,
        begun: Duration,
        hops: &[Hop],
        over: Option<Duration>,
        bytes: u64,
    ) {
        for (index, hop) in hops.iter().enumerate() {
            let last = index + 1 == hops.len();
            let over = over.filter(|_| last);
            let phases = phases(hop, begun, over);
            let report = report(hop, begun, &phases, bytes * u64::from(last));
            self.rows.push(Row { report, phases });
        }
        // They are told when they are over; they are shown in the order they began.
        self.rows.sort_by(|one, other| one.report.started_ms.total_cmp(&other.report.started_ms));
    }

    /// Tells programs each hop, and people the chart.
    pub(super) fn report(&self, out: &Out) -> Result<(), Failure> {
        self.rows.iter().try_for_each(|row| out.report(&row.report))?;
        if !out.is_json() && !self.rows.is_empty() {
            out.talk(&self.text());
        }
        Ok(())
    }

    fn text(&self) -> String {
        let ends = self.rows.iter().flat_map(|row| row.phases.iter().map(|phase| phase.3));
        let whole = ends.max().unwrap_or_default();
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            lines.push(format!("{} {}", index + 1, row.report.line()));
            lines.push(format!("  {}", bar(&row.phases, whole)));
            let times = row.phases.iter().map(|(letter, name, from, to)| {
                format!("{letter} {name} {}", words(to.saturating_sub(*from)))
            });
            lines.push(format!("  {}", times.collect::<Vec<_>>().join(", ")));
        }
        lines.push(format!("  0 to {}", words(whole)));
        lines.join("\n")
    }
}

/// Each phase that took place.
fn phases(
    hop: &Hop,
    begun: Duration,
    over: Option<Duration>,
) -> Vec<(char, &'static str, Duration, Duration)> {
    let ends = [
        ('n', "name", hop.phases.named),
        ('c', "connect", hop.phases.connected),
        ('p', "proxy", hop.phases.tunnelled),
        ('t', "TLS", hop.phases.secured),
        ('w', "first byte", hop.phases.first_byte),
        ('b', "body", over),
    ];
    let mut from = begun + hop.phases.started;
    let mut phases = Vec::new();
    for (letter, name, end) in ends {
        if let Some(end) = end {
            phases.push((letter, name, from, begun + end));
            from = begun + end;
        }
    }
    phases
}

/// One row: at least one letter for each phase, in its place.
fn bar(phases: &[(char, &str, Duration, Duration)], whole: Duration) -> String {
    let whole = whole.as_secs_f64().max(1e-9);
    let column = |at: Duration| (at.as_secs_f64() / whole * WIDTH).round() as usize;
    let mut bar = String::new();
    for &(letter, _, from, to) in phases {
        while bar.len() < column(from) {
            bar.push(' ');
        }
        bar.push(letter);
        while bar.len() < column(to) {
            bar.push(letter);
        }
    }
    bar
}

fn report(
    hop: &Hop,
    begun: Duration,
    phases: &[(char, &'static str, Duration, Duration)],
    bytes: u64,
) -> HopReport {
    let took = |letter: char| {
        let phase = phases.iter().find(|phase| phase.0 == letter);
        phase.map(|(_, _, from, to)| milliseconds(to.saturating_sub(*from)))
    };
    let (status, error) = match &hop.outcome {
        HopOutcome::Status(status) => (Some(status.as_u16()), None),
        HopOutcome::Failed(why) => (None, Some(why.clone())),
    };
    HopReport {
        url: hop.url.to_string(),
        method: hop.method.to_string(),
        peer: hop.peer.as_ref().map(ToString::to_string),
        proxy: hop.proxy.clone(),
        reused: hop.reused,
        status,
        error,
        bytes,
        started_ms: milliseconds(begun + hop.phases.started),
        name_ms: took('n'),
        connect_ms: took('c'),
        proxy_ms: took('p'),
        tls_ms: took('t'),
        first_byte_ms: took('w'),
        body_ms: took('b'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_each_phase_in_its_place() {
        let at = Duration::from_millis;
        let phases = [
            ('n', "name", at(0), at(10)),
            ('c', "connect", at(10), at(10)),
            ('w', "first byte", at(10), at(20)),
            ('b', "body", at(20), at(60)),
        ];
        let drawn = bar(&phases, at(60));
        assert_eq!(drawn, format!("{}c{}{}", "n".repeat(10), "w".repeat(9), "b".repeat(40)));
        let later = [('w', "first byte", at(30), at(60))];
        assert_eq!(bar(&later, at(60)), format!("{}{}", " ".repeat(30), "w".repeat(30)));
        assert_eq!(bar(&[], at(0)), "");
    }
}
