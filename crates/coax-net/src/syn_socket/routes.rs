//! The address from which this machine speaks to a host.
//!
//! The kernel says it, so own addresses, tunnels and rules of routing are as they are for every
//! program. It says it of single hosts: two neighbours may be reached differently. What it said is
//! remembered for a while, of so many hosts as fit.
//!
//! Nothing is sent.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{self, sockopt};

use super::sockets;

/// Some megabytes.
const MOST: usize = 1 << 16;
/// An address may go, a tunnel may come: what was said does not hold for ever.
const FRESH: Duration = Duration::from_secs(5);

/// Own addresses, by the host asked.
#[derive(Debug)]
pub(super) struct Routes {
    socket: OwnedFd,
    known: HashMap<SocketAddr, IpAddr>,
    since: Instant,
}

impl Routes {
    pub(super) fn open(v4: bool) -> io::Result<Routes> {
        let (socket, known) = (sockets::sender(v4)?, HashMap::new());
        Ok(Routes { socket, known, since: Instant::now() })
    }

    /// The own address towards `to`, or why there is none.
    pub(super) fn source(&mut self, to: &SocketAddr) -> io::Result<IpAddr> {
        let mut host = *to;
        host.set_port(0);
        if let Some(&source) = self.known.get(&host) {
            return Ok(source);
        }
        let source = self.ask(&host)?;
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(host, source);
        Ok(source)
    }

    /// Forgets what may have changed.
    pub(super) fn refresh(&mut self, now: Instant) {
        if now.duration_since(self.since) >= FRESH {
            self.known.clear();
            self.since = now;
        }
    }

    fn ask(&self, host: &SocketAddr) -> io::Result<IpAddr> {
        // A connected socket keeps its own address; only the first connection chooses one.
        net::connect_unspec(&self.socket)?;
        if let Err(error) = net::connect(&self.socket, host) {
            return Err(self.reason(host, error).into());
        }
        let name = SocketAddr::try_from(net::getsockname(&self.socket)?);
        Ok(name.map_err(|_| Errno::AFNOSUPPORT)?.ip())
    }

    /// TCP has no route to the address of all hosts of a network. A raw socket is forbidden to use
    /// it, unless it says that it means it, as is not so where a rule of routing forbids.
    fn reason(&self, host: &SocketAddr, error: Errno) -> Errno {
        if error != Errno::ACCESS || sockopt::set_socket_broadcast(&self.socket, true).is_err() {
            return error;
        }
        let is_broadcast = net::connect(&self.socket, host).is_ok();
        let _ = sockopt::set_socket_broadcast(&self.socket, false);
        if is_broadcast { Errno::NETUNREACH } else { error }
    }
}
