//! Which question an answer belongs to.
//!
//! A SYN's sequence number carries the caller's number, hidden by a keyed hash of the place asked.
//! Who did not see the SYN cannot make up an answer to it, and the SYN to another place does not
//! help. The same question has the same sequence number however often it is asked, as a SYN sent
//! again must (RFC 9293 §3.8.1).
//!
//! Nothing here knows what was answered.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// What hides the numbers of one socket.
#[derive(Debug, Default)]
pub(super) struct Secret {
    key: RandomState,
}

impl Secret {
    /// The sequence number of a SYN to `port` of `host`. `number` is below 2³¹: the last bit tells
    /// a number from its neighbour.
    pub(super) fn sequence(&self, host: IpAddr, port: u16, number: u32) -> u32 {
        (number << 1) ^ self.mask(host, port)
    }

    /// The number within the sequence number of a SYN to that place.
    pub(super) fn number(&self, host: IpAddr, port: u16, sequence: u32) -> Option<u32> {
        let number = sequence ^ self.mask(host, port);
        (number & 1 == 0).then_some(number >> 1)
    }

    fn mask(&self, host: IpAddr, port: u16) -> u32 {
        self.key.hash_one((host, port)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_comes_back_and_its_neighbour_does_not(
            host: IpAddr, port: u16, number in 0_u32..1 << 31,
        ) {
            let secret = Secret::default();
            let sequence = secret.sequence(host, port, number);
            prop_assert_eq!(secret.number(host, port, sequence), Some(number));
            prop_assert_eq!(secret.number(host, port, sequence ^ 1), None);
        }
    }

    #[test]
    fn an_answer_for_one_place_is_none_for_another() {
        let secret = Secret::default();
        let host: IpAddr = "192.0.2.1".parse().unwrap();
        let sequence = secret.sequence(host, 80, 5);
        let same = (1..=u16::MAX).filter(|&port| secret.number(host, port, sequence) == Some(5));
        assert_eq!(same.take(2).collect::<Vec<_>>(), [80]);
    }
}
