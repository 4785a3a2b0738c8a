//! Bytes of the user's choice that end a message, and how they are written.
//!
//! Nothing here finds them in a stream.

use std::fmt;

/// The bytes that end a message, one to [`Delimiter::MAX_BYTES`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter {
    bytes: [u8; Delimiter::MAX_BYTES],
    length: u8,
}

impl Delimiter {
    /// Room for a boundary line; longer ones would make every [`Framing`](super::Framing) large.
    pub const MAX_BYTES: usize = 32;

    /// `None` when there are no bytes, or too many.
    pub fn new(bytes: &[u8]) -> Option<Delimiter> {
        let mut all = [0; Delimiter::MAX_BYTES];
        all.get_mut(..bytes.len()).filter(|part| !part.is_empty())?.copy_from_slice(bytes);
        Some(Delimiter { bytes: all, length: u8::try_from(bytes.len()).ok()? })
    }

    /// As it is written after `delimiter:`, where `\\r`, `\\n`, `\\t`, `\\0`, `\\\\` and `\\xHH` stand for
    /// one byte each.
    pub(super) fn parse(text: &str) -> Option<Delimiter> {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let [first, after @ ..] = rest {
            let (byte, after) = match (first, after) {
                (b'\\', [b'r', after @ ..]) => (b'\r', after),
                (b'\\', [b'n', after @ ..]) => (b'\n', after),
                (b'\\', [b't', after @ ..]) => (b'\t', after),
                (b'\\', [b'0', after @ ..]) => (0, after),
                (b'\\', [b'\\', after @ ..]) => (b'\\', after),
                (b'\\', [b'x', high, low, after @ ..]) => (hex(*high)? << 4 | hex(*low)?, after),
                (b'\\', _) => return None,
                (other, after) => (*other, after),
            };
            bytes.push(byte);
            rest = after;
        }
        Delimiter::new(&bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.bytes() {
            match byte {
                b'\r' => f.write_str("\\r")?,
                b'\n' => f.write_str("\\n")?,
                b'\t' => f.write_str("\\t")?,
                b'\\' => f.write_str("\\\\")?,
                b' '..=b'~' => f.write_str(char::from(*byte).encode_utf8(&mut [0; 4]))?,
                other => write!(f, "\\x{other:02x}")?,
            }
        }
        Ok(())
    }
}
