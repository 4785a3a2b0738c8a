//! Where to connect or listen: the one grammar every verb shares.
//!
//! ```text
//! host:port   :port   port   [v6]:port   [fe80::1%eth0]:port      TCP
//! tcp:// udp:// tls:// ws:// wss://   before any of these
//! /path  ./path  unix:/path  @name                                Unix stream
//! unix-dgram:  unix-seqpacket:                                    the other Unix kinds
//! stdio:  exec:'cmd'  file:path
//! ?name=value&…                                                   options, after any of these
//! ```
//!
//! `%XX` is one byte in a path, an abstract name or an option's value; it is needed for `?`, `%`,
//! control bytes and what is not UTF-8. A command is taken as it stands, to its end.
//!
//! Printing an endpoint and parsing the text again gives the same endpoint. Nothing here
//! resolves a name or looks at the file system.

mod authority;
mod error;
mod foreign;
mod host;
mod options;
mod percent;
mod print;
mod scheme;
mod unix;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Protocol, ServiceTable};

pub use error::{EndpointError, EndpointErrorKind};
pub(crate) use host::{why_no_name, why_no_zone};

/// A place to connect to or listen on, with the options that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Where.
    pub place: Place,
    /// `?name=value&…`, checked and typed.
    pub options: Options,
}

/// The kinds of place a person can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A host and port, reached over IP.
    Net {
        /// What is spoken there.
        transport: Transport,
        /// Who.
        host: Host,
        /// 0 lets the system choose when listening.
        port: u16,
        /// The path of a `ws://` or `wss://` endpoint, with its leading slash; empty otherwise.
        path: String,
    },
    /// A Unix-domain socket.
    Unix {
        /// Stream, datagram or sequenced packets.
        kind: UnixKind,
        /// Its name.
        name: UnixName,
    },
    /// Standard input and output.
    Stdio,
    /// A command's standard input and output.
    Exec(String),
    /// A file.
    File(PathBuf),
}

/// What is spoken over IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// TLS over TCP.
    Tls,
    /// WebSocket over TCP.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

/// The three socket types that Unix-domain names can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnixKind {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Dgram,
    /// `SOCK_SEQPACKET`.
    Seqpacket,
}

/// The name of a Unix-domain socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path in the file system.
    Path(PathBuf),
    /// A name in Linux's abstract namespace, without its leading NUL.
    Abstract(Vec<u8>),
}

/// Who to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Every address this machine has: written as nothing or `*`.
    Any,
    /// A name to resolve.
    Name(String),
    /// An address.
    Ip(IpAddr),
    /// An IPv6 address that needs an interface to mean something, RFC 4007 §11.
    Zoned {
        /// The address.
        address: std::net::Ipv6Addr,
        /// An interface's name or index.
        zone: String,
    },
}

impl Host {
    /// `<broadcast>`: 255.255.255.255.
    pub const BROADCAST: Host = Host::Ip(IpAddr::V4(Ipv4Addr::BROADCAST));
}

/// What `?name=value&…` set; `None` where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Local address or address:port to send from.
    pub bind: Option<String>,
    /// Multicast group to join (listening).
    pub join: Option<IpAddr>,
    /// Interface to use alone, by name or number.
    pub interface: Option<String>,
    /// Hops a packet may take, 1 to 255.
    pub ttl: Option<u8>,
    /// `TCP_NODELAY`.
    pub nodelay: Option<bool>,
    /// `SO_KEEPALIVE`.
    pub keepalive: Option<bool>,
    /// `SO_BROADCAST`.
    pub broadcast: Option<bool>,
    /// `SO_REUSEADDR`.
    pub reuseaddr: Option<bool>,
    /// `SO_REUSEPORT`.
    pub reuseport: Option<bool>,
    /// `SO_SNDBUF`, bytes.
    pub sndbuf: Option<u32>,
    /// `SO_RCVBUF`, bytes.
    pub rcvbuf: Option<u32>,
    /// Who may use the file of a Unix socket (listening): permission bits, up to 0777.
    pub mode: Option<u32>,
    /// The file's owner (listening): a name or a number.
    pub owner: Option<String>,
    /// The file's group (listening): a name or a number.
    pub group: Option<String>,
}

impl Endpoint {
    /// Reads an endpoint; `services` turns `:http` into a number.
    pub fn parse(text: &str, services: &ServiceTable) -> Result<Endpoint, EndpointError> {
        scheme::endpoint(text, services).map_err(|fault| fault.about(text))
    }

    /// Reads the two-word form, `HOST PORT`. An IPv6 host needs no brackets here, a scheme may
    /// stand before the host, and options may follow the port.
    pub fn parse_words(
        host: &str,
        port: &str,
        services: &ServiceTable,
    ) -> Result<Endpoint, EndpointError> {
        scheme::words(host, port, services).map_err(|fault| fault.about(&format!("{host} {port}")))
    }
}

/// Reads an endpoint with the service names of the IANA registry alone.
impl FromStr for Endpoint {
    type Err = EndpointError;
    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::parse(text, &ServiceTable::iana())
    }
}

impl From<Place> for Endpoint {
    fn from(place: Place) -> Endpoint {
        Endpoint { place, options: Options::default() }
    }
}

impl Transport {
    /// Every transport, in the order help texts list them.
    pub const ALL: [Transport; 5] =
        [Transport::Tcp, Transport::Udp, Transport::Tls, Transport::Ws, Transport::Wss];

    /// The word before `://`.
    pub fn scheme(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// The column of the service table that applies.
    pub fn protocol(self) -> Protocol {
        match self {
            Transport::Udp => Protocol::Udp,
            _ => Protocol::Tcp,
        }
    }

    /// The port that need not be written: RFC 6455 §3.
    pub fn default_port(self) -> Option<u16> {
        match self {
            Transport::Ws => Some(80),
            Transport::Wss => Some(443),
            _ => None,
        }
    }
}

impl UnixKind {
    /// The word before the colon.
    pub fn scheme(self) -> &'static str {
        match self {
            UnixKind::Stream => "unix",
            UnixKind::Dgram => "unix-dgram",
            UnixKind::Seqpacket => "unix-seqpacket",
        }
    }
}
