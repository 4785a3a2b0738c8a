//! The scan in lines that are easy to search, as nmap's `-oG` writes them.
//!
//! A host is two lines, its parts apart by tabs; a port is `22/open/tcp//ssh//OpenSSH 9.2p1/`. The first
//! and last lines are comments.
//!
//! Nothing here knows how the hosts were found.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::SystemTime;

use super::super::hosts::{Host, Port};
use super::super::names::Names;
use super::super::service::Service;
use super::words;
use super::{End, Findings, Run, clock, seconds};

/// Writes the whole file.
pub(super) fn write(
    to: &mut dyn Write,
    run: &Run,
    findings: &Findings,
    names: &Names,
) -> io::Result<()> {
    let Findings { began, hosts } = findings;
    let (version, at) = (env!("CARGO_PKG_VERSION"), clock(*began));
    let command = one_line(&run.command);
    writeln!(to, "# coax {version} scan initiated {at} as: {command}")?;
    for (key, host) in hosts.in_order() {
        let names: Vec<&str> = names.names(key).collect();
        host_lines(to, run, key.0, host, &names.join(","))?;
    }
    for address in run.silent.iter() {
        let name = one_line(&names.names((address, 0)).collect::<Vec<_>>().join(","));
        writeln!(to, "Host: {address} ({name})\tStatus: Down")?;
    }
    let end = match run.end {
        End::Whole => "done",
        End::Interrupted => "interrupted",
        End::Underway => "not done",
    };
    let (at, scanned) = (clock(seconds(SystemTime::now())), run.in_words(hosts.up()));
    writeln!(to, "# coax {end} at {at} -- {scanned}")
}

fn host_lines(
    to: &mut dyn Write,
    run: &Run,
    address: IpAddr,
    host: &Host,
    names: &str,
) -> io::Result<()> {
    let name = one_line(names);
    let state = match host.state() {
        "up" => "Up",
        "down" => "Down",
        _ => "Unknown",
    };
    writeln!(to, "Host: {address} ({name})\tStatus: {state}")?;
    let ports: Vec<String> = host.listed().into_iter().map(item).collect();
    write!(to, "Host: {address} ({name})\tPorts: {}", ports.join(", "))?;
    let ignored = ignored(host, run);
    match ignored.is_empty() {
        true => writeln!(to),
        false => writeln!(to, "\tIgnored State: {ignored}"),
    }
}

/// `closed (997), filtered (2)`: what is not listed, the most first.
fn ignored(host: &Host, run: &Run) -> String {
    let mut states: Vec<(&str, u64)> = Vec::new();
    for (group, count) in host.counted(run.asked()) {
        let state = words::state(group.state);
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, total)) => *total += count,
            None => states.push((state, count)),
        }
    }
    states.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = states.iter().map(|(state, count)| format!("{state} ({count})"));
    words.collect::<Vec<_>>().join(", ")
}

fn item(port: &Port) -> String {
    let service = Service::at(port).unwrap_or_default();
    let tunnel = if service.tunnel { "ssl|" } else { "" };
    // As nmap marks a guess where the port was asked.
    let mark = if service.sure || port.report.is_none() { "" } else { "?" };
    let (name, version) = (field(service.name), field(&service.in_words()));
    let (number, state) = (port.number, words::state(port.state));
    format!("{number}/{state}/{}//{tunnel}{name}{mark}//{version}/", port.protocol)
}

/// A slash or comma would begin the next field or port.
fn field(text: &str) -> String {
    one_line(text).replace('/', "|").replace(',', " ")
}

/// Whoever reads lines must not be given another one.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => drop(write!(line, "{}", character.escape_unicode())),
            false => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_begin_another_line_or_field() {
        assert_eq!(one_line("a\nHost: b\tc"), "a\\u{a}Host: b\\u{9}c");
        assert_eq!(field("a/b, c"), "a|b  c");
    }
}
