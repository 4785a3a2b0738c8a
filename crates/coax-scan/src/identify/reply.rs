//! Which protocol a datagram that came back speaks.
//!
//! The port says what to expect, the question what must come back with the answer: an id, a
//! cookie. An answer that does not fit is nobody's, so a stray datagram names no service.
//!
//! Nothing here knows how long was waited.

mod machine;
mod names;
mod tunnel;
mod web;

use super::recognise::{Recognised, recognise};

pub(super) use names::dns;

/// Reads an answer: the question that it must fit, and its bytes.
type Reader = fn(&[u8], &[u8]) -> Option<Recognised>;

/// Which answers may come from a port.
#[rustfmt::skip]
const TABLE: &[(&[u16], &[Reader])] = &[
    (&[53], &[names::domain]),
    (&[5353], &[names::multicast]),
    (&[137], &[names::netbios]),
    (&[123], &[machine::ntp]),
    (&[69], &[machine::tftp]),
    (&[88], &[machine::kerberos]),
    (&[111, 2049], &[machine::rpc]),
    (&[161], &[machine::snmp]),
    (&[177], &[machine::xdmcp]),
    (&[389], &[machine::ldap]),
    (&[427], &[machine::service_location]),
    (&[520, 521], &[machine::rip]),
    (&[623, 664], &[machine::ipmi]),
    (&[1434], &[machine::sql_server]),
    (&[11211], &[machine::memcached]),
    (&[47808], &[machine::bacnet]),
    (&[443, 784, 853, 8443, 8853, 2083, 4433, 5349, 5684], &[web::quic, web::dtls]),
    (&[1900], &[web::ssdp]),
    (&[3478, 3479], &[web::stun]),
    (&[3702], &[web::ws_discovery]),
    (&[4569], &[web::iax]),
    (&[5060], &[web::sip]),
    (&[5683], &[web::coap]),
    (&[500, 4500], &[tunnel::ike]),
    (&[1194], &[tunnel::openvpn]),
    (&[2152], &[tunnel::gtp]),
    (&[5351], &[tunnel::nat_pmp]),
];

/// Where anything may be, it is one of those that are asked for there.
const ANYWHERE: &[Reader] = &[names::domain, machine::ntp, web::stun, characters];

/// What `answer` to the question `asked`, which went to this UDP port, gives away.
pub fn recognise_reply(port: u16, asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    if !asked.is_empty() && answer == asked {
        return named("echo", None);
    }
    let row = TABLE.iter().find(|(ports, _)| ports.contains(&port));
    let readers = row.map_or(ANYWHERE, |(_, readers)| readers);
    readers.iter().find_map(|read| read(asked, answer))
}

fn named(service: &'static str, product: Option<String>) -> Option<Recognised> {
    Some(Recognised { service, product })
}

/// `service`, if what was heard fits.
fn known(fits: bool, service: &'static str) -> Option<Recognised> {
    fits.then(|| named(service, None))?
}

/// Whether both begin with the same two bytes, and have them.
fn same_id(asked: &[u8], answer: &[u8]) -> bool {
    matches!((asked, answer), ([a, b, ..], [c, d, ..]) if (a, b) == (c, d))
}

/// RFC 864: what is sent over TCP is sent here too.
fn characters(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "chargen")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::payload;

    /// What `answer` to one of our own questions is.
    fn found(port: u16, answer: &[u8]) -> Option<(&'static str, String)> {
        let found = (0..6).find_map(|turn| recognise_reply(port, payload(port, turn), answer))?;
        Some((found.service, found.product.unwrap_or_default()))
    }

    /// Port, answer, service, product.
    #[rustfmt::skip]
    const ANSWERS: &[(u16, &[u8], &str, &str)] = &[
        (53, b"\xC0\xA4\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xC0\x0C\0\x10\0\x03\0\0\0\0\0\x07\x06Knot 3", "domain", "Knot 3"),
        (53, b"\xC0\xA4\x81\x05\0\0\0\0\0\0\0\0", "domain", ""),
        (5300, b"\xC0\xA4\x81\x05\0\0\0\0\0\0\0\0", "domain", ""),
        (69, b"\0\x05\0\x01File not found\0", "tftp", ""),
        (88, b"\x7E\x0C\x30\x0A\xA0\x03\x02\x01\x05\xA1\x03\x02\x01\x1E", "kerberos", ""),
        (111, b"coax\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "sunrpc", ""),
        (123, b"\x24\x05\0\xE6\0\0\0\0\0\0\0\0\x7F\x7F\x01\x01\0\0\0\0\0\0\0\0coaxscan\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "ntp", ""),
        (137, b"\xC0\xA4\x84\0\0\0\0\x01\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01\0\0\0\0\0\x41\x01FILESERVER     \0\x04\0", "netbios-ns", "FILESERVER"),
        (161, b"\x30\x2B\x02\x01\x01\x04\x06public\xA2\x1E\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x13\x30\x11\x06\x08\x2B\x06\x01\x02\x01\x01\x01\0\x04\x05Linux", "snmp", "Linux"),
        (161, b"\x30\x05\x02\x01\x03\x30\0", "snmp", ""),
        (177, b"\0\x01\0\x05\0\x06\0\0\0\0\0\0", "xdmcp", ""),
        (389, b"\x30\x0C\x02\x01\x01\x65\x07\x0A\x01\0\x04\0\x04\0", "ldap", ""),
        (427, b"\x02\x02\0\0\x14\0\0\0\0\0\xC0\xA4\0\x02en\0\0\0\0", "svrloc", ""),
        (500, b"coaxscan\x01\x02\x03\x04\x05\x06\x07\x08\x29\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08\0\0\0\x0E", "isakmp", ""),
        (4500, b"\0\0\0\0coaxscan\x01\x02\x03\x04\x05\x06\x07\x08\x29\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08\0\0\0\x0E", "ipsec-nat-t", ""),
        (520, b"\x02\x02\0\0\0\x02\0\0\xC0\0\x02\0\xFF\xFF\xFF\0\0\0\0\0\0\0\0\x10", "router", ""),
        (623, b"\x06\0\xFF\x06\0\0\x11\xBE\x40\x01\0\x10\0\0\x11\xBE\0\0\0\0\x81\0\0\0\0\0\0\0", "asf-rmcp", ""),
        (1194, b"\x40abcdefgh\x01\0\0\0\0coaxscan\0\0\0\0", "openvpn", ""),
        (1434, b"\x05\x20\0ServerName;BOX;InstanceName;X;IsClustered;No;Version;15.0.2000.5;tcp;1433;;", "ms-sql-m", "15.0.2000.5"),
        (1900, b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1\r\nSERVER: Linux UPnP/1.0 x/1\r\n\r\n", "ssdp", "Linux UPnP/1.0 x/1"),
        (2049, b"coax\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "sunrpc", ""),
        (2152, b"\x32\x02\0\x06\0\0\0\0\0\x01\0\0\x0E\0", "gtp-user", ""),
        (3478, b"\x01\x01\0\x0C\x21\x12\xA4\x42coaxcoaxscan\x80\x22\0\x06Coturn\0\0", "stun", "Coturn"),
        (3702, b"<e:Envelope><d:ProbeMatches/></e:Envelope>", "ws-discovery", ""),
        (443, b"\x8A\0\0\0\0\x08coaxscan\x08coaxscan\0\0\0\x01", "quic", ""),
        (443, b"\x16\xFE\xFF\0\0\0\0\0\0\0\0\0\x23\x03", "dtls", ""),
        (4569, b"\x80\x01\0\x01\0\0\0\0\0\x01\x06\x03", "iax", ""),
        (5060, b"SIP/2.0 404 Not Found\r\nServer: kamailio (5.6.3)\r\n\r\n", "sip", "kamailio (5.6.3)"),
        (5351, b"\0\x80\0\0\0\0\0\x01\xC0\0\x02\x01", "nat-pmp", ""),
        (5353, b"\xC0\xA4\x84\0\0\0\0\0\0\0\0\0", "mdns", ""),
        (5683, b"\x70\0\xC0\xA4", "coap", ""),
        (11211, b"\xC0\xA4\0\0\0\x01\0\0VERSION 1.6.18\r\n", "memcache", "1.6.18"),
        (47808, b"\x81\x0A\0\x0B\x01\0\x30\x01\x0C\x0C\x02", "bacnet", ""),
        (7, b"coax\r\n", "echo", ""),
        (19, b" !\"#$%&'()*+,-./0123456789:;", "chargen", ""),
    ];

    #[test]
    fn each_answer_names_its_service() {
        for (port, answer, service, product) in ANSWERS {
            assert_eq!(found(*port, answer), Some((*service, (*product).to_owned())), "{port}");
        }
    }

    #[test]
    fn every_reader_has_an_answer_that_it_reads() {
        for port in TABLE.iter().flat_map(|(ports, _)| &ports[..1]) {
            assert!(ANSWERS.iter().any(|(tried, ..)| tried == port), "{port}");
        }
    }

    #[test]
    fn an_answer_to_another_question_names_nothing() {
        // Those that are known by a number of ours.
        for port in [53, 111, 123, 137, 427, 500, 1194, 3478, 5683, 11211] {
            let (_, answer, ..) = ANSWERS.iter().find(|(tried, ..)| *tried == port).unwrap();
            let asked = vec![0x5A; 200];
            assert_eq!(recognise_reply(port, &asked, answer), None, "{port}");
            assert_eq!(recognise_reply(port, b"", answer), None, "{port}");
        }
        assert_eq!(found(1900, b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }

    #[test]
    fn anything_cut_or_changed_is_read_without_harm() {
        for (port, answer, ..) in ANSWERS {
            for at in 0..answer.len() {
                let _ = found(*port, &answer[..at]);
                for byte in [0, 0x7F, 0xC0, 0xFF] {
                    let mut changed = answer.to_vec();
                    changed[at] = byte;
                    let _ = found(*port, &changed);
                }
            }
        }
    }
}
