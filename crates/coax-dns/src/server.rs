//! Which name server to ask, and how: text ↔ value.
//!
//! ```text
//! 9.9.9.9   9.9.9.9:5353   [2620:fe::fe]:53   dns.example     UDP, then TCP when the answer is cut
//! udp://HOST[:53]   tcp://HOST[:53]   tls://HOST[:853]   https://HOST[:443][/dns-query]
//! ```
//!
//! Nothing here resolves the host or opens a socket.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP, and TCP when the answer did not fit.
    Plain,
    /// UDP alone.
    Udp,
    /// TCP.
    Tcp,
    /// DNS over TLS, RFC 7858.
    Tls,
    /// DNS over HTTPS, RFC 8484.
    Https,
}

impl Transport {
    /// The word before `://`, and what a report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Plain | Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Transport::Plain | Transport::Udp | Transport::Tcp => 53,
            Transport::Tls => 853,
            Transport::Https => 443,
        }
    }
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerHost {
    /// An address, with its zone where it has one.
    Address(IpAddr, Option<String>),
    /// A name, resolved by the system.
    Name(String),
}

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// How.
    pub transport: Transport,
    /// Who.
    pub host: ServerHost,
    /// Where.
    pub port: u16,
    /// The path of an `https://` server, with its slash; empty otherwise.
    pub path: String,
}

/// Why a text is not a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a name server: {}", self.text.escape_debug(), self.reason)
    }
}

impl std::error::Error for ServerError {}

impl Server {
    /// The server at an address, asked by UDP with TCP behind it.
    pub fn plain(address: IpAddr, port: u16) -> Server {
        let host = ServerHost::Address(address, None);
        Server { transport: Transport::Plain, host, port, path: String::new() }
    }
}

impl FromStr for Server {
    type Err = ServerError;
    fn from_str(text: &str) -> Result<Server, ServerError> {
        read(text).map_err(|reason| ServerError { text: text.to_owned(), reason })
    }
}

fn read(text: &str) -> Result<Server, &'static str> {
    let (transport, rest) = match text.split_once("://") {
        None => (Transport::Plain, text),
        Some(("udp", rest)) => (Transport::Udp, rest),
        Some(("tcp", rest)) => (Transport::Tcp, rest),
        Some(("tls", rest)) => (Transport::Tls, rest),
        Some(("https", rest)) => (Transport::Https, rest),
        Some(_) => return Err("before :// comes udp, tcp, tls or https"),
    };
    let (place, path) = match (transport, rest.find('/')) {
        (Transport::Https, Some(slash)) => rest.split_at(slash),
        (Transport::Https, None) => (rest, "/dns-query"),
        (_, Some(_)) => return Err("only https:// has a path"),
        (_, None) => (rest, ""),
    };
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the path has a character that must be percent-encoded");
    }
    let (host, port) = split_port(place)?;
    let port = match port {
        None => transport.port(),
        Some(digits) => read_port(digits)?,
    };
    let host = read_host(host)?;
    if transport == Transport::Https && matches!(host, ServerHost::Address(IpAddr::V6(_), _)) {
        // hickory-net gives one text to TLS and to HTTP, which write IPv6 differently.
        return Err("https:// needs a name or an IPv4 address; tls:// takes IPv6");
    }
    Ok(Server { transport, host, port, path: path.to_owned() })
}

/// The host without brackets, and the digits after its colon.
fn split_port(place: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(inside) = place.strip_prefix('[') {
        let (host, after) = inside.split_once(']').ok_or("the bracket is not closed")?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err("after the bracket comes :port or nothing"),
        };
    }
    match place.split_once(':') {
        // More than one colon is a bare IPv6 address.
        Some((_, rest)) if rest.contains(':') => Ok((place, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((place, None)),
    }
}

fn read_port(digits: &str) -> Result<u16, &'static str> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if port > 0 && all_digits => Ok(port),
        _ => Err("the port is a number from 1 to 65535"),
    }
}

fn read_host(host: &str) -> Result<ServerHost, &'static str> {
    if let Ok(address) = host.parse() {
        return Ok(ServerHost::Address(address, None));
    }
    if let Some((address, zone)) = host.split_once('%') {
        let address: Ipv6Addr = address.parse().map_err(|_| "only an IPv6 address has a zone")?;
        let plain = zone.bytes().all(|byte| byte.is_ascii_graphic() && byte != b']');
        return match zone.is_empty() || !plain {
            true => Err("the zone after % is an interface's name or number"),
            false => Ok(ServerHost::Address(address.into(), Some(zone.to_owned()))),
        };
    }
    if host.contains(':') {
        return Err("it has several colons and is no IPv6 address");
    }
    match coax_net::check_host_name(host) {
        Ok(()) => Ok(ServerHost::Name(host.to_owned())),
        Err(coax_net::ResolveErrorKind::Malformed(why)) => Err(why),
        Err(_) => Err("the host is not a name"),
    }
}

impl fmt::Display for ServerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerHost::Address(IpAddr::V4(address), _) => write!(f, "{address}"),
            ServerHost::Address(IpAddr::V6(address), None) => write!(f, "[{address}]"),
            ServerHost::Address(address, Some(zone)) => write!(f, "[{address}%{zone}]"),
            ServerHost::Name(name) => f.write_str(name),
        }
    }
}

/// `tls://dns.example:853`; a plain server has no scheme. Parsing it again gives the same server.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            Transport::Plain => write!(f, "{}:{}", self.host, self.port),
            other => write!(f, "{}://{}:{}{}", other.name(), self.host, self.port, self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_prints_in_full_and_reads_back() {
        for (text, full) in [
            ("127.0.0.1", "127.0.0.1:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
            ("fe80::1%eth0", "[fe80::1%eth0]:53"),
            ("dns.example", "dns.example:53"),
            ("udp://9.9.9.9", "udp://9.9.9.9:53"),
            ("tcp://[::1]", "tcp://[::1]:53"),
            ("tls://dns.example", "tls://dns.example:853"),
            ("https://dns.example", "https://dns.example:443/dns-query"),
            ("https://127.0.0.1:8443/q?x", "https://127.0.0.1:8443/q?x"),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!(server.to_string(), full);
            assert_eq!(full.parse::<Server>().unwrap(), server);
        }
    }

    #[test]
    fn what_is_not_a_server_says_why() {
        for (text, why) in [
            ("", "the name is empty"),
            ("quic://9.9.9.9", "before :// comes udp, tcp, tls or https"),
            ("udp://9.9.9.9/x", "only https:// has a path"),
            ("https://a/b c", "the path has a character that must be percent-encoded"),
            ("https://[::1]/q", "https:// needs a name or an IPv4 address; tls:// takes IPv6"),
            ("[::1", "the bracket is not closed"),
            ("[::1]x", "after the bracket comes :port or nothing"),
            ("a:0", "the port is a number from 1 to 65535"),
            ("a:99999", "the port is a number from 1 to 65535"),
            ("a:+5", "the port is a number from 1 to 65535"),
            ("1:2:3", "it has several colons and is no IPv6 address"),
            ("9.9.9.9%eth0", "only an IPv6 address has a zone"),
            ("a b", "a host name has no spaces"),
        ] {
            let error = text.parse::<Server>().unwrap_err().to_string();
            assert_eq!(error, format!("'{text}' is not a name server: {why}"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_prints_and_reads_back(text in "\\PC{0,40}|[a-z0-9:/\\.\\[\\]%]{0,30}") {
            if let Ok(server) = text.parse::<Server>() {
                prop_assert_eq!(server.to_string().parse::<Server>().unwrap(), server);
            }
        }
    }
}
