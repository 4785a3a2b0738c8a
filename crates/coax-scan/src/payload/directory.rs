//! Questions to directories, in ASN.1: Kerberos, SNMP, LDAP.
//!
//! They ask for what anybody may read, or for what does not exist and is refused.
//!
//! Nothing here has a secret; `public` is the community that a device has when nobody chose one.

use super::ber::{SEQUENCE, all, choice, integer, tagged, text};

/// iso.org.dod.internet.mgmt.mib-2.system.sysDescr.0 (RFC 3418 §2).
const SYS_DESCR: [u8; 8] = [0x2b, 6, 1, 2, 1, 1, 1, 0];
const NUMBER: u32 = 0x0c0a_0a40;
/// A field of a protocol's own, by its number: constructed, context class (X.690 §8.1.2).
const FIELD: u8 = 0xa0;

/// First which engine answers, which every agent of version 3 tells (RFC 3414 §4); then what the
/// device is, by versions 2 and 1 (RFC 3416 §4.2.1, RFC 1901 §3, RFC 1157 §4).
pub(crate) fn snmp() -> Vec<Vec<u8>> {
    vec![snmp_discovery(), snmp_get(1), snmp_get(0)]
}

fn snmp_get(version: u32) -> Vec<u8> {
    let null = tagged(0x05, []);
    let variable = all(SEQUENCE, [tagged(0x06, SYS_DESCR), null]);
    let pdu = get_request(&tagged(SEQUENCE, variable));
    all(SEQUENCE, [integer(version), text("public"), pdu])
}

/// RFC 3416 §3: number, error status, error index, variables.
fn get_request(variables: &[u8]) -> Vec<u8> {
    all(FIELD, [integer(NUMBER), integer(0), integer(0), variables.to_vec()])
}

/// RFC 3412 §6 and RFC 3414 §2.4: no engine, no user, no security, but please report.
fn snmp_discovery() -> Vec<u8> {
    const REPORTABLE: u8 = 4;
    const USER_BASED: u32 = 3;
    let nothing = || text("");
    let header = [integer(NUMBER), integer(65_507), text([REPORTABLE]), integer(USER_BASED)];
    let security =
        all(SEQUENCE, [nothing(), integer(0), integer(0), nothing(), nothing(), nothing()]);
    let scoped = all(SEQUENCE, [nothing(), nothing(), get_request(&tagged(SEQUENCE, []))]);
    all(SEQUENCE, [integer(3), all(SEQUENCE, header), text(security), scoped])
}

/// A search of the root entry for one attribute (RFC 4511 §4.5.1, RFC 4512 §5.1), over UDP as
/// Active Directory answers it (MS-ADTS §3.1.1.3.1.10).
pub(crate) fn ldap() -> Vec<Vec<u8>> {
    const SEARCH: u8 = 0x63;
    const PRESENT: u8 = 0x87;
    let no = tagged(0x01, [0]);
    let (base, scope, aliases) = (text(""), choice(0), choice(0));
    let (entries, seconds) = (integer(0), integer(0));
    let filter = tagged(PRESENT, "objectClass");
    let wanted = tagged(SEQUENCE, text("supportedLDAPVersion"));
    let search = all(SEARCH, [base, scope, aliases, entries, seconds, no, filter, wanted]);
    vec![all(SEQUENCE, [integer(1), search])]
}

/// A ticket for a realm that cannot exist (RFC 2606 §2), which is refused (RFC 4120 §5.4.1, §5.9).
pub(crate) fn kerberos() -> Vec<Vec<u8>> {
    const AS_REQUEST: u8 = 0x6a;
    const REALM: &str = "COAX.INVALID";
    let field = |number: u8, content: Vec<u8>| tagged(FIELD + number, content);
    let name = |kind: u32, parts: &[&str]| {
        let parts: Vec<u8> = parts.iter().flat_map(|part| tagged(0x1b, part)).collect();
        all(SEQUENCE, [field(0, integer(kind)), field(1, tagged(SEQUENCE, parts))])
    };
    let types = [18, 17].map(integer).concat();
    let body = [
        // No options: 32 bits, none of the last byte unused.
        field(0, tagged(0x03, [0; 5])),
        field(1, name(1, &["coax"])),
        field(2, tagged(0x1b, REALM)),
        field(3, name(2, &["krbtgt", REALM])),
        field(5, tagged(0x18, "19700101000000Z")),
        field(7, integer(NUMBER)),
        field(8, tagged(SEQUENCE, types)),
    ];
    let request = [field(1, integer(5)), field(2, integer(10)), field(4, all(SEQUENCE, body))];
    vec![tagged(AS_REQUEST, all(SEQUENCE, request))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks through everything that holds something; panics where a length is wrong.
    fn walk(mut bytes: &[u8]) -> usize {
        let mut count = 0;
        while let [tag, first, ..] = *bytes {
            let (head, length) = match first {
                0x82 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
                short => (2, usize::from(short)),
            };
            let content = &bytes[head..head + length];
            count += 1 + if tag & 0x20 == 0 { 0 } else { walk(content) };
            bytes = &bytes[head + length..];
        }
        assert!(bytes.is_empty());
        count
    }

    #[test]
    fn every_length_is_right() {
        let counts: Vec<usize> =
            [snmp(), ldap(), kerberos()].concat().iter().map(|packet| walk(packet)).collect();
        assert_eq!(counts, [16, 11, 11, 12, 35]);
    }

    #[test]
    fn snmp_asks_versions_three_two_and_one() {
        let versions: Vec<u8> = snmp().iter().map(|packet| packet[4]).collect();
        assert_eq!(versions, [3, 1, 0]);
        assert!(snmp()[1].windows(8).any(|part| part == SYS_DESCR));
    }
}
