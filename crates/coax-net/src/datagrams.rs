//! Messages without a connection: each has an address it came from or goes to.
//!
//! A place to receive at is every address of the endpoint, IPv4 and IPv6 together. A place to
//! send to is one peer, whose refusals (ICMP port unreachable) are heard; or a group or broadcast
//! address, where anyone may answer.
//!
//! Nothing here waits for an answer, retries, or decides when a conversation is over.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use coax_addr::{Endpoint, Place, Transport, UnixKind};
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use crate::listen::{ListenError, SocketFile, open};
use crate::{
    Address, Dialed, Kind, Resolve, Socket, SocketError, SocketErrorKind, Wanted, scope_of, sys,
};

/// The most a datagram carries: UDP's 16-bit length.
pub const DATAGRAM_LIMIT: usize = 65_535;

/// Sockets that messages are sent and received on.
#[derive(Debug)]
pub struct Datagrams {
    doors: Vec<(AsyncFd<Socket>, Address)>,
    /// Which door is asked first: a busy one must not keep the others waiting.
    turn: AtomicUsize,
    /// Where a message goes when no other address is given.
    towards: Option<Address>,
    /// The kernel knows the peer as well, and reports its refusals.
    connected: bool,
    _file: Option<SocketFile>,
}

impl Datagrams {
    /// Receives at every address of `endpoint`; a multicast host is a group to join, and so is
    /// the endpoint's `join` option.
    pub async fn at(
        endpoint: &Endpoint,
        wanted: Wanted,
        resolver: &dyn Resolve,
    ) -> Result<Datagrams, ListenError> {
        if !is_datagram(&endpoint.place) {
            return Err(ListenError::Unsupported(endpoint.to_string()));
        }
        let opened = open(endpoint, Kind::Dgram, wanted, resolver).await?;
        join(&opened.sockets, endpoint)?;
        let mut doors = Vec::new();
        for (socket, address) in opened.sockets {
            doors.push((registered(socket)?, address));
        }
        let turn = AtomicUsize::new(0);
        Ok(Datagrams { doors, turn, towards: None, connected: false, _file: opened.file })
    }

    /// Talks to whom `dialed` reached: one peer, or a group where anyone may answer.
    pub fn towards(dialed: Dialed) -> Result<Datagrams, ListenError> {
        let doors = vec![(registered(dialed.socket)?, dialed.local)];
        let (connected, towards) = (dialed.connected, Some(dialed.peer));
        Ok(Datagrams { doors, turn: AtomicUsize::new(0), towards, connected, _file: None })
    }

    /// Every address messages arrive at.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.doors.iter().map(|(_, address)| address)
    }

    /// The peer or group it talks to, if there is one.
    pub fn peer(&self) -> Option<&Address> {
        self.towards.as_ref()
    }

    /// The next message, cut to `buffer`, and who sent it. Safe to cancel.
    ///
    /// An error is a peer's refusal of an earlier message, or this machine's; receiving may go on.
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, Address), SocketError> {
        loop {
            let mut ready = self.any_ready().await;
            match ready.get_inner().recv_from_into(buffer) {
                Err(error) if error.kind() == SocketErrorKind::WouldBlock => ready.clear_ready(),
                received => return received.map(|(count, from)| (count, self.named(from))),
            }
        }
    }

    /// The socket that has something to tell: a message, or a refusal, which the kernel reports
    /// as an error without calling it readable (udp(7)).
    async fn any_ready(&self) -> AsyncFdReadyGuard<'_, Socket> {
        let wanted = Interest::READABLE | Interest::ERROR;
        let mut waits: Vec<_> =
            self.doors.iter().map(|(socket, _)| Box::pin(socket.ready(wanted))).collect();
        poll_fn(|context| {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % waits.len();
            let (before, from_first) = waits.split_at_mut(first);
            for wait in from_first.iter_mut().chain(before) {
                // An error is the runtime going down; nobody will poll again.
                if let Poll::Ready(Ok(ready)) = wait.as_mut().poll(context) {
                    return Poll::Ready(ready);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// A connected Unix peer may come without a name.
    fn named(&self, from: Address) -> Address {
        match (&from, &self.towards) {
            (Address::Unnamed, Some(peer)) if self.connected => peer.clone(),
            _ => from,
        }
    }

    /// Sends one message to `to`, or to the peer it talks to.
    pub async fn send(&self, message: &[u8], to: Option<&Address>) -> Result<(), SocketError> {
        let to = to.or(self.towards.as_ref()).unwrap_or(&Address::Unnamed);
        let socket = self.door_towards(to);
        loop {
            let sent = match self.connected {
                true => socket.get_ref().send(message),
                false => socket.get_ref().send_to(message, to),
            };
            match sent {
                Err(error) if error.kind() == SocketErrorKind::WouldBlock => {
                    if let Ok(mut ready) = socket.writable().await {
                        ready.clear_ready();
                    }
                }
                done => return done.map(drop),
            }
        }
    }

    /// The socket of `to`'s family.
    fn door_towards(&self, to: &Address) -> &AsyncFd<Socket> {
        let is_v6 = |address: &Address| address.ip().map(|ip| ip.is_ipv6());
        let fitting = self.doors.iter().find(|(_, address)| is_v6(address) == is_v6(to));
        &fitting.unwrap_or(&self.doors[0]).0
    }
}

fn registered(socket: Socket) -> Result<AsyncFd<Socket>, ListenError> {
    socket.set_nonblocking(true)?;
    sys::register(socket).map_err(|error| ListenError::Machine(error.into()))
}

fn is_datagram(place: &Place) -> bool {
    matches!(
        place,
        Place::Net { transport: Transport::Udp, .. } | Place::Unix { kind: UnixKind::Dgram, .. }
    )
}

/// Joins the group that the host is, and the one the options name, on each socket of its family.
fn join(sockets: &[(Socket, Address)], endpoint: &Endpoint) -> Result<(), ListenError> {
    for (group, interface) in groups(sockets, endpoint)? {
        let mut joined = false;
        for (socket, bound) in sockets {
            if group.is_multicast() && bound.ip().is_some_and(|ip| ip.is_ipv6() == group.is_ipv6())
            {
                socket.join_multicast(group, interface)?;
                joined = true;
            }
        }
        if !joined {
            return Err(ListenError::NoGroup(group));
        }
    }
    Ok(())
}

/// Each group to join, and the interface to hear it on; 0 lets the system choose.
fn groups(
    sockets: &[(Socket, Address)],
    endpoint: &Endpoint,
) -> Result<Vec<(IpAddr, u32)>, ListenError> {
    let interface = match &endpoint.options.interface {
        Some(name) => index_of(name)?,
        None => 0,
    };
    // A host that is a group was bound as it is, with its zone.
    let bound = sockets.iter().filter_map(|(_, address)| match address {
        Address::Ip(SocketAddr::V6(bound)) if bound.scope_id() != 0 => {
            Some((IpAddr::V6(*bound.ip()), bound.scope_id()))
        }
        address => address.ip().map(|ip| (ip, interface)),
    });
    let hosts = bound.filter(|(ip, _)| ip.is_multicast());
    Ok(hosts.chain(endpoint.options.join.map(|group| (group, interface))).collect())
}

fn index_of(name: &str) -> Result<u32, ListenError> {
    scope_of(name).ok_or_else(|| ListenError::NoInterface(name.to_owned()))
}
