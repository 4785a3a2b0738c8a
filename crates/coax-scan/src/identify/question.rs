//! The questions to TCP ports: the shortest that each service answers to anybody.
//!
//! None changes anything, logs in or carries a secret. Each says who asks where the protocol has
//! a place for it.
//!
//! Nothing here knows which port gets which.

use std::net::{IpAddr, SocketAddr};

/// RFC 9110 §10.1.5: honest, so that whoever reads the log knows what it was.
const AGENT: &str = concat!("coax/", env!("CARGO_PKG_VERSION"));

/// `version.bind CH TXT`, as `dig` asks it; the first two bytes are its length (RFC 1035 §4.2.2).
pub(super) const DNS_OVER_TCP: &[u8] =
    b"\0\x1E\x63\x78\0\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03";
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
        assert_eq!(usize::from(RDP[3]), RDP.len());
        assert_eq!(usize::from(MQTT[1]), MQTT.len() - 2 - 2);
        assert_eq!(usize::from(POSTGRES[3]), POSTGRES.len());
    }
}
