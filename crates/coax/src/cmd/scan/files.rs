//! The files of a scan: `--xml` and `--grep`, for programs that read nmap's.
//!
//! A file is replaced whole: it is written beside itself, then takes the old one's place, so a
//! reader never sees half of one. That happens at the end, and every few seconds before, so that a
//! scan that is killed leaves what it had.
//!
//! Nothing here knows what a terminal shows.

mod grep;
mod words;
mod xml;

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use coax_addr::{AddressSet, ProtocolPorts};
use coax_scan::{Host, Plan, Rest, TcpProbe, Verdict};
use serde::{Deserialize, Serialize};

use super::event::Known;
use super::hosts::{Hosts, What};
use super::names::Names;
use super::place::Place;
use crate::failure::{Exit, Failure};

/// Between two writes while the scan is under way.
const SOON: Duration = Duration::from_secs(5);
/// A terminal has room for so many ports of a host, whatever their state.
const FEW_PORTS: usize = 10;
/// Writing takes no more than this part of the time: one of so many.
const SHARE: u32 = 20;
/// Silent hosts are listed where they are no more; else only counted.
const MOST_SILENT: u128 = 4096;

/// The files that were asked for, and what will stand in them.
pub(super) struct Files {
    xml: Option<Place>,
    grep: Option<Place>,
    findings: Findings,
    /// Whether these are all: nothing was asked before they were gathered.
    whole: bool,
    run: Run,
    next: Instant,
    /// Whether hosts are remembered for a terminal, too.
    screen: bool,
    /// A later round of a watch leaves the last whole one until it is whole itself.
    early: bool,
}

/// What stands in a file about hosts, also when the scan goes on in another run.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Findings {
    /// In seconds since 1970.
    began: u64,
    hosts: Hosts,
}

/// What a file says about the scan as a whole.
struct Run {
    command: String,
    started: Instant,
    /// What the runs before this one took.
    before: Duration,
    /// Which ports every address is asked.
    ports: ProtocolPorts,
    /// Whether TCP is asked with raw packets.
    raw: bool,
    /// Whether nothing was left out: no host given up, nothing asked by an earlier scan.
    asked_all: bool,
    addresses: u128,
    /// Who gave no sign of life and was not asked, where they are few enough to be listed.
    silent: AddressSet,
    end: End,
}

/// How far the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything has a verdict.
    Whole,
    /// A signal ended it.
    Interrupted,
    /// It goes on.
    Underway,
}

impl Files {
    /// Makes sure that the files can be written, and writes nothing yet.
    pub(super) fn new(xml: Option<&Path>, grep: Option<&Path>) -> Result<Files, Failure> {
        let xml = xml.map(|path| Place::new("--xml", path)).transpose()?;
        let grep = grep.map(|path| Place::new("--grep", path)).transpose()?;
        if xml.is_some() && xml == grep {
            return Err(Failure::new(Exit::Usage, "--xml and --grep name the same file"));
        }
        let (findings, run, next) = (Findings::default(), Run::nothing(), Instant::now() + SOON);
        Ok(Files { xml, grep, findings, whole: true, run, next, screen: false, early: true })
    }

    /// Whether hosts are remembered, which needs every verdict.
    pub(super) fn are_wanted(&self) -> bool {
        self.screen || self.xml.is_some() || self.grep.is_some()
    }

    /// Whether a terminal shows hosts from now on.
    pub(super) fn show_hosts(&mut self, screen: bool) {
        self.screen = screen;
    }

    /// Every host so far.
    pub(super) fn hosts(&self) -> &Hosts {
        &self.findings.hosts
    }

    /// Looks hosts on the same cable up that were asked without being looked for.
    pub(super) fn learn_hardware(&mut self) {
        if self.are_wanted() {
            let both = [true, false].map(|v4| coax_net::neighbours(v4).unwrap_or_default());
            both.iter().for_each(|all| self.findings.hosts.learn_hardware(all));
        }
    }

    /// The ports that every host was asked, if `end` is the end and nothing was skipped.
    pub(super) fn asked(&self, end: End, skipped: u64) -> Option<&ProtocolPorts> {
        let all = self.run.asked_all && skipped == 0 && end == End::Whole;
        Some(&self.run.ports).filter(|_| all)
    }

    /// How many ports a host is asked.
    pub(super) fn port_count(&self) -> usize {
        self.run.ports.len()
    }

    /// A scan begins: the first, or another round.
    pub(super) fn begin(&mut self, plan: &Plan, all_states: bool, round: u64) {
        (self.whole, self.early) = (plan.rest == Rest::default(), round == 1);
        self.findings =
            Findings { began: seconds(SystemTime::now()), hosts: Hosts::new(all_states) };
        if self.screen && plan.ports.len() <= FEW_PORTS {
            self.findings.hosts.keep_each();
        }
        self.run = Run {
            ports: plan.ports.clone(),
            raw: plan.tcp == TcpProbe::Syn,
            asked_all: self.whole,
            addresses: plan.targets.len(),
            command: command_line(),
            ..Run::nothing()
        };
        self.next = Instant::now() + SOON;
    }

    /// The scan goes on with what runs before this one have found, in so much time.
    pub(super) fn go_on(&mut self, earlier: Option<Findings>, took: Duration) {
        self.run.before = took;
        if let Some(earlier) = earlier {
            (self.whole, self.run.asked_all) = (true, true);
            self.findings.began = earlier.began;
            self.findings.hosts.go_on(earlier.hosts);
        }
    }

    /// What a later run needs to write files about the whole scan, if this one knows all of it.
    pub(super) fn so_far(&self) -> Option<&Findings> {
        Some(&self.findings).filter(|_| self.whole && self.are_wanted())
    }

    /// Takes a verdict in. `service` is what is at the port, `known` what it said of itself.
    pub(super) fn hear(&mut self, verdict: &Verdict, service: Option<&str>, known: Option<&Known>) {
        if self.are_wanted() {
            let report = known.map(|known| &known.report);
            let now = seconds(SystemTime::now());
            self.findings.hosts.hear(verdict, What { service, report }, now);
        }
    }

    /// Takes in that a host gave a sign of life.
    pub(super) fn hear_host(&mut self, host: &Host) {
        if self.are_wanted() {
            let now = seconds(SystemTime::now());
            self.findings.hosts.hear_host(host, words::sign(host), now);
        }
    }

    /// Writes what there is so far, now and then. What goes wrong is told at the end.
    pub(super) fn keep(&mut self, names: &Names) {
        let began = Instant::now();
        if !self.early || !self.are_wanted() || began < self.next {
            return;
        }
        self.run.end = End::Underway;
        for place in [&self.xml, &self.grep].into_iter().flatten().filter(|it| it.can_be_replaced())
        {
            let _ = self.write(place, names);
        }
        self.next = Instant::now() + SOON.max(began.elapsed() * SHARE);
    }

    /// Writes the files for good. An interrupted later round leaves the last whole one.
    pub(super) fn finish(
        &mut self,
        names: &Names,
        end: End,
        skipped: u64,
        silent: &AddressSet,
    ) -> Result<(), Failure> {
        self.run.end = end;
        if silent.len() <= MOST_SILENT {
            self.run.silent = silent.clone();
        }
        self.run.asked_all &= skipped == 0;
        if end != End::Whole && !self.early {
            return Ok(());
        }
        let places = [&self.xml, &self.grep];
        places.into_iter().flatten().try_for_each(|place| self.write(place, names))
    }

    fn write(&self, place: &Place, names: &Names) -> Result<(), Failure> {
        let is_xml = self.xml.as_ref() == Some(place);
        place.write(|to| match is_xml {
            true => xml::write(to, &self.run, &self.findings, names),
            false => grep::write(to, &self.run, &self.findings, names),
        })
    }
}

impl Run {
    fn nothing() -> Run {
        Run {
            command: String::new(),
            started: Instant::now(),
            before: Duration::ZERO,
            ports: ProtocolPorts::default(),
            raw: false,
            asked_all: false,
            addresses: 0,
            silent: AddressSet::new(),
            end: End::Underway,
        }
    }

    /// The ports that every host was asked, once that is so.
    fn asked(&self) -> Option<&ProtocolPorts> {
        Some(&self.ports).filter(|_| self.asked_all && self.end == End::Whole)
    }

    /// In seconds.
    fn took(&self) -> f64 {
        (self.before + self.started.elapsed()).as_secs_f64()
    }

    /// `1 IP address (1 host up) scanned in 0.02 seconds`, as readers of either file know it.
    fn in_words(&self, up: u128) -> String {
        let addresses = if self.addresses == 1 { "address" } else { "addresses" };
        let hosts = if up == 1 { "host" } else { "hosts" };
        let seconds = self.took();
        let total = self.addresses;
        format!("{total} IP {addresses} ({up} {hosts} up) scanned in {seconds:.2} seconds")
    }
}

/// What was typed, for the record.
fn command_line() -> String {
    let words =
        std::env::args_os().skip(1).map(|word: OsString| word.to_string_lossy().into_owned());
    std::iter::once("coax".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `Sat Nov 21 11:54:36 2026`, in this machine's zone, of seconds since 1970.
fn clock(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|it| jiff::Timestamp::from_second(it).ok());
    let at = at.unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[cfg(test)]
fn text_of(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_addr::Protocol;
    use coax_scan::{Hosts, Limits, Order, Reason, State, TcpProbe, Tell};
    use std::fs;

    fn plan() -> Plan {
        let mut targets = AddressSet::new();
        targets.add_address([10, 0, 0, 1].into(), 0);
        Plan {
            named: targets.clone(),
            targets,
            hosts: Hosts::default(),
            ports: ProtocolPorts { tcp: "1-9".parse().unwrap(), ..ProtocolPorts::default() },
            tcp: TcpProbe::Connect,
            order: Order::Serial,
            limits: Limits::default(),
            tell: Tell::All,
            rest: Rest::default(),
            checkpoints: false,
        }
    }

    fn open(port: u16) -> Verdict {
        let address = ([10, 0, 0, 1], port).into();
        let (protocol, state, reason) = (Protocol::Tcp, State::Open, Reason::SynAck);
        Verdict { address, protocol, state, reason, rtt: None }
    }

    #[test]
    fn a_scan_under_way_leaves_whole_files_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.xml");
        let mut files = Files::new(Some(&path), None).unwrap();
        files.begin(&plan(), false, 1);
        files.hear(&open(7), None, None);
        files.keep(&Names::default());
        assert!(!path.exists(), "it is too soon");
        files.next = Instant::now();
        files.keep(&Names::default());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("portid=\"7\"") && text.contains("was not over"), "{text}");
        assert!(text.ends_with("</nmaprun>\n"), "{text}");
        assert!(files.next > Instant::now(), "the next one is later");
    }

    #[test]
    fn a_later_round_replaces_the_file_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.grep");
        let mut files = Files::new(None, Some(&path)).unwrap();
        files.begin(&plan(), false, 1);
        files.hear(&open(1), None, None);
        files.finish(&Names::default(), End::Whole, 0, &AddressSet::new()).unwrap();
        files.begin(&plan(), false, 2);
        files.hear(&open(2), None, None);
        files.next = Instant::now();
        files.keep(&Names::default());
        files.finish(&Names::default(), End::Interrupted, 0, &AddressSet::new()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains(" 1/open/tcp//"));
        files.finish(&Names::default(), End::Whole, 0, &AddressSet::new()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(" 2/open/tcp//") && !text.contains(" 1/open"), "{text}");
    }
}
