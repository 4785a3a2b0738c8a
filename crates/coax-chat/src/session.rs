//! One IRC connection: bytes to lines, lines to the hub, the outbox to bytes.
//!
//! One task, no buffer of its own while it is idle: what is read goes through a buffer that all
//! share, and only half a line, or lines that must wait, are kept. Reading stops while the client
//! itself does not read, so whoever floods with questions waits for its own answers.
//!
//! Nothing here knows what the stream is: TCP, TLS, a WebSocket cut into lines.

pub(crate) mod pace;

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use coax_irc::{Framer, LineBudget};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::hub::{Origin, SENDQ_EXCEEDED};
use crate::metrics::add;
use crate::switchboard::{Seat, Switchboard, Why};
use pace::Pace;

/// Nothing is read while so much waits to be sent.
const UNREAD: usize = 64 << 10;

/// How long a closed client may take to read what was sent, and to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// Serves one connection to its end. `opening` is what was read from it already.
pub async fn run<S>(board: Rc<Switchboard>, stream: S, origin: Origin, opening: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seat = board.arrive(origin);
    let pace = Pace::new(board.flood());
    let framer = Framer::new(LineBudget::CLIENT);
    let mut session = Session { seat, stream, framer, waiting: opening, pace };
    let why = std::future::poll_fn(|context| session.poll(context)).await;
    session.end(&why).await;
}

/// Closes in order: a socket that is closed over unread bytes sends a reset, which would destroy
/// what the client has not read yet.
async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut thrown_away = [0; 256];
    while stream.read(&mut thrown_away).await? > 0 {}
    Ok(())
}

struct Session<S> {
    seat: Seat,
    stream: S,
    framer: Framer,
    /// Bytes that were read and must wait.
    waiting: Vec<u8>,
    pace: Pace,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Goes on until the connection is over, and says why.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<String> {
        loop {
            self.seat.outbox().wait(context.waker());
            if let Poll::Ready(Err(error)) = self.poll_write(context) {
                return Poll::Ready(words(&error));
            }
            let outbox = self.seat.outbox();
            match outbox.ending() {
                Some(Why::SendqExceeded) => return Poll::Ready(SENDQ_EXCEEDED.to_owned()),
                Some(Why::Closed) => return Poll::Ready("Closed".to_owned()),
                None => {}
            }
            if outbox.len() > UNREAD || outbox.is_held() || outbox.is_queueing() {
                return Poll::Pending;
            }
            ready!(self.pace.poll(context));
            if !self.waiting.is_empty() {
                let waiting = std::mem::take(&mut self.waiting);
                self.take_in(&waiting);
                // What is asked for in one packet is answered in turns with everybody else.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match ready!(self.poll_read(context)) {
                Ok(0) => return Poll::Ready("Connection closed".to_owned()),
                Ok(_) => {}
                Err(error) => return Poll::Ready(words(&error)),
            }
        }
    }

    /// Sends what still waits, if the hub closed the connection; others learn of it at once if the
    /// client did. A client that does not read is not waited for long.
    async fn end(mut self, why: &str) {
        let closed = self.seat.outbox().ending() == Some(Why::Closed);
        if closed {
            let flushed = std::future::poll_fn(|context| self.poll_write(context));
            let _ = tokio::time::timeout(GOODBYE, flushed).await;
        }
        let Session { seat, mut stream, .. } = self;
        seat.leave(why).await;
        let _ = tokio::time::timeout(GOODBYE, goodbye(&mut stream)).await;
    }

    /// Writes what waits; ready when nothing does.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outbox = self.seat.outbox();
        while !outbox.is_empty() {
            let mut buffer = self.seat.board().outward().borrow_mut();
            outbox.peek(&mut buffer);
            match ready!(Pin::new(&mut self.stream).poll_write(context, &buffer))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => {
                    outbox.took(count);
                    add(&self.seat.board().metrics().sent, count as u64);
                }
            }
            // Who has much to read must not keep others from reading.
            if !outbox.is_empty() && outbox.ending().is_none() {
                self.seat.write_later();
                break;
            }
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Taken out while it is used, since a line may close this very session.
        let mut shared = self.seat.board().inward().take();
        let mut buffer = ReadBuf::new(&mut shared);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
        let count = buffer.filled().len();
        add(&self.seat.board().metrics().received, count as u64);
        self.pace.read(count);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.take_in(&shared[..count]);
        }
        self.seat.board().inward().replace(shared);
        read.map_ok(|()| count)
    }

    /// Says every line of `bytes`, as long as the hub and the pace allow; the rest waits.
    fn take_in(&mut self, mut bytes: &[u8]) {
        while self.may_go_on() {
            let before = self.seat.outbox().len();
            let price = match self.framer.next(&mut bytes) {
                Some(Ok(line)) => {
                    if !self.seat.say(line) {
                        self.waiting.extend_from_slice(line);
                        self.waiting.push(b'\n');
                        break;
                    }
                    pace::price(line)
                }
                Some(Err(why)) => {
                    self.seat.said_too_much(why);
                    1
                }
                None => return,
            };
            self.pace.spend(price);
            self.pace.answered(self.seat.outbox().len().saturating_sub(before));
        }
        self.waiting.extend_from_slice(bytes);
    }

    /// Asked before each line: forty questions in one packet must not be forty answers in memory.
    fn may_go_on(&self) -> bool {
        let outbox = self.seat.outbox();
        let reads = outbox.len() <= UNREAD && outbox.ending().is_none();
        reads && !outbox.is_held() && !self.pace.is_spent()
    }
}

/// What others read about a connection that broke.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        io::ErrorKind::UnexpectedEof => "Connection closed",
        _ => "Read error",
    }
    .to_owned()
}
