//! Asking TCP ports by their first packet alone: a SYN, and what comes back.
//!
//! Many SYNs leave in one system call, and many answers come in one. The kernel routes them, so
//! every interface and this machine itself are reached as by any program; it also resets what an
//! open port begins. An answer is believed only when it acknowledges the very SYN.
//!
//! Nothing here waits for an answer, asks again, or keeps what was asked.

mod hearing;
mod routes;
mod secret;
mod segment;
mod sockets;

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::{IcmpReport, trace};
use hearing::Ear;
use routes::Routes;
use secret::Secret;
use segment::Syn;

/// Packets a call carries at most. More would not make one of them cheaper.
const BATCH: usize = 128;
/// How long to wait for the interface to take more: long enough for any that works.
const ROOM: Duration = Duration::from_millis(100);

/// Raw sockets of one family that ask with SYNs. They need CAP_NET_RAW.
#[derive(Debug)]
pub struct SynSocket {
    sender: OwnedFd,
    receiver: OwnedFd,
    /// They hold the ports.
    _reserved: Vec<OwnedFd>,
    routes: Routes,
    ear: Ear,
    outgoing: Outgoing,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SynAnswer {
    /// The place that was asked.
    pub from: SocketAddr,
    /// The number that was given with the question.
    pub number: u32,
    /// The attempt that is answered, modulo [`SynSocket::ATTEMPTS`].
    pub attempt: u8,
    /// What was said.
    pub said: SynSaid,
}

/// What was said to a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynSaid {
    /// Somebody listens.
    SynAck,
    /// Nobody does.
    Reset,
    /// The SYN was not delivered.
    Icmp(IcmpReport),
}

/// Packets to send.
#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    places: Vec<Option<SockaddrStorage>>,
    numbers: Vec<u32>,
}

impl SynSocket {
    /// So many attempts in a row are told from each other.
    pub const ATTEMPTS: u32 = sockets::Ports::COUNT as u32;

    /// Opens the sockets and reserves source ports. Without CAP_NET_RAW the error's kind is
    /// `PermissionDenied`.
    pub fn open(v4: bool) -> io::Result<SynSocket> {
        let sender = sockets::sender(v4)?;
        let (reserved, ports) = sockets::reserve(v4)?;
        Ok(SynSocket {
            sender,
            receiver: sockets::receiver(v4, ports)?,
            _reserved: reserved,
            routes: Routes::open(v4)?,
            ear: Ear { v4, ports, secret: Secret::default() },
            outgoing: Outgoing::default(),
        })
    }

    /// Prepares a SYN to `to`, an address of this socket's family. Answers bring back `number`,
    /// which is below 2³¹, and the `attempt`. Each of some attempts in a row has a source port of
    /// its own, so a host that has half a connection from the one before answers this one too. The
    /// error is that of the way there: no route, or a broadcast address.
    pub fn push(&mut self, to: &SocketAddr, number: u32, attempt: u32) -> io::Result<()> {
        // An IPv4 address in IPv6's clothes is of the other family.
        if to.ip().to_canonical().is_ipv4() != self.ear.v4 {
            return Err(Errno::AFNOSUPPORT.into());
        }
        let source = self.routes.source(to)?;
        let sequence = self.ear.secret.sequence(to.ip(), to.port(), number);
        let from_port = self.ear.ports.of(attempt);
        let syn = Syn { from_port, to_port: to.port(), sequence };
        let Outgoing { bytes, places, numbers } = &mut self.outgoing;
        match (source, to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => syn.write_v4(from, to, bytes),
            (IpAddr::V6(from), IpAddr::V6(to)) => syn.write_v6(from, to, bytes),
            _ => return Err(Errno::AFNOSUPPORT.into()),
        }
        // In place of a port, a raw socket of IPv6 wants the protocol, or nothing (ipv6(7)).
        let mut place = *to;
        place.set_port(0);
        places.push(Some(place.into()));
        numbers.push(number);
        Ok(())
    }

    /// How many SYNs are prepared.
    pub fn pending(&self) -> usize {
        self.outgoing.numbers.len()
    }

    /// Sends what was prepared. While an interface is full it waits, for a tenth of a second at
    /// most. What could not be sent is added to `refused`, each SYN with its own error; that of a
    /// lack of room (`ENOBUFS`, `WouldBlock`) ends by itself.
    pub fn flush(&mut self, refused: &mut Vec<(u32, io::Error)>) {
        let mut patient = true;
        let mut done = 0;
        while done < self.outgoing.numbers.len() {
            match self.outgoing.send(&self.sender, done, self.ear.v4) {
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if patient && error.kind() == io::ErrorKind::WouldBlock => {
                    patient = self.wait_for_room();
                }
                Err(error) => {
                    refused.push((self.outgoing.numbers[done], error));
                    done += 1;
                }
            }
        }
        self.outgoing.clear();
        self.routes.refresh(Instant::now());
    }

    fn wait_for_room(&self) -> bool {
        let mut fds = [PollFd::new(&self.sender, PollFlags::OUT)];
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(ROOM.subsec_nanos()) };
        poll(&mut fds, Some(&time)).is_ok_and(|count| count > 0)
    }

    /// Adds what has come to `answers`, without waiting: at most some ten thousand at a time. `true`
    /// when there may be more.
    pub fn receive(&self, answers: &mut Vec<SynAnswer>) -> bool {
        self.ear.receive(&self.receiver, answers)
    }
}

/// Readable when answers have come, in error when reports have.
impl AsFd for SynSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.receiver.as_fd()
    }
}

impl Outgoing {
    /// Sends packets from number `first` on, and says how many the kernel took.
    fn send(&self, sender: &OwnedFd, first: usize, v4: bool) -> io::Result<usize> {
        let length = segment::packet_length(v4);
        let packets = self.bytes[first * length..].chunks_exact(length).take(BATCH);
        let packets: Vec<_> = packets.map(|packet| [IoSlice::new(packet)]).collect();
        let fd = sender.as_raw_fd();
        trace::call(
            "sendmmsg",
            || format!("{fd}, {} in all", packets.len()),
            || {
                let mut headers = MultiHeaders::preallocate(packets.len(), None);
                let (places, flags) = (&self.places[first..], MsgFlags::MSG_DONTWAIT);
                let sent = sendmmsg(fd, &mut headers, &packets, places, [], flags)?;
                Ok(sent.count())
            },
        )
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
        self.numbers.clear();
    }
}

#[cfg(test)]
mod tests;
