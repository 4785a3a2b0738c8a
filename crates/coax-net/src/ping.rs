//! Asking hosts whether they are there: ICMP echo (RFC 792, RFC 4443 §4).
//!
//! One socket of each family asks any number of hosts. The kernel has one for it that needs no
//! privilege (icmp(7), `net.ipv4.ping_group_range`); where that is forbidden a raw socket does the
//! same, for who may have one. A reply is believed only with the bytes that this socket sends.
//!
//! Nothing here waits, asks again, or judges silence.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto,
};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::trace;

/// Type, code, checksum, identifier, sequence.
const HEADER_SIZE: usize = 8;
const SECRET_SIZE: usize = 16;
/// An IPv4 header with options and our message; what is longer is none of ours.
const LONGEST: usize = 60 + HEADER_SIZE + SECRET_SIZE;
/// Replies before the caller is heard again.
const MOST: usize = 4096;

/// A non-blocking socket that sends echo requests and hears the replies.
#[derive(Debug)]
pub struct PingSocket {
    fd: OwnedFd,
    v4: bool,
    is_raw: bool,
    secret: [u8; SECRET_SIZE],
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingReply {
    /// Who answered, with the scope where the address has one.
    pub from: SocketAddr,
    /// The number that was given with the request.
    pub number: u16,
}

impl PingSocket {
    /// Opens a socket. An error of the kind `PermissionDenied` says that this process may have
    /// neither socket.
    pub fn open(v4: bool) -> io::Result<PingSocket> {
        let mut secret = [0; SECRET_SIZE];
        getrandom(&mut secret[..], GetRandomFlags::empty())?;
        let plain = socket(v4, SocketType::DGRAM).map(|fd| (fd, false));
        let (fd, is_raw) = plain.or_else(|_| socket(v4, SocketType::RAW).map(|fd| (fd, true)))?;
        Ok(PingSocket { fd, v4, is_raw, secret })
    }

    /// Asks `to`, whose port does not matter. `PermissionDenied` with `EACCES` says that it is a
    /// broadcast address.
    pub fn ask(&self, to: &SocketAddr, number: u16) -> io::Result<()> {
        let mut place = *to;
        place.set_port(0);
        let (message, fd) = (self.request(number), self.fd.as_raw_fd());
        let args = || format!("{fd}, echo request {number}, {}", place.ip());
        trace::call("sendto", args, || {
            Ok(net::sendto(&self.fd, &message, SendFlags::DONTWAIT, &place)?)
        })
        .map(|_| ())
    }

    /// Adds the replies that have come to `replies`, without waiting.
    pub fn hear(&self, replies: &mut Vec<PingReply>) {
        let mut room = [0; LONGEST];
        for _ in 0..MOST {
            let received = net::recvfrom(&self.fd, &mut room[..], RecvFlags::DONTWAIT);
            match received {
                Ok((count, _, from)) => {
                    let from = from.and_then(|from| SocketAddr::try_from(from).ok());
                    let number = self.reply(&room[..count.min(LONGEST)]);
                    replies.extend(
                        from.zip(number)
                            .map(|(from, number)| PingReply { from: without_port(from), number }),
                    );
                }
                // An error of an earlier request; what follows may be a reply.
                Err(error) if error != Errno::AGAIN => {}
                Err(_) => return,
            }
        }
    }

    fn request(&self, number: u16) -> [u8; HEADER_SIZE + SECRET_SIZE] {
        let mut message = [0; HEADER_SIZE + SECRET_SIZE];
        message[0] = if self.v4 { 8 } else { 128 };
        // The identifier is the kernel's where it hands out the replies.
        message[4..6].copy_from_slice(&self.secret[..2]);
        message[6..8].copy_from_slice(&number.to_be_bytes());
        message[HEADER_SIZE..].copy_from_slice(&self.secret);
        if self.is_raw && self.v4 {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        message
    }

    /// The number in a reply to this socket.
    fn reply(&self, packet: &[u8]) -> Option<u16> {
        let has_header = self.is_raw && self.v4;
        let header = if has_header { usize::from(packet.first()? & 15) * 4 } else { 0 };
        let message = packet.get(header..)?;
        let kind = if self.v4 { 0 } else { 129 };
        let is_ours = *message.first()? == kind && message.get(HEADER_SIZE..)? == self.secret;
        is_ours.then_some(u16::from_be_bytes([*message.get(6)?, *message.get(7)?]))
    }
}

impl AsFd for PingSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn socket(v4: bool, kind: SocketType) -> io::Result<OwnedFd> {
    let (family, name, protocol): (_, _, Protocol) = match v4 {
        true => (AddressFamily::INET, "AF_INET", ipproto::ICMP),
        false => (AddressFamily::INET6, "AF_INET6", ipproto::ICMPV6),
    };
    let words = if kind == SocketType::RAW { "SOCK_RAW" } else { "SOCK_DGRAM" };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = || Ok(net::socket_with(family, kind, flags, Some(protocol))?);
    trace::call("socket", || format!("{name}, {words}, ICMP"), open)
}

/// A scope belongs to link-local addresses alone (RFC 4007 §6).
fn without_port(from: SocketAddr) -> SocketAddr {
    match from {
        SocketAddr::V6(v6) => SocketAddrV6::new(*v6.ip(), 0, 0, v6.scope_id()).into(),
        SocketAddr::V4(v4) => SocketAddr::new(IpAddr::V4(*v4.ip()), 0),
    }
}

/// RFC 1071, of an even number of bytes.
fn checksum(message: &[u8]) -> u16 {
    let words =
        message.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum = words.sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn socket(v4: bool, is_raw: bool) -> PingSocket {
        // Any descriptor: nothing is sent.
        let fd = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into();
        PingSocket { fd, v4, is_raw, secret: [7; SECRET_SIZE] }
    }

    #[test]
    fn only_a_reply_to_this_socket_is_one() {
        for (v4, is_raw) in [(true, true), (true, false), (false, true), (false, false)] {
            let socket = socket(v4, is_raw);
            let mut packet = if v4 && is_raw { vec![0x45; 20] } else { Vec::new() };
            let at = packet.len();
            packet.extend(socket.request(517));
            assert_eq!(socket.reply(&packet), None, "our own request");
            packet[at] = if v4 { 0 } else { 129 };
            assert_eq!(socket.reply(&packet), Some(517));
            (0..packet.len()).for_each(|length| assert_eq!(socket.reply(&packet[..length]), None));
            *packet.last_mut().unwrap() ^= 1;
            assert_eq!(socket.reply(&packet), None, "another program's");
        }
    }

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        let mut message = [8, 0, 0, 0, 0x12, 0x34, 0, 1, 0xff, 0xff, 0xff, 0xfe];
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&message), 0, "with its checksum a message adds up to nothing");
    }

    #[test]
    fn this_machine_answers_where_it_may_be_asked() {
        for (v4, host) in [(true, "127.0.0.1:9"), (false, "[::1]:9")] {
            let Ok(socket) = PingSocket::open(v4) else { continue };
            let to: SocketAddr = host.parse().unwrap();
            socket.ask(&to, 1).unwrap();
            let mut replies = Vec::new();
            while replies.is_empty() {
                let mut fds = [PollFd::new(&socket, PollFlags::IN)];
                let deadline = Timespec { tv_sec: 10, tv_nsec: 0 };
                assert_eq!(poll(&mut fds, Some(&deadline)), Ok(1), "no reply");
                socket.hear(&mut replies);
            }
            assert_eq!((replies[0].from.ip(), replies[0].number), (to.ip(), 1));
        }
    }
}
