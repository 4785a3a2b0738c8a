//! One direction of a relay: from a source to a sink until one of them is done.
//!
//! Everything the source gave reaches the sink before the half is over, whatever ends it. Bytes
//! are spliced where nothing has to look at them and copied otherwise; the record is the same.
//!
//! A half closes nothing: what an end means for the other direction is the relay's to decide.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::bulk::Bulk;
use super::splice::{Failed, Side, Splice, Step};
use crate::descriptor::{Descriptor, DescriptorKind};
use crate::framing::FramingError;

/// Room for one read where nothing looks at the bytes.
const BUFFER: usize = 64 << 10;
/// After this much without a pause the other direction gets its turn.
const TURN: u64 = 4 << 20;

/// What a filter made of some bytes. Each piece is written on its own, so that on a socket that
/// keeps boundaries a piece is a packet.
#[derive(Debug, Default)]
pub struct Pieces {
    bytes: Vec<u8>,
    /// Where pieces end.
    ends: Vec<usize>,
}

impl Pieces {
    /// Where to append the bytes of the current piece.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the current piece.
    pub fn cut(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Each piece that was ended, empty ones too, and what follows the last.
    fn each(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let (last, rest) = (self.ends.last().copied().unwrap_or(0), self.bytes.len());
        let rest = (last < rest).then_some(rest);
        let ends = self.ends.iter().copied().chain(rest);
        starts.zip(ends).map(|(start, end)| &self.bytes[*start..end])
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Looks at or changes the bytes of one direction.
pub trait Filter: Send {
    /// Appends what becomes of `input`, which is what one read returned.
    fn feed(&mut self, input: &[u8], output: &mut Pieces) -> Result<(), FramingError>;

    /// The source has ended: appends what was kept back. What is appended is delivered even with
    /// an error.
    fn finish(&mut self, output: &mut Pieces) -> Result<(), FramingError> {
        let _ = output;
        Ok(())
    }
}

/// How one direction ended.
#[derive(Debug)]
pub(super) enum HalfEnd {
    /// The source ended and the sink has it all.
    Eof,
    /// Reading failed; what came before has been delivered.
    Source(io::Error),
    /// The sink takes no more.
    Sink(io::Error),
    /// The bytes were not messages.
    Framing(FramingError),
}

/// What a half has moved so far, readable while it runs.
#[derive(Debug)]
pub(super) struct Meter {
    started: Instant,
    bytes: AtomicU64,
    /// Microseconds from the start to the last byte.
    last: AtomicU64,
    /// Whether something was read and has not reached the sink.
    holds: AtomicBool,
}

impl Meter {
    pub(super) fn new(started: Instant) -> Meter {
        Meter {
            started,
            bytes: AtomicU64::new(0),
            last: AtomicU64::new(0),
            holds: AtomicBool::new(false),
        }
    }

    pub(super) fn add(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.last.store(self.started.elapsed().as_micros() as u64, Ordering::Relaxed);
    }

    /// Whether something was read and has not reached the sink.
    pub(super) fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    /// Bytes that left the source.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// From the start of the session to the last byte.
    pub(super) fn last(&self) -> Duration {
        Duration::from_micros(self.last.load(Ordering::Relaxed))
    }
}

/// Moves everything, at most `read_size` bytes with one read where that is said. Cancelling loses
/// only what a filter or our pipe holds.
pub(super) async fn run(
    source: &Descriptor,
    sink: &Descriptor,
    filter: Option<&mut (dyn Filter + '_)>,
    read_size: Option<usize>,
    meter: &Meter,
) -> HalfEnd {
    let room = read_size.unwrap_or_else(|| source.room());
    let done = match (filter, read_size) {
        (Some(filter), _) => copy(source, sink, filter, room, meter).await,
        (None, Some(_)) => copy(source, sink, &mut Unchanged, room, meter).await,
        (None, None) => plain(source, sink, meter).await,
    };
    match done {
        Ok(()) => HalfEnd::Eof,
        Err(end) => end,
    }
}

async fn plain(source: &Descriptor, sink: &Descriptor, meter: &Meter) -> Result<(), HalfEnd> {
    if let Some(mut splice) = Splice::between(source, sink) {
        if spliced(&mut splice, source, sink, meter).await? {
            return Ok(());
        }
        if let Some(held) = splice.into_held() {
            drain(held, sink, meter).await.map_err(HalfEnd::Sink)?;
        }
    }
    copy(source, sink, &mut Unchanged, source.room(), meter).await
}

/// True at the end of the source; false where the kernel will not splice this pair.
async fn spliced(
    splice: &mut Splice,
    source: &Descriptor,
    sink: &Descriptor,
    meter: &Meter,
) -> Result<bool, HalfEnd> {
    let mut turn = TURN;
    let mut bulk = Bulk::from(source);
    loop {
        match splice.step(source, sink) {
            Ok(Step::Moved(count)) => {
                meter.add(count);
                bulk.moved(count);
                turn = turn.saturating_sub(count as u64);
                if turn == 0 {
                    tokio::task::yield_now().await;
                    turn = TURN;
                }
            }
            Ok(Step::End) => return Ok(true),
            Ok(Step::Unsupported) => return Ok(false),
            Ok(Step::Wait(Side::Source)) => bulk.readable(source).await.map_err(HalfEnd::Source)?,
            Ok(Step::Wait(Side::Sink)) => sink.writable().await.map_err(HalfEnd::Sink)?,
            Err(Failed::Source(error)) => return Err(HalfEnd::Source(error)),
            Err(Failed::Sink(error)) => return unread(source, error).await,
        }
    }
}

/// A splice reports a pipe without a reader before there is anything to move. That only matters
/// once there is: until then the other direction goes on.
async fn unread(source: &Descriptor, error: io::Error) -> Result<bool, HalfEnd> {
    if error.kind() != io::ErrorKind::BrokenPipe || source.kind() != DescriptorKind::Socket {
        return Err(HalfEnd::Sink(error));
    }
    match source.peek().await {
        Ok(true) => Err(HalfEnd::Sink(error)),
        Ok(false) => Ok(true),
        Err(error) => Err(HalfEnd::Source(error)),
    }
}

/// Delivers what our own pipe still holds.
async fn drain(held: OwnedFd, sink: &Descriptor, meter: &Meter) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    while let Ok(count @ 1..) = rustix::io::read(&held, &mut buffer) {
        sink.write_all(&buffer[..count]).await?;
        meter.add(count);
    }
    Ok(())
}

struct Unchanged;

impl Filter for Unchanged {
    fn feed(&mut self, input: &[u8], output: &mut Pieces) -> Result<(), FramingError> {
        output.bytes().extend_from_slice(input);
        Ok(())
    }
}

async fn copy(
    source: &Descriptor,
    sink: &Descriptor,
    filter: &mut (dyn Filter + '_),
    room: usize,
    meter: &Meter,
) -> Result<(), HalfEnd> {
    let mut buffer = vec![0; room];
    let mut output = Pieces::default();
    let mut turn = TURN;
    loop {
        let read = source.read(&mut buffer).await;
        let ended = read.as_ref().map_or(true, |&count| count == 0 && source.has_ended());
        let fed = match &read {
            Ok(count) if !ended => filter.feed(&buffer[..*count], &mut output),
            _ => filter.finish(&mut output),
        };
        meter.holds.store(true, Ordering::Relaxed);
        for piece in output.each() {
            sink.write_all(piece).await.map_err(HalfEnd::Sink)?;
        }
        output.clear();
        meter.holds.store(false, Ordering::Relaxed);
        let count = read.map_err(HalfEnd::Source)?;
        fed.map_err(HalfEnd::Framing)?;
        if ended {
            return Ok(());
        }
        meter.add(count);
        turn = turn.saturating_sub(count as u64);
        if turn == 0 {
            tokio::task::yield_now().await;
            turn = TURN;
        }
    }
}

/// Reads and throws away until the source ends.
pub(super) async fn discard(source: &Descriptor, meter: &Meter) -> HalfEnd {
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer).await {
            Ok(0) if source.has_ended() => return HalfEnd::Eof,
            Ok(count) => meter.add(count),
            Err(error) => return HalfEnd::Source(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    #[test]
    fn pieces_are_what_was_ended_and_what_follows_the_last_end() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.each().count(), 0, "nothing is no piece");
        pieces.cut();
        pieces.bytes().extend(b"one");
        pieces.cut();
        assert_eq!(pieces.each().collect::<Vec<_>>(), [&b""[..], b"one"]);
        pieces.bytes().extend(b"rest");
        assert_eq!(pieces.each().collect::<Vec<_>>(), [&b""[..], b"one", b"rest"]);
    }
}
