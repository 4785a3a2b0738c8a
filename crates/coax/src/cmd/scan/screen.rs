//! Hosts as a person reads them on a terminal: who it is, then a row a port.
//!
//! ```text
//! 10.0.0.7  db.test  0.31 ms
//!   22/tcp    open  ssh         OpenSSH 9.2p1 (Debian-2)
//!   5432/tcp  open  postgresql  15.3
//!   998 closed
//! ```
//!
//! A host is shown when all its ports have a verdict, in the order of addresses as far as waiting
//! a moment gives one. A row fits the terminal: what is longer is cut, and `--json` has all of it.
//! A colour says nothing that a word does not.
//!
//! Nothing here decides what a port is, or what is remembered.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};
use std::time::{Duration, Instant};

use coax_addr::{AddressSet, Protocol, ProtocolPorts};
use coax_scan::{Reason, State};
use rustix::termios::tcgetwinsize;

use super::event::hardware_in_words;
use super::hosts::{Group, Host, Hosts, Port};
use super::names::{HostKey, Names, key};
use super::service::Service;
use crate::out::clean;

/// Of a terminal that does not say.
pub(super) const USUAL_WIDTH: usize = 80;
/// Less than this of a text says nothing.
const SHORTEST_TEXT: usize = 12;
/// Hosts that are ready wait so long for those before them.
const MOMENT: Duration = Duration::from_secs(2);

/// A terminal, and who was shown on it.
#[derive(Debug)]
pub(super) struct Screen {
    width: usize,
    colour: bool,
    shown: HashSet<HostKey>,
    /// Hosts that can be shown.
    ready: BTreeSet<HostKey>,
    since: Option<Instant>,
    /// Whether a blank line is due before the next host.
    gap: bool,
}

/// What a host is shown from.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) hosts: &'a Hosts,
    pub(super) names: &'a Names,
    /// Hosts that are shown though they were silent.
    pub(super) named: &'a AddressSet,
    /// What every host was asked, once that is so.
    pub(super) asked: Option<&'a ProtocolPorts>,
}

impl Screen {
    /// `None` where stdout is no terminal.
    pub(super) fn of_stdout() -> Option<Screen> {
        if !stdout().is_terminal() {
            return None;
        }
        let told = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Some(Screen::new(width(), !dumb && !told("NO_COLOR")))
    }

    fn new(width: usize, colour: bool) -> Screen {
        let (shown, ready) = (HashSet::new(), BTreeSet::new());
        Screen { width, colour, shown, ready, since: None, gap: false }
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Every port of a host has a verdict.
    pub(super) fn is_ready(&mut self, host: HostKey) {
        if !self.shown.contains(&host) && self.ready.insert(host) {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether hosts have been ready for a moment.
    pub(super) fn has_due(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= MOMENT)
    }

    /// These hosts.
    pub(super) fn due(&mut self, known: Known<'_>) -> String {
        self.since = None;
        let ready = std::mem::take(&mut self.ready);
        ready.into_iter().map(|host| self.show(host, known)).collect()
    }

    /// Every host that was not shown.
    pub(super) fn rest(&mut self, known: Known<'_>) -> String {
        let mut all: BTreeSet<HostKey> = known.hosts.in_order().map(|(key, _)| key).collect();
        all.extend((0..known.named.len()).map(|at| key(&known.named.socket_at(at, 0))));
        let mut text: String = all.into_iter().map(|host| self.show(host, known)).collect();
        if !self.shown.is_empty() {
            text.push('\n');
        }
        text
    }

    fn show(&mut self, key: HostKey, known: Known<'_>) -> String {
        let host = known.hosts.get(key).filter(|host| is_worth_showing(host));
        if (host.is_none() && !known.named.contains(key.0)) || !self.shown.insert(key) {
            return String::new();
        }
        match host {
            Some(host) => self.host(key, host, known),
            None => self.silent(key, known),
        }
    }

    /// One that was named and said nothing.
    fn silent(&mut self, key: HostKey, known: Known<'_>) -> String {
        let counts = known.asked.map(unanswered).unwrap_or_default();
        let told = match known.hosts.get(key).map_or(counts, |host| host.counted(known.asked)) {
            counts if counts.is_empty() => "no answer".to_owned(),
            counts => format!("no answer: {}", rest(&counts)),
        };
        let mut text = if std::mem::take(&mut self.gap) { "\n".to_owned() } else { String::new() };
        self.head(key, None, known.names, Some(&told), &mut text);
        text
    }

    /// One with ports stands apart, those without stand below each other.
    fn host(&mut self, key: HostKey, host: &Host, known: Known<'_>) -> String {
        let (ports, rest) = match host.each() {
            Some(each) => (each, String::new()),
            None => (host.listed(), rest(&host.counted(known.asked))),
        };
        let mut text = String::new();
        if ports.is_empty() {
            let rest = if rest.is_empty() { "nothing open".to_owned() } else { rest };
            if std::mem::take(&mut self.gap) {
                text.push('\n');
            }
            self.head(key, Some(host), known.names, Some(&rest), &mut text);
            return text;
        }
        if !self.shown.is_empty() && self.shown.len() > 1 {
            text.push('\n');
        }
        self.gap = true;
        self.head(key, Some(host), known.names, None, &mut text);
        self.rows(&ports, &mut text);
        if !rest.is_empty() {
            let _ = writeln!(text, "  {rest}");
        }
        text
    }

    /// The address, its names, how far away it is; continued on the next line where it is long.
    fn head(
        &self,
        key: HostKey,
        host: Option<&Host>,
        names: &Names,
        more: Option<&str>,
        to: &mut String,
    ) {
        let address = match key {
            (address, 0) => address.to_string(),
            (address, scope) => format!("{address}%{scope}"),
        };
        let mut words = vec![address];
        words.extend(names.names(key).map(one_line));
        words.extend(host.and_then(|host| host.hardware).map(hardware_in_words));
        match host {
            Some(host) if host.own => words.push("this machine".to_owned()),
            Some(host) => words.extend(host.shortest.map(milliseconds)),
            None => {}
        }
        words.extend(more.map(str::to_owned));
        let mut used = 0;
        for (index, word) in words.iter().enumerate() {
            let wide = columns(word);
            if index == 0 {
                to.push_str(&self.painted("1", word));
                used = wide;
            } else if used + 2 + wide > self.width {
                let _ = write!(to, "\n    {word}");
                used = 4 + wide;
            } else {
                let _ = write!(to, "  {word}");
                used += 2 + wide;
            }
        }
        to.push('\n');
    }

    fn rows(&self, ports: &[&Port], to: &mut String) {
        let cells: Vec<_> = ports.iter().map(|port| cells(port)).collect();
        let widest = |cell: fn(&Cells) -> &str| cells.iter().map(|row| columns(cell(row))).max();
        let place = widest(|row| &row.place).unwrap_or_default();
        let state = widest(|row| row.state.name()).unwrap_or_default();
        let service = widest(|row| &row.service).unwrap_or_default();
        let room = self.width.saturating_sub(2 + place + 2 + state + 2 + service + 2);
        for row in &cells {
            let painted = self.painted(colour(row.state), &padded(row.state.name(), state));
            let line = format!(
                "  {}  {painted}  {}  {}",
                padded(&row.place, place),
                padded(&row.service, service),
                cut(&row.text, room.max(SHORTEST_TEXT)),
            );
            to.push_str(line.trim_end());
            to.push('\n');
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        match self.colour && !code.is_empty() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// What a row holds.
struct Cells {
    place: String,
    state: State,
    service: String,
    text: String,
}

fn cells(port: &Port) -> Cells {
    let sure = port.report.as_ref().is_some_and(|report| report.identified);
    let mark = if sure { "" } else { "?" };
    Cells {
        place: format!("{}/{}", port.number, port.protocol),
        state: port.state,
        service: port
            .service
            .as_deref()
            .map_or(String::new(), |it| format!("{}{mark}", one_line(it))),
        text: text(port),
    }
}

/// What a port said of itself; how it is known where it is not open.
fn text(port: &Port) -> String {
    if port.state != State::Open {
        return port.reason.name().to_owned();
    }
    let Some(report) = &port.report else { return String::new() };
    let product = Service::at(port).map(|service| service.in_words()).unwrap_or_default();
    let said = match product.is_empty() && !report.identified {
        // The first line says most, if there is one.
        true => report.banner.lines().next().unwrap_or_default(),
        false => &product,
    };
    let tls = report.tls.as_deref().unwrap_or_default();
    let names = report.certificate_names.join(" ");
    let words = [said, tls, &names].into_iter().filter(|word| !word.is_empty());
    words.map(one_line).collect::<Vec<_>>().join("  ")
}

/// `997 closed, 3 filtered (icmp-admin-prohibited)`: ports that are not listed, the most first.
fn rest(counts: &[(Group, u64)]) -> String {
    let mut states: Vec<(State, u64, Vec<Reason>)> = Vec::new();
    for (Group { state, reason, .. }, count) in counts {
        match states.iter_mut().find(|(known, ..)| known == state) {
            Some((_, total, reasons)) => {
                *total += count;
                if !reasons.contains(reason) {
                    reasons.push(*reason);
                }
            }
            None => states.push((*state, *count, vec![*reason])),
        }
    }
    states.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let words = states.iter().map(|(state, count, reasons)| {
        let told = |reason: &&Reason| *state != State::Closed && **reason != Reason::NoAnswer;
        let reasons: Vec<_> = reasons.iter().filter(told).map(|reason| reason.name()).collect();
        let because =
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        format!("{count} {}{because}", state.name())
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What silence says of ports.
fn unanswered(asked: &ProtocolPorts) -> Vec<(Group, u64)> {
    let silent = [
        (Protocol::Tcp, State::Filtered, asked.tcp.len()),
        (Protocol::Udp, State::OpenOrFiltered, asked.udp.len()),
    ];
    let reason = Reason::NoAnswer;
    let groups = silent.into_iter().filter(|(_, _, count)| *count > 0);
    groups
        .map(|(protocol, state, count)| (Group { protocol, state, reason }, count as u64))
        .collect()
}

/// Whoever gave no sign of life is only counted, unless it was named.
fn is_worth_showing(host: &Host) -> bool {
    host.state() == "up" || !host.ports.is_empty()
}

/// Green, red, yellow; what is closed has no colour.
fn colour(state: State) -> &'static str {
    match state {
        State::Open => "32",
        State::Closed => "",
        State::Inconclusive => "31",
        State::Filtered | State::OpenOrFiltered => "33",
    }
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds < 10.0 {
        true => format!("{milliseconds:.2} ms"),
        false => format!("{milliseconds:.0} ms"),
    }
}

/// What a stranger sent, fit for one line of a terminal.
fn one_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// As much of `text` as `width` columns hold.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let (mut used, mut short) = (1, String::new());
    for character in text.chars() {
        used += column(character);
        if used > width {
            break;
        }
        short.push(character);
    }
    format!("{}…", short.trim_end())
}

fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// East Asian scripts and pictures take two columns (UAX #11); a little too much is no harm.
fn column(character: char) -> usize {
    match u32::from(character) {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300.. => 2,
        _ => 1,
    }
}

/// The terminal's, or what `COLUMNS` says.
fn width() -> usize {
    let told = tcgetwinsize(stdout()).map(|size| usize::from(size.ws_col)).ok();
    let variable = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.filter(|&width| width > 0).or_else(variable).unwrap_or(USUAL_WIDTH).max(20)
}

#[cfg(test)]
mod tests {
    use super::super::event::IdentityReport;
    use super::super::hosts::What;
    use super::super::names::Word;
    use super::*;
    use coax_scan::Verdict;
    use std::net::IpAddr;

    fn hear(
        hosts: &mut Hosts,
        last: u8,
        ports: std::ops::Range<u16>,
        reason: Reason,
        what: What<'_>,
    ) {
        for port in ports {
            let address = (IpAddr::from([10, 0, 0, last]), port).into();
            let state = reason.state(Protocol::Tcp, IpAddr::from([10, 0, 0, last]));
            let rtt = (state == State::Open).then_some(Duration::from_micros(312));
            hosts.hear(&Verdict { address, protocol: Protocol::Tcp, state, reason, rtt }, what, 0);
        }
    }

    fn names(words: &[(u8, &str)]) -> Names {
        let word = |(order, (last, text)): (usize, &(u8, &str))| Word {
            order,
            host: (IpAddr::from([10, 0, 0, *last]), 0),
            text: Some((*text).into()),
        };
        Names::new(words.iter().enumerate().map(word).collect(), AddressSet::new())
    }

    fn network() -> Hosts {
        let mut hosts = Hosts::new(false);
        hear(&mut hosts, 9, 1..101, Reason::Reset, What::default());
        let report = IdentityReport {
            identified: true,
            product: Some("OpenSSH_9.2p1 Debian-2+deb12u3".to_owned()),
            ..IdentityReport::default()
        };
        let what = What { service: Some("ssh"), report: Some(&report) };
        hear(&mut hosts, 2, 22..23, Reason::SynAck, what);
        hear(
            &mut hosts,
            2,
            5432..5433,
            Reason::SynAck,
            What { service: Some("postgresql"), report: None },
        );
        hear(&mut hosts, 2, 1..22, Reason::Reset, What::default());
        hear(&mut hosts, 2, 100..103, Reason::NoAnswer, What::default());
        hear(&mut hosts, 1, 80..81, Reason::SynAck, What { service: Some("http"), report: None });
        hear(&mut hosts, 5, 1..3, Reason::NoAnswer, What::default());
        hosts
    }

    fn shown(width: usize, hosts: &Hosts, names: &Names) -> String {
        let named = &AddressSet::new();
        Screen::new(width, false).rest(Known { hosts, names, named, asked: None })
    }

    #[test]
    fn hosts_stand_in_the_order_of_their_addresses_with_their_ports_below() {
        let names = names(&[(2, "10.0.0.2"), (2, "db.test"), (2, "www.example.test")]);
        let expected = "\
10.0.0.1  0.31 ms
  80/tcp  open  http?

10.0.0.2  db.test  www.example.test  0.31 ms
  22/tcp    open  ssh          OpenSSH 9.2p1 (Debian-2+deb12u3)
  5432/tcp  open  postgresql?
  21 closed, 3 filtered

10.0.0.9  100 closed

";
        assert_eq!(shown(80, &network(), &names), expected);
    }

    #[test]
    fn a_row_fits_and_a_name_is_never_cut() {
        let names = names(&[(2, "a-name-that-is-rather-long.test"), (2, "another.test")]);
        let text = shown(44, &network(), &names);
        assert!(text.lines().all(|line| columns(line) <= 44), "{text}");
        assert!(
            text.contains("10.0.0.2  a-name-that-is-rather-long.test\n    another.test  0.31 ms\n"),
            "{text}"
        );
        assert!(text.contains("  22/tcp    open  ssh          OpenSSH 9.2p…\n"), "{text}");
    }

    #[test]
    fn a_host_that_is_whole_waits_a_moment_for_those_before_it_and_comes_once() {
        let (hosts, names, named) = (network(), Names::default(), AddressSet::new());
        let known = Known { hosts: &hosts, names: &names, named: &named, asked: None };
        let mut screen = Screen::new(80, false);
        screen.is_ready(("10.0.0.9".parse().unwrap(), 0));
        screen.is_ready(("10.0.0.2".parse().unwrap(), 0));
        assert!(!screen.has_due());
        screen.since = screen.since.and_then(|since| since.checked_sub(MOMENT));
        assert!(screen.has_due());
        let first = screen.due(known);
        let at = |word: &str| first.find(word).unwrap();
        assert!(at("10.0.0.2") < at("10.0.0.9") && !first.contains("10.0.0.1 "), "{first}");
        screen.is_ready(("10.0.0.9".parse().unwrap(), 0));
        assert_eq!(screen.due(known), "");
        let rest = screen.rest(known);
        assert!(rest.contains("10.0.0.1 ") && !rest.contains("10.0.0.9"), "{rest}");
    }

    #[test]
    fn a_colour_never_stands_for_a_word() {
        let (hosts, names, named) = (network(), Names::default(), AddressSet::new());
        let known = Known { hosts: &hosts, names: &names, named: &named, asked: None };
        let painted = Screen::new(80, true).rest(known);
        let plain = ["32", "1", "0"]
            .iter()
            .fold(painted.clone(), |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert_eq!(plain, shown(80, &hosts, &names));
        assert_ne!(painted, plain);
    }

    #[test]
    fn a_named_host_is_shown_though_it_is_silent_and_few_ports_are_shown_each() {
        let mut hosts = Hosts::new(false);
        hosts.keep_each();
        hear(&mut hosts, 2, 22..23, Reason::SynAck, What { service: Some("ssh"), report: None });
        hear(&mut hosts, 2, 23..25, Reason::Reset, What { service: Some("telnet"), report: None });
        let mut named = AddressSet::new();
        for last in [2, 9] {
            named.add_address([10, 0, 0, last].into(), 0);
        }
        let asked = ProtocolPorts { tcp: "22-24".parse().unwrap(), ..ProtocolPorts::default() };
        let names = names(&[(9, "gone.test")]);
        let known = Known { hosts: &hosts, names: &names, named: &named, asked: Some(&asked) };
        let expected = "\
10.0.0.2  0.31 ms
  22/tcp  open    ssh?
  23/tcp  closed  telnet?  reset
  24/tcp  closed  telnet?  reset

10.0.0.9  gone.test  no answer: 3 filtered

";
        assert_eq!(Screen::new(80, false).rest(known), expected);
    }

    #[test]
    fn what_a_stranger_says_stays_on_its_line_and_within_its_columns() {
        assert_eq!(one_line("a\nb\tc\u{1b}[2J"), "a b c\\u{1b}[2J");
        assert_eq!(cut("日本語日本語", 7), "日本語…");
        assert_eq!(columns(&cut("日本語日本語", 7)), 7);
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
    }

    #[test]
    fn silence_needs_no_reason_and_a_firewalls_word_does() {
        let group = |state, reason| Group { protocol: Protocol::Tcp, state, reason };
        let icmp = coax_net::IcmpReport { v6: false, kind: 3, code: 13, from: None };
        let counts = [
            (group(State::Closed, Reason::Reset), 990),
            (group(State::Filtered, Reason::NoAnswer), 7),
            (group(State::Filtered, Reason::Icmp(icmp)), 3),
        ];
        assert_eq!(rest(&counts), "990 closed, 10 filtered (icmp-admin-prohibited)");
        assert_eq!(rest(&counts[..2]), "990 closed, 7 filtered");
    }
}
