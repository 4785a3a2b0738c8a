//! The Berkeley calls, as blocking methods.
//!
//! Every failure names the call, the address and the cause. No call raises SIGPIPE, none leaks
//! its descriptor into a child, and an interrupted call is repeated where the caller cannot care.
//!
//! Nothing here waits for more than one socket, resolves a name, or retries what was refused.

pub(crate) mod calls;
mod connect;
pub(crate) mod error;
mod kind;
mod options;
mod pair;
mod pktinfo;
mod transfer;

use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use crate::address::Address;
use crate::occupant;
pub(crate) use error::{Call, Object};

pub use connect::ConnectOutcome;
pub use error::{SocketError, SocketErrorKind};
pub use kind::{Family, Kind, Protocol, Shutdown};
pub use options::Keepalive;

/// An open socket. Dropping it closes it; [`Socket::close`] also says whether that worked.
pub struct Socket {
    inner: socket2::Socket,
    /// Whom it was connected to: a connection that is gone no longer tells, and an error should.
    peer: OnceLock<Address>,
}

impl Socket {
    /// Opens a socket. `None` lets the family and kind choose the protocol (TCP, UDP).
    ///
    /// What the system does not offer (`Rdm` over IP, say) fails with
    /// [`SocketErrorKind::NotSupported`]; `Raw` needs privilege.
    pub fn new(
        family: Family,
        kind: Kind,
        protocol: Option<Protocol>,
    ) -> Result<Socket, SocketError> {
        calls::socket(family, kind, protocol).map(Socket::from_inner).map_err(|cause| {
            let noun = kind::noun(family, kind, protocol);
            let article = if noun.starts_with("IP") { "an" } else { "a" };
            let what = Object::What(format!("{article} {noun} socket"));
            SocketError::new(Call::Open, what, cause)
        })
    }

    fn from_inner(inner: socket2::Socket) -> Socket {
        Socket { inner, peer: OnceLock::new() }
    }

    /// Gives the socket its local name. Port 0 lets the system choose.
    pub fn bind(&self, address: &Address) -> Result<(), SocketError> {
        calls::bind(self, address).map_err(|cause| {
            let error = SocketError::new(Call::Bind, Object::Address(address.clone()), cause);
            self.with_occupant(error, address)
        })
    }

    /// Takes connections; `backlog` of them may wait to be accepted (the system has its own limit).
    pub fn listen(&self, backlog: u32) -> Result<(), SocketError> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        calls::listen(self, backlog).map_err(|cause| {
            let error = self.failed_here(Call::Listen, cause);
            let address = error.address().cloned().unwrap_or(Address::Unnamed);
            self.with_occupant(error, &address)
        })
    }

    /// Waits for a connection and says who it is.
    pub fn accept(&self) -> Result<(Socket, Address), SocketError> {
        let (socket, from) = uninterrupted(|| calls::accept(self))
            .map_err(|cause| self.failed_here(Call::Accept, self.timed_out(cause)))?;
        Ok((Socket::accepted(socket, from.clone()), from))
    }

    /// A socket that accept gave, with its peer.
    pub(crate) fn accepted(socket: OwnedFd, from: Address) -> Socket {
        let socket = Socket::from(socket);
        socket.remember(&from);
        socket
    }

    /// Ends one direction or both. The descriptor stays open.
    pub fn shutdown(&self, how: Shutdown) -> Result<(), SocketError> {
        calls::shutdown(self, how).map_err(|cause| self.failed(Call::Shutdown, cause))
    }

    /// Closes the socket and says whether that worked; it is closed either way.
    pub fn close(self) -> Result<(), SocketError> {
        let object = self.object();
        calls::close(self.inner.into())
            .map_err(|cause| SocketError::new(Call::Close, object, cause))
    }

    /// What this end is called.
    pub fn local_name(&self) -> Result<Address, SocketError> {
        calls::getsockname(self).map_err(|cause| {
            let what = Object::What("the local end of the socket".to_owned());
            SocketError::new(Call::Name, what, cause)
        })
    }

    /// What the other end is called.
    pub fn peer_name(&self) -> Result<Address, SocketError> {
        calls::getpeername(self).map_err(|cause| {
            let what = Object::What(format!("the peer of {}", self.object()));
            SocketError::new(Call::Name, what, cause)
        })
    }

    /// Keeps the peer's name for the errors to come.
    fn remember(&self, peer: &Address) {
        // A second connect (a datagram socket may) keeps the first name: the system knows better
        // and is asked first.
        let _ = self.peer.set(peer.clone());
    }

    /// The address an error should name: the peer's, else our own. Not traced: the caller did not
    /// ask.
    fn object(&self) -> Object {
        let now = self.inner.peer_addr().ok().map(|peer| Address::from_system(&peer));
        let named = |peer: &Address| *peer != Address::Unnamed;
        match now.filter(named).or_else(|| self.peer.get().cloned().filter(named)) {
            Some(peer) => Object::Address(peer),
            None => self.local(),
        }
    }

    fn local(&self) -> Object {
        let name = self.inner.local_addr().map(|name| Address::from_system(&name));
        Object::Local(name.unwrap_or(Address::Unnamed))
    }

    /// Says why an address is in use, where that is the cause.
    fn with_occupant(&self, error: SocketError, address: &Address) -> SocketError {
        if error.kind() != SocketErrorKind::AddressInUse {
            return error;
        }
        let kind = match self.inner.r#type() {
            Ok(socket2::Type::STREAM) => Kind::Stream,
            Ok(socket2::Type::DGRAM) => Kind::Dgram,
            _ => Kind::Seqpacket,
        };
        error.because(occupant::of(address, kind))
    }

    pub(crate) fn failed(&self, call: Call, cause: io::Error) -> SocketError {
        SocketError::new(call, self.object(), cause)
    }

    pub(crate) fn failed_here(&self, call: Call, cause: io::Error) -> SocketError {
        SocketError::new(call, self.local(), cause)
    }

    /// A blocking socket says "would block" when its timeout ran out: that is a timeout.
    fn timed_out(&self, cause: io::Error) -> io::Error {
        let waited = matches!(cause.kind(), io::ErrorKind::WouldBlock)
            || rustix::io::Errno::from_io_error(&cause) == Some(rustix::io::Errno::INPROGRESS);
        match waited && matches!(self.inner.nonblocking(), Ok(false)) {
            true => rustix::io::Errno::TIMEDOUT.into(),
            false => cause,
        }
    }
}

/// Repeats a call that a signal interrupted before it did anything.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("fd", &self.as_raw_fd()).finish_non_exhaustive()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Socket {
        Socket::from_inner(fd.into())
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> OwnedFd {
        socket.inner.into()
    }
}

impl From<Socket> for TcpStream {
    fn from(socket: Socket) -> TcpStream {
        socket.inner.into()
    }
}

impl From<Socket> for TcpListener {
    fn from(socket: Socket) -> TcpListener {
        socket.inner.into()
    }
}

impl From<Socket> for UdpSocket {
    fn from(socket: Socket) -> UdpSocket {
        socket.inner.into()
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Socket {
        Socket::from_inner(stream.into())
    }
}

impl From<UdpSocket> for Socket {
    fn from(socket: UdpSocket) -> Socket {
        Socket::from_inner(socket.into())
    }
}
