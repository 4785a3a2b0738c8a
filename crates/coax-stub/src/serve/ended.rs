//! The end of a connection: why, and how it is closed.
//!
//! What was sent last is not destroyed: the client has time to hear it, unless a rule resets or
//! there is nobody left.
//!
//! Nothing here knows what was said.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use coax_net::{Address, Ending, First, FramingError, How, Stream};

/// How long a client may take to hear our last bytes, and one that somebody wants gone.
const GRACE: Duration = Duration::from_secs(5);
const STOPPED_GRACE: Duration = Duration::from_millis(100);

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Over {
    /// The client said that nothing more comes, and has all its replies.
    Client,
    /// A rule says so.
    Close,
    Reset,
    Broken(io::Error),
    /// The client takes no more.
    Refused(io::Error),
    /// Too long a request, or none at all.
    Framing(FramingError),
    Idle,
    Stopped,
    /// Whoever watches cannot.
    Witness(io::Error),
}

/// What went one way: bytes, and when the last.
#[derive(Debug, Default)]
pub(super) struct Moved(u64, Duration);

impl Moved {
    /// `count` more, now.
    pub(super) fn add(&mut self, count: usize, opened: Instant) {
        self.0 += count as u64;
        self.1 = opened.elapsed();
    }
}

/// A connection that was served and is still open.
pub(super) struct Served {
    pub(super) over: Over,
    pub(super) sent: Moved,
    pub(super) received: Moved,
    pub(super) opened: Instant,
}

impl Served {
    /// Closes it as it ended.
    pub(super) async fn close(self, stream: Stream) -> Ending {
        let grace = match &self.over {
            Over::Close | Over::Framing(_) | Over::Idle => GRACE,
            Over::Stopped | Over::Witness(_) => STOPPED_GRACE,
            Over::Client | Over::Reset | Over::Broken(_) | Over::Refused(_) => Duration::ZERO,
        };
        // A Unix socket has no reset.
        let resets = matches!(stream.peer(), Address::Ip(_));
        let unacknowledged = if matches!(self.over, Over::Reset) {
            stream.reset();
            0
        } else {
            coax_net::close(stream, grace).await
        };
        let (first, how) = match self.over {
            Over::Client => (First::Peer, How::Fin),
            Over::Reset if resets => (First::Local, How::Broken(ErrorKind::ConnectionReset.into())),
            Over::Close | Over::Reset => (First::Local, How::Fin),
            Over::Broken(error) => (First::Peer, How::Broken(error)),
            Over::Refused(error) => (First::Peer, How::Refused(error)),
            Over::Framing(error) => (First::Local, How::Framing(error, First::Peer)),
            Over::Idle => (First::Neither, How::Idle),
            Over::Stopped => (First::Neither, How::Stopped),
            Over::Witness(error) => (First::Local, How::Sink(error)),
        };
        Ending {
            first,
            how,
            sent: (self.sent.0, self.sent.1),
            unacknowledged,
            received: (self.received.0, self.received.1),
            lasted: self.opened.elapsed(),
        }
    }
}
