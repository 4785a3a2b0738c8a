//! Writing a packet field by field, in network order.
//!
//! What stands under a length is written first, so no length can be wrong.
//!
//! Nothing here knows a protocol.

/// A packet so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Packet(Vec<u8>);

impl Packet {
    pub(super) fn new() -> Packet {
        Packet::default()
    }

    pub(super) fn u8(self, number: u8) -> Packet {
        self.bytes([number])
    }

    pub(super) fn u16(self, number: u16) -> Packet {
        self.bytes(number.to_be_bytes())
    }

    pub(super) fn u24(self, number: u32) -> Packet {
        self.bytes(&number.to_be_bytes()[1..])
    }

    pub(super) fn u32(self, number: u32) -> Packet {
        self.bytes(number.to_be_bytes())
    }

    pub(super) fn bytes(mut self, bytes: impl AsRef<[u8]>) -> Packet {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub(super) fn zeros(self, count: usize) -> Packet {
        let length = self.0.len() + count;
        self.padded_to(length)
    }

    /// With zeros up to `length`.
    pub(super) fn padded_to(mut self, length: usize) -> Packet {
        self.0.resize(length, 0);
        self
    }

    /// `part` after its length, as one byte.
    pub(super) fn part8(self, part: impl AsRef<[u8]>) -> Packet {
        let length = part.as_ref().len() as u8;
        self.u8(length).bytes(part)
    }

    /// `part` after its length, as two bytes.
    pub(super) fn part16(self, part: impl AsRef<[u8]>) -> Packet {
        let length = part.as_ref().len() as u16;
        self.u16(length).bytes(part)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// This packet alone.
    pub(super) fn only(self) -> Vec<Vec<u8>> {
        vec![self.0]
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Packet {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
