//! Asking one TCP port after the other whether somebody listens, in as few calls as it can be.
//!
//! A refused socket is as good as new on Linux: the next connection starts from it, with a fresh
//! source port. So a closed port that answers at once costs two calls of connect, one that asks
//! and one that hears, and opens and closes nothing. Errors that routers and firewalls report
//! come through the socket's error queue (`IP_RECVERR`), which tells a reset from a report.
//!
//! Nothing here waits, tries again, or judges what an answer means.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use socket2::SockRef;

use crate::trace;

/// A non-blocking TCP socket of one family that asks one port at a time.
#[derive(Debug)]
pub struct Knock {
    fd: OwnedFd,
    v4: bool,
}

/// What a connection attempt came to, so far.
#[derive(Debug)]
pub enum Knocked {
    /// Somebody listens; the connection stands until the socket is dropped.
    Open,
    /// Nothing has been heard yet. The socket becomes writable, or in error, when that changes.
    Waiting,
    /// A reset, or an error of this machine; `io::ErrorKind` and the error number tell which. The
    /// socket may ask the next port.
    Failed(io::Error),
}

/// An ICMP message about the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IcmpReport {
    /// Whether it is a message of ICMPv6.
    pub v6: bool,
    /// The type, RFC 792 or RFC 4443.
    pub kind: u8,
    /// The code within the type.
    pub code: u8,
}

impl Knock {
    /// Opens a socket for addresses of the family of `to`. It does not block.
    pub fn open(to: &SocketAddr) -> io::Result<Knock> {
        let v4 = to.is_ipv4();
        let (family, name) = match v4 {
            true => (AddressFamily::INET, "AF_INET"),
            false => (AddressFamily::INET6, "AF_INET6"),
        };
        let fd = trace::call(
            "socket",
            || format!("{name}, SOCK_STREAM"),
            || {
                let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                Ok(net::socket_with(family, SocketType::STREAM, flags, None)?)
            },
        )?;
        match v4 {
            true => setsockopt(&fd, Ipv4RecvErr, &true)?,
            false => setsockopt(&fd, Ipv6RecvErr, &true)?,
        }
        Ok(Knock { fd, v4 })
    }

    /// Whether this socket can ask an address of the family of `to`.
    pub fn suits(&self, to: &SocketAddr) -> bool {
        self.v4 == to.is_ipv4()
    }

    /// Asks `to`. What is heard at once, as on the loopback, is told at once.
    pub fn ask(&self, to: &SocketAddr) -> Knocked {
        match self.connect(to) {
            Knocked::Waiting => self.hear(to),
            heard => heard,
        }
    }

    /// What has been heard of `to`, which was asked before. After a failure the socket is new.
    pub fn hear(&self, to: &SocketAddr) -> Knocked {
        self.connect(to)
    }

    fn connect(&self, to: &SocketAddr) -> Knocked {
        let args = || format!("{}, {to}", self.fd.as_raw_fd());
        let done = trace::call("connect", args, || Ok(net::connect(&self.fd, to)?));
        match done.map_err(|error| (Errno::from_io_error(&error), error)) {
            Ok(()) | Err((Some(Errno::ISCONN), _)) => Knocked::Open,
            Err((Some(Errno::INPROGRESS | Errno::ALREADY), _)) => Knocked::Waiting,
            Err((_, error)) => Knocked::Failed(error),
        }
    }

    /// Takes the next ICMP message about this socket's attempts, if there is one.
    pub fn report(&self) -> Option<IcmpReport> {
        let mut room = nix::cmsg_space!(nix::libc::sock_extended_err, nix::libc::sockaddr_in6);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = self.fd.as_raw_fd();
        let heard = recvmsg::<SockaddrStorage>(fd, &mut [], Some(&mut room), flags).ok()?;
        heard.cmsgs().ok()?.find_map(|message| {
            let (ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _)) = message
            else {
                return None;
            };
            let v6 = error.ee_origin == nix::libc::SO_EE_ORIGIN_ICMP6;
            (v6 || error.ee_origin == nix::libc::SO_EE_ORIGIN_ICMP).then_some(IcmpReport {
                v6,
                kind: error.ee_type,
                code: error.ee_code,
            })
        })
    }

    /// Whether the open connection leads from a port to that same port. On this machine's own
    /// addresses the kernel may draw the asked port as the source port, and a socket that calls
    /// itself is answered (RFC 9293 §3.5, simultaneous open) though nobody listens.
    pub fn met_itself(&self) -> bool {
        let socket = SockRef::from(&self.fd);
        match (socket.local_addr(), socket.peer_addr()) {
            (Ok(here), Ok(there)) => here.as_socket() == there.as_socket(),
            _ => false,
        }
    }

    /// Closes with a reset: no minute of TIME_WAIT holds the source port.
    pub fn abort(self) {
        // Without the option the socket closes the slow way, which is right as well.
        let _ = sockopt::set_socket_linger(&self.fd, Some(Duration::ZERO));
    }
}

impl AsFd for Knock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn closed(host: &str) -> SocketAddr {
        TcpListener::bind(host).unwrap().local_addr().unwrap()
    }

    #[test]
    fn a_closed_port_of_this_machine_is_refused_at_once_and_the_socket_goes_on() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(host).unwrap();
            let open = listener.local_addr().unwrap();
            let knock = Knock::open(&open).unwrap();
            for _ in 0..100 {
                let heard = knock.ask(&closed(host));
                let Knocked::Failed(error) = heard else { panic!("{host}: {heard:?}") };
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                assert_eq!(knock.report(), None);
            }
            assert!(matches!(knock.ask(&open), Knocked::Open), "{host}");
            assert!(!knock.met_itself());
            assert!(knock.suits(&open));
        }
    }

    #[test]
    fn a_socket_that_calls_itself_is_found_out() {
        let here = closed("127.0.0.1:0");
        let knock = Knock::open(&here).unwrap();
        net::bind(&knock.fd, &here).unwrap();
        assert!(matches!(knock.ask(&here), Knocked::Open));
        assert!(knock.met_itself());
        knock.abort();
        assert!(TcpListener::bind(here).is_ok(), "nothing is left in TIME_WAIT");
    }
}
