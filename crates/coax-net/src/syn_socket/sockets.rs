//! The descriptors of a SYN scan, each opened for its one task.
//!
//! What sends is a raw socket to which nothing is delivered, neither packets nor errors of earlier
//! ones, so an error is always that of the packet at hand. What hears is a raw socket with a
//! filter. TCP sockets hold the ports, so that no other program is given them; nobody listens there,
//! so the kernel resets what an open port begins.
//!
//! Nothing here sends or hears anything.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use libc::{BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_MSH, BPF_W};
use libc::{BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_LDX, BPF_RET};
use rustix::net::{self, AddressFamily, Protocol, SocketFlags, SocketType, ipproto, sockopt};
use socket2::{SockFilter, SockRef};

use super::segment::{ACK, LONGEST_ANSWER, RST, SYN};
use crate::{icmp, trace};

/// Answers that wait to be heard: some tens of thousands.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Below are those of the system's services (RFC 6335 §6).
const FIRST_PORT: u16 = 1024;
/// The filter's word for a packet nobody wants.
const NOTHING: u32 = 0;

/// A raw socket that sends whole packets. Its protocol number is one that no packet has. Its buffer
/// is the system's: with a larger one, more would leave at once than the queue of a slow interface
/// holds, and that tells nobody what it drops.
pub(super) fn sender(v4: bool) -> io::Result<OwnedFd> {
    let fd = socket(v4, SocketType::RAW, Some(ipproto::RAW))?;
    // The kernel tells only who asked for reports that the queue of an interface was full.
    icmp::keep_reports(&fd, v4)?;
    Ok(fd)
}

/// A raw socket that gets the answers to `ports`, and reports about what was sent from anywhere.
pub(super) fn receiver(v4: bool, ports: Ports) -> io::Result<OwnedFd> {
    let fd = socket(v4, SocketType::RAW, Some(ipproto::TCP))?;
    SockRef::from(&fd).attach_filter(&filter(v4, ports))?;
    icmp::keep_reports(&fd, v4)?;
    // Beyond the system's limit where that is allowed, else as far as it goes.
    if sockopt::set_socket_recv_buffer_size_force(&fd, RECEIVE_BUFFER).is_err() {
        sockopt::set_socket_recv_buffer_size(&fd, RECEIVE_BUFFER)?;
    }
    Ok(fd)
}

/// Source ports in a row, one for each of some attempts in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// A multiple of their number.
    pub(super) first: u16,
}

impl Ports {
    /// A power of two.
    pub(super) const COUNT: u16 = 8;

    /// The port from which an attempt leaves.
    pub(super) fn of(self, attempt: u32) -> u16 {
        self.first | (attempt as u16 & (Ports::COUNT - 1))
    }

    /// The number of the attempt that left from `port`, as far as the ports tell it.
    pub(super) fn attempt(self, port: u16) -> Option<u8> {
        (port & !(Ports::COUNT - 1) == self.first).then_some((port % Ports::COUNT) as u8)
    }
}

/// Takes ports of this machine that nobody has, near one that the kernel chooses.
pub(super) fn reserve(v4: bool) -> io::Result<(Vec<OwnedFd>, Ports)> {
    let (_, near) = bound(v4, 0)?;
    let all = (FIRST_PORT / Ports::COUNT..=u16::MAX / Ports::COUNT).map(|row| row * Ports::COUNT);
    let (before, after): (Vec<_>, Vec<_>) = all.partition(|&first| first <= near);
    let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
    for first in after.into_iter().chain(before) {
        let row = (first..=first | (Ports::COUNT - 1)).map(|port| bound(v4, port));
        match row.map(|bound| Ok(bound?.0)).collect::<io::Result<Vec<_>>>() {
            Ok(held) => return Ok((held, Ports { first })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refusal = error,
            Err(error) => return Err(error),
        }
    }
    Err(refusal)
}

/// A TCP socket that holds `port`, or one of the kernel's choice, at all addresses.
fn bound(v4: bool, port: u16) -> io::Result<(OwnedFd, u16)> {
    let fd = socket(v4, SocketType::STREAM, None)?;
    let anywhere: SocketAddr = match v4 {
        true => (Ipv4Addr::UNSPECIFIED, port).into(),
        false => (Ipv6Addr::UNSPECIFIED, port).into(),
    };
    if !v4 {
        sockopt::set_ipv6_v6only(&fd, true)?;
    }
    net::bind(&fd, &anywhere)?;
    let name = SocketAddr::try_from(net::getsockname(&fd)?);
    let port = name.map_err(|_| rustix::io::Errno::AFNOSUPPORT)?.port();
    Ok((fd, port))
}

fn socket(v4: bool, kind: SocketType, protocol: Option<Protocol>) -> io::Result<OwnedFd> {
    let (family, name) = match v4 {
        true => (AddressFamily::INET, "AF_INET"),
        false => (AddressFamily::INET6, "AF_INET6"),
    };
    let words = match (kind, protocol) {
        (SocketType::STREAM, _) => "SOCK_STREAM",
        (_, Some(ipproto::TCP)) => "SOCK_RAW, IPPROTO_TCP",
        _ => "SOCK_RAW, IPPROTO_RAW",
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = || Ok(net::socket_with(family, kind, flags, protocol)?);
    trace::call("socket", || format!("{name}, {words}"), open)
}

/// Lets through what acknowledges something to one of `ports`, with a SYN or a reset. Our own SYNs, which
/// the loopback delivers here as well, acknowledge nothing.
fn filter(v4: bool, ports: Ports) -> [SockFilter; 9] {
    let header = match v4 {
        // The packet begins with the IPv4 header, whose length is in its first byte.
        true => does(BPF_LDX | BPF_B | BPF_MSH, 0),
        // Of IPv6, what is delivered begins with the TCP header.
        false => does(BPF_LDX | BPF_W | BPF_IMM, 0),
    };
    [
        header,
        does(BPF_LD | BPF_H | BPF_IND, 2),
        does(BPF_ALU | BPF_AND | BPF_K, u32::from(!(Ports::COUNT - 1))),
        unless(BPF_JEQ, u32::from(ports.first), 4),
        does(BPF_LD | BPF_B | BPF_IND, 13),
        unless(BPF_JSET, u32::from(ACK), 2),
        unless(BPF_JSET, u32::from(SYN | RST), 1),
        does(BPF_RET | BPF_K, LONGEST_ANSWER as u32),
        does(BPF_RET | BPF_K, NOTHING),
    ]
}

/// An instruction of the filter.
fn does(code: u32, operand: u32) -> SockFilter {
    SockFilter::new(code as u16, 0, 0, operand)
}

/// Skips `count` instructions unless the test holds.
fn unless(test: u32, operand: u32, count: u8) -> SockFilter {
    SockFilter::new((BPF_JMP | test | BPF_K) as u16, 0, count, operand)
}
