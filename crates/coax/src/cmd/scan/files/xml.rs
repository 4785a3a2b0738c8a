//! The scan as XML, as nmap's `nmap.dtd` describes it.
//!
//! That grammar knows one scanner, so the root says `nmap`; the version and the command say who it
//! was. Ports that are not listed are counted, as nmap does. The file is whole at every moment.
//!
//! Nothing here knows how the hosts were found.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::SystemTime;

use coax_addr::{PortSet, Protocol};
use coax_scan::{Reason, State};

use super::super::event::IdentityReport;
use super::super::hosts::{Group, Host, Port};
use super::super::names::Names;
use super::super::service::{self, Service};
use super::words;
use super::{End, Findings, Run, clock, seconds};

/// The version of nmap's grammar that is written.
const XML_VERSION: &str = "1.05";

/// In microseconds: no scan waits less for an answer.
const SHORTEST_WAIT: u128 = 100_000;

/// Writes the whole file.
pub(super) fn write(
    to: &mut dyn Write,
    run: &Run,
    findings: &Findings,
    names: &Names,
) -> io::Result<()> {
    let Findings { began, hosts } = findings;
    head(to, run, *began)?;
    for (key, host) in hosts.in_order() {
        host_element(to, run, key.0, host, names.names(key))?;
    }
    for address in run.silent.iter() {
        silent_element(to, address, names.names((address, 0)))?;
    }
    tail(to, run, hosts.up())
}

fn head(to: &mut dyn Write, run: &Run, start: u64) -> io::Result<()> {
    let (version, command) = (env!("CARGO_PKG_VERSION"), escaped(&run.command));
    let at = clock(start);
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>")?;
    writeln!(to, "<!-- coax {version} scan, begun {at} -->")?;
    write!(
        to,
        "<nmaprun scanner=\"nmap\" args=\"{command}\" start=\"{start}\" startstr=\"{at}\" "
    )?;
    writeln!(to, "version=\"coax {version}\" xmloutputversion=\"{XML_VERSION}\">")?;
    let tcp = if run.raw { "syn" } else { "connect" };
    for (kind, protocol, ports) in
        [(tcp, Protocol::Tcp, &run.ports.tcp), ("udp", Protocol::Udp, &run.ports.udp)]
    {
        if !ports.is_empty() {
            let (count, list) = (ports.len(), list(ports));
            write!(to, "<scaninfo type=\"{kind}\" protocol=\"{protocol}\" ")?;
            writeln!(to, "numservices=\"{count}\" services=\"{list}\"/>")?;
        }
    }
    writeln!(to, "<verbose level=\"0\"/>\n<debugging level=\"0\"/>")
}

fn host_element<'a>(
    to: &mut dyn Write,
    run: &Run,
    address: IpAddr,
    host: &Host,
    names: impl Iterator<Item = &'a str>,
) -> io::Result<()> {
    let (first, last) = (host.first, host.last);
    write!(to, "<host starttime=\"{first}\" endtime=\"{last}\">")?;
    status(to, host.state(), known_by(host, run.raw))?;
    address_element(to, address)?;
    if let Some(hardware) = host.hardware {
        let hardware = hardware.map(|byte| format!("{byte:02X}")).join(":");
        writeln!(to, "<address addr=\"{hardware}\" addrtype=\"mac\"/>")?;
    }
    hostnames(to, names)?;
    writeln!(to, "<ports>")?;
    extra_ports(to, &host.counted(run.asked()), run.raw)?;
    host.listed().into_iter().try_for_each(|port| port_element(to, port, run.raw))?;
    writeln!(to, "</ports>")?;
    if let Some(trip) = host.trip {
        let (smoothed, varies) = (trip.smoothed.as_micros(), trip.varies.as_micros());
        let wait = (smoothed + 4 * varies).max(SHORTEST_WAIT);
        writeln!(to, "<times srtt=\"{smoothed}\" rttvar=\"{varies}\" to=\"{wait}\"/>")?;
    }
    writeln!(to, "</host>")
}

/// How it is known whether a host is there.
fn known_by(host: &Host, raw: bool) -> &str {
    host.found.as_deref().unwrap_or_else(|| words::reason(host.reason, raw))
}

/// A host that gave no sign of life, as nmap lists it with `-v`.
fn silent_element<'a>(
    to: &mut dyn Write,
    address: IpAddr,
    names: impl Iterator<Item = &'a str>,
) -> io::Result<()> {
    write!(to, "<host>")?;
    status(to, "down", words::reason(Reason::NoAnswer, false))?;
    address_element(to, address)?;
    hostnames(to, names)?;
    writeln!(to, "</host>")
}

fn status(to: &mut dyn Write, state: &str, reason: &str) -> io::Result<()> {
    writeln!(to, "<status state=\"{state}\" reason=\"{reason}\" reason_ttl=\"0\"/>")
}

fn address_element(to: &mut dyn Write, address: IpAddr) -> io::Result<()> {
    let kind = if address.is_ipv4() { "ipv4" } else { "ipv6" };
    writeln!(to, "<address addr=\"{address}\" addrtype=\"{kind}\"/>")
}

fn hostnames<'a>(to: &mut dyn Write, names: impl Iterator<Item = &'a str>) -> io::Result<()> {
    writeln!(to, "<hostnames>")?;
    for name in names {
        writeln!(to, "<hostname name=\"{}\" type=\"user\"/>", escaped(name))?;
    }
    writeln!(to, "</hostnames>")
}

/// One element a state, in it one a reason.
fn extra_ports(to: &mut dyn Write, counts: &[(Group, u64)], raw: bool) -> io::Result<()> {
    let mut states: Vec<State> = Vec::new();
    for (group, _) in counts {
        if !states.contains(&group.state) {
            states.push(group.state);
        }
    }
    for state in states {
        let of_state = || counts.iter().filter(move |(group, _)| group.state == state);
        let total: u64 = of_state().map(|(_, count)| count).sum();
        writeln!(to, "<extraports state=\"{}\" count=\"{total}\">", words::state(state))?;
        for (Group { protocol, reason, .. }, count) in of_state() {
            let reason = words::reason(*reason, raw);
            write!(to, "<extrareasons reason=\"{reason}\" count=\"{count}\" ")?;
            writeln!(to, "proto=\"{protocol}\"/>")?;
        }
        writeln!(to, "</extraports>")?;
    }
    Ok(())
}

fn port_element(to: &mut dyn Write, port: &Port, raw: bool) -> io::Result<()> {
    let (state, reason) = (words::state(port.state), words::reason(port.reason, raw));
    write!(to, "<port protocol=\"{}\" portid=\"{}\">", port.protocol, port.number)?;
    write!(to, "<state state=\"{state}\" reason=\"{reason}\" reason_ttl=\"0\"/>")?;
    if let Some(service) = Service::at(port) {
        service_element(to, &service)?;
    }
    if let Some(report) = &port.report {
        scripts(to, report)?;
    }
    writeln!(to, "</port>")
}

fn service_element(to: &mut dyn Write, service: &Service<'_>) -> io::Result<()> {
    write!(to, "<service name=\"{}\"", escaped(service.name))?;
    let Service { product, version, extra, host, .. } = service;
    for (name, value) in
        [("product", product), ("version", version), ("extrainfo", extra), ("hostname", host)]
    {
        if !value.is_empty() {
            write!(to, " {name}=\"{}\"", escaped(value))?;
        }
    }
    if service.tunnel {
        write!(to, " tunnel=\"ssl\"")?;
    }
    // Of 10: what nmap says of a name that was heard, and of one that the port alone gave.
    let (method, sure) = if service.sure { ("probed", 10) } else { ("table", 3) };
    write!(to, " method=\"{method}\" conf=\"{sure}\"/>")
}

/// What was heard, under the names that readers look for.
fn scripts(to: &mut dyn Write, report: &IdentityReport) -> io::Result<()> {
    let banner = service::banner(report);
    if !banner.is_empty() {
        write!(to, "<script id=\"banner\" output=\"{}\"/>", escaped(&banner))?;
    }
    certificate(to, report)
}

fn certificate(to: &mut dyn Write, report: &IdentityReport) -> io::Result<()> {
    let subject = report.certificate_subject.as_deref();
    let names = &report.certificate_names;
    // Readers expect no zone; it is UTC.
    let expires = report.certificate_expires.as_deref().map(|at| at.trim_end_matches('Z'));
    if names.is_empty() && expires.is_none() {
        return Ok(());
    }
    // A certificate without other names is called by its subject.
    let names = names.iter().filter(|name| names.len() > 1 || subject != Some(name.as_str()));
    let kind = |name: &str| if name.parse::<IpAddr>().is_ok() { "IP Address" } else { "DNS" };
    let names: Vec<String> = names.map(|name| format!("{}:{name}", kind(name))).collect();
    let names = names.join(", ");
    let lines = [
        subject.map(|name| format!("Subject: commonName={name}")),
        Some(format!("Subject Alternative Name: {names}")).filter(|_| !names.is_empty()),
        expires.map(|at| format!("Not valid after:  {at}")),
    ];
    let output = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
    write!(to, "<script id=\"ssl-cert\" output=\"{}\">", escaped(&output))?;
    for (table, key, value) in
        [("subject", "commonName", subject), ("validity", "notAfter", expires)]
    {
        if let Some(value) = value {
            let value = escaped(value);
            write!(to, "<table key=\"{table}\"><elem key=\"{key}\">{value}</elem></table>")?;
        }
    }
    if !names.is_empty() {
        write!(to, "<table key=\"extensions\"><table>")?;
        write!(to, "<elem key=\"name\">X509v3 Subject Alternative Name</elem>")?;
        write!(to, "<elem key=\"value\">{}</elem></table></table>", escaped(&names))?;
    }
    write!(to, "</script>")
}

fn tail(to: &mut dyn Write, run: &Run, up: u128) -> io::Result<()> {
    let time = seconds(SystemTime::now());
    let (at, elapsed) = (clock(time), run.took());
    let summary = format!("coax done at {at}; {}", run.in_words(up));
    let end = match run.end {
        End::Whole => "exit=\"success\"",
        End::Interrupted => "exit=\"error\" errormsg=\"interrupted\"",
        End::Underway => "exit=\"error\" errormsg=\"the scan was not over\"",
    };
    let (total, down) = (run.addresses, run.addresses.saturating_sub(up));
    write!(to, "<runstats><finished time=\"{time}\" timestr=\"{at}\" ")?;
    writeln!(to, "summary=\"{summary}\" elapsed=\"{elapsed:.2}\" {end}/>")?;
    writeln!(to, "<hosts up=\"{up}\" down=\"{down}\" total=\"{total}\"/>\n</runstats>\n</nmaprun>")
}

/// `22,80-90`.
fn list(ports: &PortSet) -> String {
    let mut list = String::new();
    for (first, last) in ports.ranges() {
        let comma = if list.is_empty() { "" } else { "," };
        let _ = match first == last {
            true => write!(list, "{comma}{first}"),
            false => write!(list, "{comma}{first}-{last}"),
        };
    }
    list
}

/// `text` as it may stand in an attribute. What XML 1.0 §2.2 allows nowhere is shown as `\u{1b}`.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'') && !c.is_control();
    if text.chars().all(|c| plain(c) && is_allowed(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            // Left as they are, they would be read as blanks.
            '\t' | '\n' | '\r' => drop(write!(safe, "&#{};", u32::from(character))),
            other if is_allowed(other) => safe.push(other),
            other => safe.extend(other.escape_unicode()),
        }
    }
    Cow::Owned(safe)
}

/// XML 1.0 §2.2, less the controls of C1, which it discourages and terminals obey.
fn is_allowed(character: char) -> bool {
    let blank = matches!(character, '\t' | '\n' | '\r');
    blank || !(character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::super::super::hosts::{Hosts, What};
    use super::super::super::names::Word;
    use super::super::text_of;
    use super::*;
    use coax_addr::{AddressSet, ProtocolPorts};
    use coax_scan::Verdict;
    use std::net::SocketAddr;

    #[test]
    fn nothing_that_xml_forbids_gets_through() {
        for (text, safe) in [
            ("plain – ü", "plain – ü"),
            ("a&b<c>\"d'", "a&amp;b&lt;c&gt;&quot;d&apos;"),
            ("\u{1b}[2J\0", "\\u{1b}[2J\\u{0}"),
            ("a\tb\r\n", "a&#9;b&#13;&#10;"),
            ("\u{fffe}\u{9b}", "\\u{fffe}\\u{9b}"),
        ] {
            assert_eq!(escaped(text), safe);
        }
    }

    #[test]
    fn every_port_of_a_host_is_listed_or_counted() {
        let mut hosts = Hosts::new(false);
        for (port, reason) in [(1, Reason::SynAck), (2, Reason::Reset), (3, Reason::NoAnswer)] {
            let address: SocketAddr = ([10, 0, 0, 1], port).into();
            let protocol = Protocol::Tcp;
            let state = reason.state(protocol, address.ip());
            let rtt = None;
            let verdict = Verdict { address, protocol, state, reason, rtt };
            let what = What { service: Some("a<b"), report: None };
            hosts.hear(&verdict, what, 0);
        }
        let ports = ProtocolPorts { tcp: "1-5".parse().unwrap(), ..ProtocolPorts::default() };
        let run = Run { ports, asked_all: true, end: End::Whole, addresses: 9, ..Run::nothing() };
        let word = |order, text: &str| Word {
            order,
            host: ([10, 0, 0, 1].into(), 0),
            text: Some(text.into()),
        };
        let words = vec![word(2, "y.test"), word(0, "x.test"), word(1, "[::ffff:10.0.0.1]")];
        let names = Names::new(words, AddressSet::new());
        let findings = Findings { began: 0, hosts };
        let text = text_of(|to| write(to, &run, &findings, &names));
        for part in [
            "<scaninfo type=\"connect\" protocol=\"tcp\" numservices=\"5\" services=\"1-5\"/>",
            "<hostnames>\n<hostname name=\"x.test\" type=\"user\"/>\n\
             <hostname name=\"y.test\" type=\"user\"/>\n</hostnames>",
            "<status state=\"up\" reason=\"syn-ack\" reason_ttl=\"0\"/>",
            "<extraports state=\"filtered\" count=\"3\">\n<extrareasons reason=\"no-response\" ",
            "<extraports state=\"closed\" count=\"1\">\n<extrareasons reason=\"conn-refused\" ",
            "<port protocol=\"tcp\" portid=\"1\"><state state=\"open\" reason=\"syn-ack\" ",
            "<service name=\"a&lt;b\" method=\"table\" conf=\"3\"/></port>",
            "<hosts up=\"1\" down=\"8\" total=\"9\"/>",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}
