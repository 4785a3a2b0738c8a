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

use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use socket2::SockRef;

use crate::icmp::{self, IcmpReport};
use crate::trace;

/// A non-blocking TCP socket of one family that asks one port at a time.
#[derive(Debug)]
pub struct ConnectProbe {
    fd: OwnedFd,
    v4: bool,
}

/// What a connection attempt came to, so far.
#[derive(Debug)]
pub enum ConnectProgress {
    /// Somebody listens; the connection stands until the socket is dropped.
    Open,
    /// Nothing has been heard yet. The socket becomes writable, or in error, when that changes.
    Waiting,
    /// A reset, or an error of this machine; `io::ErrorKind` and the error number tell which. The
    /// socket may ask the next port.
    Failed(io::Error),
}

impl ConnectProbe {
    /// Opens a socket for addresses of the family of `to`. It does not block.
    pub fn open(to: &SocketAddr) -> io::Result<ConnectProbe> {
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
        icmp::keep_reports(&fd, v4)?;
        Ok(ConnectProbe { fd, v4 })
    }

    /// Whether this socket can ask an address of the family of `to`.
    pub fn suits(&self, to: &SocketAddr) -> bool {
        self.v4 == to.is_ipv4()
    }

    /// Asks `to`. What is heard at once, as on the loopback, is told at once.
    pub fn ask(&self, to: &SocketAddr) -> ConnectProgress {
        match self.connect(to) {
            ConnectProgress::Waiting => self.hear(to),
            heard => heard,
        }
    }

    /// What has been heard of `to`, which was asked before. After a failure the socket is new.
    pub fn hear(&self, to: &SocketAddr) -> ConnectProgress {
        self.connect(to)
    }

    fn connect(&self, to: &SocketAddr) -> ConnectProgress {
        let args = || format!("{}, {to}", self.fd.as_raw_fd());
        let done = trace::call("connect", args, || Ok(net::connect(&self.fd, to)?));
        match done.map_err(|error| (Errno::from_io_error(&error), error)) {
            Ok(()) | Err((Some(Errno::ISCONN), _)) => ConnectProgress::Open,
            Err((Some(Errno::INPROGRESS | Errno::ALREADY), _)) => ConnectProgress::Waiting,
            Err((_, error)) => ConnectProgress::Failed(error),
        }
    }

    /// Takes the next ICMP message about this socket's attempts, if there is one.
    pub fn report(&self) -> Option<IcmpReport> {
        icmp::next_report(&self.fd)
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

impl AsFd for ConnectProbe {
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
            let probe = ConnectProbe::open(&open).unwrap();
            for _ in 0..100 {
                let heard = probe.ask(&closed(host));
                let ConnectProgress::Failed(error) = heard else { panic!("{host}: {heard:?}") };
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                assert_eq!(probe.report(), None);
            }
            assert!(matches!(probe.ask(&open), ConnectProgress::Open), "{host}");
            assert!(!probe.met_itself());
            assert!(probe.suits(&open));
        }
    }

    #[test]
    fn a_socket_that_calls_itself_is_found_out() {
        let here = closed("127.0.0.1:0");
        let probe = ConnectProbe::open(&here).unwrap();
        net::bind(&probe.fd, &here).unwrap();
        assert!(matches!(probe.ask(&here), ConnectProgress::Open));
        assert!(probe.met_itself());
        probe.abort();
        assert!(TcpListener::bind(here).is_ok(), "nothing is left in TIME_WAIT");
    }
}
