//! A host that is there, and how that is known.
//!
//! Nothing here looks for one.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Reason;

/// A host that gave a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its address, with the scope where it has one. The port says nothing.
    pub address: SocketAddr,
    /// The first sign that it gave.
    pub sign: Sign,
    /// From the question to its answer.
    pub rtt: Option<Duration>,
    /// Its hardware address, where it is on the same cable.
    pub hardware: Option<[u8; 6]>,
}

/// How it is known that a host is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is this machine.
    Own,
    /// It answered an ICMP echo request.
    EchoReply,
    /// It told its hardware address.
    Neighbour,
    /// A port of it said something, or it said something about a port.
    Port(Reason),
}

impl Sign {
    /// One word for programs: `own`, `echo-reply`, `neighbour`, or that of a reason such as `reset`.
    pub fn name(self) -> &'static str {
        match self {
            Sign::Own => "own",
            Sign::EchoReply => "echo-reply",
            Sign::Neighbour => "neighbour",
            Sign::Port(reason) => reason.name(),
        }
    }
}
