//! Types of records: numbers, and the names the IANA gave them.
//!
//! Every type has a number and can be asked for as `TYPE65`; a name is only easier to say. What
//! belongs to messages and is no record cannot be asked for.
//!
//! What a record of a type says is not known here.

use std::fmt;
use std::str::FromStr;

/// A type of record, RFC 1035 §3.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordType(u16);

macro_rules! well_known {
    ($($name:ident $number:literal $doc:literal,)*) => {
        impl RecordType {
            $(#[doc = $doc] pub const $name: RecordType = RecordType($number);)*
        }
    };
}

well_known! {
    A 1 "An IPv4 address.",
    NS 2 "Who answers for the zone.",
    CNAME 5 "This name is another name.",
    SOA 6 "The start of a zone: who keeps it, and its clocks.",
    PTR 12 "The name of an address.",
    MX 15 "Who takes the mail.",
    TXT 16 "Free text.",
    AAAA 28 "An IPv6 address.",
    SRV 33 "Where a service is offered.",
    HTTPS 65 "How to reach a web server, RFC 9460.",
    CAA 257 "Who may issue certificates, RFC 8659.",
    AXFR 252 "Not a type of its own: every record of a zone, RFC 5936.",
    ANY 255 "Not a type of its own: the records of a name that a server likes to give.",
}

/// Names and numbers, as the IANA lists them.
const NAMES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (3, "MD"),
    (4, "MF"),
    (5, "CNAME"),
    (6, "SOA"),
    (7, "MB"),
    (8, "MG"),
    (9, "MR"),
    (10, "NULL"),
    (11, "WKS"),
    (12, "PTR"),
    (13, "HINFO"),
    (14, "MINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (19, "X25"),
    (20, "ISDN"),
    (21, "RT"),
    (22, "NSAP"),
    (23, "NSAP-PTR"),
    (24, "SIG"),
    (25, "KEY"),
    (26, "PX"),
    (27, "GPOS"),
    (28, "AAAA"),
    (29, "LOC"),
    (30, "NXT"),
    (31, "EID"),
    (32, "NIMLOC"),
    (33, "SRV"),
    (34, "ATMA"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (39, "DNAME"),
    (40, "SINK"),
    (42, "APL"),
    (43, "DS"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (55, "HIP"),
    (56, "NINFO"),
    (57, "RKEY"),
    (58, "TALINK"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (66, "DSYNC"),
    (67, "HHIT"),
    (68, "BRID"),
    (99, "SPF"),
    (104, "NID"),
    (105, "L32"),
    (106, "L64"),
    (107, "LP"),
    (108, "EUI48"),
    (109, "EUI64"),
    (252, "AXFR"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
    (258, "AVC"),
    (259, "DOA"),
    (260, "AMTRELAY"),
    (261, "RESINFO"),
    (262, "WALLET"),
    (263, "CLA"),
    (264, "IPN"),
    (32768, "TA"),
    (32769, "DLV"),
];

/// What belongs to messages, and why it cannot be asked for.
const NO_RECORDS: &[(u16, &str, &str)] = &[
    (41, "OPT", "it belongs to a message"),
    (128, "NXNAME", "it marks what does not exist"),
    (249, "TKEY", "it belongs to a message"),
    (250, "TSIG", "it belongs to a message"),
    (251, "IXFR", "it asks for changes since a copy; AXFR brings a whole zone"),
    (253, "MAILB", "it was given up; ask for MX"),
    (254, "MAILA", "it was given up; ask for MX"),
];

/// Those a person is most likely to mean.
const USUAL: &str = "A, AAAA, MX, TXT, NS, SOA, CNAME, SRV, PTR, HTTPS, CAA";

impl RecordType {
    /// The type with a number.
    pub fn from_number(number: u16) -> RecordType {
        RecordType(number)
    }

    /// Every type that has a name.
    pub fn named() -> impl Iterator<Item = RecordType> {
        NAMES.iter().map(|(number, _)| RecordType(*number))
    }

    /// Its number on the wire.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Its name in capitals, or `TYPE` and its number.
impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.binary_search_by_key(&self.0, |(number, _)| *number) {
            Ok(index) => f.pad(NAMES[index].1),
            Err(_) => f.pad(&format!("TYPE{}", self.0)),
        }
    }
}

/// Why a text is not a type that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRecordType {
    text: String,
    /// Why, where the text is a type.
    reason: Option<&'static str>,
}

impl fmt::Display for UnknownRecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.escape_debug();
        match self.reason {
            Some(reason) => write!(f, "'{text}' cannot be asked for: {reason}"),
            None => write!(
                f,
                "'{text}' is no record type; the usual ones are {USUAL}, any is TYPE0 to TYPE65535"
            ),
        }
    }
}

impl std::error::Error for UnknownRecordType {}

impl FromStr for RecordType {
    type Err = UnknownRecordType;
    fn from_str(text: &str) -> Result<RecordType, UnknownRecordType> {
        let failed = |reason| UnknownRecordType { text: text.to_owned(), reason };
        let named = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        let number = named.map(|(number, _)| *number).or_else(|| numbered(text));
        let no_record = NO_RECORDS
            .iter()
            .find(|(other, name, _)| number == Some(*other) || name.eq_ignore_ascii_case(text));
        match (no_record, number) {
            (Some((.., reason)), _) => Err(failed(Some(*reason))),
            (None, Some(number)) => Ok(RecordType(number)),
            (None, None) => Err(failed(None)),
        }
    }
}

/// `TYPE65`, RFC 3597 §5.
fn numbered(text: &str) -> Option<u16> {
    let (word, digits) = text.split_at_checked(4)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all_digits && word.eq_ignore_ascii_case("TYPE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_a_name_or_a_number_whatever_its_case() {
        for (text, number, printed) in [
            ("aaaa", 28, "AAAA"),
            ("Https", 65, "HTTPS"),
            ("type65", 65, "HTTPS"),
            ("TYPE65280", 65280, "TYPE65280"),
            ("nsap-ptr", 23, "NSAP-PTR"),
            ("any", 255, "ANY"),
        ] {
            let read: RecordType = text.parse().unwrap();
            assert_eq!((read.number(), read.to_string().as_str()), (number, printed));
        }
        assert!(NAMES.is_sorted_by_key(|(number, _)| *number));
        assert!(RecordType::named().all(|one| one.to_string().parse() == Ok(one)));
    }

    #[test]
    fn what_cannot_be_asked_for_says_why() {
        for (text, why) in [
            ("AXFZ", "'AXFZ' is no record type; the usual ones are A, AAAA, "),
            ("TYPE65536", "is no record type"),
            ("TYPE+1", "is no record type"),
            ("TYPE", "is no record type"),
            ("", "is no record type"),
            ("opt", "'opt' cannot be asked for: it belongs to a message"),
            ("TYPE251", "AXFR brings a whole zone"),
        ] {
            let error = text.parse::<RecordType>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
