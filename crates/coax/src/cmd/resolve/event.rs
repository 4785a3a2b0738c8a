//! What `coax resolve` reports.
//!
//! Each event is complete in itself: a program that reads one line knows what was asked, of whom,
//! and what came of it. Text from name servers is escaped where it is not printable.
//!
//! Nothing here asks anyone.

use std::net::IpAddr;

use coax_dns::{Answer, Record, Value};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, json};

use crate::out::{Human, Report, clean};

/// How a person wants to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// A few labelled lines for each name.
    #[default]
    Full,
    /// One line for each name.
    Line,
    /// The addresses or values alone, one a line.
    Short,
}

/// A name or an address was resolved as programs would.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Resolved {
    /// What was asked for.
    pub(crate) query: String,
    /// The name the system's resolver ended at.
    pub(crate) name: Option<String>,
    /// Other names of the same host that the system tells.
    pub(crate) aliases: Vec<String>,
    /// In the order programs try them.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) elapsed_ms: f64,
    #[serde(skip)]
    pub(crate) style: Style,
    /// An address was asked for, so the name is the answer.
    #[serde(skip)]
    pub(crate) reverse: bool,
}

impl Report for Resolved {
    const EVENT: &'static str = "resolved";
    fn human(&self) -> Human {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        let name = clean(self.name.as_deref().unwrap_or_default());
        Human::Answer(match (self.style, self.reverse) {
            (Style::Short, true) => name.into_owned(),
            (Style::Short, false) => addresses.join("\n"),
            (Style::Line, true) => format!("{} {name}", self.query),
            (Style::Line, false) => format!("{} {}", self.query, addresses.join(" ")),
            (Style::Full, _) => self.full(&name, &addresses),
        })
    }
}

impl Resolved {
    fn full(&self, name: &str, addresses: &[String]) -> String {
        let mut lines = vec![self.query.clone()];
        if !name.is_empty() {
            lines.push(format!("  name     {name}"));
        }
        lines.extend(self.aliases.iter().map(|alias| format!("  alias    {}", clean(alias))));
        lines.extend(addresses.iter().map(|address| format!("  address  {address}")));
        lines.join("\n")
    }
}

/// A name server answered, with records of the type asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Answered {
    /// The name the server was asked for.
    pub(crate) query: String,
    #[serde(rename = "type")]
    pub(crate) record_type: String,
    /// The whole answer in the server's order, aliases included.
    pub(crate) records: Vec<AnsweredRecord>,
    pub(crate) server: String,
    /// udp, tcp, tls or https.
    pub(crate) transport: String,
    pub(crate) authoritative: bool,
    /// The answer did not fit, and only UDP was allowed.
    pub(crate) truncated: bool,
    pub(crate) elapsed_ms: f64,
    #[serde(skip)]
    pub(crate) style: Style,
}

/// One record of an answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AnsweredRecord {
    pub(crate) name: String,
    /// Seconds it may be remembered.
    pub(crate) ttl: u32,
    #[serde(rename = "type")]
    pub(crate) record_type: String,
    /// As zone files write it.
    pub(crate) value: String,
    /// The parts of the value by name.
    #[serde(rename = "parts", serialize_with = "parts")]
    #[schemars(with = "Map<String, serde_json::Value>")]
    said: Value,
}

impl Report for Answered {
    const EVENT: &'static str = "answer";
    fn human(&self) -> Human {
        let lines: Vec<String> = match self.style {
            Style::Short => self.wanted().map(|record| record.value.clone()).collect(),
            Style::Full | Style::Line => self.records.iter().map(AnsweredRecord::line).collect(),
        };
        Human::Answer(lines.join("\n"))
    }
}

impl Answered {
    pub(crate) fn new(query: String, record_type: String, answer: Answer, style: Style) -> Self {
        Answered {
            query,
            record_type,
            records: answer.records.iter().map(AnsweredRecord::new).collect(),
            server: answer.server.to_string(),
            transport: answer.transport.name().to_owned(),
            authoritative: answer.authoritative,
            truncated: answer.truncated,
            elapsed_ms: answer.elapsed.as_secs_f64() * 1e3,
            style,
        }
    }

    /// Who answered, how, and how long it took.
    pub(crate) fn provenance(&self) -> String {
        let authority = if self.authoritative { ", with authority" } else { "" };
        let cut = if self.truncated { ", cut short" } else { "" };
        let Answered { query, record_type, server, transport, elapsed_ms, .. } = self;
        format!(
            "{query} {record_type}: {server} answered over {transport} in {elapsed_ms:.1} ms{authority}{cut}"
        )
    }

    fn wanted(&self) -> impl Iterator<Item = &AnsweredRecord> {
        self.records.iter().filter(|record| record.record_type == self.record_type)
    }
}

impl AnsweredRecord {
    fn new(record: &Record) -> AnsweredRecord {
        AnsweredRecord {
            name: record.name.clone(),
            ttl: record.ttl,
            record_type: record.value.type_name().to_owned(),
            value: record.value.to_string(),
            said: record.value.clone(),
        }
    }

    fn line(&self) -> String {
        format!("{}  {}  {:5}  {}", self.name, self.ttl, self.record_type, labelled(&self.said))
    }
}

/// A value with its numbers named, for a person.
fn labelled(value: &Value) -> String {
    match value {
        Value::Mx { preference, exchange } => format!("preference {preference}  {exchange}"),
        Value::Srv { priority, weight, port, target } => {
            format!("priority {priority}  weight {weight}  port {port}  {target}")
        }
        Value::Soa(soa) => format!(
            "primary {}  mailbox {}  serial {}  refresh {} s  retry {} s  expire {} s  minimum {} s",
            soa.primary, soa.mailbox, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum
        ),
        Value::Https { priority: 0, target, .. } => format!("alias of {target}"),
        Value::Https { .. } => format!("priority {value}"),
        Value::Caa { .. } => format!("flags {value}"),
        other => other.to_string(),
    }
}

/// A value's parts by name, for a program.
fn parts<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = match value {
        Value::A(address) => json!({"address": address}),
        Value::Aaaa(address) => json!({"address": address}),
        Value::Mx { preference, exchange } => {
            json!({"preference": preference, "exchange": exchange})
        }
        Value::Txt(strings) => {
            let texts: Vec<_> = strings.iter().map(|one| String::from_utf8_lossy(one)).collect();
            json!({"strings": texts})
        }
        Value::Ns(name) | Value::Cname(name) | Value::Ptr(name) => json!({"target": name}),
        Value::Soa(soa) => json!({
            "primary": soa.primary, "mailbox": soa.mailbox, "serial": soa.serial,
            "refresh": soa.refresh, "retry": soa.retry, "expire": soa.expire,
            "minimum": soa.minimum,
        }),
        Value::Srv { priority, weight, port, target } => {
            json!({"priority": priority, "weight": weight, "port": port, "target": target})
        }
        Value::Https { priority, target, params } => {
            json!({"priority": priority, "target": target, "params": params})
        }
        Value::Caa { flags, tag, value } => {
            json!({"flags": flags, "tag": tag, "value": String::from_utf8_lossy(value)})
        }
        Value::Other { .. } => json!({}),
    };
    parts.serialize(serializer)
}

/// A name that was not resolved, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unresolved {
    pub(crate) query: String,
    /// The record type asked for, or none when the system's resolver was asked.
    #[serde(rename = "type")]
    pub(crate) record_type: Option<String>,
    pub(crate) cause: Cause,
    pub(crate) reason: String,
    /// The line of the file the name stands on.
    pub(crate) line: Option<u64>,
}

/// The kinds of no, in the order of the exit codes they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    NoSuchName,
    NoSuchRecord,
    MalformedName,
    Timeout,
    ServerFailed,
    MalformedAnswer,
    Untrusted,
}

impl Report for Unresolved {
    const EVENT: &'static str = "unresolved";
    fn human(&self) -> Human {
        let at = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        Human::Talk(format!("coax: {at}cannot resolve {}: {}", clean(&self.query), self.reason))
    }
}

/// How a run over many names ended.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ResolveSummary {
    /// Names looked up.
    pub(crate) names: u64,
    /// Names with at least one answer.
    pub(crate) found: u64,
    /// Names that do not exist, or have no such record.
    pub(crate) missing: u64,
    /// Names whose lookup failed.
    pub(crate) failed: u64,
    /// Lines that are not names.
    pub(crate) rejected: u64,
    pub(crate) elapsed_ms: f64,
}

impl Report for ResolveSummary {
    const EVENT: &'static str = "resolve-summary";
    fn human(&self) -> Human {
        let ResolveSummary { names, found, missing, failed, rejected, elapsed_ms } = self;
        let seconds = elapsed_ms / 1e3;
        Human::Detail(format!(
            "{names} names in {seconds:.2} s: {found} found, {missing} do not exist, {failed} failed; {rejected} lines are not names"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_value_are_named() {
        for (value, expected) in [
            (
                Value::Mx { preference: 10, exchange: "mail.test.".to_owned() },
                "preference 10  mail.test.",
            ),
            (
                Value::Srv { priority: 1, weight: 2, port: 3, target: "sip.test.".to_owned() },
                "priority 1  weight 2  port 3  sip.test.",
            ),
            (
                Value::Https { priority: 0, target: "svc.test.".to_owned(), params: vec![] },
                "alias of svc.test.",
            ),
        ] {
            assert_eq!(labelled(&value), expected);
        }
    }
}
