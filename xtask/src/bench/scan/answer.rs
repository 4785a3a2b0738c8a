//! What scanners say, each in its own way, and how much of it is true.
//!
//! A scanner that names open ports only is judged by these; one that tells every port's state is
//! judged by each, and a port it leaves out is a false verdict too.
//!
//! Nothing here runs a scanner.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

/// What a port is, or is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    Filtered,
    /// Whatever else is said, such as inconclusive: never true.
    Other,
}

/// What was said of each port.
pub(super) type Answer = HashMap<SocketAddr, State>;

/// How to read what a scanner writes.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// `coax scan`: a line for each open port.
    Lines,
    /// `coax scan --json --all-states`.
    Json,
    /// `nmap -oX -`.
    Xml,
    /// `rustscan -g`: `10.0.0.1 -> [1,2,3]`.
    Arrow,
    /// `masscan -oL -`: `open tcp 22 10.0.0.1 0`.
    List,
    /// Nothing is said.
    Silent,
}

/// How true an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    /// Open ports that were found.
    pub(super) found: usize,
    /// Open ports that were not.
    pub(super) missed: usize,
    /// Verdicts that are not true, what was missed included where every state was told.
    pub(super) wrong: usize,
}

impl State {
    fn read(word: &str) -> State {
        match word {
            "open" => State::Open,
            "closed" => State::Closed,
            "filtered" => State::Filtered,
            _ => State::Other,
        }
    }
}

impl Format {
    /// Whether states other than open are told.
    fn tells_all(self) -> bool {
        matches!(self, Format::Json | Format::Xml)
    }

    pub(super) fn read(self, text: &str) -> Answer {
        match self {
            Format::Lines => text.lines().filter_map(line).collect(),
            Format::Json => text.lines().filter_map(event).collect(),
            Format::Xml => xml(text),
            Format::Arrow => text.lines().flat_map(arrow).collect(),
            Format::List => text.lines().filter_map(listed).collect(),
            Format::Silent => Answer::new(),
        }
    }

    /// Compares `text` with the truth about all that was asked.
    pub(super) fn judge(
        self,
        text: &str,
        asked: impl IntoIterator<Item = SocketAddr>,
        truth: impl Fn(SocketAddr) -> State,
    ) -> Judged {
        let (mut answer, mut judged) = (self.read(text), Judged::default());
        for place in asked {
            let (said, is) = (answer.remove(&place), truth(place));
            match is == State::Open {
                true if said == Some(State::Open) => judged.found += 1,
                true => judged.missed += 1,
                false => {}
            }
            let expected = if self.tells_all() || is == State::Open { Some(is) } else { None };
            judged.wrong += usize::from(match said {
                Some(_) => said != expected,
                None => self.tells_all(),
            });
        }
        // What nobody asked for.
        judged.wrong += answer.len();
        judged
    }
}

fn line(line: &str) -> Option<(SocketAddr, State)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, State::read(words.next()?)))
}

fn event(line: &str) -> Option<(SocketAddr, State)> {
    let event: Value = serde_json::from_str(line).ok()?;
    let address: IpAddr = event["address"].as_str()?.parse().ok()?;
    let port = u16::try_from(event["port"].as_u64()?).ok()?;
    Some(((address, port).into(), State::read(event["state"].as_str()?)))
}

fn arrow(line: &str) -> Vec<(SocketAddr, State)> {
    let Some((address, ports)) = line.split_once(" -> ") else { return Vec::new() };
    let Ok(address) = address.trim().parse::<IpAddr>() else { return Vec::new() };
    let ports = ports.trim().trim_matches(['[', ']']).split(',');
    let ports = ports.filter_map(|port| port.trim().parse::<u16>().ok());
    ports.map(|port| ((address, port).into(), State::Open)).collect()
}

fn listed(line: &str) -> Option<(SocketAddr, State)> {
    let words = line.split_whitespace().collect::<Vec<_>>();
    let [state, "tcp", port, address, ..] = words.as_slice() else { return None };
    let address: IpAddr = address.parse().ok()?;
    Some(((address, port.parse().ok()?).into(), State::read(state)))
}

/// nmap names ports by themselves and, where too many have one state, as ranges behind a reason.
fn xml(text: &str) -> Answer {
    let mut answer = Answer::new();
    let (mut address, mut port, mut several) = (None::<IpAddr>, None::<u16>, State::Other);
    for tag in text.split('<') {
        let value = |name| value(tag, name).unwrap_or_default();
        match tag.split_whitespace().next() {
            Some("address") => address = value("addr").parse().ok(),
            Some("port") => port = value("portid").parse().ok(),
            Some("state") => {
                let place = address.zip(port).map(SocketAddr::from);
                answer.extend(place.map(|place| (place, State::read(value("state")))));
            }
            Some("extraports") => several = State::read(value("state")),
            Some("extrareasons") => {
                let ports = value("ports").split(',').filter_map(range).flatten();
                let places = ports.filter_map(|port| Some((address?, port).into()));
                answer.extend(places.map(|place| (place, several)));
            }
            _ => {}
        }
    }
    answer
}

/// What `name="…"` says in `tag`.
fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: [u16; 4] = [21, 22, 23, 24];

    /// 22 is open, 24 filtered.
    fn judge(format: Format, text: &str) -> [usize; 3] {
        let truth = |place: SocketAddr| match place.port() {
            22 => State::Open,
            24 => State::Filtered,
            _ => State::Closed,
        };
        let asked = ASKED.map(|port| SocketAddr::from(([10, 0, 0, 1], port)));
        let Judged { found, missed, wrong } = format.judge(text, asked, truth);
        [found, missed, wrong]
    }

    #[test]
    fn who_names_open_ports_is_judged_by_these() {
        assert_eq!(judge(Format::Lines, "10.0.0.1:22  open  ssh? 0.1 ms\n"), [1, 0, 0]);
        assert_eq!(judge(Format::Arrow, "10.0.0.1 -> [22,23]\n"), [1, 0, 1]);
        assert_eq!(judge(Format::Arrow, ""), [0, 1, 0]);
        assert_eq!(judge(Format::List, "#masscan\nopen tcp 22 10.0.0.1 0\n# end\n"), [1, 0, 0]);
        assert_eq!(judge(Format::Lines, "10.0.0.1:99 open\n"), [0, 1, 1], "never asked");
    }

    #[test]
    fn who_tells_every_state_is_judged_by_each() {
        let event = |port: u16, state: &str| {
            format!("{{\"address\":\"10.0.0.1\",\"port\":{port},\"state\":\"{state}\"}}\n")
        };
        let mut said = event(21, "closed") + &event(22, "open") + &event(24, "filtered");
        assert_eq!(judge(Format::Json, &said), [1, 0, 1], "23 is left out");
        said += &event(23, "inconclusive");
        assert_eq!(judge(Format::Json, &said), [1, 0, 1]);
    }

    #[test]
    fn ports_of_nmap_stand_alone_and_in_ranges() {
        let xml = "<address addr=\"10.0.0.1\" addrtype=\"ipv4\"/><ports>\
            <extraports state=\"closed\" count=\"2\">\
            <extrareasons reason=\"reset\" count=\"2\" ports=\"21,23-23\"/></extraports>\
            <port protocol=\"tcp\" portid=\"22\"><state state=\"open\" reason=\"x\"/></port>\
            <port protocol=\"tcp\" portid=\"24\"><state state=\"filtered\"/></port>";
        assert_eq!(judge(Format::Xml, xml), [1, 0, 0]);
        assert_eq!(judge(Format::Xml, &xml.replace("filtered", "closed")), [1, 0, 1]);
    }
}
