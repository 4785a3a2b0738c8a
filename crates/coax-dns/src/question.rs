//! What is asked of a name server: one name, one type.
//!
//! A question is checked when it is made, so everything behind it can rely on a name that fits
//! the wire.
//!
//! Search lists are not applied here: the name is absolute, with or without its final dot.

use std::net::IpAddr;
use std::str::FromStr;

use coax_net::ResolveErrorKind;
use hickory_proto::rr::Name;

use crate::{RecordType, wire};

/// A name and the type of record wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub(crate) name: Name,
    /// The type wanted.
    pub record_type: RecordType,
}

impl Question {
    /// Says why `name` cannot be asked for. Letters beyond ASCII are encoded by IDNA, `\.` and
    /// `\065` stand for bytes as in zone files; `.` is the root, which has records of its own.
    pub fn new(name: &str, record_type: RecordType) -> Result<Question, ResolveErrorKind> {
        let labels = match name {
            "." => Vec::new(),
            name => labels(&coax_net::ascii_host_name(name)?)?,
        };
        let too_long = |_| ResolveErrorKind::Malformed("the name is longer than DNS allows");
        let mut name = Name::from_labels(labels).map_err(too_long)?;
        name.set_fqdn(true);
        Ok(Question { name, record_type })
    }

    /// Asks for the name of `address`, in `in-addr.arpa` or `ip6.arpa`.
    pub fn reverse(address: IpAddr) -> Question {
        let text = match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
            }
            IpAddr::V6(address) => {
                let bytes = address.octets().into_iter().rev();
                let nibbles = bytes.map(|byte| format!("{:x}.{:x}.", byte & 15, byte >> 4));
                nibbles.collect::<String>() + "ip6.arpa."
            }
        };
        let name = Name::from_str(&text).expect("digits and dots of a bounded length");
        Question { name, record_type: RecordType::PTR }
    }

    /// The name with its final dot, escaped where it is not printable.
    pub fn name(&self) -> String {
        wire::name_in_words(self)
    }
}

/// The parts between dots, with escapes (RFC 1035 §5.1) put into bytes.
fn labels(name: &str) -> Result<Vec<Vec<u8>>, ResolveErrorKind> {
    let wrong = || ResolveErrorKind::Malformed("after \\ comes a character, or \\000 to \\255");
    let mut labels = vec![Vec::new()];
    let mut rest = name.strip_suffix('.').unwrap_or(name).as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let byte = match (byte, rest) {
            (b'.', _) => {
                labels.push(Vec::new());
                continue;
            }
            (b'\\', [b'0'..=b'9', ..]) => {
                let digits = rest.get(..3).and_then(|three| std::str::from_utf8(three).ok());
                rest = rest.get(3..).unwrap_or_default();
                digits.and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?
            }
            (b'\\', [escaped, after @ ..]) => {
                rest = after;
                *escaped
            }
            (b'\\', []) => return Err(wrong()),
            (byte, _) => byte,
        };
        labels.last_mut().into_iter().for_each(|label| label.push(byte));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_absolute_and_encoded() {
        for (name, expected) in [
            ("example.test", "example.test."),
            ("example.test.", "example.test."),
            ("_sip._tcp.example.test", "_sip._tcp.example.test."),
            ("bücher.test", "xn--bcher-kva.test."),
            ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
            ("*.test", "*.test."),
            ("a\\.b\\065.test", "a\\.bA.test."),
            (".", "."),
        ] {
            assert_eq!(Question::new(name, RecordType::A).unwrap().name(), expected);
        }
        assert!(Question::new("a..b", RecordType::A).is_err());
        assert!(Question::new(&"ü".repeat(31), RecordType::A).is_ok());
        for wrong in ["\\300.test", "a\\", "\\1", "a,b"] {
            assert!(Question::new(wrong, RecordType::A).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_asked_for_backwards() {
        let v4 = Question::reverse("192.0.2.7".parse().unwrap());
        assert_eq!(v4.name(), "7.2.0.192.in-addr.arpa.");
        let v6 = Question::reverse("2001:db8::1".parse().unwrap());
        assert_eq!(
            v6.name(),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
        );
    }
}
