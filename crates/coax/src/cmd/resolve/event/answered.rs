//! What a name server answered, for a person and for a program.
//!
//! The answer is kept as it came and put into words when it is told: of thousands of answers a
//! person may want the values alone.
//!
//! Whether the answer is the one that was hoped for is not decided here.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use coax_dns::{Answer, Part, Record, RecordType, Value};
use coax_net::unicode_host_name;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, json};

use super::Style;
use crate::cmd::resolve::names;
use crate::out::{Human, Report, clean};

/// A name server answered, with records of the type asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Answered {
    /// The name the server was asked for.
    query: String,
    /// The name as it was typed: short, or with letters beyond ASCII.
    typed: String,
    /// The letters that the `xn--` parts of the name stand for.
    unicode: Option<String>,
    #[serde(rename = "type", serialize_with = "text")]
    #[schemars(with = "String")]
    record_type: RecordType,
    /// The whole answer in the server's order, aliases included.
    #[serde(serialize_with = "records")]
    #[schemars(with = "Vec<AnsweredRecord<'static>>")]
    records: Vec<Record>,
    #[serde(serialize_with = "text")]
    #[schemars(with = "String")]
    server: Arc<str>,
    /// udp, tcp, tls or https.
    transport: &'static str,
    authoritative: bool,
    /// The answer did not fit, and only UDP was allowed.
    pub(crate) truncated: bool,
    elapsed_ms: f64,
    #[serde(skip)]
    style: Style,
}

/// One record of an answer.
#[derive(Serialize, JsonSchema)]
struct AnsweredRecord<'a> {
    name: &'a str,
    /// Seconds it may be remembered.
    ttl: u32,
    #[serde(rename = "type", serialize_with = "text")]
    #[schemars(with = "String")]
    record_type: RecordType,
    /// As zone files write it.
    value: String,
    /// The parts of the value by name.
    parts: Map<String, serde_json::Value>,
}

impl Report for Answered {
    const EVENT: &'static str = "answer";
    fn human(&self) -> Human {
        let mut text = String::new();
        for record in self.records.iter().filter(|record| self.shows(record)) {
            let gap = if text.is_empty() { "" } else { "\n" };
            let told = match self.style {
                Style::Short => write!(text, "{gap}{}", record.value),
                Style::Full | Style::Line => write!(text, "{gap}{}", Labelled(record)),
            };
            told.expect("a string takes all");
        }
        Human::Answer(text)
    }
}

impl Answered {
    pub(crate) fn new(
        typed: &str,
        query: String,
        record_type: RecordType,
        answer: Answer,
        style: Style,
    ) -> Answered {
        Answered {
            typed: typed.to_owned(),
            unicode: unicode_host_name(&query),
            query,
            record_type,
            records: answer.records,
            server: answer.server,
            transport: answer.transport.name(),
            authoritative: answer.authoritative,
            truncated: answer.truncated,
            elapsed_ms: answer.elapsed.as_secs_f64() * 1e3,
            style,
        }
    }

    /// Which name was asked for, where it is not the one that was typed.
    pub(crate) fn asked(&self) -> Option<String> {
        let Answered { query, typed, unicode, style, .. } = self;
        let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let wanted = *style == Style::Full && !self.is_reverse();
        match (bare(typed) == bare(query), unicode) {
            _ if !wanted => None,
            (false, _) => Some(format!("{} was asked for as {query}", clean(typed))),
            (true, Some(unicode)) => Some(format!("{query} is {}", clean(unicode))),
            (true, None) => None,
        }
    }

    /// An address was typed: its own name in DNS says nothing new.
    fn is_reverse(&self) -> bool {
        names::address(&self.typed).is_some()
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

    /// The values alone leave out the aliases that led to them.
    fn shows(&self, record: &Record) -> bool {
        self.style != Style::Short || record.value.is(self.record_type)
    }
}

fn text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn records<S: Serializer>(records: &[Record], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.iter().map(|record| AnsweredRecord {
        name: &record.name,
        ttl: record.ttl,
        record_type: record.value.record_type(),
        value: record.value.to_string(),
        parts: parts(&record.value),
    }))
}

/// A record as a line for a person.
struct Labelled<'a>(&'a Record);

impl fmt::Display for Labelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { name, ttl, value } = self.0;
        write!(f, "{name}  {ttl}  {:5}  {}", value.record_type(), labelled(value))
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
fn parts(value: &Value) -> Map<String, serde_json::Value> {
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
        Value::Other { parts, .. } => {
            let json = |part: &Part| match part {
                Part::Number(number) => json!(number),
                Part::String(bytes) => json!(String::from_utf8_lossy(bytes)),
                Part::Strings(strings) => {
                    let texts = strings.iter().map(|one| String::from_utf8_lossy(one));
                    json!(texts.collect::<Vec<_>>())
                }
                Part::Text(text) => json!(text),
            };
            parts.iter().map(|(name, part)| (*name, json(part))).collect()
        }
    };
    match parts {
        serde_json::Value::Object(parts) => parts,
        _ => Map::new(),
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
