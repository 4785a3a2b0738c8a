//! Writing with an end: all of it until a moment, or as much as the other side will take.
//!
//! A full pipe makes the writer wait for readiness, never for ever.
//!
//! Nothing here knows what reads on the other side.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::program::DEADLINE;
use crate::running::ready_within;

/// A pipe or socket that took nothing for this long is full: its reader does not read. A reader
/// that does would need a thousandth of it.
const FULL: Duration = Duration::from_millis(400);

/// Bytes that differ at every place, so that a lost, doubled or moved piece shows.
#[derive(Debug, Default)]
pub struct Pattern {
    at: usize,
}

impl Pattern {
    /// The next `count` bytes.
    pub fn next(&mut self, count: usize) -> Vec<u8> {
        let from = self.at;
        self.at += count;
        (from..self.at).map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8).collect()
    }

    /// The first `count` bytes.
    pub fn first(count: usize) -> Vec<u8> {
        Pattern::default().next(count)
    }
}

/// Writes all of `bytes`, or fails the test at the usual deadline.
#[track_caller]
pub fn push(file: &impl AsFd, bytes: &[u8]) {
    let pushed = push_until(file, bytes, Instant::now() + DEADLINE);
    assert!(pushed.is_ok(), "could not write {} bytes: {pushed:?}", bytes.len());
}

/// Writes the [`Pattern`] until nobody takes any more, and says how much was taken.
#[track_caller]
pub fn fill(file: &impl AsFd) -> usize {
    let before = rustix::fs::fcntl_getfl(file).expect("an open descriptor has flags");
    nonblocking(file);
    let mut taken = 0;
    let pattern = Pattern::first(1 << 26);
    while ready_within(file, PollFlags::OUT, FULL) {
        assert!(taken < pattern.len(), "64 MiB were taken: the other side does read");
        match rustix::io::write(file, &pattern[taken..pattern.len().min(taken + 65536)]) {
            Ok(count) => taken += count,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => panic!("cannot fill: {error} after {taken} bytes"),
        }
    }
    rustix::fs::fcntl_setfl(file, before).expect("an open descriptor's flags can be set");
    taken
}

pub(crate) fn push_until(file: &impl AsFd, mut bytes: &[u8], until: Instant) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let left = until.saturating_duration_since(Instant::now());
                if !ready_within(file, PollFlags::OUT, left) {
                    return Err(Errno::TIMEDOUT);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(crate) fn nonblocking(file: &impl AsFd) {
    let flags = rustix::fs::fcntl_getfl(file).expect("an open descriptor has flags");
    rustix::fs::fcntl_setfl(file, flags | OFlags::NONBLOCK)
        .expect("an open descriptor's flags can be set");
}
