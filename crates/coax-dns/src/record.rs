//! What a name server holds: record types and their values.
//!
//! A value prints in the presentation form of the RFCs, which is what zone files and `dig +short`
//! show. Bytes that are not printable ASCII are escaped, so nothing a stranger's zone says can
//! reach a terminal as anything but text.
//!
//! How records travel is `wire`'s business.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

macro_rules! record_types {
    ($($variant:ident $number:literal $text:literal $doc:literal,)*) => {
        /// A type of record that can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RecordType {
            $(#[doc = $doc] $variant,)*
        }

        impl RecordType {
            /// Every type that can be asked for.
            pub const ALL: &[RecordType] = &[$(RecordType::$variant),*];

            /// Its number on the wire.
            pub fn number(self) -> u16 {
                match self { $(RecordType::$variant => $number,)* }
            }

            /// Its name, in capitals.
            pub fn name(self) -> &'static str {
                match self { $(RecordType::$variant => $text,)* }
            }
        }
    };
}

record_types! {
    A 1 "A" "An IPv4 address.",
    Aaaa 28 "AAAA" "An IPv6 address.",
    Mx 15 "MX" "Who takes the mail.",
    Txt 16 "TXT" "Free text.",
    Ns 2 "NS" "Who answers for the zone.",
    Soa 6 "SOA" "The start of a zone: who keeps it, and its clocks.",
    Cname 5 "CNAME" "This name is another name.",
    Srv 33 "SRV" "Where a service is offered.",
    Ptr 12 "PTR" "The name of an address.",
    Https 65 "HTTPS" "How to reach a web server, RFC 9460.",
    Caa 257 "CAA" "Who may issue certificates, RFC 8659.",
}

/// A text that names none of [`RecordType::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRecordType(String);

impl fmt::Display for UnknownRecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = RecordType::ALL.iter().map(|one| one.name()).collect();
        write!(f, "'{}' is no record type; one of {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownRecordType {}

impl FromStr for RecordType {
    type Err = UnknownRecordType;
    fn from_str(text: &str) -> Result<RecordType, UnknownRecordType> {
        let mut all = RecordType::ALL.iter().copied();
        all.find(|one| one.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownRecordType(text.to_owned()))
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
    /// A record of a type that cannot be asked for, which came along.
    Other {
        /// Its type, as text.
        record_type: String,
        /// Its value, as text.
        text: String,
    },
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
    /// The name of the record's type, in capitals.
    pub fn type_name(&self) -> &str {
        match self {
            Value::A(_) => "A",
            Value::Aaaa(_) => "AAAA",
            Value::Mx { .. } => "MX",
            Value::Txt(_) => "TXT",
            Value::Ns(_) => "NS",
            Value::Soa(_) => "SOA",
            Value::Cname(_) => "CNAME",
            Value::Srv { .. } => "SRV",
            Value::Ptr(_) => "PTR",
            Value::Https { .. } => "HTTPS",
            Value::Caa { .. } => "CAA",
            Value::Other { record_type, .. } => record_type,
        }
    }

    /// Whether it is of the type asked for.
    pub fn is(&self, record_type: RecordType) -> bool {
        self.type_name() == record_type.name()
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
    fn a_type_is_known_whatever_its_case_and_an_unknown_one_lists_the_known() {
        assert_eq!("aaaa".parse(), Ok(RecordType::Aaaa));
        assert_eq!("Https".parse(), Ok(RecordType::Https));
        let error = "AXFR".parse::<RecordType>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "'AXFR' is no record type; one of A, AAAA, MX, TXT, NS, SOA, CNAME, SRV, PTR, HTTPS, CAA"
        );
    }

    #[test]
    fn text_is_quoted_and_nothing_unprintable_survives() {
        let value = Value::Txt(vec![b"a \"b\" \\".to_vec(), vec![0x1b, b'[', 0xff], vec![]]);
        assert_eq!(value.to_string(), r#""a \"b\" \\" "\027[\255" """#);
    }
}
