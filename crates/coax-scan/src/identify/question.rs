//! The questions themselves: the shortest that each service answers to anybody.
//!
//! None changes anything, logs in or carries a secret; SNMP's `public` is the one community that
//! is no secret. Each says who asks where the protocol has a place for it.
//!
//! Nothing here knows which port gets which, but for datagrams, where the port is all there is.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// RFC 9110 §10.1.5: honest, so that whoever reads the log knows what it was.
const AGENT: &str = concat!("coax/", env!("CARGO_PKG_VERSION"));

/// `version.bind CH TXT`, as `dig` asks it; the first two bytes are its length (RFC 1035 §4.2.2).
pub(super) const DNS_OVER_TCP: &[u8] =
    b"\0\x1E\x63\x78\0\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03";
const DNS: &[u8] = DNS_OVER_TCP.split_at(2).1;
/// `PING`, and `INFO` about the server.
pub(super) const REDIS: &[u8] = b"PING\r\nINFO server\r\n";
pub(super) const MEMCACHED: &[u8] = b"version\r\n";
/// RFC 2326 §10.1.
pub(super) const RTSP: &[u8] = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
/// The header of AMQP 0-9-1 §4.2.2.
pub(super) const AMQP: &[u8] = b"AMQP\0\0\x09\x01";
/// MQTT 3.1.1 §3.1: a connection without a name, that keeps nothing, and its end.
pub(super) const MQTT: &[u8] = b"\x10\x0C\0\x04MQTT\x04\x02\0\x3C\0\0\xE0\0";
/// RFC 4511 §4.5: what the server says about itself, which needs no login.
pub(super) const LDAP: &[u8] = b"\x30\x25\x02\x01\x01\x63\x20\x04\0\x0A\x01\0\x0A\x01\0\x02\x01\0\
\x02\x01\0\x01\x01\0\x87\x0BobjectClass\x30\0";
/// \[MS-RDPBCGR\] §2.2.1.1: a connection request that offers TLS and CredSSP.
pub(super) const RDP: &[u8] = b"\x03\0\0\x13\x0E\xE0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0";
/// PostgreSQL's SSLRequest (its protocol, §55.7).
pub(super) const POSTGRES: &[u8] = b"\0\0\0\x08\x04\xD2\x16\x2F";

/// A request for the front page.
pub(super) fn http(address: SocketAddr, name: Option<&str>) -> Vec<u8> {
    // What cannot be in a Host header would be a second header.
    let fits = |name: &&str| name.bytes().all(|byte| byte.is_ascii_graphic());
    let host = match (name.filter(fits), address.ip()) {
        (Some(name), _) => name.to_owned(),
        (None, IpAddr::V4(ip)) => ip.to_string(),
        (None, IpAddr::V6(ip)) => format!("[{ip}]"),
    };
    let port = match address.port() {
        80 | 443 => String::new(),
        port => format!(":{port}"),
    };
    let head = format!("GET / HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: {AGENT}\r\n");
    format!("{head}Accept: */*\r\nConnection: close\r\n\r\n").into_bytes()
}

/// NTP's client mode, version 4 (RFC 5905 §7.3).
const NTP: &[u8] = &{
    let mut packet = [0; 48];
    packet[0] = 0x23;
    packet
};
/// `sysDescr.0`, in SNMP 2c (RFC 3416).
const SNMP: &[u8] = b"\x30\x26\x02\x01\x01\x04\x06public\xA0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\
\x30\x0E\x30\x0C\x06\x08\x2B\x06\x01\x02\x01\x01\x01\0\x05\0";
/// A file that is nowhere (RFC 1350).
const TFTP: &[u8] = b"\0\x01coax-asks\0octet\0";
/// What services there are, answered to the asker alone (RFC 6762 §5.4, RFC 6763 §9).
const MDNS: &[u8] =
    b"\0\0\0\0\0\x01\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0C\x80\x01";
const SSDP: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
/// NBSTAT of `*` (RFC 1002 §4.2.17).
const NETBIOS: &[u8] =
    b"\x63\x78\0\0\0\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01";
/// A binding request (RFC 8489 §5).
const STUN: &[u8] = b"\0\x01\0\0\x21\x12\xA4\x42coax-asks-it";
/// The null call of the port mapper (RFC 5531, RFC 1833).
const RPC: &[u8] = b"coax\0\0\0\0\0\0\0\x02\0\x01\x86\xA0\0\0\0\x02\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// What there is (RFC 7252 §3, RFC 6690).
const COAP: &[u8] = b"\x40\x01\x63\x78\xBB.well-known\x04core";
/// `version`, in memcached's frame for datagrams.
const MEMCACHED_FRAMED: &[u8] = b"\x63\x78\0\0\0\x01\0\0version\r\n";
/// RFC 3261 §11.
const SIP: &str = "OPTIONS sip:coax@invalid SIP/2.0\r\n\
Via: SIP/2.0/UDP invalid;branch=z9hG4bK-coax;rport\r\nFrom: <sip:coax@invalid>;tag=coax\r\n\
To: <sip:coax@invalid>\r\nCall-ID: coax@invalid\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\
Contact: <sip:coax@invalid>\r\nContent-Length: 0\r\n\r\n";

/// What is asked of a UDP port.
pub(super) fn datagram(port: u16) -> Cow<'static, [u8]> {
    Cow::Borrowed(match port {
        53 => DNS,
        69 => TFTP,
        111 => RPC,
        123 => NTP,
        137 => NETBIOS,
        161 => SNMP,
        1900 => SSDP,
        3478 => STUN,
        5060 => SIP.as_bytes(),
        5353 => MDNS,
        5683 => COAP,
        11211 => MEMCACHED_FRAMED,
        // Who answers anything answers this: echo, daytime, chargen, a program of one's own.
        _ => b"\r\n",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_is_asked_by_name_where_there_is_one() {
        let asked =
            |address: &str, name| String::from_utf8(http(address.parse().unwrap(), name)).unwrap();
        let request = asked("127.0.0.1:8080", None);
        assert!(request.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: coax/"));
        assert!(request.ends_with("Connection: close\r\n\r\n"), "{request}");
        assert!(asked("[::1]:80", None).contains("\r\nHost: [::1]\r\n"));
        assert!(asked("[::1]:443", Some("a.test")).contains("\r\nHost: a.test\r\n"));
        assert!(!asked("[::1]:443", Some("a\r\nX: y")).contains("X: y"));
    }

    #[test]
    fn lengths_in_the_questions_are_right() {
        assert_eq!(usize::from(DNS_OVER_TCP[1]), DNS_OVER_TCP.len() - 2);
        assert_eq!(usize::from(LDAP[1]), LDAP.len() - 2);
        assert_eq!(usize::from(SNMP[1]), SNMP.len() - 2);
        assert_eq!(usize::from(RDP[3]), RDP.len());
        assert_eq!(usize::from(MQTT[1]), MQTT.len() - 2 - 2);
        assert_eq!(usize::from(POSTGRES[3]), POSTGRES.len());
        assert_eq!((NTP.len(), STUN.len(), RPC.len(), NETBIOS.len()), (48, 20, 40, 50));
    }
}
