//! Requests as they come over a connection: some are answered at once, the others are owed.
//!
//! A reply that is plain bytes costs a look-up and a copy. Once one is owed, all that come later
//! are, so that replies keep the order of their requests.
//!
//! Nothing here reads or sends.

use std::collections::VecDeque;
use std::sync::Arc;

use coax_net::Framing;

use super::owed::Owed;
use super::{Stub, count, encode};
use crate::matcher::Request;
use crate::rules::{Answer, Found, Rules};

/// Bytes of replies that are gathered before they are sent.
pub(super) const GATHERED: usize = 64 << 10;

pub(super) struct Requests<'a> {
    stub: &'a Stub,
    pub(super) framing: Framing,
    /// Each reply has to be sent by itself.
    packets: bool,
    pub(super) owed: VecDeque<Owed>,
    /// Nothing more is sent.
    pub(super) mute: bool,
}

impl<'a> Requests<'a> {
    pub(super) fn new(stub: &'a Stub, framing: Framing, packets: bool) -> Requests<'a> {
        Requests { stub, framing, packets, owed: VecDeque::new(), mute: false }
    }

    /// Whoever connects may have to be greeted.
    pub(super) fn greet(&mut self) {
        let rules = self.stub.rules();
        if let Some(found) = rules.greeting() {
            let count = rules.hit(found);
            self.owed.push_back(Owed { count, ..Owed::new(rules, Some(found), None) });
        }
    }

    /// A request is here; its reply goes into `gathered` or is owed.
    pub(super) fn asked(&mut self, rules: &Arc<Rules>, request: &[u8], gathered: &mut Vec<u8>) {
        let loose = self.framing == Framing::Chunk;
        count(&self.stub.requests);
        let found = rules.find(Request::new(request, loose));
        if found.is_none() {
            count(&self.stub.unmatched);
        }
        let hit = found.map_or(0, |found| rules.hit(found));
        let may_be_at_once = !self.stub.watched
            && !self.packets
            && self.owed.is_empty()
            && gathered.len() < GATHERED;
        if may_be_at_once && self.at_once(rules, found, hit, gathered) {
            return;
        }
        let request = Some(request.to_vec());
        self.owed.push_back(Owed { count: hit, loose, ..Owed::new(rules.clone(), found, request) });
    }

    /// Whether it is answered now, which no answer at all is as well.
    fn at_once(
        &self,
        rules: &Rules,
        found: Option<Found>,
        hit: u64,
        gathered: &mut Vec<u8>,
    ) -> bool {
        let plain = match found.map(|found| rules.answer(found, hit)) {
            None => return true,
            Some(Answer::Text(text)) => Some(text),
            Some(Answer::Reply(_, reply)) => reply.at_once(),
        };
        if let Some(reply) = plain.filter(|_| !self.mute) {
            encode(self.framing, reply, gathered);
        }
        plain.is_some()
    }
}
