//! What a name server holds: records and their values.
//!
//! A value prints in the presentation form of the RFCs, which is what zone files and `dig +short`
//! show. Bytes that are not printable ASCII are escaped, so nothing a stranger's zone says can
//! reach a terminal as anything but text.
//!
//! How records travel is `wire`'s business.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::RecordType;

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose record it is, with its final dot.
    pub name: String,
    /// How many seconds it may be remembered.
    pub ttl: u32,
    /// What it says.
    pub value: Value,
}

/// What a record says. Names carry their final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A host that takes mail; the lowest preference is tried first.
    Mx {
        /// Lower is better.
        preference: u16,
        /// The host.
        exchange: String,
    },
    /// Strings, each at most 255 bytes.
    Txt(Vec<Vec<u8>>),
    /// A name server.
    Ns(String),
    /// The start of a zone.
    Soa(Box<Soa>),
    /// The name this name stands for.
    Cname(String),
    /// A host that offers a service.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// Share of the load among equals.
        weight: u16,
        /// Where it listens.
        port: u16,
        /// The host.
        target: String,
    },
    /// The name of an address.
    Ptr(String),
    /// How to reach a web server.
    Https {
        /// 0 makes it an alias.
        priority: u16,
        /// The host; `.` is the owner itself.
        target: String,
        /// Names and values, in order.
        params: Vec<(String, String)>,
    },
    /// Who may issue certificates.
    Caa {
        /// 128 when an issuer that does not understand the tag must not issue.
        flags: u8,
        /// `issue`, `issuewild`, `iodef`, …
        tag: String,
        /// For whom.
        value: Vec<u8>,
    },
    /// A record of one of the many other types.
    Other {
        /// Its type.
        record_type: RecordType,
        /// Its value, as text.
        text: String,
        /// Its fields by name; none where the type is not known.
        parts: Vec<(&'static str, Part)>,
    },
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A number.
    Number(u32),
    /// Free text, which need not be UTF-8.
    String(Vec<u8>),
    /// Several of them.
    Strings(Vec<Vec<u8>>),
    /// Anything else, as zone files write it.
    Text(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Number(number) => number.fmt(f),
            Part::String(bytes) => f.write_str(&quote(bytes)),
            Part::Strings(strings) => {
                let quoted: Vec<_> = strings.iter().map(|one| quote(one)).collect();
                f.write_str(&quoted.join(" "))
            }
            Part::Text(text) => f.write_str(text),
        }
    }
}

/// The start of a zone, RFC 1035 §3.3.13. The clocks are seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soa {
    /// The server that holds the original.
    pub primary: String,
    /// Whom to write to; its first dot stands for `@`.
    pub mailbox: String,
    /// Grows with every change.
    pub serial: u32,
    /// How often a copy asks for changes.
    pub refresh: u32,
    /// How soon it asks again when that failed.
    pub retry: u32,
    /// When a copy that got no answer stops answering.
    pub expire: u32,
    /// How long "there is none" may be remembered.
    pub minimum: u32,
}

impl Value {
    /// The record's type.
    pub fn record_type(&self) -> RecordType {
        match self {
            Value::A(_) => RecordType::A,
            Value::Aaaa(_) => RecordType::AAAA,
            Value::Mx { .. } => RecordType::MX,
            Value::Txt(_) => RecordType::TXT,
            Value::Ns(_) => RecordType::NS,
            Value::Soa(_) => RecordType::SOA,
            Value::Cname(_) => RecordType::CNAME,
            Value::Srv { .. } => RecordType::SRV,
            Value::Ptr(_) => RecordType::PTR,
            Value::Https { .. } => RecordType::HTTPS,
            Value::Caa { .. } => RecordType::CAA,
            Value::Other { record_type, .. } => *record_type,
        }
    }

    /// Whether it answers a question for `wanted`.
    pub fn is(&self, wanted: RecordType) -> bool {
        self.record_type() == wanted || matches!(wanted, RecordType::ANY | RecordType::AXFR)
    }
}

/// The presentation form.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::A(address) => write!(f, "{address}"),
            Value::Aaaa(address) => write!(f, "{address}"),
            Value::Mx { preference, exchange } => write!(f, "{preference} {exchange}"),
            Value::Txt(strings) => {
                let quoted: Vec<_> = strings.iter().map(|one| quote(one)).collect();
                f.write_str(&quoted.join(" "))
            }
            Value::Ns(name) | Value::Cname(name) | Value::Ptr(name) => f.write_str(name),
            Value::Soa(soa) => write!(f, "{soa}"),
            Value::Srv { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}")
            }
            Value::Https { priority, target, params } => {
                write!(f, "{priority} {target}")?;
                params.iter().try_for_each(|(key, value)| match value.is_empty() {
                    true => write!(f, " {key}"),
                    false => write!(f, " {key}={value}"),
                })
            }
            Value::Caa { flags, tag, value } => write!(f, "{flags} {tag} {}", quote(value)),
            Value::Other { text, .. } => f.write_str(text),
        }
    }
}

impl fmt::Display for Soa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Soa { primary, mailbox, serial, refresh, retry, expire, minimum } = self;
        write!(f, "{primary} {mailbox} {serial} {refresh} {retry} {expire} {minimum}")
    }
}

/// `"…"` with quotes and backslashes escaped and other bytes as `\DDD`, RFC 1035 §5.1.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', byte as char]),
            b' '..=b'~' => text.push(byte as char),
            _ => text.push_str(&format!("\\{byte:03}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_and_nothing_unprintable_survives() {
        let value = Value::Txt(vec![b"a \"b\" \\".to_vec(), vec![0x1b, b'[', 0xff], vec![]]);
        assert_eq!(value.to_string(), r#""a \"b\" \\" "\027[\255" """#);
    }
}
