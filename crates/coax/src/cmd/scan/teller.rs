//! Printing verdicts as they come, and how far the scan is.
//!
//! Lines go to stdout in large writes; a bar on a terminal shows the rate and the time left. Why
//! ports are inconclusive is counted, since a machine without a route says so of each.
//!
//! Nothing here decides what a port is.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use coax_addr::{Protocol, ServiceTable};
use coax_scan::{Plan, State, Tally, Verdict};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::event::{PortReport, ScanSummary, TarpitReport};
use crate::failure::Failure;
use crate::out::{self, Human, Out, Report};

/// A bar that moves more often than that is a blur.
const REDRAW: Duration = Duration::from_millis(100);

/// Prints verdicts and counts reasons.
pub(super) struct Teller<'a> {
    out: &'a Out,
    stdout: BufWriter<StdoutLock<'a>>,
    bar: ProgressBar,
    services: ServiceTable,
    /// The service of each port that was looked up.
    guesses: HashMap<(Protocol, u16), Option<String>>,
    names: HashMap<IpAddr, String>,
    all_states: bool,
    inconclusive: BTreeMap<&'static str, u64>,
    started: Instant,
    drawn: Instant,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        out: &'a Out,
        services: ServiceTable,
        names: HashMap<IpAddr, String>,
        all_states: bool,
        total: u64,
    ) -> Teller<'a> {
        Teller {
            out,
            stdout: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            bar: bar(total),
            services,
            guesses: HashMap::new(),
            names,
            all_states,
            inconclusive: BTreeMap::new(),
            started: Instant::now(),
            drawn: Instant::now(),
        }
    }

    /// Prints a batch, and sends it on its way.
    pub(super) fn tell(&mut self, verdicts: &[Verdict]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for verdict in verdicts {
            if verdict.state == State::Inconclusive {
                *self.inconclusive.entry(verdict.reason.name()).or_default() += 1;
            }
            if self.all_states || verdict.state == State::Open {
                let report = self.report(verdict);
                self.render(&report, &mut lines);
            }
        }
        let stdout = &mut self.stdout;
        self.bar.suspend(|| stdout.write_all(&lines).and_then(|()| stdout.flush()))?;
        Ok(())
    }

    fn render<R: Report>(&self, report: &R, lines: &mut Vec<u8>) {
        if self.out.is_json() {
            lines.extend(out::line(report));
        } else if let Human::Answer(text) = report.human() {
            lines.extend(text.as_bytes());
            lines.push(b'\n');
        }
    }

    fn report(&mut self, verdict: &Verdict) -> PortReport {
        let (address, port) = (verdict.address.ip(), verdict.address.port());
        let protocol = verdict.protocol;
        let services = &self.services;
        let guess = self.guesses.entry((protocol, port)).or_insert_with(|| {
            services.by_port(port, Some(protocol)).into_iter().next().map(|it| it.name.into_owned())
        });
        let host = self.names.get(&address).cloned();
        PortReport {
            host: host.unwrap_or_else(|| address.to_string()),
            address,
            protocol: protocol.name(),
            port,
            state: verdict.state.name(),
            reason: verdict.reason.name(),
            rtt_us: verdict.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
            service: guess.clone(),
            place: verdict.address.to_string(),
        }
    }

    /// Says that a host answers on every port.
    pub(super) fn tarpit(&mut self, address: IpAddr) -> Result<(), Failure> {
        let host = self.names.get(&address).cloned().unwrap_or_else(|| address.to_string());
        let report = TarpitReport { host, address };
        self.bar.suspend(|| self.out.report(&report))
    }

    /// Shows how far it is.
    pub(super) fn progress(&mut self, tally: &Tally) {
        if self.bar.is_hidden() || self.drawn.elapsed() < REDRAW {
            return;
        }
        self.drawn = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let rate = HumanCount((tally.sent as f64 / seconds) as u64);
        self.bar.set_position(tally.probed);
        self.bar.set_message(format!("{rate}/s  {} open", tally.open));
    }

    /// How long this has taken so far.
    pub(super) fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    /// Says the last line.
    pub(super) fn finish(
        mut self,
        tally: &Tally,
        plan: &Plan,
        elapsed_ms: f64,
        interrupted: bool,
    ) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let summary = ScanSummary {
            addresses: u64::try_from(plan.targets.len()).ok(),
            inconclusive_because: std::mem::take(&mut self.inconclusive),
            elapsed_ms,
            interrupted,
            ..ScanSummary::new(tally)
        };
        // The lock is this thread's own, so reporting through it again is no dead end.
        self.stdout.flush()?;
        self.out.report(&summary)
    }
}

/// A bar on a terminal; nothing elsewhere.
fn bar(total: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
