//! Moving bytes from descriptor to descriptor without bringing them into this process.
//!
//! `sendfile(2)` where the source is a file, `splice(2)` where one side is a pipe, and a pipe of
//! our own in between where neither is. A pair the kernel refuses is reported as such, with
//! nothing lost, so that the caller can copy instead.
//!
//! Linux only by nature; knows nothing of ends, limits or sessions.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags};

use crate::descriptor::{Descriptor, DescriptorKind};
use crate::trace;

/// Bytes asked for at once: what a pipe holds at most without privilege
/// (`/proc/sys/fs/pipe-max-size`).
const AT_ONCE: usize = 1 << 20;

/// How the kernel moves bytes between two kinds of descriptor.
pub(super) enum Splice {
    /// File to socket.
    SendFile,
    /// One side is a pipe.
    Direct,
    /// Neither is: through a pipe of ours, which holds this many bytes now.
    Through { write: OwnedFd, read: OwnedFd, held: usize },
}

/// What one step did.
pub(super) enum Step {
    /// Left the source and reached the sink.
    Moved(usize),
    /// The source has ended and everything reached the sink.
    End,
    /// Neither now; wait for this.
    Wait(Side),
    /// The kernel does not splice this pair; `Through` may still hold bytes.
    Unsupported,
}

/// Which side is not ready.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Source,
    Sink,
}

/// What failed, and on which side.
pub(super) enum Failed {
    Source(io::Error),
    Sink(io::Error),
}

impl Splice {
    /// The way from `source` to `sink`; `None` where bytes must be copied.
    pub(super) fn between(source: &Descriptor, sink: &Descriptor) -> Option<Splice> {
        use DescriptorKind::{Device, File, Pipe, Socket};
        widen(source);
        widen(sink);
        match (source.kind(), sink.kind()) {
            (File, Socket) => Some(Splice::SendFile),
            (Pipe, Socket | Pipe) | (Socket, Pipe) => Some(Splice::Direct),
            (Socket, Socket | File | Device) => {
                let flags = PipeFlags::NONBLOCK | PipeFlags::CLOEXEC;
                let (read, write) = rustix::pipe::pipe_with(flags).ok()?;
                let _ = rustix::pipe::fcntl_setpipe_size(&write, AT_ONCE);
                Some(Splice::Through { write, read, held: 0 })
            }
            _ => None,
        }
    }

    /// One step: as much as can be moved now.
    pub(super) fn step(&mut self, source: &Descriptor, sink: &Descriptor) -> Result<Step, Failed> {
        match self {
            Splice::SendFile => {
                let sent = trace::call(
                    "sendfile",
                    || format!("{}, {}", trace::number(sink), trace::number(source)),
                    || Ok(rustix::fs::sendfile(sink, source, None, AT_ONCE)?),
                );
                settle(sent, source, sink)
            }
            Splice::Direct => settle(splice(source, sink), source, sink),
            Splice::Through { write, read, held } => through(source, sink, write, read, held),
        }
    }

    /// The pipe of ours with bytes that have not reached the sink, if there is one.
    pub(super) fn into_held(self) -> Option<OwnedFd> {
        match self {
            Splice::Through { read, held, .. } if held > 0 => Some(read),
            _ => None,
        }
    }
}

/// A larger pipe means fewer wake-ups. Refused without harm when the user's pages are used up.
fn widen(descriptor: &Descriptor) {
    if descriptor.kind() == DescriptorKind::Pipe {
        let _ = rustix::pipe::fcntl_setpipe_size(descriptor, AT_ONCE);
    }
}

fn splice(source: impl AsFd, sink: impl AsFd) -> io::Result<usize> {
    trace::call(
        "splice",
        || format!("{}, {}", trace::number(&source), trace::number(&sink)),
        || {
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            Ok(rustix::pipe::splice(&source, None, &sink, None, AT_ONCE, flags)?)
        },
    )
}

fn through(
    source: &Descriptor,
    sink: &Descriptor,
    write: &OwnedFd,
    read: &OwnedFd,
    held: &mut usize,
) -> Result<Step, Failed> {
    let mut ended = false;
    if *held == 0 {
        match splice(source, write) {
            Ok(0) => ended = true,
            Ok(count) => *held = count,
            Err(error) => return outcome_of(error, || Side::Source, Failed::Source),
        }
    }
    if ended {
        return Ok(Step::End);
    }
    match splice(read, sink) {
        Ok(count) => {
            *held -= count.min(*held);
            Ok(Step::Moved(count))
        }
        Err(error) => outcome_of(error, || Side::Sink, Failed::Sink),
    }
}

/// The kernel gives one error for two descriptors; asking each tells whose it is.
fn settle(
    result: io::Result<usize>,
    source: &Descriptor,
    sink: &Descriptor,
) -> Result<Step, Failed> {
    match result {
        Ok(0) => Ok(Step::End),
        Ok(count) => Ok(Step::Moved(count)),
        Err(error) if is_sinks(&error) => Err(Failed::Sink(error)),
        Err(error) => {
            let blame = match sink.kind() {
                DescriptorKind::Socket if source.kind() != DescriptorKind::Socket => Failed::Sink,
                _ => Failed::Source,
            };
            let waiting = || match source.is_now(PollFlags::IN) {
                true => Side::Sink,
                false => Side::Source,
            };
            outcome_of(error, waiting, blame)
        }
    }
}

fn is_sinks(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::PIPE | Errno::NOSPC | Errno::DQUOT))
}

fn outcome_of(
    error: io::Error,
    waiting: impl FnOnce() -> Side,
    blame: impl FnOnce(io::Error) -> Failed,
) -> Result<Step, Failed> {
    match Errno::from_io_error(&error) {
        Some(Errno::AGAIN) => Ok(Step::Wait(waiting())),
        Some(Errno::INTR) => Ok(Step::Moved(0)),
        Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(Step::Unsupported),
        _ => Err(blame(error)),
    }
}
