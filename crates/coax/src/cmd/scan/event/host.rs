//! What `coax scan` reports of hosts: who is there, and who is silent.
//!
//! Nothing here looks for hosts.

use std::net::IpAddr;

use coax_scan::Host;
use schemars::JsonSchema;
use serde::Serialize;

use super::ScanSummary;
use crate::out::{Human, Report, clean};

/// More ranges than this are a list that nobody reads.
const MOST_RANGES: usize = 8;

/// A host that gave a sign of life when it was looked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HostReport {
    /// The first word that led to it: a name, or the address as it was typed.
    pub(crate) host: String,
    /// Every such word, as they were typed; none where only a network or a range led to it.
    pub(crate) names: Vec<String>,
    pub(crate) address: IpAddr,
    /// The first sign: echo-reply, neighbour, own, or the reason of a port's state, such as reset.
    pub(crate) sign: &'static str,
    /// From the question to its answer.
    pub(crate) rtt_us: Option<u64>,
    /// Its hardware address, where it is on the same cable.
    pub(crate) hardware: Option<String>,
}

impl HostReport {
    pub(in crate::cmd::scan) fn new(found: &Host, names: Vec<String>) -> HostReport {
        HostReport {
            host: names.first().cloned().unwrap_or_else(|| found.address.ip().to_string()),
            names,
            address: found.address.ip(),
            sign: found.sign.name(),
            rtt_us: found.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
            hardware: found.hardware.map(hardware_in_words),
        }
    }
}

impl Report for HostReport {
    const EVENT: &'static str = "host";
    fn human(&self) -> Human {
        let hardware = self.hardware.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
        let host = clean(&self.host);
        Human::Detail(format!("coax: {host}{hardware} is there: {}", self.sign))
    }
}

/// `52:54:00:12:34:56`.
pub(in crate::cmd::scan) fn hardware_in_words(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// Who was not asked, and what to type to ask them: a line with its end, if it says anything.
pub(super) fn silent_in_words(summary: &ScanSummary) -> Option<String> {
    let &ScanSummary { silent_hosts, not_asked, ref silent, .. } = summary;
    let (who, gave) = match silent_hosts {
        0 => return None,
        1 => ("1 address".to_owned(), "gave"),
        many => (format!("{many} addresses"), "gave"),
    };
    let named = silent.as_ref().map(|silent| format!(" ({})", few(silent))).unwrap_or_default();
    Some(format!(
        "coax: {who}{named} {gave} no sign of life, so {not_asked} ports were not asked; \
         --all-hosts asks them\n"
    ))
}

/// The first of many ranges.
fn few(ranges: &str) -> String {
    let all: Vec<&str> = ranges.split(',').collect();
    match all.len().saturating_sub(MOST_RANGES) {
        0 => all.join(", "),
        more => format!("{} and {more} ranges more", all[..MOST_RANGES].join(", ")),
    }
}
