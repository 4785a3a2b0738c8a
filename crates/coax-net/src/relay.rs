//! Moving bytes between two ends until both have said goodbye.
//!
//! Each direction ends on its own: when one side stops sending, only that half is closed, so a
//! client that ends early still hears the answer, and a backup is not cut because the server has
//! nothing to say. Buffers are bounded; a slow side slows the other. One record tells which half
//! ended first, and how.
//!
//! Nothing here knows names, messages or the terminal. It is given open descriptors.

mod bulk;
mod echo;
mod half;
mod linger;
mod receive;
mod splice;

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::Stream;
use crate::descriptor::Descriptor;
use crate::framing::FramingError;

pub use echo::echo;
pub use half::{Filter, Pieces};
use half::{HalfEnd, Meter};
pub use linger::close;
use receive::Inward;

/// What the end of local input does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEof {
    /// Tell the peer that nothing more comes, and go on reading.
    #[default]
    HalfClose,
    /// End the session once everything is sent.
    Close,
    /// Nothing: the peer decides when it is over.
    Keep,
}

/// What the end of the peer's sending does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPeerClose {
    /// Go on delivering local input until it ends or the peer refuses more.
    #[default]
    Drain,
    /// End the session once everything received is delivered.
    Exit,
}

/// What it does when no local reader is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnReaderLeft {
    /// Ends the session.
    #[default]
    End,
    /// What arrives is thrown away, and the session ends with local input.
    Discard,
}

/// When a session is over, besides both sides having ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Endings {
    /// At the end of local input.
    pub on_eof: OnEof,
    /// At the end of the peer's sending.
    pub on_peer_close: OnPeerClose,
    /// When the local sink has no reader.
    pub on_reader_left: OnReaderLeft,
    /// Bytes that were sent have waited this long without any sign of the peer. Only TCP can tell.
    pub unacknowledged: Option<Duration>,
    /// Nothing moved either way for this long.
    pub idle: Option<Duration>,
    /// At this time, whatever happens.
    pub deadline: Option<Instant>,
}

/// The local end: where to read what is sent, where to write what arrives.
#[derive(Default)]
pub struct Local<'a> {
    /// Read until its end; `None` sends nothing and never ends.
    pub source: Option<Descriptor>,
    /// Written to; dropped when the peer has ended. `None` throws away what arrives.
    pub sink: Option<Descriptor>,
    /// Looks at or changes what is sent.
    pub outward: Option<&'a mut dyn Filter>,
    /// Looks at or changes what arrives.
    pub inward: Option<&'a mut dyn Filter>,
    /// Bytes that one read of the peer takes at most.
    pub read_size: Option<usize>,
}

/// Who ended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// This side.
    Local,
    /// The peer.
    Peer,
    /// Neither: a limit or a signal.
    Neither,
}

/// How the session ended.
#[derive(Debug)]
pub enum How {
    /// In order: each side that ended said so.
    Fin,
    /// The connection was reset, or broke.
    Broken(io::Error),
    /// The peer took no more, with local input undelivered, or bytes that were sent.
    Refused(io::Error),
    /// The peer gave no sign while bytes waited for it: its line is dead.
    Unacknowledged,
    /// Nothing moved for the idle time.
    Idle,
    /// The deadline came.
    Deadline,
    /// The caller's stop came.
    Stopped,
    /// Whoever read the local sink is gone.
    ReaderLeft,
    /// Reading local input failed.
    Source(io::Error),
    /// Writing to the local sink failed.
    Sink(io::Error),
    /// The bytes were not messages; true when they came from the peer.
    Framing(FramingError, First),
}

/// What one session was.
#[derive(Debug)]
pub struct Ending {
    /// Who closed first.
    pub first: First,
    /// How it ended.
    pub how: How,
    /// Bytes sent, and when the last was.
    pub sent: (u64, Duration),
    /// Of those sent, the bytes that the peer's system never acknowledged.
    pub unacknowledged: u64,
    /// Bytes received, and when the last was.
    pub received: (u64, Duration),
    /// The whole session.
    pub lasted: Duration,
}

/// Relays until the session is over, then closes `stream` in order. A session that ended in order
/// has waited until the peer's system has everything.
///
/// `stop` ends it early; a future that never completes is fine. Cancelling drops the connection.
pub async fn relay(
    local: Local<'_>,
    stream: Stream,
    endings: Endings,
    stop: impl Future<Output = ()>,
) -> Ending {
    let ending = hold(local, &stream, endings, stop).await;
    stream.close();
    ending
}

/// [`relay`], up to the closing.
async fn hold(
    local: Local<'_>,
    stream: &Stream,
    endings: Endings,
    stop: impl Future<Output = ()>,
) -> Ending {
    let started = Instant::now();
    let (sent, received) = (Meter::new(started), Meter::new(started));
    let mut session = Session::new(stream, endings);
    let mut over = pin!(over(stream, endings, started, [&sent, &received], stop));
    let mut how = session.run(local, &sent, &received, over.as_mut()).await;
    if matches!(how, How::Fin) && sent.holds() {
        how = How::Refused(io::ErrorKind::BrokenPipe.into());
    }
    if matches!(how, How::Fin) {
        let delivering = linger::deliver(stream, session.receiving);
        how = tokio::select! { how = delivering => how, how = &mut over => how };
    }
    let first = session.first.unwrap_or(First::Neither);
    // A peer whose end has been read leaves nothing unread behind.
    if session.receiving {
        let draining = linger::drain(stream, linger::grace(&how));
        if how.is_over() {
            draining.await;
        } else {
            tokio::select! { () = draining => {}, _ = over => {} }
        }
    }
    Ending {
        first,
        how,
        sent: (sent.bytes(), sent.last()),
        unacknowledged: stream.unacknowledged(),
        received: (received.bytes(), received.last()),
        lasted: started.elapsed(),
    }
}

impl How {
    /// Whether it came from [`over`], which is complete then.
    fn is_over(&self) -> bool {
        matches!(self, How::Idle | How::Deadline | How::Unacknowledged | How::Stopped)
    }
}

/// Where a session stands.
struct Session<'a> {
    stream: &'a Stream,
    endings: Endings,
    first: Option<First>,
    /// The peer takes no more; what it sent before is still being read.
    refused: Option<io::Error>,
    sending: bool,
    receiving: bool,
}

impl<'a> Session<'a> {
    fn new(stream: &'a Stream, endings: Endings) -> Session<'a> {
        Session { stream, endings, first: None, refused: None, sending: true, receiving: true }
    }

    /// Both halves side by side, until one of the reasons to end.
    async fn run(
        &mut self,
        local: Local<'_>,
        sent: &Meter,
        received: &Meter,
        mut over: Pin<&mut impl Future<Output = How>>,
    ) -> How {
        let stream = self.stream;
        let Local { source, sink, outward, inward, read_size } = local;
        let reader_left = Notify::new();
        let on_reader_left = self.endings.on_reader_left;
        let mut outward = pin!(send(source, stream, outward, sent));
        let inward =
            Inward { sink, filter: inward, read_size, on_reader_left, reader_left: &reader_left };
        let mut inward = pin!(inward.receive(stream, received));
        loop {
            let end = tokio::select! {
                end = &mut outward, if self.sending => self.sending_ended(end),
                end = &mut inward, if self.receiving => self.receiving_ended(end),
                () = stream.gone(), if self.sending && !self.receiving => Some(How::Fin),
                () = reader_left.notified(), if !self.sending => Some(How::Fin),
                how = &mut over => Some(how),
            };
            if let Some(how) = end {
                return how;
            }
        }
    }

    /// `Some` when the session is over.
    fn sending_ended(&mut self, end: HalfEnd) -> Option<How> {
        self.sending = false;
        match end {
            HalfEnd::Eof => {
                self.first.get_or_insert(First::Local);
                self.input_ended()
            }
            HalfEnd::Source(error) => Some(How::Source(error)),
            HalfEnd::Framing(error) => Some(How::Framing(error, First::Local)),
            HalfEnd::Sink(error) => {
                self.first.get_or_insert(First::Peer);
                if !self.receiving {
                    return Some(How::Refused(error));
                }
                self.refused = Some(error);
                None
            }
        }
    }

    fn input_ended(&self) -> Option<How> {
        match self.endings.on_eof {
            OnEof::Close => return Some(How::Fin),
            // A peer that is gone already cannot be told, and need not be.
            OnEof::HalfClose => drop(self.stream.end_sending()),
            OnEof::Keep => {}
        }
        (!self.receiving).then_some(How::Fin)
    }

    /// `Some` when the session is over.
    fn receiving_ended(&mut self, end: HalfEnd) -> Option<How> {
        self.receiving = false;
        match end {
            HalfEnd::Framing(error) => return Some(How::Framing(error, First::Peer)),
            HalfEnd::Sink(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.first.get_or_insert(First::Local);
                return Some(How::ReaderLeft);
            }
            HalfEnd::Sink(error) => return Some(How::Sink(error)),
            HalfEnd::Eof | HalfEnd::Source(_) => self.first.get_or_insert(First::Peer),
        };
        if let Some(error) = self.refused.take() {
            return Some(How::Refused(error));
        }
        if let HalfEnd::Source(error) = end {
            return Some(How::Broken(error));
        }
        if !self.sending || self.endings.on_peer_close == OnPeerClose::Exit {
            return Some(How::Fin);
        }
        None
    }
}

/// Completes when a limit has come, or `stop`; says which.
async fn over(
    stream: &Stream,
    endings: Endings,
    started: Instant,
    meters: [&Meter; 2],
    stop: impl Future<Output = ()>,
) -> How {
    let silent = async {
        let Some(idle) = endings.idle else { return std::future::pending().await };
        loop {
            let moved = started + meters.map(Meter::last).into_iter().max().unwrap_or_default();
            // A time that no clock can hold never comes.
            let Some(over) = moved.checked_add(idle) else { return std::future::pending().await };
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    };
    let late = async {
        match endings.deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let abandoned = async {
        match endings.unacknowledged {
            Some(limit) => stream.abandoned(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = silent => How::Idle,
        () = late => How::Deadline,
        () = abandoned => How::Unacknowledged,
        () = stop => How::Stopped,
    }
}

async fn send(
    source: Option<Descriptor>,
    stream: &Stream,
    filter: Option<&mut dyn Filter>,
    meter: &Meter,
) -> HalfEnd {
    match source {
        Some(source) => half::run(&source, stream.descriptor(), filter, None, meter).await,
        None => std::future::pending().await,
    }
}
