//! Questions to those who know names: DNS, multicast DNS, NetBIOS.
//!
//! They ask for one small record that every server of the kind has, or must refuse.
//!
//! Nothing here resolves anything.

use super::packet::Packet;

const IN: u16 = 1;
/// CHAOS, where servers keep what they say about themselves (RFC 4892 §1).
const CH: u16 = 3;
const SOA: u16 = 6;
const PTR: u16 = 12;
const TXT: u16 = 16;
/// RFC 1002 §4.2.1.3.
const NBSTAT: u16 = 0x21;

/// The server's version, and the start of the root zone (RFC 1035 §4.1). A server that has neither
/// says so.
pub(crate) fn dns() -> Vec<Vec<u8>> {
    // RD (RFC 1035 §4.1.1): some resolvers drop what does not wish for recursion.
    let version = query(0x0100, &["version", "bind"], TXT, CH);
    vec![version, query(0x0100, &[], SOA, IN)]
}

/// Which services are there (RFC 6763 §9), the answer to this socket alone (RFC 6762 §5.4, §6.7).
pub(crate) fn multicast_dns() -> Vec<Vec<u8>> {
    const UNICAST: u16 = 0x8000;
    vec![query(0, &["_services", "_dns-sd", "_udp", "local"], PTR, IN | UNICAST)]
}

/// The names a machine holds: NODE STATUS REQUEST for `*` (RFC 1002 §4.2.17).
pub(crate) fn netbios() -> Vec<Vec<u8>> {
    // RFC 1001 §14.1: each of 16 bytes is two letters, one a half, counted from A.
    let mut name = [0; 16];
    name[0] = b'*';
    let letters: String = name
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| (b'A' + half) as char)
        .collect();
    vec![query(0, &[&letters], NBSTAT, IN)]
}

fn query(flags: u16, labels: &[&str], kind: u16, class: u16) -> Vec<u8> {
    // RFC 1035 §4.1.1: an id, flags, one question and nothing else.
    let header = Packet::new().u16(0xc0a4).u16(flags).u16(1).u16(0).u16(0).u16(0);
    let name = labels.iter().fold(header, |packet, label| packet.part8(label)).u8(0);
    name.u16(kind).u16(class).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels of the question and where they end.
    fn name(packet: &[u8]) -> (Vec<&[u8]>, usize) {
        let (mut labels, mut at) = (Vec::new(), 12);
        while packet[at] > 0 {
            let end = at + 1 + usize::from(packet[at]);
            labels.push(&packet[at + 1..end]);
            at = end;
        }
        (labels, at + 1)
    }

    #[test]
    fn each_is_one_question_that_ends_with_its_type_and_class() {
        for packet in [dns(), multicast_dns(), netbios()].concat() {
            assert_eq!(packet[4..12], [0, 1, 0, 0, 0, 0, 0, 0]);
            assert_eq!(packet[2] & 0x80, 0, "a query, not a response");
            assert_eq!(name(&packet).1 + 4, packet.len());
        }
        let [version, root] = &dns()[..] else { panic!("two") };
        assert_eq!(name(version).0, [b"version".as_slice(), b"bind"]);
        assert_eq!(version[version.len() - 4..], [0, 16, 0, 3]);
        assert_eq!((root.len(), &root[12..]), (17, [0, 0, 6, 0, 1].as_slice()));
    }

    #[test]
    fn a_netbios_name_is_thirty_two_letters() {
        let packet = &netbios()[0];
        let (labels, _) = name(packet);
        assert_eq!(labels, [b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".as_slice()]);
        assert_eq!(packet.len(), 50);
    }
}
