//! Room for datagrams that arrive, and what is known of each: who sent it, to which address.
//!
//! A call takes as many as have come, because a datagram costs a system call otherwise, and what is
//! not taken in time the kernel drops. Where the kernel has no such call, one is taken at a time.
//!
//! Nothing here waits.

use std::io;
use std::net::IpAddr;

use rustix::io::Errno;

use crate::Address;
use crate::socket::{Socket, calls};

/// The most a UDP datagram holds: its 16-bit length.
pub const DATAGRAM_LIMIT: usize = 65_535;

/// Datagrams that one call takes at most. More would not make one of them cheaper.
const BATCH: usize = 64;

/// Where a datagram came from, and at which address of this machine it arrived.
///
/// An answer leaves from that address, whatever other addresses its interface has: the sender
/// takes nothing from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who sent it.
    pub from: Address,
    /// Where it arrived; `None` where the socket has one address only.
    pub(crate) arrival: Option<Arrival>,
}

/// An address of this machine, and the interface it was reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) address: IpAddr,
    pub(crate) interface: u32,
}

impl Origin {
    /// Whether it can be answered: a Unix socket without a name cannot.
    pub fn is_named(&self) -> bool {
        self.from != Address::Unnamed
    }
}

impl From<Address> for Origin {
    fn from(from: Address) -> Origin {
        Origin { from, arrival: None }
    }
}

/// One datagram in the room: where it stands, its length, its origin.
type Letter = (usize, usize, Origin);

/// Room for the datagrams of one call.
#[derive(Debug)]
pub struct Inbox {
    room: Vec<u8>,
    longest: usize,
    letters: Vec<Letter>,
}

impl Default for Inbox {
    /// Room for as many as one call takes, whole. Only the pages that are used are memory.
    fn default() -> Inbox {
        Inbox::with_room(BATCH, DATAGRAM_LIMIT)
    }
}

impl Inbox {
    /// Room for one datagram of at most `longest` bytes; a longer one is cut.
    pub fn for_one(longest: usize) -> Inbox {
        Inbox::with_room(1, longest.max(1))
    }

    fn with_room(count: usize, longest: usize) -> Inbox {
        Inbox { room: vec![0; count * longest], longest, letters: Vec::new() }
    }

    /// What the last call received, in the order of arrival.
    pub fn datagrams(&self) -> impl Iterator<Item = (&[u8], &Origin)> {
        let letters = self.letters.iter();
        letters.map(|(start, length, origin)| (&self.room[*start..start + length], origin))
    }

    /// Takes what has come to an IP socket: at most `most`.
    pub(super) fn fill(&mut self, socket: &Socket, most: usize) -> io::Result<()> {
        self.letters.clear();
        let most = most.clamp(1, self.room.len() / self.longest);
        let room = &mut self.room[..most * self.longest];
        match calls::recv_batch(socket, room, self.longest, &mut self.letters) {
            Err(error) if is_missing(&error) => self.fill_whole(socket),
            done => done,
        }
    }

    /// Takes one datagram, in all the room there is: a Unix socket's may be longer than UDP's.
    pub(super) fn fill_whole(&mut self, socket: &Socket) -> io::Result<()> {
        self.letters.clear();
        let (count, from) = calls::recv_from(socket, &mut self.room)?;
        self.letters.push((0, count, from.into()));
        Ok(())
    }

    /// Gives the peer's name to what came without one.
    pub(super) fn name_unnamed(&mut self, peer: &Address) {
        for (_, _, origin) in &mut self.letters {
            if origin.from == Address::Unnamed {
                origin.from = peer.clone();
            }
        }
    }
}

/// Kernels and sandboxes without `recvmmsg`.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM | Errno::ACCESS)
    )
}
