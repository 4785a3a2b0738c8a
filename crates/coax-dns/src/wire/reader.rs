//! The parts a DNS message is made of: numbers, strings, names.
//!
//! ```text
//! name   = *(length label) 0 | *(length label) pointer      RFC 1035 §4.1.4
//! string = length *byte                                     RFC 1035 §3.3
//! ```
//! Nothing beyond the message or the record is read. A pointer leads to an earlier place than the
//! name it ends, so no name is walked in circles.
//!
//! What the parts mean is not known here.

use std::fmt::Write as _;

/// The longest name, RFC 1035 §2.3.4.
const LONGEST_NAME: usize = 255;

/// Reads a message from one place onwards. `None` means that it ends too early or is malformed.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
}

/// A name as it travels without compression, its final zero included.
#[derive(Debug)]
pub(super) struct WireName {
    bytes: [u8; LONGEST_NAME],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Reader<'a> {
        Reader { message, at: 0, end: message.len() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let next = self.at.checked_add(count).filter(|&next| next <= self.end)?;
        let bytes = self.message.get(self.at..next)?;
        self.at = next;
        Some(bytes)
    }

    /// Everything up to the end.
    pub(super) fn rest(&mut self) -> Option<&'a [u8]> {
        self.take(self.end - self.at)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// As many bytes as an address has.
    pub(super) fn address<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.array()
    }

    /// A string behind its length.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A reader of the next `count` bytes alone; names in them may still point before them.
    pub(super) fn part(&mut self, count: usize) -> Option<Reader<'a>> {
        let start = self.at;
        self.take(count)?;
        Some(Reader { message: self.message, at: start, end: self.at })
    }

    pub(super) fn name(&mut self) -> Option<WireName> {
        let mut name = WireName { bytes: [0; LONGEST_NAME], length: 0 };
        let mut walk = self.clone();
        let mut earliest = self.at;
        let mut jumped = false;
        loop {
            let length = walk.u8()?;
            match length {
                0 => break,
                1..=63 => name.push(length, walk.take(length.into())?)?,
                192.. => {
                    let target = usize::from(length & 63) << 8 | usize::from(walk.u8()?);
                    if !jumped {
                        self.at = walk.at;
                    }
                    jumped = true;
                    // Only backwards, and further back each time.
                    earliest = Some(target).filter(|&target| target < earliest)?;
                    walk = Reader { message: self.message, at: target, end: self.message.len() };
                }
                // Kinds of label that were given up, RFC 6891 §5.
                64..=191 => return None,
            }
        }
        if !jumped {
            self.at = walk.at;
        }
        // The zero is there already.
        name.length += 1;
        Some(name)
    }
}

impl WireName {
    /// Adds a label; `None` when the name gets too long.
    fn push(&mut self, length: u8, label: &[u8]) -> Option<()> {
        let end = self.length + 1 + label.len();
        // One byte is for the final zero.
        let place = self.bytes.get_mut(self.length..end).filter(|_| end < LONGEST_NAME)?;
        place[0] = length;
        place[1..].copy_from_slice(label);
        self.length = end;
        Some(())
    }

    /// Whether it is the name that travels as `other`, whatever the case of its letters.
    pub(super) fn is(&self, other: &[u8]) -> bool {
        // A label's length is below 64, where no letters are.
        self.bytes[..self.length].eq_ignore_ascii_case(other)
    }

    /// As zone files write it, with its final dot: what is not printable is escaped, RFC 1035 §5.1.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.length);
        let mut rest = &self.bytes[..self.length];
        while let Some((&length, after)) = rest.split_first().filter(|(length, _)| **length > 0) {
            let (label, after) = after.split_at(length.into());
            label.iter().for_each(|&byte| escape(byte, &mut text));
            text.push('.');
            rest = after;
        }
        if text.is_empty() {
            text.push('.');
        }
        text
    }
}

fn escape(byte: u8, text: &mut String) {
    match byte {
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
            text.extend(['\\', byte as char]);
        }
        b'!'..=b'~' => text.push(byte as char),
        _ => write!(text, "\\{byte:03}").expect("a string takes all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_at(message: &[u8], at: usize) -> Option<(String, usize)> {
        let mut reader = Reader { message, at, end: message.len() };
        reader.name().map(|name| (name.text(), reader.at))
    }

    #[test]
    fn names_are_read_with_their_pointers() {
        let message = b"\x01a\x04Test\0\x01b\xc0\x02\xc0\x08\x02\xff.\x01;\0\0";
        for (at, text, after) in [
            (0, "a.Test.", 8),
            (8, "b.Test.", 12),
            (12, "b.Test.", 14),
            (14, "\\255\\..\\;.", 20),
            (20, ".", 21),
        ] {
            assert_eq!(name_at(message, at), Some((text.to_owned(), after)));
        }
    }

    #[test]
    fn a_name_that_goes_in_circles_or_beyond_is_none() {
        for message in [
            &b"\xc0\x00"[..],
            b"\x01a\xc0\x00",
            b"\xc0\x02\xc0\x00",
            b"\xc0\x02\0",
            b"\xc0",
            b"\x05ab",
            b"\x01a",
            b"\x40a\0",
            b"\x80\0",
            b"",
        ] {
            assert_eq!(name_at(message, 0), None, "{message:?}");
        }
        // Two names that point at each other.
        assert_eq!(name_at(b"\x01a\xc0\x04\x01b\xc0\x00", 4), None);
    }

    #[test]
    fn a_name_has_at_most_255_bytes() {
        let label = [&[61][..], &[b'a'; 61]].concat();
        let fits = [&label.repeat(4)[..], &[5], b"aaaaa", &[0]].concat();
        assert_eq!(fits.len(), 255);
        assert!(name_at(&fits, 0).is_some());
        let longer = [&label.repeat(4)[..], &[6], b"aaaaaa", &[0]].concat();
        assert_eq!(name_at(&longer, 0), None);
    }
}
