//! Many datagrams to and from one peer, each way in one system call.
//!
//! A datagram costs a system call, which is most of what a short question to a server costs;
//! `sendmmsg` and `recvmmsg` carry a batch. The socket is connected, so the kernel drops what
//! comes from another address, and tells of a port that nobody listens on.
//!
//! What the datagrams say is not looked at, and none is sent twice.

use std::io::{self, IoSlice};
use std::net::SocketAddr;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::socket::{Call, Object, calls};
use crate::{Address, Family, Kind, Socket, SocketError, sys};

/// Datagrams a call carries at most. More would not make one of them cheaper.
const BATCH: usize = 64;

/// A socket connected to one peer.
#[derive(Debug)]
pub struct Volley {
    socket: AsyncFd<Socket>,
}

/// Datagrams to send, one after the other in one piece of memory.
#[derive(Debug, Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    sent: usize,
}

/// Room for the datagrams of one call.
#[derive(Debug)]
pub struct Arrivals {
    room: Vec<u8>,
    longest: usize,
    lengths: Vec<usize>,
}

impl Volley {
    /// Opens a UDP socket to `peer` from a port that the kernel draws. `receive_buffer` is how
    /// many bytes may wait to be received; the kernel may give less. Needs a tokio runtime.
    pub fn towards(peer: SocketAddr, receive_buffer: usize) -> Result<Volley, SocketError> {
        let family = if peer.is_ipv4() { Family::Inet } else { Family::Inet6 };
        let socket = Socket::new(family, Kind::Dgram, None)?;
        socket.set_nonblocking(true)?;
        socket.set_receive_buffer(receive_buffer)?;
        let to = Address::Ip(peer);
        socket.connect(&to)?;
        let socket = sys::register(socket)
            .map_err(|cause| SocketError::new(Call::Open, Object::Address(to), cause))?;
        Ok(Volley { socket })
    }

    /// Sends all of `outgoing`, waiting while the kernel has no room. Safe to cancel: what was
    /// sent is not sent again. After an error the rest is dropped.
    pub async fn send(&self, outgoing: &mut Outgoing) -> Result<(), SocketError> {
        while !outgoing.is_empty() {
            let Ok(mut ready) = self.socket.writable().await else {
                // The runtime is going down; nobody will ask again.
                return std::future::pending().await;
            };
            match calls::sendmmsg(self.socket.get_ref(), &outgoing.batch()) {
                Ok(count) => outgoing.advance(count),
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(cause) => {
                    outgoing.clear();
                    return Err(self.socket.get_ref().failed(Call::Send, cause));
                }
            }
        }
        Ok(())
    }

    /// Waits for datagrams and takes as many as have come, or the peer's refusal as an error.
    /// Safe to cancel.
    pub async fn receive(&self, into: &mut Arrivals) -> Result<(), SocketError> {
        loop {
            // A refusal makes a socket neither readable nor closed, only in error.
            let Ok(mut ready) = self.socket.ready(Interest::READABLE | Interest::ERROR).await
            else {
                return std::future::pending().await;
            };
            match into.fill(self.socket.get_ref()) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(cause) => return Err(self.socket.get_ref().failed(Call::Receive, cause)),
                Ok(()) => {
                    // Fewer than a batch: the queue is empty, and asking again would say so.
                    if into.lengths.len() < BATCH {
                        ready.clear_ready();
                    }
                    return Ok(());
                }
            }
        }
    }
}

impl Outgoing {
    /// Adds a datagram.
    pub fn push(&mut self, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.ends.push(self.bytes.len());
    }

    /// How many are not sent yet.
    pub fn len(&self) -> usize {
        self.ends.len() - self.sent
    }

    /// Whether everything was sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.sent = 0;
    }

    fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.ends.len() {
            self.clear();
        }
    }

    fn batch(&self) -> Vec<[IoSlice<'_>; 1]> {
        let ends = &self.ends[self.sent..];
        let mut start = self.sent.checked_sub(1).map_or(0, |last| self.ends[last]);
        let datagrams = ends.iter().take(BATCH).map(|&end| {
            let datagram = &self.bytes[start..end];
            start = end;
            [IoSlice::new(datagram)]
        });
        datagrams.collect()
    }
}

impl Arrivals {
    /// Room for datagrams of at most `longest` bytes; longer ones are cut.
    pub fn new(longest: usize) -> Arrivals {
        let longest = longest.max(1);
        Arrivals { room: vec![0; BATCH * longest], longest, lengths: Vec::with_capacity(BATCH) }
    }

    /// What the last call received.
    pub fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.room.chunks(self.longest).zip(&self.lengths).map(|(chunk, &length)| &chunk[..length])
    }

    fn fill(&mut self, socket: &Socket) -> io::Result<()> {
        self.lengths.clear();
        calls::recvmmsg(socket, &mut self.room, self.longest, &mut self.lengths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn more_than_a_batch_goes_out_and_comes_back_in_order_and_cut_to_size() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let peer = UdpSocket::bind(host).unwrap();
            let count = BATCH + 7;
            block_on(async {
                let volley = Volley::towards(peer.local_addr().unwrap(), 1 << 20).unwrap();
                let mut outgoing = Outgoing::default();
                (0..count).for_each(|number| outgoing.push(format!("{number}").as_bytes()));
                volley.send(&mut outgoing).await.unwrap();
                assert!(outgoing.is_empty());
                let mut buffer = [0; 16];
                for number in 0..count {
                    let (length, from) = peer.recv_from(&mut buffer).unwrap();
                    assert_eq!(buffer[..length], *number.to_string().as_bytes());
                    peer.send_to(&buffer[..length], from).unwrap();
                }
                let mut heard = Vec::new();
                let mut arrivals = Arrivals::new(1);
                while heard.len() < count {
                    volley.receive(&mut arrivals).await.unwrap();
                    heard.extend(arrivals.datagrams().map(<[u8]>::to_vec));
                }
                let firsts = (0..count).map(|number| vec![number.to_string().as_bytes()[0]]);
                assert_eq!(heard, firsts.collect::<Vec<_>>());
            });
        }
    }

    #[test]
    fn a_port_nobody_listens_on_is_an_error_and_not_a_wait() {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        block_on(async {
            let volley = Volley::towards(gone, 4096).unwrap();
            let mut outgoing = Outgoing::default();
            outgoing.push(b"anyone?");
            volley.send(&mut outgoing).await.unwrap();
            let error = volley.receive(&mut Arrivals::new(16)).await.unwrap_err();
            assert_eq!(error.cause(), "refused");
        });
    }
}
