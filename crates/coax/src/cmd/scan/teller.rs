//! Telling verdicts as they come, and how far the scan is.
//!
//! Lines go to stdout in large writes; a terminal gets hosts when they are whole. A scan that is
//! compared with an earlier one tells only what changed. Why ports are inconclusive is counted,
//! since a machine without a route says so of each.
//!
//! Nothing here decides what a port is.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use coax_addr::{AddressSet, Protocol, ServiceTable};
use coax_scan::{Host, Plan, Rationed, Reason, State, Tally, Verdict};

use super::all_open::AllOpen;
use super::before::{Before, Compared};
use super::event::{
    ChangeReport, Comparison, HostReport, Known, MOST_RANGES, PortReport, RationedReport, SILENT,
    ScanSummary, TarpitReport,
};
use super::files::{End, Files};
use super::kept::KeptPorts;
use super::names::{self, Names};
use super::progress::Progress;
use super::screen::{self, Screen, USUAL_WIDTH};
use super::table::Table;
use crate::failure::{Exit, Failure};
use crate::out::{self, Human, Out, Report};

/// Why ports are inconclusive, and how many.
pub(super) type Because = BTreeMap<Cow<'static, str>, u64>;

/// What is told of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    /// Since when ports are asked, which is before the first verdict is read.
    pub(super) began: Instant,
    pub(super) all_states: bool,
    /// Hosts are shown on a terminal, when they are whole.
    pub(super) hosts: bool,
    /// TCP ports that each host is asked, if a host that has all of them open is to be told; 0 if not.
    pub(super) count_open: usize,
    /// Only what differs from before.
    pub(super) changes_only: bool,
    /// Whether the next round is compared with this one.
    pub(super) learn: bool,
    /// Whether what is told is kept, to be told again.
    pub(super) keep: bool,
    /// The number of the round, from 1.
    pub(super) round: u64,
}

/// Tells verdicts and counts reasons.
pub(super) struct Teller<'a> {
    out: &'a Out,
    telling: Telling,
    stdout: BufWriter<StdoutLock<'a>>,
    progress: Progress,
    table: Table,
    screen: Option<Screen>,
    services: &'a ServiceTable,
    /// The service of each port that was looked up.
    guesses: HashMap<(Protocol, u16), Option<String>>,
    pub(super) names: Names,
    /// Hosts that were named one by one, if they are few.
    named: AddressSet,
    before: &'a mut Before,
    pub(super) files: &'a mut Files,
    pub(super) kept: KeptPorts,
    /// What the port that is being told of was found to be.
    known: Option<Known>,
    pub(super) inconclusive: Because,
    /// Whether this machine refused, rather than the network.
    refused: bool,
    compared: Comparison,
    all_open: AllOpen,
    started: Instant,
}

/// How a scan ended, of all its runs together.
pub(super) struct ScanEnd<'a> {
    pub(super) tally: Tally,
    /// Who gave no sign of life, and was not asked.
    pub(super) silent: &'a AddressSet,
    pub(super) elapsed_ms: f64,
    pub(super) interrupted: bool,
}

/// What a scan is told with, and where to.
pub(super) struct Means<'a> {
    pub(super) out: &'a Out,
    pub(super) services: &'a ServiceTable,
    pub(super) before: &'a mut Before,
    pub(super) files: &'a mut Files,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        means: Means<'a>,
        telling: Telling,
        plan: &Plan,
        names: Names,
        total: u64,
    ) -> Teller<'a> {
        let Means { out, services, before, files } = means;
        let earlier_was_cut_short = telling.changes_only && !before.whole;
        Teller {
            out,
            telling,
            stdout: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            progress: Progress::new(total, telling.began, plan.targets.len() == 1),
            table: Table::default(),
            screen: if telling.hosts { Screen::of_stdout() } else { None },
            services,
            guesses: HashMap::new(),
            names,
            named: plan.named.clone(),
            before,
            files,
            kept: KeptPorts::default(),
            known: None,
            inconclusive: BTreeMap::new(),
            refused: false,
            all_open: AllOpen::new(telling.count_open),
            compared: Comparison { earlier_was_cut_short, ..Comparison::default() },
            started: telling.began,
        }
    }

    /// Tells a batch, and sends it on its way.
    pub(super) fn tell(&mut self, verdicts: &[Verdict]) -> Result<(), Failure> {
        let (mut lines, mut rows) = (Vec::new(), Vec::new());
        for verdict in verdicts {
            self.note(verdict);
            let changed = self.telling.changes_only && self.tell_change(verdict, &mut lines);
            match self.screen {
                Some(_) => self.see(verdict),
                None if !self.telling.changes_only && self.is_listed(verdict.state) => {
                    rows.push(self.report(verdict));
                }
                None => {}
            }
            if self.telling.keep && (changed || self.is_remembered(verdict.state)) {
                self.kept.told(verdict, self.known.as_ref());
            }
            if self.telling.learn {
                self.before.learn(verdict, self.telling.all_states);
            }
        }
        self.list(&rows, &mut lines);
        self.print(&lines)
    }

    fn print(&mut self, lines: &[u8]) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        let stdout = &mut self.stdout;
        self.progress.aside(|| stdout.write_all(lines).and_then(|()| stdout.flush()))?;
        Ok(())
    }

    /// A verdict that is shown with its host.
    fn see(&mut self, verdict: &Verdict) {
        let (host, count) = (names::key(&verdict.address), self.files.port_count());
        let whole = self.files.hosts().get(host).is_some_and(|host| host.has_all(count));
        if let Some(screen) = self.screen.as_mut().filter(|_| whole) {
            screen.is_ready(host);
        }
        if verdict.state == State::Open {
            self.progress.find(verdict);
        }
    }

    /// Shows the hosts that are whole, or all of them at the end.
    fn show_hosts(&mut self, end: Option<(End, u64)>) -> Result<(), Failure> {
        let Some(screen) = &mut self.screen else { return Ok(()) };
        if end.is_none() && !screen.has_due() {
            return Ok(());
        }
        self.files.learn_hardware();
        let asked = end.and_then(|(end, skipped)| self.files.asked(end, skipped));
        let (hosts, names, named) = (self.files.hosts(), &self.names, &self.named);
        let known = screen::Known { hosts, names, named, asked };
        let text = if end.is_some() { screen.rest(known) } else { screen.due(known) };
        self.print(text.as_bytes())
    }

    /// Tells of an open port that was asked what it is.
    pub(super) fn tell_identified(
        &mut self,
        verdict: &Verdict,
        known: Known,
    ) -> Result<(), Failure> {
        self.known = Some(known);
        let told = self.tell(std::slice::from_ref(verdict));
        self.known = None;
        told
    }

    /// An open port is being asked what it is.
    pub(super) fn awaits(&mut self, verdict: &Verdict) {
        if self.telling.keep {
            self.kept.awaits(verdict);
        }
    }

    /// Why ports were inconclusive in the runs before this one.
    pub(super) fn recall(&mut self, inconclusive: Because) {
        self.inconclusive = inconclusive;
    }

    /// The first name of a verdict's host, if it has one.
    pub(super) fn name(&self, verdict: &Verdict) -> Option<String> {
        self.names.names(names::key(&verdict.address)).next().map(str::to_owned)
    }

    /// Open ports are always told of.
    fn is_listed(&self, state: State) -> bool {
        self.telling.all_states || state == State::Open
    }

    /// What the files list costs memory in any case.
    fn is_remembered(&self, state: State) -> bool {
        state == State::Open || (self.telling.all_states && self.files.are_wanted())
    }

    fn note(&mut self, verdict: &Verdict) {
        self.all_open.hear(verdict);
        if verdict.state == State::Inconclusive {
            *self.inconclusive.entry(verdict.reason.name().into()).or_default() += 1;
            self.refused |= verdict.reason != Reason::NoRoute;
        }
        if self.files.are_wanted() {
            let is_remembered = self.is_listed(verdict.state) || self.files.hosts().keeps_each();
            let service = is_remembered.then(|| self.service(verdict)).flatten();
            self.files.hear(verdict, service.as_deref(), self.known.as_ref());
        }
    }

    fn list(&mut self, rows: &[PortReport], lines: &mut Vec<u8>) {
        if self.out.is_json() {
            rows.iter().for_each(|row| lines.extend(out::line(row)));
            return;
        }
        self.table.prepare(rows);
        for row in rows {
            lines.extend(self.table.row(row).as_bytes());
            lines.push(b'\n');
        }
    }

    /// Whether there was something to tell.
    fn tell_change(&mut self, verdict: &Verdict, lines: &mut Vec<u8>) -> bool {
        match self.before.compare(verdict, self.telling.all_states) {
            Compared::Same => {}
            Compared::New => self.compared.open_but_not_asked_before += 1,
            Compared::Unclear => self.compared.open_before_inconclusive_now += 1,
            Compared::Changed { was } => {
                self.compared.changes += 1;
                let clock = self.telling.learn.then(now_in_words);
                let host = verdict.address.ip();
                let was_silent = was.is_none() && self.before.was_silent(host);
                let was = if was_silent { Some(SILENT) } else { was.map(State::name) };
                let change = ChangeReport::new(self.report(verdict), was, clock);
                self.list_change(&change, lines);
                return true;
            }
        }
        false
    }

    fn list_change(&self, change: &ChangeReport, lines: &mut Vec<u8>) {
        match change.human() {
            _ if self.out.is_json() => lines.extend(out::line(change)),
            Human::Answer(text) => lines.extend(format!("{text}\n").into_bytes()),
            _ => {}
        }
    }

    /// Tells which ports of hosts that are silent now had a state that matters.
    fn tell_silent(&mut self, silent: &AddressSet, plan: &Plan) -> Result<(), Failure> {
        let mut lines = Vec::new();
        if self.telling.changes_only {
            for ((address, protocol, port), was) in
                self.before.now_silent(silent, self.telling.all_states)
            {
                let udp = protocol == Protocol::Udp;
                let asked = if udp { &plan.ports.udp } else { &plan.ports.tcp };
                if asked.contains(port) {
                    self.compared.changes += 1;
                    let reason = Reason::NoAnswer;
                    let address = SocketAddr::new(address, port);
                    let verdict = Verdict { address, protocol, state: was, reason, rtt: None };
                    let now = PortReport { state: SILENT, ..self.report(&verdict) };
                    let clock = self.telling.learn.then(now_in_words);
                    let change = ChangeReport::new(now, Some(was.name()), clock);
                    self.list_change(&change, &mut lines);
                }
            }
        }
        if self.telling.learn {
            self.before.learn_silent(silent);
        }
        Ok(self.stdout.write_all(&lines)?)
    }

    /// As it was recognised, or else the guess, unless what was heard disproves it.
    fn service(&mut self, verdict: &Verdict) -> Option<String> {
        if let Some(name) = self.known.as_ref().and_then(|known| known.service.clone()) {
            return Some(name);
        }
        let (protocol, port) = (verdict.protocol, verdict.address.port());
        let services = self.services;
        let guess = self.guesses.entry((protocol, port)).or_insert_with(|| {
            services.by_port(port, Some(protocol)).into_iter().next().map(|it| it.name.into_owned())
        });
        let heard = self.known.as_ref().map(|known| &known.report);
        guess.clone().filter(|guess| heard.is_none_or(|heard| !heard.disproves(guess)))
    }

    fn report(&mut self, verdict: &Verdict) -> PortReport {
        let address = verdict.address.ip();
        let names = self.names.of(&verdict.address);
        let udp = if verdict.protocol == Protocol::Udp { "/udp" } else { "" };
        PortReport {
            host: names.first().cloned().unwrap_or_else(|| address.to_string()),
            names,
            address,
            protocol: verdict.protocol.name(),
            port: verdict.address.port(),
            state: verdict.state.name(),
            reason: verdict.reason.name(),
            rtt_us: verdict.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
            service: self.service(verdict),
            identity: self.known.as_ref().map(|known| known.report.clone()),
            place: format!("{}{udp}", verdict.address),
        }
    }

    /// Tells of hosts that gave a sign of life. Who compares is told of ports that changed.
    pub(super) fn hosts(&mut self, hosts: &[Host]) -> Result<(), Failure> {
        hosts.iter().for_each(|host| self.files.hear_host(host));
        if self.telling.changes_only || self.screen.is_some() {
            return Ok(());
        }
        for host in hosts {
            let report = HostReport::new(host, self.names.of(&host.address));
            if self.out.is_json() {
                self.stdout.write_all(&out::line(&report))?;
            } else {
                self.progress.aside(|| self.out.report(&report))?;
            }
        }
        Ok(self.stdout.flush()?)
    }

    /// Says that a host answers on every port.
    pub(super) fn tarpit(&mut self, address: IpAddr) -> Result<(), Failure> {
        let names = self.names.of_address(address);
        let host = names.first().cloned().unwrap_or_else(|| address.to_string());
        let report = TarpitReport { host, names, address };
        self.progress.aside(|| self.out.report(&report))
    }

    /// Says that a part of a host is answered for only so often.
    pub(super) fn rationed(&mut self, part: &Rationed) -> Result<(), Failure> {
        let (address, names) = (part.address, self.names.of_address(part.address));
        let report = RationedReport {
            host: names.first().cloned().unwrap_or_else(|| address.to_string()),
            names,
            address,
            first_port: part.ports.0,
            last_port: part.ports.1,
            per_second: part.per_second,
        };
        self.progress.aside(|| self.out.report(&report))
    }

    /// Shows how far it is, and keeps the files up to date.
    pub(super) fn progress(&mut self, tally: &Tally) -> Result<(), Failure> {
        self.files.keep(&self.names);
        self.show_hosts(None)?;
        let width = self.screen.as_ref().map_or(USUAL_WIDTH, Screen::width);
        self.progress.draw(tally, width);
        Ok(())
    }

    /// Who should act if nothing could be asked. A route may come back by itself.
    pub(super) fn blame(&self) -> Exit {
        match self.refused {
            true => Exit::Machine,
            false => Exit::Network,
        }
    }

    /// How long this has taken so far.
    pub(super) fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    /// Writes the files, says the last line, and gives what the comparison came to.
    pub(super) fn finish(mut self, end: &ScanEnd<'_>, plan: &Plan) -> Result<Comparison, Failure> {
        self.progress.end();
        let &ScanEnd { ref tally, silent, elapsed_ms, interrupted } = end;
        let how = if interrupted { End::Interrupted } else { End::Whole };
        self.tell_silent(silent, plan)?;
        self.files.learn_hardware();
        self.show_hosts(Some((how, tally.skipped)))?;
        let written = self.files.finish(&self.names, how, tally.skipped, silent);
        let Telling { changes_only, round, .. } = self.telling;
        let summary = ScanSummary {
            addresses: u64::try_from(plan.targets.len()).ok(),
            inconclusive_because: std::mem::take(&mut self.inconclusive),
            elapsed_ms,
            interrupted,
            targets: in_words(&plan.targets),
            silent: in_words(silent),
            ports: plan.ports.to_string(),
            compared: changes_only.then(|| self.compared.clone()),
            all_open: self.all_open.hosts().take(MOST_RANGES).map(|(address, _)| address).collect(),
            quiet: round > 1,
            ..ScanSummary::new(tally)
        };
        // The lock is this thread's own, so reporting through it again is no dead end.
        self.stdout.flush()?;
        self.out.report(&summary)?;
        written.map(|()| self.compared)
    }
}

/// `10.0.0.0/24,10.0.1.7`: what `--since` needs to know which ports were asked.
fn in_words(addresses: &AddressSet) -> Option<String> {
    let mut ranges = addresses.ranges().map(|range| range.to_string());
    let words: Vec<String> = ranges.by_ref().take(MOST_RANGES).collect();
    ranges.next().is_none().then(|| words.join(","))
}

/// `2026-11-21 12:03:05`, in this machine's zone.
fn now_in_words() -> String {
    jiff::Zoned::now().strftime("%F %T").to_string()
}
