//! Waiting for connections at every address an endpoint stands for.
//!
//! `:port` is IPv4 and IPv6 at once, on one port number even when the system chose it. A Unix
//! socket's file is removed at the end if it is still ours, and a file that a dead server left is
//! recognised and replaced.
//!
//! Nothing here knows what a connection is for, or how many there should be.

mod access;
mod doors;
mod file;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use coax_addr::{Endpoint, Place, Transport, UnixKind};
use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::io::unix::AsyncFd;

use crate::{
    Address, Kind, Resolve, ResolveError, Socket, SocketError, SocketErrorKind, Stream, Wanted, sys,
};

use crate::configure::set;
pub(crate) use doors::open;
pub use file::SocketFile;

/// How to listen.
#[derive(Clone, Copy, Debug)]
pub struct Listen {
    /// Which families a name or `:port` stands for.
    pub wanted: Wanted,
    /// Connections that may wait to be accepted; the system has its own limit as well.
    pub backlog: u32,
}

impl Default for Listen {
    /// Both families, and the backlog that most systems cut to anyway (`SOMAXCONN`).
    fn default() -> Listen {
        Listen { wanted: Wanted::Both, backlog: 4096 }
    }
}

impl Listen {
    /// Binds and listens; accepting works once this returns.
    pub async fn on(
        &self,
        endpoint: &Endpoint,
        resolver: &dyn Resolve,
    ) -> Result<Listener, ListenError> {
        let kind = match &endpoint.place {
            Place::Net { transport: Transport::Tcp, .. } => Kind::Stream,
            Place::Unix { kind: UnixKind::Stream, .. } => Kind::Stream,
            Place::Unix { kind: UnixKind::Seqpacket, .. } => Kind::Seqpacket,
            _ => return Err(ListenError::Unsupported(endpoint.to_string())),
        };
        let opened = open(endpoint, kind, self.wanted, resolver).await?;
        let mut doors = Vec::new();
        for (socket, address) in opened.sockets {
            socket.listen(self.backlog)?;
            doors.push(Door::new(socket, address)?);
        }
        let unix = matches!(endpoint.place, Place::Unix { .. });
        let send_buffer = endpoint.options.sndbuf.filter(|_| unix);
        let files = opened.file.into_iter().collect();
        let turn = AtomicUsize::new(0);
        Ok(Listener { doors, turn, kind, send_buffer, _files: files })
    }
}

/// One bound socket and its name.
#[derive(Debug)]
struct Door {
    socket: AsyncFd<Socket>,
    address: Address,
}

impl Door {
    fn new(socket: Socket, address: Address) -> Result<Door, ListenError> {
        socket.set_nonblocking(true)?;
        Ok(Door {
            socket: sys::register(socket).map_err(|error| ListenError::Machine(error.into()))?,
            address,
        })
    }

    /// Whether a connection waits to be accepted.
    fn poll_called(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Ok(mut ready) = ready!(self.socket.poll_read_ready(context)) else {
                // The runtime is going down.
                return Poll::Pending;
            };
            let mut fds = [PollFd::new(self.socket.get_ref(), PollFlags::IN)];
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            if rustix::event::poll(&mut fds, Some(&now)).is_ok_and(|count| count > 0) {
                return Poll::Ready(());
            }
            ready.clear_ready();
        }
    }

    fn poll_accept(
        &self,
        context: &mut Context<'_>,
        send_buffer: Option<u32>,
    ) -> Poll<Result<Stream, SocketError>> {
        loop {
            let Ok(mut ready) = ready!(self.socket.poll_read_ready(context)) else {
                // The runtime is going down; nobody will poll again.
                return Poll::Pending;
            };
            match ready.get_inner().accept() {
                Ok((socket, peer)) => {
                    set(send_buffer, |bytes| socket.set_send_buffer(bytes as usize))?;
                    return Poll::Ready(Stream::new(socket, peer));
                }
                Err(error) if error.kind() == SocketErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if is_the_clients(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// The client left, or its network broke, before it was its turn: accept(2), "Error handling".
fn is_the_clients(error: &SocketError) -> bool {
    use SocketErrorKind::{Refused, Reset, TimedOut, Unreachable};
    matches!(error.kind(), Reset | Unreachable | Refused | TimedOut)
}

/// Bound and listening. Dropping it stops listening and removes a Unix socket's file.
#[derive(Debug)]
pub struct Listener {
    doors: Vec<Door>,
    /// Which door is asked first: a busy one must not keep the others waiting.
    turn: AtomicUsize,
    kind: Kind,
    /// Of a Unix connection, which takes nothing over from its listener (unix(7)).
    send_buffer: Option<u32>,
    _files: Vec<SocketFile>,
}

impl Listener {
    /// Every address it listens on, with the ports the system chose.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.doors.iter().map(|door| &door.address)
    }

    /// Listens where `other` did as well. [`Listener::kind`] stays the first one's; each connection
    /// knows its own.
    #[must_use]
    pub fn and(mut self, other: Listener) -> Listener {
        self.doors.extend(other.doors);
        self._files.extend(other._files);
        self
    }

    /// Stream, or packets whose boundaries are kept.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The next connection. An error concerns this machine (descriptors, memory): the listener
    /// itself goes on, and the connection stays in the queue. Safe to cancel.
    pub async fn accept(&self) -> Result<Stream, SocketError> {
        std::future::poll_fn(|context| {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.doors.len();
            let (before, from_first) = self.doors.split_at(first);
            for door in from_first.iter().chain(before) {
                if let Poll::Ready(accepted) = door.poll_accept(context, self.send_buffer) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Listener {
    /// Completes when a connection waits to be accepted, and leaves it there. Safe to cancel.
    pub async fn called(&self) {
        std::future::poll_fn(|context| {
            let called = self.doors.iter().any(|door| door.poll_called(context).is_ready());
            if called { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Why listening failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// The endpoint names no place to listen on.
    Unsupported(String),
    /// The name resolves to nothing.
    Resolve(ResolveError),
    /// A call failed.
    Socket(SocketError),
    /// The path is taken by something that is not a socket.
    NotASocket(std::path::PathBuf),
    /// No interface has this name.
    NoInterface(String),
    /// An option of the endpoint that is for connecting, and what to write instead.
    Misplaced(&'static str),
    /// No user or group has this name.
    NoAccount {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The file of a Unix socket could not be given the mode, owner or group asked for: why.
    File(String),
    /// Only the other family is wanted.
    WrongFamily(std::net::IpAddr),
    /// A group to join that is no multicast address, or is of a family not listened on.
    NoGroup(std::net::IpAddr),
    /// The process ran out of something.
    Machine(io::Error),
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenError::Unsupported(endpoint) => write!(
                f,
                "cannot listen on {endpoint}: tcp, udp, unix, unix-dgram and unix-seqpacket can"
            ),
            ListenError::Resolve(error) => error.fmt(f),
            ListenError::Socket(error) => error.fmt(f),
            ListenError::NotASocket(path) => write!(
                f,
                "cannot bind {}: a file that is not a socket has this name",
                path.display()
            ),
            ListenError::WrongFamily(address) => {
                let wanted = if address.is_ipv6() { "IPv4" } else { "IPv6" };
                write!(f, "cannot listen on {address}: only {wanted} is wanted")
            }
            ListenError::NoGroup(group) if !group.is_multicast() => write!(
                f,
                "cannot join {group}: a group is 224.0.0.0 to 239.255.255.255, or begins with ff"
            ),
            ListenError::NoGroup(group) => {
                let family = if group.is_ipv6() { "IPv6" } else { "IPv4" };
                write!(f, "cannot join {group}: nothing here listens on {family}")
            }
            ListenError::NoInterface(name) => write!(f, "no interface is called {name}"),
            ListenError::Misplaced(why) => f.write_str(why),
            ListenError::NoAccount { what, name } => write!(f, "no {what} is called {name}"),
            ListenError::File(why) => f.write_str(why),
            ListenError::Machine(error) => {
                write!(f, "cannot wait for connections: {}", crate::cause_in_words(error))
            }
        }
    }
}

impl std::error::Error for ListenError {}

impl From<SocketError> for ListenError {
    fn from(error: SocketError) -> ListenError {
        ListenError::Socket(error)
    }
}

impl From<ResolveError> for ListenError {
    fn from(error: ResolveError) -> ListenError {
        ListenError::Resolve(error)
    }
}
