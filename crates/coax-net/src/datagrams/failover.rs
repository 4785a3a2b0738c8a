//! The other addresses of a name, for datagrams that its first address refuses.
//!
//! A datagram is not answered by its receiver's system unless nobody receives there, so addresses
//! cannot race as for TCP: the first one gets the messages, and they are kept until somebody has
//! answered. A refusal (ICMP port unreachable) sends them to the next address.
//!
//! An address that is silent is not passed over: silence is what most receivers of datagrams say.

use crate::Address;
use crate::dial::{Alternatives, Found};

/// Bytes of unanswered messages that are kept. With more, the first address is the one.
const KEPT_BYTES: usize = 1 << 20;

/// What may still be sent elsewhere.
#[derive(Debug)]
pub(super) struct Failover {
    alternatives: Alternatives,
    /// What was sent and may have to be sent again.
    pub(super) unanswered: Vec<Vec<u8>>,
    /// Where nobody receives.
    pub(super) refused: Vec<Address>,
}

impl Failover {
    /// `None` where there is no other address.
    pub(super) fn new(alternatives: Alternatives) -> Option<Failover> {
        let there = !alternatives.is_empty();
        there.then(|| Failover { alternatives, unanswered: Vec::new(), refused: Vec::new() })
    }

    /// Keeps a message until somebody answers.
    pub(super) fn keep(&mut self, message: &[u8]) {
        if self.alternatives.is_empty() {
            return;
        }
        let kept: usize = self.unanswered.iter().map(Vec::len).sum();
        // An empty message counts, too.
        if kept + message.len() + self.unanswered.len() > KEPT_BYTES {
            return self.settle();
        }
        self.unanswered.push(message.to_vec());
    }

    /// The address it talks to is the one.
    pub(super) fn settle(&mut self) {
        self.alternatives.clear();
        self.unanswered.clear();
    }

    /// A socket towards the next address that a way leads to.
    pub(super) fn next(&mut self) -> Option<Found> {
        self.alternatives.next()
    }
}
