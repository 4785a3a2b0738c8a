//! What was found out about a port, and how it is known.
//!
//! A state is never without its reason, and every error has one: whatever this machine refused
//! makes a port inconclusive.
//!
//! Nothing here decides when to ask again.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use coax_addr::Protocol;
use coax_net::{IcmpReport, cause_in_words};

/// What was found out about one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The address, with its scope, and the port.
    pub address: SocketAddr,
    /// Whose port it is.
    pub protocol: Protocol,
    /// Open, closed, or why it cannot be told.
    pub state: State,
    /// How it is known.
    pub reason: Reason,
    /// From the probe to its answer, where there was one. An answer that came after two more attempts
    /// has no time.
    pub rtt: Option<Duration>,
}

/// Whether a port is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Somebody listens.
    Open,
    /// The host says that nobody listens.
    Closed,
    /// Something on the way keeps the probe or its answer, or says that it does.
    Filtered,
    /// Silence, which over UDP may be somebody who listens and had nothing to say.
    OpenOrFiltered,
    /// This machine could not ask.
    Inconclusive,
}

/// How it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The connection was made.
    SynAck,
    /// The host answered with a reset: refused.
    Reset,
    /// A datagram came back.
    UdpReply,
    /// The probe met itself on this machine: nobody held the port.
    MetItself,
    /// No probe was answered.
    NoAnswer,
    /// A router, a firewall or the host said that it will not be.
    Icmp(IcmpReport),
    /// The system says so, without a message from the network.
    HostUnreachable,
    /// This machine had no descriptor left.
    Descriptors,
    /// This machine had no source port left.
    SourcePorts,
    /// This machine had no memory for the socket.
    Buffers,
    /// This machine has no route there.
    NoRoute,
    /// This machine forbids it: a firewall of its own, or a rule of its routing.
    Forbidden,
    /// Another error of this machine, by number.
    Machine(i32),
}

impl State {
    /// `open`, `closed`, `filtered`, `open-or-filtered`, `inconclusive`.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Closed => "closed",
            State::Filtered => "filtered",
            State::OpenOrFiltered => "open-or-filtered",
            State::Inconclusive => "inconclusive",
        }
    }
}

impl Reason {
    /// What it says of a port of `protocol` at `host`.
    ///
    /// That a UDP port is closed is told by the host itself (RFC 1122 §4.1.3.1); the same message
    /// from another address, or about TCP, is a firewall's.
    pub fn state(self, protocol: Protocol, host: IpAddr) -> State {
        let udp = protocol == Protocol::Udp;
        match self {
            Reason::SynAck | Reason::UdpReply => State::Open,
            Reason::Reset | Reason::MetItself => State::Closed,
            Reason::Icmp(report) if udp && report.is_port_unreachable_from(host) => State::Closed,
            Reason::NoAnswer if udp => State::OpenOrFiltered,
            Reason::NoAnswer | Reason::Icmp(_) | Reason::HostUnreachable => State::Filtered,
            _ => State::Inconclusive,
        }
    }

    /// Whether this machine lacked something that comes back when less is asked at once.
    pub(crate) fn is_shortage(self) -> bool {
        matches!(self, Reason::Descriptors | Reason::SourcePorts | Reason::Buffers)
    }

    /// One word for programs, such as `syn-ack` or `icmp-host-unreachable`.
    pub fn name(self) -> &'static str {
        match self {
            Reason::SynAck => "syn-ack",
            Reason::Reset => "reset",
            Reason::UdpReply => "udp-reply",
            Reason::MetItself => "met-itself",
            Reason::NoAnswer => "no-answer",
            Reason::Icmp(report) => icmp(report),
            Reason::HostUnreachable => "host-unreachable",
            Reason::Descriptors => "no-descriptors",
            Reason::SourcePorts => "no-source-ports",
            Reason::Buffers => "no-buffers",
            Reason::NoRoute => "no-route",
            Reason::Forbidden => "forbidden",
            Reason::Machine(_) => "machine",
        }
    }
}

/// RFC 792, RFC 1122 §3.2.2.1 and RFC 1812 §5.2.7.1; RFC 4443 §3.
fn icmp(report: IcmpReport) -> &'static str {
    match (report.v6, report.kind, report.code) {
        (false, 3, 0 | 6 | 11) | (true, 1, 0) => "icmp-net-unreachable",
        (false, 3, 1 | 7 | 8 | 12) | (true, 1, 3) => "icmp-host-unreachable",
        (false, 3, 2) => "icmp-protocol-unreachable",
        (false, 3, 3) | (true, 1, 4) => "icmp-port-unreachable",
        (false, 3, 9) => "icmp-net-prohibited",
        (false, 3, 10) => "icmp-host-prohibited",
        (false, 3, 13..=15) | (true, 1, 1) => "icmp-admin-prohibited",
        (true, 1, 5) => "icmp-policy",
        (true, 1, 6) => "icmp-reject-route",
        (false, 11, _) | (true, 3, _) => "icmp-time-exceeded",
        _ => "icmp-other",
    }
}

/// For a person; an error of this machine in its own words.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Machine(number) => {
                f.write_str(&cause_in_words(&io::Error::from_raw_os_error(*number)))
            }
            reason => f.write_str(reason.name()),
        }
    }
}

/// What a failed attempt says. A reset after the connection stood says that somebody listens.
pub(crate) fn reason_of(error: &io::Error) -> Reason {
    use rustix::io::Errno;
    let Some(errno) = Errno::from_io_error(error) else { return Reason::Machine(0) };
    match errno {
        Errno::CONNREFUSED => Reason::Reset,
        Errno::CONNRESET | Errno::PIPE => Reason::SynAck,
        Errno::TIMEDOUT => Reason::NoAnswer,
        Errno::MFILE | Errno::NFILE => Reason::Descriptors,
        // A source port is also "in use" when two threads reach for the last one.
        Errno::ADDRNOTAVAIL | Errno::ADDRINUSE => Reason::SourcePorts,
        Errno::NOBUFS | Errno::NOMEM | Errno::AGAIN => Reason::Buffers,
        Errno::NETUNREACH
        | Errno::HOSTUNREACH
        | Errno::NETDOWN
        | Errno::AFNOSUPPORT
        | Errno::NODEV => Reason::NoRoute,
        Errno::ACCESS | Errno::PERM => Reason::Forbidden,
        other => Reason::Machine(other.raw_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    const HOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn state_of(errno: Errno) -> State {
        reason_of(&errno.into()).state(Protocol::Tcp, HOST)
    }

    #[test]
    fn a_closed_udp_port_is_told_by_its_host_alone() {
        let from = |from: [u8; 4]| {
            Reason::Icmp(IcmpReport { v6: false, kind: 3, code: 3, from: Some(from.into()) })
        };
        assert_eq!(from([10, 0, 0, 1]).state(Protocol::Udp, HOST), State::Closed);
        assert_eq!(from([10, 0, 0, 254]).state(Protocol::Udp, HOST), State::Filtered);
        assert_eq!(from([10, 0, 0, 1]).state(Protocol::Tcp, HOST), State::Filtered);
        assert_eq!(Reason::NoAnswer.state(Protocol::Udp, HOST), State::OpenOrFiltered);
        assert_eq!(Reason::NoAnswer.state(Protocol::Tcp, HOST), State::Filtered);
    }

    #[test]
    fn no_error_but_a_refusal_is_closed() {
        for number in 1..134 {
            let state = state_of(Errno::from_raw_os_error(number));
            let refused = number == Errno::CONNREFUSED.raw_os_error();
            assert_eq!(state == State::Closed, refused, "{number}");
        }
    }

    #[test]
    fn trouble_of_this_machine_is_inconclusive() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS] {
            assert_eq!(state_of(errno), State::Inconclusive, "{errno}");
        }
        for errno in [Errno::NETUNREACH, Errno::PERM, Errno::ACCESS, Errno::INVAL] {
            assert_eq!(state_of(errno), State::Inconclusive, "{errno}");
        }
    }

    #[test]
    fn an_error_is_shown_in_words_and_named_in_one() {
        let reason = Reason::Machine(Errno::INVAL.raw_os_error());
        assert_eq!((reason.to_string().as_str(), reason.name()), ("invalid argument", "machine"));
        let report = IcmpReport { v6: false, kind: 3, code: 13, from: None };
        assert_eq!(Reason::Icmp(report).to_string(), "icmp-admin-prohibited");
    }
}
