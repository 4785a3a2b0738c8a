//! A gzip file that comes in pieces (RFC 1952).
//!
//! Several of them in a row are one; zeros behind the last are padding, as tar and tapes leave it.
//! A file that ends early and one that is damaged are told apart: only the first may be whole when
//! it is asked for again.
//!
//! Nothing here knows where the bytes come from.

use flate2::{Crc, Decompress};

use super::{inflate, malformed};
use crate::error::Trouble;

/// A head that does not end: names and comments are short.
const LONGEST_HEAD: usize = 128 << 10;
/// A check of the bytes, and how many there were.
const TAIL: usize = 8;

/// A gzip file in the middle of its work.
#[derive(Default)]
pub(super) struct Gzip {
    /// What came of a head or a tail that is not whole.
    held: Vec<u8>,
    stage: Stage,
    crc: Crc,
    /// Whether one was whole already.
    more: bool,
}

#[derive(Default)]
enum Stage {
    #[default]
    Head,
    Body(Box<Decompress>),
    Tail,
    Padding,
}

impl Gzip {
    /// Whether it may end here.
    pub(super) fn is_whole(&self) -> bool {
        let between = matches!(self.stage, Stage::Head) && self.more && self.held.is_empty();
        between || matches!(self.stage, Stage::Padding)
    }

    /// Appends to `out` what `bytes` stand for; how many of them were used.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Trouble> {
        match &mut self.stage {
            Stage::Head if self.more && self.held.is_empty() && bytes.first() == Some(&0) => {
                self.stage = Stage::Padding;
                Ok(0)
            }
            Stage::Head => self.head(bytes),
            Stage::Body(inner) => {
                let before = out.len();
                let (used, ended) = inflate(inner, bytes, out).ok_or_else(|| malformed("gzip"))?;
                self.crc.update(&out[before..]);
                if ended {
                    self.stage = Stage::Tail;
                }
                Ok(used)
            }
            Stage::Tail => self.tail(bytes),
            Stage::Padding if bytes.iter().all(|byte| *byte == 0) => Ok(bytes.len()),
            Stage::Padding => Err(malformed("gzip")),
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        let before = self.held.len();
        self.held.extend_from_slice(bytes);
        match head_length(&self.held) {
            Ok(Some(length)) => {
                self.held.clear();
                self.crc = Crc::new();
                self.stage = Stage::Body(Box::new(Decompress::new(false)));
                Ok(length - before)
            }
            Ok(None) if self.held.len() <= LONGEST_HEAD => Ok(bytes.len()),
            _ => Err(malformed("gzip")),
        }
    }

    fn tail(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        let used = bytes.len().min(TAIL - self.held.len());
        self.held.extend_from_slice(&bytes[..used]);
        if self.held.len() == TAIL {
            let wanted = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()].concat();
            if self.held != wanted {
                let why = "its gzip body is damaged: its checksum does not fit";
                return Err(Trouble::protocol(why));
            }
            self.held.clear();
            (self.stage, self.more) = (Stage::Head, true);
        }
        Ok(used)
    }
}

/// How long the head at the beginning of `held` is; `None` while it is not whole.
fn head_length(held: &[u8]) -> Result<Option<usize>, ()> {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    const CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let known = held.len().min(MAGIC.len());
    if held[..known] != MAGIC[..known] {
        return Err(());
    }
    let Some(&flags) = held.get(3) else { return Ok(None) };
    let mut at = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = held.get(at..at + 2) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let text = held.get(at..).unwrap_or_default();
            let Some(end) = text.iter().position(|byte| *byte == 0) else { return Ok(None) };
            at += end + 1;
        }
    }
    if flags & CHECK != 0 {
        at += 2;
    }
    Ok((held.len() >= at).then_some(at))
}
