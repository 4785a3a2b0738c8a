//! Whether what came is what was meant: SHA-256, computed while it comes.
//!
//! A file is read back from its own pages by a thread that follows the bytes that are there without
//! a gap, so that the order in which pieces arrive does not matter and receiving does not wait.
//!
//! Nothing here knows where the bytes come from.

mod sums;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

pub use sums::Sums;

/// Read back at once.
const BLOCK: usize = 1 << 20;

/// A SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// 64 hexadecimal digits, as they are or behind `sha256:`.
impl FromStr for Sha256 {
    type Err = NoSha256;
    fn from_str(text: &str) -> Result<Sha256, NoSha256> {
        let text = text.trim();
        let digits = match text.split_once(':') {
            Some((name, digits)) if name.eq_ignore_ascii_case("sha256") => digits,
            _ => text,
        };
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.trim().as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Sha256).ok_or(NoSha256)
    }
}

/// What was given is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSha256;

impl fmt::Display for NoSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 has 64 hexadecimal digits")
    }
}

impl std::error::Error for NoSha256 {}

/// A sum of bytes that come in order.
#[derive(Clone)]
pub(crate) struct Running(Context);

impl Running {
    pub(crate) fn new() -> Running {
        Running(Context::new(&SHA256))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Sha256 {
        let mut sum = [0; 32];
        sum.copy_from_slice(self.0.finish().as_ref());
        Sha256(sum)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// A thread that sums up a file as far as it is there.
#[derive(Debug)]
pub(crate) struct Follower {
    /// How far it may read. Full is no loss: the next number is larger.
    reached: SyncSender<u64>,
    thread: JoinHandle<io::Result<Sha256>>,
}

impl Follower {
    /// Follows `file` from its beginning.
    pub(crate) fn start(file: Arc<File>) -> io::Result<Follower> {
        let (reached, news) = sync_channel::<u64>(1);
        let name = thread::Builder::new().name("sha256".to_owned());
        let thread = name.spawn(move || {
            let (mut sum, mut at, mut buffer) = (Running::new(), 0, vec![0; BLOCK]);
            while let Ok(end) = news.recv() {
                at = read_to(&file, at, end, &mut buffer, &mut sum)?;
            }
            Ok(sum.finish())
        })?;
        Ok(Follower { reached, thread })
    }

    /// The first `end` bytes are there.
    pub(crate) fn reach(&self, end: u64) {
        let _ = self.reached.try_send(end);
    }

    /// The sum of the first `length` bytes, all there. Blocks.
    pub(crate) fn finish(self, length: u64) -> io::Result<Sha256> {
        let _ = self.reached.send(length);
        drop(self.reached);
        let sum = self.thread.join();
        sum.unwrap_or_else(|_| Err(io::Error::other("the thread that sums up has failed")))
    }
}

fn read_to(
    file: &File,
    mut at: u64,
    end: u64,
    buffer: &mut [u8],
    sum: &mut Running,
) -> io::Result<u64> {
    while at < end {
        let most = usize::try_from(end - at).unwrap_or(BLOCK).min(buffer.len());
        let block = buffer.get_mut(..most).unwrap_or_default();
        file.read_exact_at(block, at)?;
        sum.update(block);
        at += most as u64;
    }
    Ok(at)
}

/// The sum of the first `length` bytes of `file`. Blocks.
pub(crate) fn sum_of(file: &File, length: u64) -> io::Result<Sha256> {
    let mut sum = Running::new();
    let mut buffer = vec![0; BLOCK.min(usize::try_from(length).unwrap_or(BLOCK))];
    read_to(file, 0, length, &mut buffer, &mut sum)?;
    Ok(sum.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_sum_is_read_and_written_in_hexadecimal() {
        assert_eq!(ABC.parse::<Sha256>().unwrap().to_string(), ABC);
        assert_eq!(ABC.to_uppercase().parse(), ABC.parse::<Sha256>());
        for form in [format!("sha256:{ABC}"), format!("SHA256: {ABC}\n")] {
            assert_eq!(form.parse(), ABC.parse::<Sha256>(), "{form}");
        }
        for wrong in ["", "ab", "md5:", "sha256:", &ABC[1..], &ABC.replace('b', "x")] {
            assert_eq!(wrong.parse::<Sha256>(), Err(NoSha256), "{wrong}");
        }
    }

    #[test]
    fn bytes_in_order_have_the_sum_of_the_whole() {
        let mut sum = Running::new();
        sum.update(b"a");
        sum.update(b"bc");
        assert_eq!(sum.finish().to_string(), ABC);
    }

    #[test]
    fn a_follower_reads_what_it_was_told_and_the_rest_at_the_end() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let follower = Follower::start(Arc::clone(&file)).unwrap();
        file.write_all_at(b"c", 2).unwrap();
        file.write_all_at(b"a", 0).unwrap();
        follower.reach(1);
        file.write_all_at(b"b", 1).unwrap();
        assert_eq!(follower.finish(3).unwrap().to_string(), ABC);
        assert_eq!(sum_of(&file, 3).unwrap().to_string(), ABC);
    }
}
