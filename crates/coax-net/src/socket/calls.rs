//! The system calls themselves, each told to whoever traces.
//!
//! One function is one call: no retry, no waiting, no words around the error. The blocking
//! [`Socket`](crate::Socket) and everything asynchronous stand on these, so nothing escapes
//! `--trace`. Sending never raises SIGPIPE.
//!
//! Nothing here knows why the call is made.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage};
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{self, RecvFlags, SendFlags};
use socket2::{Domain, SockRef, Type};

use super::kind::{Family, Kind, Protocol};
use super::pktinfo;
use crate::Shutdown;
use crate::address::Address;
use crate::datagrams::{Arrival, Origin};
use crate::trace::{self, Told};

impl Told for socket2::Socket {
    fn told(&self) -> String {
        self.as_raw_fd().to_string()
    }
}

impl Told for OwnedFd {
    fn told(&self) -> String {
        self.as_raw_fd().to_string()
    }
}

impl Told for (socket2::Socket, socket2::Socket) {
    fn told(&self) -> String {
        format!("{}, {}", self.0.as_raw_fd(), self.1.as_raw_fd())
    }
}

fn raw(fd: impl AsFd) -> RawFd {
    fd.as_fd().as_raw_fd()
}

pub(crate) fn socket(
    family: Family,
    kind: Kind,
    protocol: Option<Protocol>,
) -> io::Result<socket2::Socket> {
    let args = || match protocol {
        Some(protocol) => format!("{}, {}, {protocol}", family.constant(), kind.constant()),
        None => format!("{}, {}", family.constant(), kind.constant()),
    };
    trace::call("socket", args, || {
        socket2::Socket::new(
            Domain::from(family),
            Type::from(kind),
            protocol.map(|protocol| socket2::Protocol::from(protocol.number())),
        )
    })
}

pub(crate) fn socketpair(
    family: Family,
    kind: Kind,
) -> io::Result<(socket2::Socket, socket2::Socket)> {
    let args = || format!("{}, {}", family.constant(), kind.constant());
    trace::call("socketpair", args, || {
        socket2::Socket::pair(Domain::from(family), Type::from(kind), None)
    })
}

pub(crate) fn bind(fd: impl AsFd, address: &Address) -> io::Result<()> {
    let args = || format!("{}, {address}", raw(&fd));
    trace::call("bind", args, || Ok(net::bind(&fd, &address.to_system()?)?))
}

pub(crate) fn listen(fd: impl AsFd, backlog: i32) -> io::Result<()> {
    let args = || format!("{}, {backlog}", raw(&fd));
    trace::call("listen", args, || Ok(net::listen(&fd, backlog)?))
}

pub(crate) fn accept(fd: impl AsFd) -> io::Result<(OwnedFd, Address)> {
    trace::call(
        "accept",
        || raw(&fd).to_string(),
        || {
            let (socket, from) = SockRef::from(&fd).accept()?;
            Ok((socket.into(), Address::from_system(&from)))
        },
    )
}

pub(crate) fn connect(fd: impl AsFd, address: &Address) -> io::Result<()> {
    let args = || format!("{}, {address}", raw(&fd));
    trace::call("connect", args, || Ok(net::connect(&fd, &address.to_system()?)?))
}

pub(crate) fn send(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let args = || format!("{}, {} bytes", raw(&fd), bytes.len());
    trace::call("send", args, || Ok(net::send(&fd, bytes, SendFlags::NOSIGNAL)?))
}

pub(crate) fn send_to(fd: impl AsFd, bytes: &[u8], to: &Address) -> io::Result<usize> {
    let args = || format!("{}, {} bytes, {to}", raw(&fd), bytes.len());
    trace::call("sendto", args, || {
        Ok(net::sendto(&fd, bytes, SendFlags::NOSIGNAL, &to.to_system()?)?)
    })
}

pub(crate) fn recv(fd: impl AsFd, into: &mut [u8]) -> io::Result<usize> {
    let args = || format!("{}, {}", raw(&fd), into.len());
    // The closure for the words ends its borrow before the call fills the buffer.
    let args = args();
    trace::call(
        "recv",
        || args,
        || {
            let (count, _) = net::recv(&fd, into, RecvFlags::empty())?;
            Ok(count)
        },
    )
}

/// Up to `most` bytes, in a buffer of their own.
pub(crate) fn recv_new(fd: impl AsFd, most: usize) -> io::Result<Vec<u8>> {
    let args = || format!("{}, {most}", raw(&fd));
    trace::call("recv", args, || {
        let mut bytes = room(most)?;
        net::recv(&fd, spare_capacity(&mut bytes), RecvFlags::empty())?;
        Ok(bytes)
    })
}

pub(crate) fn recv_from(fd: impl AsFd, into: &mut [u8]) -> io::Result<(usize, Address)> {
    let room = into.len();
    let args = || format!("{}, {room}", raw(&fd));
    trace::call("recvfrom", args, || {
        let (count, _, from) = net::recvfrom(&fd, into, RecvFlags::empty())?;
        Ok((count, Address::from_sender(from)))
    })
}

/// Up to `most` bytes of one message, in a buffer of their own, and who sent them.
pub(crate) fn recv_from_new(fd: impl AsFd, most: usize) -> io::Result<(Vec<u8>, Address)> {
    let args = || format!("{}, {most}", raw(&fd));
    trace::call("recvfrom", args, || {
        let mut bytes = room(most)?;
        let (_, _, from) = net::recvfrom(&fd, spare_capacity(&mut bytes), RecvFlags::empty())?;
        Ok((bytes, Address::from_sender(from)))
    })
}

/// Sends what the kernel takes of `datagrams` without waiting, and says how many that was.
pub(crate) fn sendmmsg(fd: impl AsFd, datagrams: &[[IoSlice<'_>; 1]]) -> io::Result<usize> {
    let args = || format!("{}, {} in all", raw(&fd), datagrams.len());
    trace::call("sendmmsg", args, || {
        let mut headers = MultiHeaders::<()>::preallocate(datagrams.len(), None);
        let to_the_peer = vec![None::<()>; datagrams.len()];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        let fd = raw(&fd);
        let sent = nix::sys::socket::sendmmsg(fd, &mut headers, datagrams, to_the_peer, [], flags)?;
        Ok(sent.count())
    })
}

/// Receives what has come without waiting, each datagram at the start of its own `longest` bytes
/// of `room`; their lengths are added to `lengths`.
pub(crate) fn recvmmsg(
    fd: impl AsFd,
    room: &mut [u8],
    longest: usize,
    lengths: &mut Vec<usize>,
) -> io::Result<()> {
    let (fd, most) = (raw(&fd), room.len() / longest);
    let args = || format!("{fd}, {most} datagrams of {longest}");
    let received = trace::call("recvmmsg", args, || {
        let mut headers = MultiHeaders::<()>::preallocate(most, None);
        let chunks = room.chunks_exact_mut(longest);
        let mut slices: Vec<_> = chunks.map(|chunk| [IoSliceMut::new(chunk)]).collect();
        let (slices, flags) = (slices.iter_mut(), MsgFlags::MSG_DONTWAIT);
        let received = nix::sys::socket::recvmmsg(fd, &mut headers, slices, flags, None)?;
        let before = lengths.len();
        lengths.extend(received.map(|message| message.bytes));
        Ok(lengths.len() - before)
    });
    received.map(drop)
}

/// [`recvmmsg`] from a socket that anybody may send to: each datagram with its sender and, where the
/// socket was asked to say so, the address of ours that it was sent to.
pub(crate) fn recv_batch(
    fd: impl AsFd,
    room: &mut [u8],
    longest: usize,
    letters: &mut Vec<(usize, usize, Origin)>,
) -> io::Result<()> {
    let (fd, most) = (raw(&fd), room.len() / longest);
    let args = || format!("{fd}, {most} datagrams of {longest}");
    let received = trace::call("recvmmsg", args, || {
        let space = nix::cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(most, Some(space));
        let chunks = room.chunks_exact_mut(longest);
        let mut slices: Vec<_> = chunks.map(|chunk| [IoSliceMut::new(chunk)]).collect();
        let (slices, flags) = (slices.iter_mut(), MsgFlags::MSG_DONTWAIT);
        let received = nix::sys::socket::recvmmsg(fd, &mut headers, slices, flags, None)?;
        for (number, message) in received.enumerate() {
            letters.push((number * longest, message.bytes, pktinfo::origin(&message)));
        }
        Ok(letters.len())
    });
    received.map(drop)
}

/// Sends one datagram to `to` from `arrival`, whatever address the route would choose.
pub(crate) fn send_from(
    fd: impl AsFd,
    bytes: &[u8],
    to: SocketAddr,
    arrival: Arrival,
) -> io::Result<usize> {
    let fd = raw(&fd);
    let args = || format!("{fd}, {} bytes, {to}, from {}", bytes.len(), arrival.address);
    trace::call("sendmsg", args, || {
        let (iov, to) = ([IoSlice::new(bytes)], SockaddrStorage::from(to));
        let flags = MsgFlags::MSG_NOSIGNAL;
        pktinfo::with_source(arrival, |from| {
            Ok(nix::sys::socket::sendmsg(fd, &iov, &[from], flags, Some(&to))?)
        })
    })
}

/// The caller chooses the size, so too much is an error and not an abort.
fn room(most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(most).map_err(|_| Errno::NOMEM)?;
    Ok(bytes)
}

pub(crate) fn shutdown(fd: impl AsFd, how: Shutdown) -> io::Result<()> {
    let args = || format!("{}, {}", raw(&fd), how.constant());
    trace::call("shutdown", args, || Ok(net::shutdown(&fd, how.into())?))
}

pub(crate) fn getsockname(fd: impl AsFd) -> io::Result<Address> {
    trace::call(
        "getsockname",
        || raw(&fd).to_string(),
        || Ok(Address::from_system(&SockRef::from(&fd).local_addr()?)),
    )
}

pub(crate) fn getpeername(fd: impl AsFd) -> io::Result<Address> {
    trace::call(
        "getpeername",
        || raw(&fd).to_string(),
        || Ok(Address::from_system(&SockRef::from(&fd).peer_addr()?)),
    )
}

/// Linux closes the descriptor whatever it answers, so this is never repeated.
pub(crate) fn close(fd: OwnedFd) -> io::Result<()> {
    let args = || raw(&fd).to_string();
    let args = args();
    trace::call("close", || args, || Ok(nix::unistd::close(fd)?))
}
