//! Reading the output of an earlier `coax scan --json`.
//!
//! The last scan in the file counts, with the changes that a watch told after it. Other events,
//! unknown fields and blank lines are passed over; a line that is no event is an error with its
//! number, since half a file would make changes out of nothing.
//!
//! Nothing here knows what is open now.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;

use coax_addr::{AddressSet, Protocol, ProtocolPorts, ServiceTable, Target};
use coax_scan::State;
use serde::Deserialize;

use super::super::event::SILENT;
use super::{Asked, Before};
use crate::failure::{Exit, Failure};

/// Far longer than any event, so a file that is none of ours cannot fill the memory.
const LONGEST_LINE: u64 = 4 << 20;

/// The version of the events that can be read.
const VERSION: u64 = 1;

/// What every event has.
#[derive(Deserialize)]
struct Envelope {
    v: u64,
    event: String,
}

/// What matters of an event that is about ports.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    event: String,
    address: Option<IpAddr>,
    protocol: Option<String>,
    port: Option<u16>,
    state: Option<String>,
    now: Option<String>,
    targets: Option<String>,
    silent: Option<String>,
    ports: Option<String>,
    interrupted: Option<bool>,
    compared: Option<serde::de::IgnoredAny>,
}

/// A file being read.
#[derive(Default)]
struct Reading {
    before: Before,
    /// Whether a scan's own output came, not only what changed.
    found: bool,
    /// Whether the summary of the last scan has come.
    ended: bool,
    only_changes: bool,
}

impl Before {
    /// What the file at `path` tells.
    pub(in crate::cmd::scan) fn read(path: &Path) -> Result<Before, Failure> {
        let shown = path.display().to_string();
        let unreadable = |error: &io::Error| {
            let theirs = matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::NotADirectory
            );
            let exit = if theirs { Exit::Usage } else { Exit::Machine };
            let why = coax_net::cause_in_words(error);
            Failure::new(exit, format!("cannot read {shown}: {why}"))
        };
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        read(BufReader::new(file), &shown, unreadable)
    }
}

fn read(
    mut source: impl BufRead,
    shown: &str,
    unreadable: impl Fn(&io::Error) -> Failure,
) -> Result<Before, Failure> {
    let mut reading = Reading::default();
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let count = source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
        if count.map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        reading.line(bytes.trim_ascii()).map_err(|why| {
            Failure::new(Exit::Usage, format!("{shown}, line {number}: {why}"))
                .hint("--since reads what coax scan --json wrote")
        })?;
    }
    reading.finish(shown)
}

impl Reading {
    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let no_event = |_| "it is no event of coax".to_owned();
        let Envelope { v, event } = serde_json::from_slice(text).map_err(no_event)?;
        if v != VERSION {
            return Err(format!("it is of version {v}, and this coax reads version {VERSION}"));
        }
        let body =
            || serde_json::from_slice::<Line>(text).map_err(|_| format!("a {event} that is none"));
        match event.as_str() {
            "port" => self.port(&body()?),
            "change" => self.change(&body()?),
            "scan-summary" => self.summary(&body()?),
            _ => Ok(()),
        }
    }

    fn port(&mut self, line: &Line) -> Result<(), String> {
        if self.ended {
            self.start_anew();
        }
        self.found = true;
        self.take(line, line.state.as_deref())
    }

    fn change(&mut self, line: &Line) -> Result<(), String> {
        self.only_changes |= !self.found;
        self.take(line, line.now.as_deref())
    }

    /// A port of a host that has become silent has no state.
    fn take(&mut self, line: &Line, state: Option<&str>) -> Result<(), String> {
        let missing = |what: &str| format!("a {} without its {what}", line.event);
        let address = line.address.ok_or_else(|| missing("address"))?;
        let port = line.port.ok_or_else(|| missing("port"))?;
        let protocol = line.protocol.as_deref().ok_or_else(|| missing("protocol"))?;
        let protocol = Protocol::from_name(protocol)
            .ok_or_else(|| format!("there is no protocol '{protocol}'"))?;
        let state = state.ok_or_else(|| missing("state"))?;
        if state == SILENT {
            self.before.states.remove(&(address, protocol, port));
            return Ok(());
        }
        let state = named(state).ok_or_else(|| format!("there is no state '{state}'"))?;
        self.before.states.insert((address, protocol, port), state);
        Ok(())
    }

    fn summary(&mut self, line: &Line) -> Result<(), String> {
        if line.compared.is_some() {
            self.only_changes |= !self.found;
            return Ok(());
        }
        if self.ended {
            self.start_anew();
        }
        (self.found, self.ended) = (true, true);
        self.before.whole = line.interrupted != Some(true);
        self.before.silent = addresses(line.silent.as_deref().unwrap_or_default())?;
        self.before.asked = match (&line.targets, &line.ports) {
            (Some(targets), Some(ports)) => Some(asked(targets, ports)?),
            _ => None,
        };
        Ok(())
    }

    /// Another scan's output follows in the same file.
    fn start_anew(&mut self) {
        *self = Reading::default();
    }

    fn finish(self, shown: &str) -> Result<Before, Failure> {
        match (self.found, self.only_changes) {
            (true, _) => Ok(self.before),
            (false, true) => Err(Failure::new(
                Exit::Usage,
                format!("{shown} tells only what changed, so nothing can be compared with it"),
            )
            .hint("--since reads what a scan without --since wrote")),
            (false, false) => Err(Failure::new(Exit::Usage, format!("{shown} tells of no scan"))
                .hint("--since reads what coax scan --json wrote")),
        }
    }
}

fn named(name: &str) -> Option<State> {
    use State::{Closed, Filtered, Inconclusive, Open, OpenOrFiltered};
    let all = [Open, Closed, Filtered, OpenOrFiltered, Inconclusive];
    all.into_iter().find(|state| state.name() == name)
}

/// Whom and what an earlier scan asked, as its summary tells it.
fn asked(targets: &str, ports: &str) -> Result<Asked, String> {
    let targets = addresses(targets)?;
    let ports = ProtocolPorts::parse(ports, &ServiceTable::default(), Protocol::Tcp)
        .map_err(|error| error.to_string())?;
    Ok(Asked { targets, ports })
}

fn addresses(words: &str) -> Result<AddressSet, String> {
    let mut set = AddressSet::new();
    for (_, target) in Target::words(words) {
        let target = target.map_err(|error| error.to_string())?;
        set.add(&target).map_err(|error| error.to_string())?;
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::super::Compared;
    use super::*;
    use coax_scan::{Reason, Verdict};

    const PORT: &str = r#"{"v":1,"event":"port","address":"10.0.0.1","protocol":"tcp","port":22,"state":"open","later":[1]}"#;
    const END: &str = r#"{"v":1,"event":"scan-summary","targets":"10.0.0.1","ports":"T:1-99"}"#;
    const GONE: &str = r#"{"v":1,"event":"change","address":"10.0.0.1","protocol":"tcp","port":22,"was":"open","now":"closed"}"#;
    const ROUND: &str = r#"{"v":1,"event":"scan-summary","compared":{"changes":1}}"#;

    fn of(lines: &[&str]) -> Result<Before, Failure> {
        let text = lines.join("\n");
        read(text.as_bytes(), "old", |error| Failure::new(Exit::Machine, error.to_string()))
    }

    /// Whether port 22 being open, port 22 being closed and port 443 being open are news.
    fn news(lines: &[&str]) -> [bool; 3] {
        let before = of(lines).unwrap();
        [(22, State::Open), (22, State::Closed), (443, State::Open)].map(|(port, state)| {
            let address = ([10, 0, 0, 1], port).into();
            let (protocol, reason, rtt) = (Protocol::Tcp, Reason::SynAck, None);
            let verdict = Verdict { address, protocol, state, reason, rtt };
            matches!(before.compare(&verdict, false), Compared::Changed { .. })
        })
    }

    #[test]
    fn the_last_scan_in_the_file_counts_with_the_changes_after_it() {
        let other = r#"{"v":1,"event":"hello","port":"http","address":7}"#;
        assert_eq!(news(&[PORT, "", other, END]), [false, true, false]);
        assert_eq!(news(&[PORT]), [false, true, true], "a scan that was cut off");
        assert_eq!(news(&[PORT, END, GONE, ROUND]), [true, false, false]);
        assert_eq!(news(&[PORT, END, GONE, ROUND, PORT, END]), [false, true, false]);
        assert_eq!(news(&[PORT, END, END]), [true, false, false], "the last found nothing");
    }

    #[test]
    fn a_line_that_is_no_event_is_told_with_its_number() {
        let without = PORT.replace("\"port\":22,", "");
        let later = PORT.replace("\"v\":1", "\"v\":2");
        let state = PORT.replace("open", "ajar");
        for (line, words) in [
            ("rubbish", "old, line 2: it is no event"),
            ("{\"v\":1}", "old, line 2: it is no event"),
            ("\u{0}", "old, line 2: it is no event"),
            ("[]", "old, line 2: it is no event"),
            (&without, "old, line 2: a port without its port"),
            (&later, "old, line 2: it is of version 2"),
            (&state, "old, line 2: there is no state 'ajar'"),
            (&PORT.replace("tcp", "tpc"), "old, line 2: there is no protocol 'tpc'"),
            (&END.replace("T:1-99", "T:x-"), "old, line 2: "),
            (&PORT.replace("22", "70000"), "old, line 2: a port that is none"),
        ] {
            let failure = of(&[PORT, line]).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.starts_with(words), "{}", failure.message);
        }
    }

    #[test]
    fn a_file_without_a_scan_is_no_ground_to_compare_with() {
        for (lines, words) in [
            (vec![], "tells of no scan"),
            (vec![GONE, ROUND], "tells only what changed"),
            (vec![ROUND], "tells only what changed"),
        ] {
            let failure = of(&lines).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
}
