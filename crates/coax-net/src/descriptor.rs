//! An open file descriptor that can be waited for: a socket, a pipe, a terminal, a file.
//!
//! It never changes the flags of what it was given. `O_NONBLOCK` belongs to the open file
//! description, which standard input shares with the shell and its other children, so pipes and
//! terminals stay blocking and are asked with `poll(2)` before each call; a socket is asked with
//! `MSG_DONTWAIT`. Files are always ready, as they are to the kernel.
//!
//! Nothing here knows which end of a conversation it is, or when the conversation is over.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::sockopt::{socket_send_buffer_size, socket_type};
use rustix::net::{RecvFlags, SendFlags, SocketType};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::datagrams::UNIX_OVERHEAD;
use crate::{sys, trace};

/// A blocking pipe or terminal that `poll` calls writable takes this much without blocking
/// (`PIPE_BUF`, pipe(7)).
const SURE_TO_FIT: usize = 4096;

/// What a loopback segment carries at most.
const SEGMENT: usize = 64 << 10;
/// More than a socket's send buffer takes unless somebody raised its limits (unix(7), `wmem_max`);
/// what does not fit into the reader's buffer would be lost. Only the pages used are memory.
const PACKET: usize = 1 << 20;

/// What a descriptor refers to; it decides how bytes can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorKind {
    /// A regular file or block device: never waits, has a position.
    File,
    /// A pipe or FIFO.
    Pipe,
    /// A socket, whichever family.
    Socket,
    /// A terminal.
    Terminal,
    /// Any other character device, `/dev/null` among them.
    Device,
}

/// An open descriptor, registered with the runtime where the kernel can report readiness.
///
/// Dropping it closes the descriptor.
#[derive(Debug)]
pub struct Descriptor {
    waiting: Waiting,
    kind: DescriptorKind,
}

#[derive(Debug)]
enum Waiting {
    /// epoll reports when it is ready.
    Polled(AsyncFd<OwnedFd>),
    /// epoll refuses it because it is always ready: files, `/dev/null`.
    Never(OwnedFd),
}

impl Descriptor {
    /// Takes over `fd`. Must be called within a runtime; fails when the descriptor cannot be
    /// examined or the process is out of descriptors.
    pub fn new(fd: OwnedFd) -> io::Result<Descriptor> {
        let kind = kind_of(fd.as_fd())?;
        let waiting = match sys::register(fd) {
            Ok(polled) => Waiting::Polled(polled),
            Err(refused) => {
                let (fd, error) = refused.into_parts();
                match error.raw_os_error() == Some(Errno::PERM.raw_os_error()) {
                    true => Waiting::Never(fd),
                    false => return Err(error),
                }
            }
        };
        Ok(Descriptor { waiting, kind })
    }

    /// Closes it. Dropping does the same; this is told to whoever listens for calls.
    pub fn close(self) {
        let number = trace::number(&self);
        // Nothing can be done about an error of close(2): the descriptor is gone either way.
        let close = || {
            drop(self);
            Ok(())
        };
        let _ = trace::call("close", || number.to_string(), close);
    }

    /// What it refers to.
    pub fn kind(&self) -> DescriptorKind {
        self.kind
    }

    /// Room that one read wants: enough for what usually is there, and for a packet, whole.
    pub fn room(&self) -> usize {
        match self.keeps_boundaries() {
            true => PACKET,
            false => SEGMENT,
        }
    }

    /// Whether it is a socket whose packets arrive as they were sent.
    pub fn keeps_boundaries(&self) -> bool {
        let kind = socket_type(self);
        self.kind == DescriptorKind::Socket && kind.is_ok_and(|kind| kind != SocketType::STREAM)
    }

    /// Reads what is there, waiting until something is; 0 is the end.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.when_readable(|| self.try_read(buffer)).await
    }

    /// Makes `attempt`, which reads, until it does not report `WouldBlock`. Nothing is kept
    /// between attempts, so a thousand waiting readers need no thousand buffers.
    pub async fn when_readable<T>(
        &self,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let Waiting::Polled(polled) = &self.waiting else { return attempt() };
        loop {
            let mut ready = polled.readable().await?;
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                done => return done,
            }
        }
    }

    /// [`Descriptor::when_readable`] for a stream: `attempt` reads into `room` bytes and gives their
    /// count. Fewer than fit were all there were, so the call that would find nothing is spared.
    /// Not for packets, of which one may follow another.
    pub async fn when_refilled(
        &self,
        room: usize,
        mut attempt: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let Waiting::Polled(polled) = &self.waiting else { return attempt() };
        loop {
            let mut ready = polled.readable().await?;
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Ok(count) if 0 < count && count < room => {
                    // Bytes or an end that came since are an event of their own (epoll(7)).
                    ready.clear_ready();
                    return Ok(count);
                }
                done => return done,
            }
        }
    }

    /// [`Descriptor::when_refilled`] for those who poll: reads what is there into `buffer`.
    pub fn poll_refilled(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Waiting::Polled(polled) = &self.waiting else {
            return Poll::Ready(self.try_read(buffer));
        };
        loop {
            let mut ready = ready!(polled.poll_read_ready(context))?;
            match self.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Ok(count) if 0 < count && count < buffer.len() => {
                    ready.clear_ready();
                    return Poll::Ready(Ok(count));
                }
                done => return Poll::Ready(done),
            }
        }
    }

    /// Waits until a socket has bytes (true) or has ended (false), and leaves them there.
    pub(crate) async fn peek(&self) -> io::Result<bool> {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        let peek = || Ok(rustix::net::recv(self, &mut [0_u8; 1][..], flags)?.1);
        self.when_readable(peek).await.map(|count| count > 0)
    }

    /// Writes some of `bytes`, waiting until some fit.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                done => return done,
            }
        }
    }

    /// Whether a read of nothing was the end: an empty packet reads the same (unix(7)).
    pub(crate) fn has_ended(&self) -> bool {
        if !self.keeps_boundaries() {
            return true;
        }
        let waiting = rustix::io::ioctl_fionread(self).unwrap_or(0);
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        waiting == 0 && self.poll_now(PollFlags::RDHUP).intersects(gone)
    }

    /// The most bytes one packet of a Unix socket holds; `None` where packets are none of its
    /// business.
    pub fn largest_packet(&self) -> Option<usize> {
        let kept = self.keeps_boundaries().then(|| socket_send_buffer_size(self).ok());
        kept.flatten().map(|buffer| buffer.saturating_sub(UNIX_OVERHEAD))
    }

    /// Writes all of `bytes`. Nothing is a packet, where packets are kept apart.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() && self.keeps_boundaries() {
            self.write(bytes).await?;
        }
        while !bytes.is_empty() {
            match self.write(bytes).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }

    /// [`Descriptor::read`] for those who poll.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let ready = match &self.waiting {
                Waiting::Polled(polled) => Some(ready!(polled.poll_read_ready(context))?),
                Waiting::Never(_) => None,
            };
            match (self.try_read(buffer), ready) {
                (Err(error), Some(mut ready)) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                }
                (done, _) => return Poll::Ready(done),
            }
        }
    }

    /// [`Descriptor::write`] for those who poll.
    pub(crate) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let ready = match &self.waiting {
                Waiting::Polled(polled) => Some(ready!(polled.poll_write_ready(context))?),
                Waiting::Never(_) => None,
            };
            match (self.try_write(bytes), ready) {
                (Err(error), Some(mut ready)) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                }
                (done, _) => return Poll::Ready(done),
            }
        }
    }

    /// Reads what is there; `WouldBlock` when nothing is.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        match self.kind {
            DescriptorKind::Socket => trace::call(
                "recv",
                || format!("{}, {room}", trace::number(self)),
                || Ok(rustix::net::recv(self, buffer, RecvFlags::DONTWAIT)?.1),
            ),
            DescriptorKind::File => Ok(rustix::io::read(self, buffer)?),
            _ if !self.is_now(PollFlags::IN) => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(rustix::io::read(self, buffer)?),
        }
    }

    /// Writes what fits; `WouldBlock` when nothing does. Never raises SIGPIPE for a socket.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.kind {
            DescriptorKind::Socket => trace::call(
                "send",
                || format!("{}, {} bytes", trace::number(self), bytes.len()),
                || Ok(rustix::net::send(self, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
            ),
            DescriptorKind::File => Ok(rustix::io::write(self, bytes)?),
            _ if !self.is_now(PollFlags::OUT) => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(rustix::io::write(self, &bytes[..bytes.len().min(SURE_TO_FIT)])?),
        }
    }

    /// Waits until a read would not block: bytes, the end, or an error are there.
    pub async fn readable(&self) -> io::Result<()> {
        let Waiting::Polled(polled) = &self.waiting else { return Ok(()) };
        loop {
            let mut ready = polled.readable().await?;
            if self.is_now(PollFlags::IN) {
                return Ok(());
            }
            ready.clear_ready();
        }
    }

    /// Waits until a write would not block: there is room, or nobody will ever read.
    pub async fn writable(&self) -> io::Result<()> {
        let Waiting::Polled(polled) = &self.waiting else { return Ok(()) };
        loop {
            let mut ready = polled.writable().await?;
            if self.is_now(PollFlags::OUT) {
                return Ok(());
            }
            ready.clear_ready();
        }
    }

    /// Completes when a pipe that is written to has no reader; never for anything else. Safe to
    /// cancel.
    pub(crate) async fn reader_left(&self) {
        let (Waiting::Polled(polled), DescriptorKind::Pipe) = (&self.waiting, self.kind) else {
            return std::future::pending().await;
        };
        loop {
            // A runtime that goes down polls no more.
            let Ok(mut ready) = polled.ready(Interest::ERROR).await else {
                return std::future::pending().await;
            };
            if self.is_hung_up() {
                return;
            }
            ready.clear_ready();
        }
    }

    /// Whether the other end is gone for both directions: a reset connection, a closed Unix peer,
    /// a pipe without a reader.
    pub fn is_hung_up(&self) -> bool {
        let asked = PollFlags::empty();
        self.poll_now(asked).intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// Whether `wanted`, an error or a hang-up is there now.
    pub(crate) fn is_now(&self, wanted: PollFlags) -> bool {
        !self.poll_now(wanted).is_empty()
    }

    fn poll_now(&self, wanted: PollFlags) -> PollFlags {
        let mut fds = [PollFd::new(self, wanted)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        loop {
            match rustix::event::poll(&mut fds, Some(&now)) {
                Ok(_) => return fds[0].revents(),
                // Even a poll that does not wait is interrupted (signal(7)). Whoever read now
                // would wait in the kernel, and the signal would never be seen.
                Err(Errno::INTR) => {}
                // Lack of memory: the call itself will say what is wrong.
                Err(_) => return wanted,
            }
        }
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.waiting {
            Waiting::Polled(polled) => polled.get_ref().as_fd(),
            Waiting::Never(fd) => fd.as_fd(),
        }
    }
}

fn kind_of(fd: BorrowedFd<'_>) -> io::Result<DescriptorKind> {
    let status = rustix::fs::fstat(fd)?;
    Ok(match FileType::from_raw_mode(status.st_mode) {
        FileType::Socket => DescriptorKind::Socket,
        FileType::Fifo => DescriptorKind::Pipe,
        FileType::CharacterDevice if rustix::termios::isatty(fd) => DescriptorKind::Terminal,
        FileType::CharacterDevice => DescriptorKind::Device,
        _ => DescriptorKind::File,
    })
}
