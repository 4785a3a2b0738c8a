//! A connection: an open socket with the names of both its ends.
//!
//! It ends by halves: [`Stream::end_sending`] says that nothing more comes, and reading goes on.
//! Dropping it closes the socket at once; [`crate::relay`] closes it in order.
//!
//! Nothing here knows how the connection was made.

mod poll;
mod progress;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::descriptor::Descriptor;
use crate::sock_diag::{self, State};
use crate::socket::{Call, Object};
use crate::{Address, Socket, SocketError, sys, trace};

/// Long enough not to keep a radio awake, short enough that a dead peer is found in two minutes.
const ALIVE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(10)];
/// For a peer that has stopped sending: whether it still listens is to be known soon.
const PROBE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(5)];
/// How often a silent half-closed peer is looked at. Looking is one system call.
const LOOK: Duration = Duration::from_millis(250);
/// How soon the table of sockets is asked again about a peer that only stopped sending, which may
/// close any time; and how rarely at last.
const FIRST_ASKING: Duration = Duration::from_millis(50);
const LAST_ASKING: Duration = Duration::from_secs(5);
/// Unanswered probes before a peer counts as dead.
const PROBES: u32 = 6;

/// A connected socket on the asynchronous side.
#[derive(Debug)]
pub struct Stream {
    descriptor: Descriptor,
    local: Address,
    peer: Address,
    /// The peer was told that nothing more comes.
    ended: AtomicBool,
}

impl Stream {
    /// Takes over a connected socket. Must be called within a runtime.
    pub fn new(socket: Socket, peer: Address) -> Result<Stream, SocketError> {
        socket.set_nonblocking(true)?;
        let local = socket.local_name().unwrap_or(Address::Unnamed);
        match Descriptor::new(OwnedFd::from(socket)) {
            Ok(descriptor) => Ok(Stream { descriptor, local, peer, ended: AtomicBool::new(false) }),
            Err(cause) => Err(SocketError::new(Call::Open, Object::Address(peer), cause)),
        }
    }

    /// Our end.
    pub fn local(&self) -> &Address {
        &self.local
    }

    /// The other end.
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// Its descriptor, for reading and writing.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Counts the packets that arrive, also while nothing can be read because one is missing.
    /// `None` where there are no packets. The connection ends when both are dropped.
    pub fn arrivals(&self) -> Option<PacketCount> {
        let own = matches!(self.peer, Address::Ip(_)).then(|| self.as_fd().try_clone_to_owned());
        own?.ok().map(PacketCount)
    }

    /// Says that nothing more comes (a FIN); reading goes on.
    pub fn end_sending(&self) -> io::Result<()> {
        trace::call(
            "shutdown",
            || format!("{}, SHUT_WR", trace::number(self)),
            || Ok(rustix::net::shutdown(self, rustix::net::Shutdown::Write)?),
        )?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Closes both directions at once. What the peer has not read may be lost if it has sent
    /// something that was not read here; [`crate::relay()`] takes care of that first.
    pub fn close(self) {
        self.descriptor.close();
    }

    /// Ends the connection with a reset (RST): what is in flight either way is thrown away. A Unix
    /// socket has no reset and is closed.
    pub fn reset(self) {
        if self.is_ip() {
            // Closing over a linger time of zero is what sends the reset (tcp(7), socket(7)).
            let _ = SockRef::from(&self).set_linger(Some(Duration::ZERO));
        }
        self.close();
    }

    /// Asks the kernel to find out within minutes when the peer is gone. Only TCP needs it.
    pub fn keep_alive(&self) {
        self.probe_every(ALIVE);
    }

    /// Completes when a peer that has stopped sending turns out to be gone altogether.
    ///
    /// A TCP peer that closed answers keepalive probes with a reset once its FIN_WAIT2 minute is
    /// over, so within 75 s; a Unix peer hangs up at once. Both show without reading. Safe to
    /// cancel.
    pub async fn gone(&self) {
        self.probe_every(PROBE);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if self.descriptor.is_hung_up() {
                return;
            }
        }
    }

    /// [`Stream::gone`], and earlier where the peer's socket is one of this machine: its own table
    /// tells a peer that closed from one that only stopped sending. Safe to cancel.
    pub async fn left(&self) {
        tokio::select! { () = self.gone() => {}, () = self.closed_here() => {} }
    }

    /// Whether the peer's socket is one of this machine, so that [`Stream::left`] knows at once.
    pub fn is_from_here(&self) -> bool {
        match (&self.local, &self.peer) {
            (&Address::Ip(here), &Address::Ip(there)) => {
                matches!(sock_diag::connection(there, here), Ok(Some(_)))
            }
            _ => true,
        }
    }

    /// Completes when this machine's table of sockets says that the peer has closed; never where
    /// the peer is elsewhere.
    async fn closed_here(&self) {
        let (&Address::Ip(here), &Address::Ip(there)) = (&self.local, &self.peer) else {
            return std::future::pending().await;
        };
        let mut pause = FIRST_ASKING;
        while let Ok(Some(entry)) = sock_diag::connection(there, here) {
            let closed = matches!(entry.state, State::Closing | State::TimeWait);
            if closed && entry.inode == 0 {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_ASKING);
        }
        std::future::pending().await
    }

    fn probe_every(&self, [idle, between]: [Duration; 2]) {
        if self.is_ip() {
            let often = TcpKeepalive::new().with_time(idle).with_interval(between);
            // A socket that cannot be probed is one that shows its end otherwise.
            let _ = SockRef::from(self).set_tcp_keepalive(&often.with_retries(PROBES));
        }
    }
}

/// Counts the packets of a connection.
#[derive(Debug)]
pub struct PacketCount(OwnedFd);

impl PacketCount {
    /// How many have arrived, and how many of them before others that were sent earlier: a sign of
    /// losses on the way. 0 where the system does not count them.
    pub fn count(&self) -> (u32, u32) {
        sys::tcp_received(&self.0).unwrap_or_default()
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
