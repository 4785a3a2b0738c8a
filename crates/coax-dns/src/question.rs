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

use crate::RecordType;

/// A name and the type of record wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub(crate) name: Name,
    /// The type wanted.
    pub record_type: RecordType,
}

impl Question {
    /// Says why `name` cannot be asked for. Letters beyond ASCII are encoded by IDNA; `.` is the
    /// root, which has records of its own.
    pub fn new(name: &str, record_type: RecordType) -> Result<Question, ResolveErrorKind> {
        if name != "." {
            coax_net::check_host_name(name)?;
        }
        // IDNA is for names beyond ASCII; it refuses underscores, which real names have.
        let parsed = if name.is_ascii() { Name::from_ascii(name) } else { Name::from_utf8(name) };
        let mut name = parsed
            .map_err(|_| ResolveErrorKind::Malformed("the name cannot be encoded for DNS"))?;
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
        Question { name, record_type: RecordType::Ptr }
    }

    /// The name with its final dot, escaped where it is not printable.
    pub fn name(&self) -> String {
        self.name.to_ascii()
    }
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
            (".", "."),
        ] {
            assert_eq!(Question::new(name, RecordType::A).unwrap().name(), expected);
        }
        assert!(Question::new("a..b", RecordType::A).is_err());
        assert!(Question::new(&"ü".repeat(31), RecordType::A).is_ok());
        assert!(Question::new("\\300.test", RecordType::A).is_err());
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
