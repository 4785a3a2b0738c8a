//! Taking a body out of its chunks (RFC 9112 §7.1).
//!
//! Bytes are given as they come, however they are cut; a piece never waits for its chunk to be
//! whole. Sizes, extensions and trailers have a longest length. Only the last chunk is an end.
//!
//! Nothing here reads a socket.

use bytes::{Buf, Bytes};

use crate::error::{FetchErrorKind, Trouble};

/// For extensions of one chunk, and for all trailers: nobody needs more, and nobody reads them.
const LONGEST: usize = 16 << 10;

/// Where in the coding it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of the line or of the trailers so far.
    skipped: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size {
        digits: u8,
        size: u64,
    },
    /// Until the end of the line.
    Extension {
        size: u64,
    },
    Data(u64),
    /// The line end behind the data.
    AfterData,
    /// At the beginning of a line, or within one.
    Trailer {
        within: bool,
    },
    Ended,
}

/// What one look at the bytes gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Piece(Bytes),
    /// All was taken; more is needed.
    More,
    End,
}

impl Chunked {
    pub(crate) fn new() -> Chunked {
        Chunked { state: START, skipped: 0 }
    }

    /// Takes what can be taken from `held`.
    pub(crate) fn step(&mut self, held: &mut Bytes) -> Result<Step, Trouble> {
        loop {
            if let State::Data(left) = self.state {
                return Ok(self.data(left, held));
            }
            if self.state == State::Ended {
                return Ok(Step::End);
            }
            if held.is_empty() {
                return Ok(Step::More);
            }
            self.state = self.next(held.get_u8())?;
        }
    }

    fn data(&mut self, left: u64, held: &mut Bytes) -> Step {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(held.len());
        if count == 0 {
            return Step::More;
        }
        let left = left - count as u64;
        self.state = if left == 0 { State::AfterData } else { State::Data(left) };
        Step::Piece(held.split_to(count))
    }

    fn next(&mut self, byte: u8) -> Result<State, Trouble> {
        self.skipped += 1;
        if self.skipped > LONGEST {
            return Err(Trouble::new(FetchErrorKind::TooLarge, "its chunks have too much beside"));
        }
        match self.state {
            State::Size { digits, size } => self.size(digits, size, byte),
            State::Extension { size } if byte == b'\n' => Ok(self.line_ended(size)),
            State::AfterData if byte == b'\r' => Ok(State::AfterData),
            State::AfterData if byte == b'\n' => {
                self.skipped = 0;
                Ok(START)
            }
            State::AfterData => Err(malformed("a chunk is longer than it says")),
            State::Trailer { within: false } if byte == b'\n' => Ok(State::Ended),
            State::Trailer { within } => {
                Ok(State::Trailer { within: byte != b'\n' && (within || byte != b'\r') })
            }
            same => Ok(same),
        }
    }

    fn size(&mut self, digits: u8, size: u64, byte: u8) -> Result<State, Trouble> {
        match (char::from(byte).to_digit(16), byte) {
            // Fifteen digits are more than any disk holds, and never overflow.
            (Some(_), _) if digits == 15 => Err(malformed("a chunk's size is too large")),
            (Some(digit), _) => {
                Ok(State::Size { digits: digits + 1, size: size * 16 + u64::from(digit) })
            }
            (None, _) if digits == 0 => Err(malformed("a chunk has no size")),
            (None, b'\n') => Ok(self.line_ended(size)),
            (None, b';' | b' ' | b'\t' | b'\r') => Ok(State::Extension { size }),
            (None, _) => Err(malformed("a chunk's size is not a number")),
        }
    }

    fn line_ended(&mut self, size: u64) -> State {
        self.skipped = 0;
        if size == 0 { State::Trailer { within: false } } else { State::Data(size) }
    }
}

const START: State = State::Size { digits: 0, size: 0 };

fn malformed(why: &str) -> Trouble {
    Trouble::protocol(format!("its body is malformed: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of bytes that are given in pieces of `cut`: the body, and whether it has ended.
    fn taken(coded: &[u8], cut: usize) -> Result<(Vec<u8>, bool), String> {
        let (mut chunked, mut body) = (Chunked::new(), Vec::new());
        for piece in coded.chunks(cut) {
            let mut held = Bytes::copy_from_slice(piece);
            loop {
                match chunked.step(&mut held).map_err(|trouble| trouble.why)? {
                    Step::Piece(piece) => body.extend_from_slice(&piece),
                    Step::More => break,
                    Step::End => return Ok((body, true)),
                }
            }
        }
        Ok((body, false))
    }

    proptest! {
        #[test]
        fn chunks_are_taken_however_they_are_cut(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..9),
            extension in "(;[a-z]{0,9}(=[a-z\"]{0,9})?)?",
            trailer in "([A-Z][a-z]{0,5}: [a-z]{0,9}\r\n){0,3}",
            cut in 1_usize..700,
        ) {
            let mut coded = Vec::new();
            for chunk in &chunks {
                coded.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
            }
            coded.extend(format!("0\r\n{trailer}\r\n").into_bytes());
            let plain = chunks.concat();
            prop_assert_eq!(taken(&coded, cut), Ok((plain.clone(), true)));
            // No cut of it is an end.
            let short = &coded[..coded.len() - 1];
            prop_assert_eq!(taken(short, cut), Ok((plain, false)));
        }

        #[test]
        fn any_bytes_are_taken_or_refused(
            coded in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'0')], 0..200),
            cut in 1_usize..50,
        ) {
            if let Ok((body, _)) = taken(&coded, cut) {
                prop_assert!(body.len() <= coded.len());
            }
        }
    }

    #[test]
    fn what_nobody_needs_has_a_longest_length() {
        let too_much = Err("its chunks have too much beside".to_owned());
        let long = "x".repeat(LONGEST);
        assert_eq!(taken(format!("5;{long}\r\nhello").as_bytes(), 9999), too_much);
        assert_eq!(taken(format!("0\r\nx: {long}\r\n\r\n").as_bytes(), 9999), too_much);
    }
}
