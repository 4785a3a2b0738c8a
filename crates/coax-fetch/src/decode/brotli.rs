//! A brotli stream that comes in pieces (RFC 7932).
//!
//! Its window is 16 MiB at most: the larger ones that some encoders can write are no content coding.
//! Only as much is decoded as is taken: a few bytes can stand for any number of them.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{PIECE, malformed};
use crate::error::Trouble;

/// A brotli stream in the middle of its work.
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    /// Whether more comes without more input.
    pending: bool,
    ended: bool,
}

impl Brotli {
    pub(super) fn new() -> Brotli {
        let memory = StandardAlloc::default;
        let state = BrotliState::new_strict(memory(), memory(), memory());
        Brotli { state, pending: false, ended: false }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.ended
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Appends to `out`, up to a piece, what `bytes` stand for; how many of them were used.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Trouble> {
        if self.ended {
            return Err(malformed("brotli"));
        }
        let (mut left, mut used) = (bytes.len(), 0);
        let (mut room, mut at) = (PIECE.saturating_sub(out.len()), out.len());
        out.resize(at + room, 0);
        let state = &mut self.state;
        let result = BrotliDecompressStream(
            &mut left, &mut used, bytes, &mut room, &mut at, out, &mut 0, state,
        );
        out.truncate(at);
        match result {
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(malformed("brotli")),
        }
        self.pending = matches!(result, BrotliResult::NeedsMoreOutput);
        Ok(used)
    }
}
