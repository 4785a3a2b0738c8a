//! `--explain` for a person: one step a line.
//!
//! A line is what the step is, what it says, and where that comes from. What differs is marked in
//! words and by a sign, never by colour alone.
//!
//! Nothing is found out here.

use std::net::IpAddr;

use coax_dns::ResolvConf;
use coax_net::HostsFile;

use super::compare::Difference;
use super::{Explained, Got, HostsMatch, NSSWITCH, Said};
use crate::out::{Human, Report, clean};

impl Report for Explained {
    const EVENT: &'static str = "explained";
    fn human(&self) -> Human {
        let mut lines = vec![self.query.clone()];
        lines.push(self.sources_text());
        lines.extend(self.hosts.iter().map(HostsMatch::text));
        lines.push(self.search_text());
        lines.push(self.programs.text());
        lines.extend(self.dns.iter().map(Said::text));
        lines.push(self.verdict());
        lines.extend(self.differences.iter().map(|one| self.difference(one)));
        Human::Answer(lines.join("\n"))
    }
}

/// One step: what it is, what it says, where that comes from.
fn step(what: &str, says: &str, source: &str) -> String {
    format!("  {what:9} {:44} {source}", clean(says)).trim_end().to_owned()
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl HostsMatch {
    fn text(&self) -> String {
        let says = format!("{} {}", self.address, self.names.join(" "));
        step("hosts", &says, &format!("{} line {}", HostsFile::PATH, self.line))
    }
}

impl Got {
    fn text(&self) -> String {
        let says = match &self.error {
            Some(why) => why.clone(),
            None => listed(&self.addresses),
        };
        let source = match &self.canonical {
            Some(name) => format!("getaddrinfo, as {}", clean(name)),
            None => "getaddrinfo".to_owned(),
        };
        step("programs", &says, &source)
    }
}

impl Said {
    fn text(&self) -> String {
        let says = match &self.error {
            Some(why) => why.clone(),
            None => listed(&self.addresses),
        };
        step("dns", &format!("{} {says}", self.name), &self.server)
    }
}

impl Explained {
    fn sources_text(&self) -> String {
        let source = match self.sources_line {
            Some(line) => format!("{NSSWITCH} line {line}"),
            None => format!("built in: {NSSWITCH} says nothing"),
        };
        step("order", &self.sources.join(", then "), &source)
    }

    fn search_text(&self) -> String {
        let source = format!("{}, ndots {}", ResolvConf::PATH, self.ndots);
        step("search", &self.candidates.join(", "), &source)
    }

    fn verdict(&self) -> String {
        let none = |said: &Said| said.error.is_some() && said.addresses.is_empty();
        if self.dns.iter().any(|said| said.failed) {
            return step("UNKNOWN", "DNS did not answer, so nothing can be compared", "");
        }
        if self.programs.failed() {
            return step("UNKNOWN", "programs get no answer, so nothing can be compared", "");
        }
        match self.differences.is_empty() {
            false => step("DIFFERS", "programs and DNS do not agree:", ""),
            true if self.dns.iter().all(none) => step("same", "neither has an address", ""),
            true => step("same", "programs get what DNS says", ""),
        }
    }

    fn difference(&self, one: &Difference) -> String {
        match one {
            Difference::OnlyPrograms { address } => {
                let line = self.hosts.iter().find(|line| line.address == *address);
                let source = match line {
                    Some(line) => format!("from {} line {}", HostsFile::PATH, line.line),
                    None => "from a source other than this DNS".to_owned(),
                };
                step("  !", &format!("{address} only programs get"), &source)
            }
            Difference::OnlyDns { address } => step("  !", &format!("{address} only DNS says"), ""),
        }
    }
}
