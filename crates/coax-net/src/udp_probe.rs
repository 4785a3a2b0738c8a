//! Asking one UDP port whether somebody answers.
//!
//! The socket is connected, so the kernel hands it what the asked port says and nothing else, and
//! refuses its next call once an ICMP message has come. The message itself waits in the error
//! queue (`IP_RECVERR`), which needs no privilege. Some services answer from a new port (TFTP, RFC
//! 1350 §4): their socket is not connected and hears every port of the asked address.
//!
//! Nothing here waits, tries again, or knows what to send.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use socket2::SockRef;

use crate::icmp::{self, IcmpReport};
use crate::trace;

/// A non-blocking UDP socket that asks one port, with a source port of its own.
#[derive(Debug)]
pub struct UdpProbe {
    fd: OwnedFd,
    to: SocketAddr,
    answers: UdpAnswers,
}

/// From where an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpAnswers {
    /// From the asked port.
    FromThePort,
    /// From any port of the asked address.
    FromItsHost,
}

/// What has come to a [`UdpProbe`].
#[derive(Debug)]
pub enum UdpHeard {
    /// Nothing so far.
    Waiting,
    /// A datagram of so many bytes, as far as there was room.
    Reply(usize),
    /// An ICMP message, which [`UdpProbe::report`] has, or an error of this machine.
    Failed(io::Error),
}

impl UdpProbe {
    /// Opens a socket towards `to`. Nothing is sent.
    pub fn open(to: &SocketAddr, answers: UdpAnswers) -> io::Result<UdpProbe> {
        let (family, name) = match to.is_ipv4() {
            true => (AddressFamily::INET, "AF_INET"),
            false => (AddressFamily::INET6, "AF_INET6"),
        };
        let fd = trace::call(
            "socket",
            || format!("{name}, SOCK_DGRAM"),
            || {
                let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                Ok(net::socket_with(family, SocketType::DGRAM, flags, None)?)
            },
        )?;
        icmp::keep_reports(&fd, to.is_ipv4())?;
        if answers == UdpAnswers::FromThePort {
            let args = || format!("{}, {to}", fd.as_raw_fd());
            trace::call("connect", args, || Ok(net::connect(&fd, to)?))?;
        }
        Ok(UdpProbe { fd, to: *to, answers })
    }

    /// Sends one datagram; it may be empty. An error may be an ICMP message about an earlier one:
    /// see [`UdpProbe::report`].
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let args = || format!("{}, {} bytes, {}", self.fd.as_raw_fd(), bytes.len(), self.to);
        let flags = SendFlags::DONTWAIT;
        trace::call("send", args, || match self.answers {
            UdpAnswers::FromThePort => Ok(net::send(&self.fd, bytes, flags)?),
            UdpAnswers::FromItsHost => Ok(net::sendto(&self.fd, bytes, flags, &self.to)?),
        })
        .map(|_| ())
    }

    /// What has come. What does not fit into `room` is lost.
    pub fn hear(&self, room: &mut [u8]) -> UdpHeard {
        loop {
            let args = || self.fd.as_raw_fd().to_string();
            let mut from = None;
            let came = trace::call("recv", args, || {
                let (bytes, _, sender) = net::recvfrom(&self.fd, &mut *room, RecvFlags::DONTWAIT)?;
                from = sender.and_then(|sender| SocketAddr::try_from(sender).ok());
                Ok(bytes)
            });
            return match came.map_err(|error| (Errno::from_io_error(&error), error)) {
                Ok(_) if !self.counts(from) => continue,
                Ok(bytes) => UdpHeard::Reply(bytes),
                Err((Some(Errno::AGAIN), _)) => UdpHeard::Waiting,
                Err((_, error)) => UdpHeard::Failed(error),
            };
        }
    }

    /// A connected socket hears nobody else.
    fn counts(&self, from: Option<SocketAddr>) -> bool {
        self.answers == UdpAnswers::FromThePort
            || from.is_some_and(|from| from.ip() == self.to.ip())
    }

    /// Takes the next ICMP message about what was sent, if there is one.
    pub fn report(&self) -> Option<IcmpReport> {
        icmp::next_report(&self.fd)
    }

    /// Whether the socket leads from a port to that same port, as it may on this machine's own
    /// addresses: what it hears is its own question, and nobody else held the port.
    pub fn met_itself(&self) -> bool {
        let here = SockRef::from(&self.fd).local_addr();
        let here = here.ok().and_then(|here| here.as_socket());
        here.is_some_and(|here| (here.ip(), here.port()) == (self.to.ip(), self.to.port()))
    }
}

impl AsFd for UdpProbe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    const HOSTS: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

    /// Waits for news, since the loopback delivers in its own time; but not for ever.
    fn heard(probe: &UdpProbe) -> UdpHeard {
        let mut fds = [PollFd::new(probe, PollFlags::IN)];
        let deadline = Timespec { tv_sec: 10, tv_nsec: 0 };
        assert_eq!(poll(&mut fds, Some(&deadline)), Ok(1), "no news");
        probe.hear(&mut [0; 16])
    }

    fn server(host: &str) -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind(host).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn a_reply_is_heard_even_an_empty_one_and_a_second_question_uses_the_same_port() {
        for host in HOSTS {
            let (server, address) = server(host);
            let probe = UdpProbe::open(&address, UdpAnswers::FromThePort).unwrap();
            assert!(matches!(probe.hear(&mut [0; 16]), UdpHeard::Waiting));
            let mut room = [0; 16];
            probe.send(b"").unwrap();
            let (first, from) = server.recv_from(&mut room).unwrap();
            server.send_to(b"", from).unwrap();
            assert!(matches!(heard(&probe), UdpHeard::Reply(0)), "{host}");
            probe.send(b"again").unwrap();
            let (second, again) = server.recv_from(&mut room).unwrap();
            server.send_to(&[7; 99], again).unwrap();
            assert!(matches!(heard(&probe), UdpHeard::Reply(16)), "{host}");
            assert_eq!((first, second, again), (0, 5, from));
            assert!(!probe.met_itself());
        }
    }

    #[test]
    fn a_closed_port_is_reported_by_its_host_before_or_after_the_refusal() {
        for host in HOSTS {
            for report_first in [true, false] {
                let (socket, address) = server(host);
                drop(socket);
                let probe = UdpProbe::open(&address, UdpAnswers::FromThePort).unwrap();
                probe.send(b"?").unwrap();
                if report_first {
                    let report = probe.report().expect("the loopback answers at once");
                    assert!(report.is_port_unreachable_from(address.ip()), "{report:?}");
                    assert!(matches!(probe.hear(&mut [0; 16]), UdpHeard::Waiting));
                } else {
                    let UdpHeard::Failed(error) = heard(&probe) else { panic!("{host}") };
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                    let report = probe.report().expect("the queue keeps it");
                    assert!(report.is_port_unreachable_from(address.ip()), "{report:?}");
                }
                assert_eq!(probe.report(), None);
            }
        }
    }

    #[test]
    fn a_host_may_answer_from_another_port_where_that_counts_and_no_other_host_may() {
        let (server, address) = server("127.0.0.1:0");
        let other_port = UdpSocket::bind("127.0.0.1:0").unwrap();
        let other_host = UdpSocket::bind("127.0.0.2:0").unwrap();
        for (answers, hears) in [(UdpAnswers::FromItsHost, true), (UdpAnswers::FromThePort, false)]
        {
            let probe = UdpProbe::open(&address, answers).unwrap();
            probe.send(b"?").unwrap();
            let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
            let _ = other_host.send_to(b"mine", from);
            assert!(matches!(probe.hear(&mut [0; 16]), UdpHeard::Waiting));
            let _ = other_port.send_to(b"error", from);
            match hears {
                true => assert!(matches!(heard(&probe), UdpHeard::Reply(5))),
                false => assert!(matches!(probe.hear(&mut [0; 16]), UdpHeard::Waiting)),
            }
        }
    }

    #[test]
    fn a_socket_that_asks_itself_is_found_out() {
        let (socket, here) = server("127.0.0.1:0");
        drop(socket);
        let probe = UdpProbe::open(&here, UdpAnswers::FromItsHost).unwrap();
        net::bind(&probe.fd, &here).unwrap();
        probe.send(b"me?").unwrap();
        assert!(matches!(heard(&probe), UdpHeard::Reply(3)));
        assert!(probe.met_itself());
    }
}
