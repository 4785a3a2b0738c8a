//! The web: HTTP/1, HTTP/2, printing by IPP, ICAP, and servers that are known by their headers.
//!
//! Nothing here asks for more than a page that everybody may read.

use std::net::{IpAddr, SocketAddr};

use super::super::protocol::Take::Header;
use super::super::protocol::{Ask, Heard, Protocol, sign};
use super::super::recognise::Recognised;

/// RFC 9110 §10.1.5: honest, so that whoever reads the log knows what it was.
const AGENT: &str = concat!("coax/", env!("CARGO_PKG_VERSION"));
/// RFC 9113 §3.4: the preface and an empty SETTINGS frame.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const IPP: Protocol = Protocol {
    service: "ipp",
    ports: &[631],
    ask: Ask::Made(front_page),
    signs: &[sign(b"HTTP/1.").holding("\nserver: cups|ipp/").product(Header("Server"))],
    ..Protocol::NONE
};

const PROXY: Protocol = Protocol {
    service: "http-proxy",
    ports: &[3128, 8118, 8888],
    ask: Ask::Made(front_page),
    signs: &[
        sign(b"HTTP/1.")
            .holding("\nserver: squid|\nserver: tinyproxy|\nserver: privoxy")
            .product(Header("Server")),
        sign(b"HTTP/1.").holding("\nproxy-agent:").product(Header("Proxy-Agent")),
    ],
    ..Protocol::NONE
};

const ICAP: Protocol = Protocol {
    service: "icap",
    ports: &[1344],
    ask: Ask::Bytes(b"OPTIONS icap://coax.invalid/ ICAP/1.0\r\nHost: coax.invalid\r\n\r\n"),
    signs: &[sign(b"ICAP/1.0 ").product(Header("Server"))],
    ..Protocol::NONE
};

const HTTP_1: Protocol = Protocol {
    service: "http",
    over_tls: "https",
    ports: &[
        80, 81, 591, 3000, 5000, 5984, 5985, 6081, 8000, 8008, 8080, 8081, 8088, 8123, 8200, 8384,
        8529, 9090, 9091,
    ],
    tls_ports: &[443, 4443, 5986, 8443, 9443, 10443],
    ask: Ask::Made(front_page),
    alpn: "http/1.1",
    signs: &[sign(b"HTTP/1.").product(Header("Server")), sign(b"HTTP/2").product(Header("Server"))],
    ..Protocol::NONE
};

const HTTP_2_ONLY: Protocol = Protocol {
    service: "http",
    over_tls: "https",
    ports: &[50051],
    ask: Ask::Bytes(HTTP_2),
    anywhere: 6,
    alpn: "h2",
    read: http_2,
    ..Protocol::NONE
};

/// What any port is asked.
pub(super) static HTTP: Protocol = HTTP_1;
/// What a server is asked that speaks nothing but HTTP/2 inside TLS.
pub(super) static HTTP_2_ALONE: Protocol = HTTP_2_ONLY;
pub(super) static PROTOCOLS: &[Protocol] = &[IPP, PROXY, ICAP, HTTP_1, HTTP_2_ONLY];

/// A SETTINGS frame on stream 0, of whole settings (RFC 9113 §3.4, §6.5).
fn http_2(heard: Heard<'_>) -> Option<Recognised> {
    let [0, high, low, 4, 0, 0, 0, 0, 0, ..] = *heard.said else { return None };
    let length = u16::from_be_bytes([high, low]);
    let extra = Some("HTTP/2 alone".to_owned());
    (length % 6 == 0 && length <= 600)
        .then(|| Recognised { extra, ..Recognised::new("http", None) })
}

/// A request for the front page.
pub(super) fn front_page(address: SocketAddr, name: Option<&str>) -> Vec<u8> {
    page("/", address, name)
}

/// etcd's version, which it tells without a login.
pub(super) fn etcd(address: SocketAddr, name: Option<&str>) -> Vec<u8> {
    page("/version", address, name)
}

/// InfluxDB's answer to whether it is there has its version in a header.
pub(super) fn influx(address: SocketAddr, name: Option<&str>) -> Vec<u8> {
    page("/ping", address, name)
}

fn page(path: &str, address: SocketAddr, name: Option<&str>) -> Vec<u8> {
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
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: {AGENT}\r\n");
    format!("{head}Accept: */*\r\nConnection: close\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_is_asked_by_name_where_there_is_one() {
        let asked = |address: &str, name| {
            String::from_utf8(front_page(address.parse().unwrap(), name)).unwrap()
        };
        let request = asked("127.0.0.1:8080", None);
        assert!(request.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: coax/"));
        assert!(request.ends_with("Connection: close\r\n\r\n"), "{request}");
        assert!(asked("[::1]:80", None).contains("\r\nHost: [::1]\r\n"));
        assert!(asked("[::1]:443", Some("a.test")).contains("\r\nHost: a.test\r\n"));
        assert!(!asked("[::1]:443", Some("a\r\nX: y")).contains("X: y"));
    }
}
