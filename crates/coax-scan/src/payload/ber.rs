//! Writing ASN.1 by the basic encoding rules (X.690): tag, length, content.
//!
//! Lengths are written in the shortest form, which every reader takes (X.690 §10.1).
//!
//! Nothing here knows what a tag means to a protocol.

/// `SEQUENCE` (X.690 §8.9).
pub(super) const SEQUENCE: u8 = 0x30;

/// Content under a tag.
pub(super) fn tagged(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..128 => bytes.push(short as u8),
        long => {
            bytes.push(0x82);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// Several after each other under a tag.
pub(super) fn all<const N: usize>(tag: u8, parts: [Vec<u8>; N]) -> Vec<u8> {
    tagged(tag, parts.concat())
}

/// `INTEGER`, not negative.
pub(super) fn integer(number: u32) -> Vec<u8> {
    // A set highest bit would be the sign.
    let bytes = u64::from(number).to_be_bytes();
    let first = (0..7).find(|&at| bytes[at] != 0 || bytes[at + 1] & 0x80 != 0).unwrap_or(7);
    tagged(0x02, &bytes[first..])
}

/// `OCTET STRING`.
pub(super) fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    tagged(0x04, bytes)
}

/// `ENUMERATED`, below 128.
pub(super) fn choice(number: u8) -> Vec<u8> {
    tagged(0x0a, [number])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_are_as_in_x_690() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(65_507), [2, 3, 0, 0xff, 0xe3]);
        assert_eq!(tagged(4, [0; 127])[..2], [4, 127]);
        assert_eq!(tagged(4, [0; 200])[..4], [4, 0x82, 0, 200]);
    }
}
