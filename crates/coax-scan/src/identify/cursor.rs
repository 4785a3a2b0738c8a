//! Reading a stranger's bytes from the front, piece by piece.
//!
//! A piece that is not there is `None`, so a reader is a row of question marks and no length a
//! stranger names is ever trusted.
//!
//! Nothing here knows what the pieces mean.

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(piece)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|piece| piece[0])
    }

    /// Sixteen bits in network order.
    pub(super) fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A tag and its contents, as DER and BER write them (X.690 §8.1). Lengths without end, which
    /// neither certificates nor the messages read here may use, are refused.
    pub(super) fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = self.byte()?;
        let length = match self.byte()? {
            short @ 0..=0x7F => usize::from(short),
            long @ 0x81..=0x84 => self
                .take(usize::from(long & 0x7F))?
                .iter()
                .try_fold(0_usize, |sum, &byte| Some(sum.checked_mul(256)? + usize::from(byte)))?,
            _ => return None,
        };
        Some((tag, self.take(length)?))
    }

    /// The contents of the next element, which must have this tag.
    pub(super) fn expect(&mut self, wanted: u8) -> Option<Cursor<'a>> {
        self.element().filter(|(tag, _)| *tag == wanted).map(|(_, contents)| Cursor(contents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_has_its_length_or_is_none() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 128], &[9]].concat();
        let mut cursor = Cursor(&long);
        assert_eq!(cursor.element().unwrap(), (4, &[7; 128][..]));
        assert_eq!(cursor.0, [9]);
        for bad in [&b""[..], b"\x04", b"\x04\x02a", b"\x04\x80a", b"\x04\x85\0\0\0\0\x01a"] {
            assert_eq!(Cursor(bad).element(), None, "{bad:?}");
        }
        assert_eq!(Cursor(b"\x04\x84\xFF\xFF\xFF\xFFa").element(), None);
    }
}
