//! What `coax scan` reports.
//!
//! A port's event is complete in itself; the summary accounts for every port that was to be asked.
//!
//! Nothing here asks anyone.

mod change;
mod host;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use coax_addr::AddressSet;
use coax_scan::{Certificate, Identity, State, Tally, is_recognisable, within_tls};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names;
use super::table::Table;
use crate::out::{Human, Report, clean};

pub(crate) use change::{ChangeReport, Comparison};
pub(crate) use host::HostReport;
pub(super) use host::hardware_in_words;

/// More ranges than this make an event that nobody reads.
pub(super) const MOST_RANGES: usize = 1000;
/// And a line.
const FEW_RANGES: usize = 4;

/// What was found out about a port.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PortReport {
    /// The first word that led to it: a name, or the address as it was typed.
    pub(crate) host: String,
    /// Every such word, as they were typed; none where only a network or a range led to it.
    pub(crate) names: Vec<String>,
    pub(crate) address: IpAddr,
    pub(crate) protocol: &'static str,
    pub(crate) port: u16,
    /// open, closed, filtered, open-or-filtered (UDP) or inconclusive.
    pub(crate) state: &'static str,
    /// How it is known, such as syn-ack, reset, udp-reply, no-answer, icmp-host-unreachable or no-route.
    pub(crate) reason: &'static str,
    /// From the probe to its answer; null where a SYN was sent again, since nobody can say which
    /// was answered.
    pub(crate) rtt_us: Option<u64>,
    /// What listens there: as `identity` says, or else what is usually at this port, a guess; null
    /// where what was heard disproves the guess.
    pub(crate) service: Option<String>,
    /// What it said, with --banner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<IdentityReport>,
    /// The address with its port, scope included.
    #[serde(skip)]
    pub(crate) place: String,
}

/// What an open port said of itself; all of it is a stranger's word.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct IdentityReport {
    /// Whether the service was recognised; if not, its name is a guess.
    pub(crate) identified: bool,
    /// greeted, answered, silent, closed, reset or not-reached.
    pub(crate) hearing: Cow<'static, str>,
    /// What it calls itself, such as `nginx/1.22.1`.
    pub(crate) product: Option<String>,
    /// The version alone, where it tells one: `1.22.1`.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// What else it tells, such as a version of its protocol.
    #[serde(default)]
    pub(crate) extra: Option<String>,
    /// What it calls its machine or its domain.
    #[serde(default)]
    pub(crate) host: Option<String>,
    /// What it said, where that is not UTF-8 with a replacement character.
    pub(crate) banner: String,
    /// `TLSv1.3` or `TLSv1.2`, where it speaks TLS.
    pub(crate) tls: Option<Cow<'static, str>>,
    /// The names in its certificate.
    pub(crate) certificate_names: Vec<String>,
    /// The common name of the certificate's subject.
    pub(crate) certificate_subject: Option<String>,
    /// The end of the certificate's time, RFC 3339.
    pub(crate) certificate_expires: Option<String>,
}

/// What an open port was found to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    /// What it was recognised as.
    pub(super) service: Option<String>,
    pub(super) report: IdentityReport,
}

impl From<Identity> for Known {
    fn from(identity: Identity) -> Known {
        let version = identity.parts().version;
        let version = (!version.is_empty()).then(|| version.to_owned());
        let Identity { service, product, extra, host, banner, tls, hearing } = identity;
        let tls = tls.unwrap_or_default();
        let Certificate { names, subject, expires } = tls.certificate.unwrap_or_default();
        let expires = expires.and_then(|time| jiff::Timestamp::try_from(time).ok());
        let report = IdentityReport {
            identified: service.is_some(),
            hearing: hearing.name().into(),
            product,
            version,
            extra,
            host,
            banner: String::from_utf8_lossy(&banner).into_owned(),
            tls: tls.version.map(Cow::Borrowed),
            certificate_names: names,
            certificate_subject: subject,
            certificate_expires: expires.map(|time| time.to_string()),
        };
        Known { service: service.map(str::to_owned), report }
    }
}

impl IdentityReport {
    /// Whether what was heard shows that the `guess` is wrong: it would have been recognised, or
    /// is not spoken inside TLS.
    pub(super) fn disproves(&self, guess: &str) -> bool {
        let spoke = !self.identified && !self.banner.is_empty();
        let tls = !self.identified && self.tls.is_some();
        spoke && is_recognisable(guess) || tls && within_tls(guess).is_none()
    }

    /// What a row has room for.
    fn in_words(&self) -> String {
        let names = self.certificate_names.join(" ");
        let said = match &self.product {
            Some(product) => product.clone(),
            // The first line says most, if there is one.
            None if !self.identified => self.banner.lines().next().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let extra = self.extra.as_ref().map(|extra| format!("({extra})")).unwrap_or_default();
        let words = [said, extra, self.tls.as_deref().unwrap_or_default().to_owned(), names];
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
        clean(&words.join("  ")).chars().take(120).collect()
    }
}

impl PortReport {
    /// The service; a guess has a question mark, and one that was disproved is unknown.
    pub(super) fn service_in_words(&self) -> String {
        let spoke = |it: &IdentityReport| !it.banner.is_empty() || it.tls.is_some();
        if self.service.is_none() && self.identity.as_ref().is_some_and(spoke) {
            return "unknown".to_owned();
        }
        let sure = self.identity.as_ref().is_some_and(|identity| identity.identified);
        let mark = if sure { "" } else { "?" };
        self.service.as_ref().map(|name| format!("{}{mark}", clean(name))).unwrap_or_default()
    }

    /// What it said of itself.
    pub(super) fn said(&self) -> String {
        self.identity.as_ref().map(IdentityReport::in_words).unwrap_or_default()
    }

    /// Its names, without the address in whatever spelling.
    pub(super) fn names_in_words(&self) -> String {
        names::in_words(&self.names)
    }

    /// How long the answer took, or how the state is known.
    pub(super) fn answer(&self) -> String {
        match self.rtt_us {
            Some(us) if self.state == State::Open.name() => format!("{:.2} ms", us as f64 / 1e3),
            _ if self.state == State::Open.name() => String::new(),
            _ => self.reason.to_owned(),
        }
    }
}

impl Report for PortReport {
    const EVENT: &'static str = "port";
    fn human(&self) -> Human {
        Human::Answer(Table::default().row(self))
    }
}

/// A host that answers on every port.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TarpitReport {
    /// The first word that led to it: a name, or the address as it was typed.
    pub(crate) host: String,
    /// Every such word.
    pub(crate) names: Vec<String>,
    pub(crate) address: IpAddr,
}

impl Report for TarpitReport {
    const EVENT: &'static str = "tarpit";
    fn human(&self) -> Human {
        let host = clean(&self.host);
        Human::Talk(format!("coax: {host} answers on every port, so it is asked no more"))
    }
}

/// Addresses of networks and ranges that are left out, since no host has them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReservedReport {
    pub(crate) addresses: u64,
    /// Which, as ranges; the first 1000.
    pub(crate) ranges: Vec<String>,
    /// How many addresses were named, these included.
    pub(crate) named: u64,
}

impl ReservedReport {
    pub(super) fn new(reserved: &AddressSet, (addresses, named): (u64, u64)) -> ReservedReport {
        let ranges = reserved.ranges().take(MOST_RANGES).map(|range| range.to_string()).collect();
        ReservedReport { addresses, ranges, named }
    }

    /// The first of the ranges.
    pub(super) fn in_words(&self) -> String {
        let few = self.ranges.iter().take(FEW_RANGES).cloned().collect::<Vec<_>>().join(", ");
        let more = if self.ranges.len() > FEW_RANGES { ", …" } else { "" };
        format!("{few}{more}")
    }
}

impl Report for ReservedReport {
    const EVENT: &'static str = "reserved";
    fn human(&self) -> Human {
        let ReservedReport { addresses: count, named, .. } = self;
        let ranges = self.in_words();
        Human::Talk(format!(
            "coax: {count} of {named} addresses are reserved and left out: {ranges}"
        ))
    }
}

/// What a host is that gave no sign of life, where a port has a state.
pub(super) const SILENT: &str = "silent";

/// A part of a host that is answered for only so often, and was asked no faster in the end.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RationedReport {
    /// The first word that led to it: a name, or the address as it was typed.
    pub(crate) host: String,
    /// Every such word.
    pub(crate) names: Vec<String>,
    pub(crate) address: IpAddr,
    /// The first and the last port that was found to be one of them.
    pub(crate) first_port: u16,
    pub(crate) last_port: u16,
    /// About how many answers a second there were.
    pub(crate) per_second: f64,
}

impl Report for RationedReport {
    const EVENT: &'static str = "rationed";
    fn human(&self) -> Human {
        let RationedReport { first_port, last_port, per_second, .. } = self;
        let digits = if *per_second < 2.0 { 1 } else { 0 };
        Human::Talk(format!(
            "coax: {} answers on ports {first_port}-{last_port} only about {per_second:.digits$} \
             times a second, so they were asked as slowly",
            clean(&self.host)
        ))
    }
}

/// How a scan ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ScanSummary {
    /// Addresses that were to be asked; a number that does not fit is null.
    pub(crate) addresses: Option<u64>,
    /// Ports that were to be asked, over all addresses.
    pub(crate) total: u64,
    /// Ports with a verdict.
    pub(crate) probed: u64,
    pub(crate) open: u64,
    pub(crate) closed: u64,
    pub(crate) filtered: u64,
    /// UDP ports that were silent.
    pub(crate) open_or_filtered: u64,
    pub(crate) inconclusive: u64,
    /// Ports that were not asked, since their host is a tarpit.
    pub(crate) skipped: u64,
    /// Addresses that gave no sign of life.
    pub(crate) silent_hosts: u64,
    /// Ports that were not asked, since their host is silent.
    pub(crate) not_asked: u64,
    /// Why ports are inconclusive, and how many.
    pub(crate) inconclusive_because: BTreeMap<Cow<'static, str>, u64>,
    /// Probes sent, those sent again included.
    pub(crate) probes: u64,
    pub(crate) elapsed_ms: f64,
    /// Whether a signal ended it.
    pub(crate) interrupted: bool,
    /// Who was asked, as ranges; null where they are more than 1000.
    pub(crate) targets: Option<String>,
    /// Who is silent, as ranges; null where they are more than 1000.
    pub(crate) silent: Option<String>,
    /// What each was asked.
    pub(crate) ports: String,
    /// What changed, with --since or in the later rounds of --watch.
    pub(crate) compared: Option<Comparison>,
    /// Hosts on which every TCP port of many is open, so a proxy or tarpit may be answering.
    pub(crate) all_open: Vec<IpAddr>,
    /// A later round says nothing to a person who has not asked for it, unless something is wrong.
    #[serde(skip)]
    pub(crate) quiet: bool,
}

impl ScanSummary {
    pub(super) fn new(tally: &Tally) -> ScanSummary {
        ScanSummary {
            addresses: None,
            total: tally.total,
            probed: tally.probed,
            open: tally.open,
            closed: tally.closed,
            filtered: tally.filtered,
            open_or_filtered: tally.open_or_filtered,
            inconclusive: tally.inconclusive,
            skipped: tally.skipped,
            silent_hosts: tally.silent_hosts,
            not_asked: tally.not_asked,
            inconclusive_because: BTreeMap::new(),
            probes: tally.sent,
            elapsed_ms: 0.0,
            interrupted: false,
            targets: None,
            silent: None,
            ports: String::new(),
            compared: None,
            all_open: Vec::new(),
            quiet: false,
        }
    }
}

impl Report for ScanSummary {
    const EVENT: &'static str = "scan-summary";
    fn human(&self) -> Human {
        let ScanSummary { probed, open, closed, filtered, inconclusive, .. } = self;
        let maybe = match self.open_or_filtered {
            0 => String::new(),
            count => format!(" {count} open or filtered,"),
        };
        let skipped = match self.skipped {
            0 => String::new(),
            count => format!(" {count} skipped,"),
        };
        let mut text = String::new();
        for (reason, count) in &self.inconclusive_because {
            let _ = writeln!(text, "coax: {count} inconclusive: {}", in_words(reason));
        }
        text.extend(host::silent_in_words(self));
        if let Some(compared) = &self.compared {
            compared.tell(&mut text);
        }
        if let Some(told) = all_open_in_words(&self.all_open) {
            text.push_str(&told);
        }
        if self.interrupted {
            let _ = writeln!(text, "coax: interrupted after {probed} of {} ports", self.total);
        }
        let seconds = self.elapsed_ms / 1e3;
        let _ = write!(
            text,
            "{probed} probed: {open} open, {closed} closed, {filtered} filtered,{maybe}{skipped} \
             {inconclusive} inconclusive in {seconds:.1} s"
        );
        match self.quiet && !self.interrupted && self.inconclusive == 0 {
            true => Human::Detail(text),
            false => Human::Talk(text),
        }
    }
}

/// A line with its end, if there is such a host.
fn all_open_in_words(hosts: &[IpAddr]) -> Option<String> {
    let first = hosts.first()?;
    let more = match hosts.len() - 1 {
        0 => String::new(),
        1 => " and 1 other host".to_owned(),
        more => format!(" and {more} other hosts"),
    };
    Some(format!(
        "coax: all or nearly all ports of {first}{more} are open: a proxy or a tarpit may be \
         answering; --tarpit 50 leaves such hosts\n"
    ))
}

/// What this machine lacked, and what to do about it.
fn in_words(reason: &str) -> &str {
    match reason {
        "no-route" => "this machine has no route there",
        "no-descriptors" => "this machine had no descriptor left; see ulimit -n",
        "no-source-ports" => "this machine had no source port left; a lower --rate needs fewer",
        "no-buffers" => "this machine had no memory left for sockets",
        "forbidden" => "this machine forbids it: its firewall, or a broadcast address",
        "machine" => "this machine refuses to ask there; --trace shows its word for it",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let (total, probed, open, closed) = (65_535, 65_535, 3, 65_532);
        Tally { total, probed, open, closed, ..Tally::default() }
    }

    #[test]
    fn the_last_line_accounts_for_every_port() {
        let summary = ScanSummary { elapsed_ms: 712.0, ..ScanSummary::new(&tally()) };
        let expected =
            "65535 probed: 3 open, 65532 closed, 0 filtered, 0 inconclusive in 0.7 s".to_owned();
        assert_eq!(summary.human(), Human::Talk(expected));
    }

    #[test]
    fn a_host_that_has_every_port_open_is_told() {
        let host = |last| IpAddr::from([10, 0, 0, last]);
        let line = |hosts: &[IpAddr]| all_open_in_words(hosts).unwrap_or_default();
        assert_eq!(line(&[]), "");
        assert!(
            line(&[host(1)])
                .starts_with("coax: all or nearly all ports of 10.0.0.1 are open: a proxy")
        );
        assert!(line(&[host(1), host(2)]).contains(" of 10.0.0.1 and 1 other host are open"));
        assert!(line(&[host(1), host(2), host(3)]).contains(" and 2 other hosts are open"));
    }

    #[test]
    fn what_could_not_be_told_says_why() {
        let mut summary = ScanSummary::new(&Tally { inconclusive: 2, ..tally() });
        summary.inconclusive_because.insert("no-route".into(), 2);
        summary.interrupted = true;
        let Human::Talk(text) = summary.human() else { panic!("talk") };
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "coax: 2 inconclusive: this machine has no route there");
        assert_eq!(lines[1], "coax: interrupted after 65535 of 65535 ports");
    }
}
