//! Many datagrams in one call.
//!
//! A datagram costs a system call each way, which is most of what a question costs; `sendmmsg`
//! and `recvmmsg` carry a batch.
//!
//! What the datagrams say is not looked at.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg, sendmmsg};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams a call carries at most.
pub(super) const BATCH: usize = 64;
/// The largest answer that UDP can carry and a server may send unasked.
const LARGEST: usize = 4096;

/// Room for a batch of answers.
pub(super) struct Inbox {
    room: Vec<u8>,
    lengths: Vec<usize>,
}

impl Inbox {
    pub(super) fn new() -> Inbox {
        Inbox { room: vec![0; BATCH * LARGEST], lengths: Vec::with_capacity(BATCH) }
    }

    /// Takes what has arrived, up to a batch; `WouldBlock` when nothing has.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.lengths.clear();
        let (room, lengths) = (&mut self.room, &mut self.lengths);
        socket.try_io(Interest::READABLE, || {
            let mut headers = MultiHeaders::<()>::preallocate(BATCH, None);
            let mut slices: Vec<_> =
                room.chunks_mut(LARGEST).map(|chunk| [IoSliceMut::new(chunk)]).collect();
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = socket.as_raw_fd();
            let received = recvmmsg(fd, &mut headers, slices.iter_mut(), flags, None)?;
            lengths.extend(received.map(|message| message.bytes));
            Ok(())
        })
    }

    /// The datagrams of the last batch.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.room.chunks(LARGEST).zip(&self.lengths).map(|(chunk, &length)| &chunk[..length])
    }
}

/// Sends as many of `datagrams` as the kernel takes now, and says how many.
pub(super) fn send(socket: &UdpSocket, datagrams: &[Vec<u8>]) -> io::Result<usize> {
    let batch = &datagrams[..datagrams.len().min(BATCH)];
    socket.try_io(Interest::WRITABLE, || {
        let mut headers = MultiHeaders::<()>::preallocate(batch.len(), None);
        let slices: Vec<_> = batch.iter().map(|one| [IoSlice::new(one)]).collect();
        let nowhere: Vec<Option<()>> = vec![None; batch.len()];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &slices, nowhere, [], flags)?;
        Ok(sent.count())
    })
}
