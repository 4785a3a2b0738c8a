//! Zstandard frames that come in pieces (RFC 8878), with a window of 8 MiB at most (RFC 9659).
//!
//! Several frames in a row are one body, and frames to be skipped are skipped. A head or a block is
//! kept until it is whole, and then decoded at once; what it gave is handed out piece by piece. The
//! decoder keeps the last window of what it decoded until the frame ends, so that much comes late.
//!
//! The decoder does not look at the sum, the length and the reserved bit of a frame. They are
//! checked here.

use std::io::Read;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{PIECE, malformed};
use crate::error::Trouble;

/// More than this no server may ask for (RFC 9659 §3).
const LARGEST_WINDOW: u64 = 8 << 20;
const LARGEST_BLOCK: usize = 128 << 10;
const BLOCK_HEAD: usize = 3;
const SUM: usize = 4;
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// Zstandard frames in the middle of their work.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// What came of a head or a block that is not whole.
    held: Vec<u8>,
    stage: Stage,
    /// What this frame has given out.
    given: u64,
    /// Whether one was whole already.
    more: bool,
}

#[derive(Clone, Copy)]
enum Stage {
    Head,
    /// So many bytes of a frame that is skipped are left.
    Skip(usize),
    Block(Frame),
    /// All is decoded and waits to be taken.
    Ended(Frame),
}

/// What the head of a frame promises.
#[derive(Clone, Copy)]
struct Frame {
    has_sum: bool,
    has_length: bool,
}

impl Zstd {
    pub(super) fn new() -> Zstd {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Zstd { decoder, held: Vec::new(), stage: Stage::Head, given: 0, more: false }
    }

    /// Whether it may end here.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::Head) && self.more && self.held.is_empty()
    }

    /// Whether more comes without more input.
    pub(super) fn is_pending(&self) -> bool {
        matches!(self.stage, Stage::Ended(_)) || self.decoder.can_collect() > 0
    }

    /// Appends to `out`, up to a piece, what `bytes` stand for; how many of them were used.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Trouble> {
        if self.decoder.can_collect() > 0 {
            self.hand_out(out)?;
            return Ok(0);
        }
        match self.stage {
            Stage::Head => self.head(bytes),
            Stage::Skip(left) => {
                let used = left.min(bytes.len());
                self.skip(left - used);
                Ok(used)
            }
            Stage::Block(frame) => self.block(frame, bytes),
            Stage::Ended(frame) => self.end(frame).map(|()| 0),
        }
    }

    fn hand_out(&mut self, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let before = out.len();
        let room = PIECE.saturating_sub(before).min(self.decoder.can_collect());
        out.resize(before + room, 0);
        let read = self.decoder.read(&mut out[before..]).map_err(|_| malformed("zstd"))?;
        out.truncate(before + read);
        self.given += read as u64;
        Ok(())
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        let used = self.hold(bytes, head_length)?;
        let Some(used) = used.whole() else { return Ok(used.count()) };
        let head = std::mem::take(&mut self.held);
        if let Some(length) = skipped(&head) {
            self.skip(length);
            return Ok(used);
        }
        self.decoder.reset(&head[..]).map_err(|error| refused(&error))?;
        (self.stage, self.given) = (Stage::Block(Frame::of(&head)), 0);
        Ok(used)
    }

    fn skip(&mut self, left: usize) {
        if left > 0 {
            self.stage = Stage::Skip(left);
        } else {
            (self.stage, self.more) = (Stage::Head, true);
        }
    }

    fn block(&mut self, frame: Frame, bytes: &[u8]) -> Result<usize, Trouble> {
        let used = self.hold(bytes, |held| block_length(held, frame))?;
        let Some(used) = used.whole() else { return Ok(used.count()) };
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let ended = self.decoder.decode_blocks(&self.held[..], one);
        self.held.clear();
        if ended.map_err(|_| malformed("zstd"))? {
            self.stage = Stage::Ended(frame);
        }
        Ok(used)
    }

    /// Everything of the frame was given out.
    fn end(&mut self, frame: Frame) -> Result<(), Trouble> {
        let decoder = &self.decoder;
        if frame.has_length && decoder.content_size() != self.given {
            return Err(malformed("zstd"));
        }
        if frame.has_sum && decoder.get_checksum_from_data() != decoder.get_calculated_checksum() {
            let why = "its zstd body is damaged: its checksum does not fit";
            return Err(Trouble::protocol(why));
        }
        (self.stage, self.more) = (Stage::Head, true);
        Ok(())
    }

    /// Holds as much of `bytes` as makes what is held as long as it has to be, which `length` knows
    /// better the more is held.
    fn hold(
        &mut self,
        bytes: &[u8],
        length: impl Fn(&[u8]) -> Result<usize, Trouble>,
    ) -> Result<Held, Trouble> {
        let mut used = 0;
        loop {
            let wanted = length(&self.held)?.saturating_sub(self.held.len());
            if wanted == 0 {
                return Ok(Held::Whole(used));
            }
            let taken = wanted.min(bytes.len() - used);
            if taken == 0 {
                return Ok(Held::Partly(used));
            }
            self.held.extend_from_slice(&bytes[used..used + taken]);
            used += taken;
        }
    }
}

/// How many bytes were held, and whether that was all.
#[derive(Clone, Copy)]
enum Held {
    Whole(usize),
    Partly(usize),
}

impl Held {
    fn whole(self) -> Option<usize> {
        match self {
            Held::Whole(used) => Some(used),
            Held::Partly(_) => None,
        }
    }

    fn count(self) -> usize {
        match self {
            Held::Whole(used) | Held::Partly(used) => used,
        }
    }
}

impl Frame {
    fn of(head: &[u8]) -> Frame {
        let descriptor = head.get(MAGIC.len()).copied().unwrap_or_default();
        Frame { has_sum: descriptor & 4 != 0, has_length: length_bytes(descriptor) > 0 }
    }
}

/// How long a head is that begins with `held`, as far as that is known.
fn head_length(held: &[u8]) -> Result<usize, Trouble> {
    let Some((magic, rest)) = held.split_at_checked(MAGIC.len()) else {
        return Ok(MAGIC.len());
    };
    if is_skippable(magic) {
        return Ok(MAGIC.len() + 4);
    }
    if magic != MAGIC {
        return Err(malformed("zstd"));
    }
    let Some(&descriptor) = rest.first() else { return Ok(MAGIC.len() + 1) };
    // A bit that means nothing yet.
    if descriptor & 8 != 0 {
        return Err(malformed("zstd"));
    }
    let window = usize::from(!is_single_segment(descriptor));
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    Ok(MAGIC.len() + 1 + window + dictionary + length_bytes(descriptor))
}

/// How many bytes say how long the content is.
fn length_bytes(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 => usize::from(is_single_segment(descriptor)),
        flag => 1 << flag,
    }
}

fn is_single_segment(descriptor: u8) -> bool {
    descriptor & 0x20 != 0
}

/// Sixteen of them.
fn is_skippable(magic: &[u8]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// How much is to be skipped behind such a head.
fn skipped(head: &[u8]) -> Option<usize> {
    let (magic, length) = head.split_at_checked(MAGIC.len())?;
    let length = u32::from_le_bytes(length.try_into().ok()?);
    is_skippable(magic).then(|| usize::try_from(length).unwrap_or(usize::MAX))
}

/// How long a block is that begins with `held`, with the sum behind it if it is the last.
fn block_length(held: &[u8], frame: Frame) -> Result<usize, Trouble> {
    let &[low, middle, high, ..] = held else { return Ok(BLOCK_HEAD) };
    let head = u32::from_le_bytes([low, middle, high, 0]);
    let size = usize::try_from(head >> 3).unwrap_or(usize::MAX);
    if size > LARGEST_BLOCK {
        return Err(malformed("zstd"));
    }
    let repeats = head >> 1 & 3 == 1;
    let is_last = head & 1 != 0;
    let sum = if is_last && frame.has_sum { SUM } else { 0 };
    Ok(BLOCK_HEAD + if repeats { 1 } else { size } + sum)
}

fn refused(error: &FrameDecoderError) -> Trouble {
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, .. } => Trouble::protocol(format!(
            "its zstd body needs a window of {requested} bytes, and {LARGEST_WINDOW} are allowed"
        )),
        FrameDecoderError::DictNotProvided { .. } => {
            Trouble::protocol("its zstd body needs a dictionary, and none was agreed on")
        }
        _ => malformed("zstd"),
    }
}
