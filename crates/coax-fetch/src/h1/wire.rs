//! The bytes of a connection, read in large blocks and handed out without copying.
//!
//! A block whose pieces are all dropped is read into again, so a body of any length costs one
//! block; it is zeroed once, not before each read. It grows while reads fill it: a small page costs
//! little memory, a large one few calls.
//!
//! Nothing here knows what the bytes mean.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes, BytesMut};
use coax_net::{Address, PacketCount};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::Trouble;
use crate::io::Io;
use crate::patience::Patience;

/// What the first read takes at most: a head and a small page.
const SMALLEST: usize = 32 << 10;

/// What any read takes at most. Larger ones save nothing more, and leave the processor's cache.
const LARGEST: usize = 512 << 10;

/// A connection with what has arrived over it.
#[derive(Debug)]
pub(crate) struct Wire {
    io: Io,
    peer: Address,
    held: Bytes,
    /// The whole of the last block, to be read into again.
    block: Bytes,
    /// How large a block is to be.
    room: usize,
}

impl Wire {
    pub(crate) fn new(io: Io, peer: Address) -> Wire {
        Wire { io, peer, held: Bytes::new(), block: Bytes::new(), room: SMALLEST }
    }

    /// The other end.
    pub(crate) fn peer(&self) -> &Address {
        &self.peer
    }

    /// Counts the packets that arrive.
    pub(crate) fn arrivals(&self) -> Option<PacketCount> {
        match &self.io {
            Io::Plain(stream) => stream.arrivals(),
            Io::Secure(stream) => stream.connection().arrivals(),
        }
    }

    /// What has arrived and was not taken.
    pub(crate) fn held(&self) -> &Bytes {
        &self.held
    }

    /// To take from.
    pub(crate) fn held_mut(&mut self) -> &mut Bytes {
        &mut self.held
    }

    /// Takes the first `count` bytes of what has arrived.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        self.held.split_to(count)
    }

    /// The connection itself, where nothing was read ahead.
    pub(crate) fn into_io(self) -> Option<Io> {
        self.held.is_empty().then_some(self.io)
    }

    /// Whether the peer has neither closed nor said anything unasked.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.held.is_empty() && self.poll_fill(&mut context).is_pending()
    }

    /// Writes `out`, and is done once something has arrived: whether some of `out` was not sent.
    /// When the peer closes instead, nothing is held.
    pub(crate) async fn send_until_answered(
        &mut self,
        out: &[u8],
        patience: &mut Patience,
    ) -> Result<io::Result<bool>, Trouble> {
        let (mut sent, mut flushed) = (0, false);
        let mut refused = None;
        poll_fn(|context| {
            while refused.is_none() && !flushed {
                match poll_send(&mut self.io, context, &out[sent..]) {
                    Poll::Ready(Ok(0)) => flushed = true,
                    Poll::Ready(Ok(count)) => {
                        sent += count;
                        patience.renew();
                    }
                    // It may have answered before it refused to read more.
                    Poll::Ready(Err(error)) => refused = Some(error),
                    Poll::Pending => break,
                }
            }
            let Poll::Ready(filled) = self.poll_fill(context) else {
                return patience.poll(context, "no answer").map(Err);
            };
            Poll::Ready(Ok(match (filled, refused.take()) {
                (Ok(0), Some(error)) | (Err(error), _) => Err(error),
                (Ok(_), _) => Ok(sent < out.len()),
            }))
        })
        .await
    }

    /// Reads more behind what is held, waiting until something comes; 0 is the end.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context)).await
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut block = emptied(&mut self.block, self.room);
        let polled = match &mut self.io {
            Io::Plain(stream) => stream.descriptor().poll_refilled(context, &mut block),
            Io::Secure(stream) => {
                let mut room = ReadBuf::new(&mut block);
                let polled = Pin::new(stream).poll_read(context, &mut room);
                let count = room.filled().len();
                polled.map_ok(|()| count)
            }
        };
        let count = match &polled {
            Poll::Ready(Ok(count)) => *count,
            _ => 0,
        };
        self.hold(block, count);
        polled
    }

    /// Appends the first `count` bytes of `block` to what is held.
    fn hold(&mut self, block: BytesMut, count: usize) {
        if count == block.len() {
            self.room = (2 * count).min(LARGEST);
        }
        self.block = block.freeze();
        let new = self.block.slice(..count);
        if !self.held.has_remaining() {
            self.held = new;
        } else if count > 0 {
            // Only heads and the sizes of chunks are put together from several reads.
            let mut both = BytesMut::with_capacity(self.held.len() + count);
            both.extend_from_slice(&self.held);
            both.extend_from_slice(&new);
            self.held = both.freeze();
        }
    }
}

/// `block` to be read into, or a new one while somebody still has a piece of it, or it is too small.
fn emptied(block: &mut Bytes, room: usize) -> BytesMut {
    match std::mem::take(block).try_into_mut() {
        Ok(block) if block.len() >= room => block,
        _ => BytesMut::zeroed(room),
    }
}

/// Writes some of `out`; 0 once there is nothing left and all is on its way.
fn poll_send(io: &mut Io, context: &mut Context<'_>, out: &[u8]) -> Poll<io::Result<usize>> {
    match out.is_empty() {
        true => Pin::new(io).poll_flush(context).map_ok(|()| 0),
        false => match ready!(Pin::new(io).poll_write(context, out))? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => Poll::Ready(Ok(count)),
        },
    }
}
