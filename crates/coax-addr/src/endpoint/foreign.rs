//! Schemes that other programs know, and words that sound like schemes: what to type instead.
//!
//! A web address names the verb that fetches it, a protocol its port, another kind of socket how
//! it is written here.
//!
//! Nothing here reads an endpoint.

use super::Transport;
use crate::near::shown;

/// Protocols that have a scheme elsewhere: their port, and what they stand on.
const PROTOCOLS: [(&str, Transport, u16); 39] = [
    ("amqp", Transport::Tcp, 5672),
    ("amqps", Transport::Tcp, 5671),
    ("cassandra", Transport::Tcp, 9042),
    ("coap", Transport::Udp, 5683),
    ("dict", Transport::Tcp, 2628),
    ("dns", Transport::Udp, 53),
    ("ftp", Transport::Tcp, 21),
    ("ftps", Transport::Tcp, 990),
    ("git", Transport::Tcp, 9418),
    ("gopher", Transport::Tcp, 70),
    ("imap", Transport::Tcp, 143),
    ("imaps", Transport::Tcp, 993),
    ("irc", Transport::Tcp, 6667),
    ("ircs", Transport::Tcp, 6697),
    ("ldap", Transport::Tcp, 389),
    ("ldaps", Transport::Tcp, 636),
    ("memcached", Transport::Tcp, 11211),
    ("mongodb", Transport::Tcp, 27017),
    ("mqtt", Transport::Tcp, 1883),
    ("mqtts", Transport::Tcp, 8883),
    ("mysql", Transport::Tcp, 3306),
    ("nats", Transport::Tcp, 4222),
    ("nntp", Transport::Tcp, 119),
    ("ntp", Transport::Udp, 123),
    ("pop3", Transport::Tcp, 110),
    ("pop3s", Transport::Tcp, 995),
    ("postgres", Transport::Tcp, 5432),
    ("postgresql", Transport::Tcp, 5432),
    ("redis", Transport::Tcp, 6379),
    ("rediss", Transport::Tcp, 6379),
    ("rtsp", Transport::Tcp, 554),
    ("sftp", Transport::Tcp, 22),
    ("sip", Transport::Udp, 5060),
    ("smtp", Transport::Tcp, 25),
    ("smtps", Transport::Tcp, 465),
    ("ssh", Transport::Tcp, 22),
    ("syslog", Transport::Udp, 514),
    ("telnet", Transport::Tcp, 23),
    ("tftp", Transport::Udp, 69),
];

/// What to type in place of `scheme:rest`; `None` where nothing is known about it. A scheme is
/// followed by `//`; a word without it may be a host.
pub(super) fn instead(scheme: &str, rest: &str) -> Option<String> {
    socket_type(scheme, rest).or_else(|| protocol(scheme, rest.strip_prefix("//")?))
}

/// The kinds of socket that have another name here, or none.
fn socket_type(scheme: &str, rest: &str) -> Option<String> {
    let name = rest.trim_start_matches('/');
    let or = |what: &'static str| if name.is_empty() { what.to_owned() } else { shown(name) };
    Some(match scheme {
        "abstract" | "unix-abstract" | "abstract-connect" | "abstract-listen" => {
            format!("; an abstract Unix socket is written @{}", or("NAME").trim_start_matches('@'))
        }
        "unix-stream" | "unix-connect" | "unix-listen" | "local" => {
            format!("; a Unix socket is written unix:{}", shown_path(rest))
        }
        "dgram" | "unix-datagram" | "unixgram" => {
            format!("; Unix datagrams are written unix-dgram:{}", shown_path(rest))
        }
        "seqpacket" => format!("; they are written unix-seqpacket:{}", shown_path(rest)),
        "tcp4" | "tcp6" | "tcp-connect" | "tcp-listen" => {
            format!("; write tcp://{}, and -4 or -6 for one family alone", or("HOST:PORT"))
        }
        "udp4" | "udp6" | "udp-connect" | "udp-listen" => {
            format!("; write udp://{}, and -4 or -6 for one family alone", or("HOST:PORT"))
        }
        "raw" | "ip" | "icmp" => "; raw sockets have no ports to talk to, and no verb talks over \
            them: coax scan --syn sends raw packets"
            .to_owned(),
        "rdm" | "unix-rdm" => "; no system here offers reliably delivered messages (SOCK_RDM): \
            unix-seqpacket: keeps messages whole and in order"
            .to_owned(),
        "sctp" | "dccp" | "vsock" | "quic" => {
            format!("; coax does not speak {scheme}: there are tcp://, udp:// and Unix sockets")
        }
        _ => return None,
    })
}

fn shown_path(rest: &str) -> String {
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" => "PATH".to_owned(),
        path => shown(path),
    }
}

fn protocol(scheme: &str, rest: &str) -> Option<String> {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if matches!(scheme, "http" | "https") {
        let url = shown(&format!("{scheme}://{rest}"));
        let port = if scheme == "http" { 80 } else { 443 };
        let place = with_port(host, port);
        return Some(format!("; coax get {url} fetches it, and tcp://{place} is its server"));
    }
    let (_, transport, port) = PROTOCOLS.iter().find(|(name, ..)| *name == scheme)?;
    let place = with_port(host, *port);
    Some(format!("; its server is {}://{place}", transport.scheme()))
}

/// `host` with its own port, or with `port`.
fn with_port(host: &str, port: u16) -> String {
    let after_brackets = host.rsplit(']').next().unwrap_or_default();
    match host {
        "" => format!("HOST:{port}"),
        host if after_brackets.contains(':') => shown(host),
        host => format!("{}:{port}", shown(host)),
    }
}
