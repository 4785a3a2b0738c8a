//! Which protocol a datagram that came back speaks.
//!
//! The port says what to expect, the question what must come back with the answer: an id, a
//! cookie. An answer that does not fit is nobody's, so a stray datagram names no service.
//!
//! Nothing here knows how long was waited.

pub(super) mod games;
pub(super) mod machine;
pub(super) mod names;
pub(super) mod small;
pub(super) mod tunnel;
pub(super) mod web;

use super::recognise::Recognised;
use super::registry::datagram;

pub(super) use names::dns;

/// An error that answers our request for a ticket.
pub(super) fn kerberos(answer: &[u8]) -> Option<Recognised> {
    machine::kerberos(&[], answer)
}

/// A hard reset that acknowledges the session of our request.
pub(super) fn openvpn(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    tunnel::openvpn(asked, answer)
}

/// Reads an answer: the question that it must fit, and its bytes.
pub(super) type Reader = fn(&[u8], &[u8]) -> Option<Recognised>;

/// What `answer` to the question `asked`, which went to this UDP port, gives away.
pub fn recognise_reply(port: u16, asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    if !asked.is_empty() && answer == asked {
        return named("echo", None);
    }
    if let Some(row) = datagram::at(port) {
        return row.readers.iter().find_map(|read| read(asked, answer));
    }
    // Where anything may be, an answer has to fit the question of its own protocol.
    let own = datagram::anywhere().filter(|row| (row.questions)().iter().any(|own| own == asked));
    let mut readers = own.flat_map(|row| row.readers).chain(ANYWHERE);
    readers.find_map(|read| read(asked, answer))
}

/// What is known without a number of ours in it.
const ANYWHERE: &[Reader] = &[small::characters];

fn named(service: &'static str, product: Option<String>) -> Option<Recognised> {
    Some(Recognised::new(service, product))
}

/// `service`, if what was heard fits.
fn known(fits: bool, service: &'static str) -> Option<Recognised> {
    fits.then(|| named(service, None))?
}

/// Whether both begin with the same two bytes, and have them.
fn same_id(asked: &[u8], answer: &[u8]) -> bool {
    matches!((asked, answer), ([a, b, ..], [c, d, ..]) if (a, b) == (c, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::DATAGRAM_PROTOCOLS;
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
        (11211, b"\xC0\xA4\0\0\0\x01\0\0VERSION 1.6.18\r\n", "memcache", "memcached 1.6.18"),
        (47808, b"\x81\x0A\0\x0B\x01\0\x30\x01\x0C\x0C\x02", "bacnet", ""),
        (3389, b"coax\0\x40\0\x05\0\0\0\0", "ms-wbt-server", ""),
        (10001, b"\x01\0\0\x04\x0B\0\x01a", "ubiquiti", ""),
        (44818, b"c\0,\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x0C\0&\0\x01\0\0\x02\xAF\x12\n\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x0E\x006\0\x14\x0B`\0\x01\x02\x03\x04\x041756\x03", "EtherNet-IP-2", "1756 20.11"),
        (27015, b"\xFF\xFF\xFF\xFFI\x11box\0de_dust\0csgo\0Counter-Strike\0\xDA\x02\x05", "source-engine", "Counter-Strike"),
        (27960, b"\xFF\xFF\xFF\xFFinfoResponse\n\\protocol\\68\\gamename\\Quake3Arena\\clients\\3", "quake", "Quake3Arena"),
        (25565, b"\x09\x0C\x0A\x01\x089513307\0", "minecraft", ""),
        (19132, b"\x1C\0\0\0\0\0\0\0\0abcdefgh\0\xFF\xFF\0\xFE\xFE\xFE\xFE\xFD\xFD\xFD\xFD\x12\x34\x56\x78\0\x15MCPE;box;390;1.14.60;", "minecraft-bedrock", "Minecraft 1.14.60"),
        (64738, b"\0\x01\x03\x04coaxscan\0\0\0\0\0\0\0\x64\0\x01\x19\x40", "mumble", "Murmur 1.3.4"),
        (521, b"\x02\x01\0\0\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\x10", "ripng", ""),
        (2083, b"\x16\xFE\xFF\0\0\0\0\0\0\0\0\0\x23\x03", "dtls", ""),
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
        for port in DATAGRAM_PROTOCOLS.iter().flat_map(|row| &row.ports[..1]) {
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
