//! What a socket can be: its family, its type, its protocol.
//!
//! These are the names of the textbooks. Whether the system offers a combination is the system's
//! to say.
//!
//! Nothing here opens anything.

use std::fmt;

use socket2::{Domain, Type};

/// The address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4, `AF_INET`.
    Inet,
    /// IPv6, `AF_INET6`.
    Inet6,
    /// Names on this machine, `AF_UNIX`.
    Unix,
}

/// The type of a socket: what it promises about what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes in order, no boundaries: `SOCK_STREAM`.
    Stream,
    /// Messages that may be lost or change places: `SOCK_DGRAM`.
    Dgram,
    /// Messages in order, over a connection: `SOCK_SEQPACKET`.
    Seqpacket,
    /// Packets with their IP header: `SOCK_RAW`.
    Raw,
    /// Messages that arrive, in any order: `SOCK_RDM`.
    Rdm,
}

/// A protocol's number in the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocol(u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Protocol = Protocol(1);
    /// TCP.
    pub const TCP: Protocol = Protocol(6);
    /// UDP.
    pub const UDP: Protocol = Protocol(17);
    /// ICMP for IPv6.
    pub const ICMPV6: Protocol = Protocol(58);
    /// SCTP.
    pub const SCTP: Protocol = Protocol(132);

    /// Any protocol, by the number the IANA gave it.
    pub const fn from_number(number: u8) -> Protocol {
        Protocol(number)
    }

    pub(crate) fn number(self) -> i32 {
        i32::from(self.0)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Protocol::ICMP => f.write_str("IPPROTO_ICMP"),
            Protocol::TCP => f.write_str("IPPROTO_TCP"),
            Protocol::UDP => f.write_str("IPPROTO_UDP"),
            Protocol::ICMPV6 => f.write_str("IPPROTO_ICMPV6"),
            Protocol::SCTP => f.write_str("IPPROTO_SCTP"),
            Protocol(number) => number.fmt(f),
        }
    }
}

/// Which directions of a connection end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Nothing more is received.
    Read,
    /// Nothing more is sent: the peer sees the end.
    Write,
    /// Both.
    Both,
}

impl Family {
    pub(crate) fn constant(self) -> &'static str {
        match self {
            Family::Inet => "AF_INET",
            Family::Inet6 => "AF_INET6",
            Family::Unix => "AF_UNIX",
        }
    }
}

impl Kind {
    pub(crate) fn constant(self) -> &'static str {
        match self {
            Kind::Stream => "SOCK_STREAM",
            Kind::Dgram => "SOCK_DGRAM",
            Kind::Seqpacket => "SOCK_SEQPACKET",
            Kind::Raw => "SOCK_RAW",
            Kind::Rdm => "SOCK_RDM",
        }
    }
}

impl Shutdown {
    pub(crate) fn constant(self) -> &'static str {
        match self {
            Shutdown::Read => "SHUT_RD",
            Shutdown::Write => "SHUT_WR",
            Shutdown::Both => "SHUT_RDWR",
        }
    }
}

/// `IPv6 TCP`, `Unix datagram`: what people call a socket of this family and type.
pub(crate) fn noun(family: Family, kind: Kind, protocol: Option<Protocol>) -> String {
    let family_word = match family {
        Family::Inet => "IPv4",
        Family::Inet6 => "IPv6",
        Family::Unix => "Unix",
    };
    let ip = family != Family::Unix;
    let kind_word = match (kind, protocol) {
        (Kind::Stream, None | Some(Protocol::TCP)) if ip => "TCP",
        (Kind::Dgram, None | Some(Protocol::UDP)) if ip => "UDP",
        (Kind::Stream, _) => "stream",
        (Kind::Dgram, _) => "datagram",
        (Kind::Seqpacket, _) => "sequenced-packet",
        (Kind::Raw, _) => "raw",
        (Kind::Rdm, _) => "reliable-datagram",
    };
    format!("{family_word} {kind_word}")
}

impl From<Family> for Domain {
    fn from(family: Family) -> Domain {
        match family {
            Family::Inet => Domain::IPV4,
            Family::Inet6 => Domain::IPV6,
            Family::Unix => Domain::UNIX,
        }
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Type {
        match kind {
            Kind::Stream => Type::STREAM,
            Kind::Dgram => Type::DGRAM,
            Kind::Seqpacket => Type::SEQPACKET,
            Kind::Raw => Type::RAW,
            // socket2 has no name for it; the number is the same on every Unix.
            Kind::Rdm => Type::from(4),
        }
    }
}

impl From<Shutdown> for rustix::net::Shutdown {
    fn from(how: Shutdown) -> rustix::net::Shutdown {
        match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        }
    }
}
