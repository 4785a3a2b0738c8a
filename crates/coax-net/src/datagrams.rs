//! Messages without a connection: each has an address it came from or goes to.
//!
//! A place to receive at is every address of the endpoint, IPv4 and IPv6 together. A place to
//! send to is one peer, whose refusals (ICMP port unreachable) are heard; or a group or broadcast
//! address, where anyone may answer.
//!
//! Nothing here waits for an answer or decides when a conversation is over.

mod failover;
mod group;
mod inbox;

use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use coax_addr::{Endpoint, Place, Transport, UnixKind};
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use crate::listen::{ListenError, SocketFile, open};
use crate::socket::Call;
use crate::{Address, Dialed, Kind, Resolve, Socket, SocketError, SocketErrorKind, Wanted, sys};
use failover::Failover;

pub(crate) use inbox::Arrival;
pub use inbox::{DATAGRAM_LIMIT, Inbox, Origin};

/// Bytes that a UDP datagram holds over IPv4: 65,535 less the headers of IP and UDP.
const LARGEST_V4: usize = 65_507;
/// Over IPv6 its own header is not counted (RFC 8200 §3).
const LARGEST_V6: usize = 65_527;
/// What Linux keeps of a Unix socket's send buffer for itself (`unix_dgram_sendmsg`), for datagrams and packets.
pub(crate) const UNIX_OVERHEAD: usize = 32;

/// Bytes that may wait to be received: a burst of thousands of small datagrams, each of which
/// costs the kernel about a kilobyte.
const RECEIVE_BUFFER: usize = 8 << 20;

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
    /// Other addresses of the peer's name, until one has answered.
    failover: Option<Mutex<Failover>>,
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
        group::join(&opened.sockets, endpoint)?;
        let mut doors = Vec::new();
        for (socket, address) in opened.sockets {
            // A socket with one address answers from it anyway.
            if address.ip().is_some_and(|ip| ip.is_unspecified()) {
                socket.set_packet_info(true)?;
            }
            if endpoint.options.rcvbuf.is_none() {
                socket.widen_receive_buffer(RECEIVE_BUFFER)?;
            }
            doors.push((registered(socket)?, address));
        }
        Ok(Datagrams { _file: opened.file, ..Datagrams::through(doors) })
    }

    /// Talks to whom `dialed` reached: one peer, or a group where anyone may answer.
    pub fn towards(dialed: Dialed) -> Result<Datagrams, ListenError> {
        let doors = vec![(registered(dialed.socket)?, dialed.local)];
        Ok(Datagrams {
            towards: Some(dialed.peer),
            connected: dialed.connected,
            failover: Failover::new(dialed.alternatives).map(Mutex::new),
            ..Datagrams::through(doors)
        })
    }

    fn through(doors: Vec<(AsyncFd<Socket>, Address)>) -> Datagrams {
        let turn = AtomicUsize::new(0);
        Datagrams { doors, turn, towards: None, connected: false, failover: None, _file: None }
    }

    /// Every address messages arrive at.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.doors.iter().map(|(_, address)| address)
    }

    /// The peer or group it talks to, if there is one.
    pub fn peer(&self) -> Option<&Address> {
        self.towards.as_ref()
    }

    /// The next messages: as many as have come and `inbox` has room for, but at most `most`. Safe
    /// to cancel.
    ///
    /// An error is a peer's refusal of an earlier message, or this machine's; receiving may go on.
    pub async fn receive(&self, inbox: &mut Inbox, most: usize) -> Result<(), SocketError> {
        loop {
            let mut ready = self.any_ready().await;
            let socket = ready.get_inner();
            let filled = match self.is_unix() {
                true => inbox.fill_whole(socket),
                false => inbox.fill(socket, most),
            };
            match filled {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(cause) => return Err(socket.failed(Call::Receive, cause)),
                Ok(()) => {
                    self.heard(inbox);
                    return Ok(());
                }
            }
        }
    }

    /// Somebody answered: nothing is sent elsewhere any more. A connected Unix peer may come
    /// without a name.
    fn heard(&self, inbox: &mut Inbox) {
        if let Some(mut failover) = self.failover() {
            failover.settle();
        }
        if let (true, Some(peer)) = (self.connected, &self.towards) {
            inbox.name_unnamed(peer);
        }
    }

    fn is_unix(&self) -> bool {
        self.doors.iter().all(|(_, address)| address.ip().is_none())
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

    /// The most bytes that one message to `to`, or to the peer it talks to, can hold.
    pub fn largest_message(&self, to: Option<&Origin>) -> usize {
        let to = self.destination(to);
        match to.ip() {
            Some(ip) if ip.to_canonical().is_ipv4() => LARGEST_V4,
            Some(_) => LARGEST_V6,
            None => {
                let buffer = self.door_towards(&to).get_ref().send_buffer();
                buffer.unwrap_or(LARGEST_V4).saturating_sub(UNIX_OVERHEAD)
            }
        }
    }

    /// Sends one message to where `to` came from, or to the peer it talks to. An answer leaves
    /// from the address that was asked.
    pub async fn send(&self, message: &[u8], to: Option<&Origin>) -> Result<(), SocketError> {
        if let Some(mut failover) = self.failover() {
            failover.keep(message);
        }
        self.deliver(message, to).await
    }

    async fn deliver(&self, message: &[u8], to: Option<&Origin>) -> Result<(), SocketError> {
        let destination = self.destination(to);
        let arrival = to.and_then(|to| to.arrival);
        let socket = self.door_towards(&destination);
        loop {
            match self.send_now(socket.get_ref(), message, &destination, arrival) {
                Err(error) if error.kind() == SocketErrorKind::WouldBlock => {
                    if let Ok(mut ready) = socket.writable().await {
                        ready.clear_ready();
                    }
                }
                done => return done,
            }
        }
    }

    fn send_now(
        &self,
        socket: &Socket,
        message: &[u8],
        to: &Address,
        arrival: Option<Arrival>,
    ) -> Result<(), SocketError> {
        if self.connected {
            return socket.send(message).map(drop);
        }
        if let (Some(arrival), Address::Ip(to)) = (arrival, to) {
            match socket.send_from(message, *to, arrival) {
                // The address has been taken from this machine meanwhile.
                Err(error) if is_gone(error.kind()) => {}
                done => return done.map(drop),
            }
        }
        socket.send_to(message, to).map(drop)
    }

    fn destination(&self, to: Option<&Origin>) -> Address {
        let given = to.map(|to| &to.from).or(self.towards.as_ref());
        given.cloned().unwrap_or(Address::Unnamed)
    }

    /// The socket of `to`'s family.
    fn door_towards(&self, to: &Address) -> &AsyncFd<Socket> {
        let is_v6 = |address: &Address| address.ip().map(|ip| ip.is_ipv6());
        let fitting = self.doors.iter().find(|(_, address)| is_v6(address) == is_v6(to));
        &fitting.unwrap_or(&self.doors[0]).0
    }

    /// A refusal that the kernel knows of and has not told yet.
    pub fn take_refusal(&self) -> Option<SocketError> {
        self.doors.iter().find_map(|(socket, _)| socket.get_ref().take_error().ok().flatten())
    }

    /// After a refusal: goes on with the next address of the peer's name, and sends it what nobody
    /// has answered. False where there is none, or somebody has answered before.
    pub async fn fail_over(&mut self) -> bool {
        while self.turn_to_the_next() {
            let again = self.failover().map(|failover| failover.unanswered.clone());
            if self.deliver_all(&again.unwrap_or_default()).await.is_ok() {
                return true;
            }
        }
        false
    }

    fn turn_to_the_next(&mut self) -> bool {
        let Some(mut failover) = self.failover() else { return false };
        failover.refused.extend(self.towards.clone());
        let next = failover.next();
        drop(failover);
        let Some(found) = next else { return false };
        let Ok(socket) = registered(found.socket) else { return false };
        self.doors = vec![(socket, found.local)];
        self.towards = Some(found.peer);
        true
    }

    async fn deliver_all(&self, messages: &[Vec<u8>]) -> Result<(), SocketError> {
        for message in messages {
            self.deliver(message, None).await?;
        }
        Ok(())
    }

    /// The addresses that refused before this one.
    pub fn refused(&self) -> Vec<Address> {
        self.failover().map(|failover| failover.refused.clone()).unwrap_or_default()
    }

    fn failover(&self) -> Option<MutexGuard<'_, Failover>> {
        let failover = self.failover.as_ref()?;
        Some(failover.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Datagrams that came and that the kernel dropped, most often because they were not read in
    /// time; `None` where it does not count them.
    pub fn dropped(&self) -> Option<u64> {
        self.doors.iter().map(|(socket, _)| sys::dropped(socket.get_ref()).map(u64::from)).sum()
    }
}

/// The address to send from, or the option that says so, is not there.
fn is_gone(kind: SocketErrorKind) -> bool {
    use SocketErrorKind::{AddressNotAvailable, Invalid, NotSupported};
    matches!(kind, AddressNotAvailable | Invalid | NotSupported)
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
