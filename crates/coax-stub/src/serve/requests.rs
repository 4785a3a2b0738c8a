//! Requests as they come over a connection: some are answered at once, the others are owed.
//!
//! A reply that is plain bytes costs a look-up and a copy. What the look-ups of one read will need is
//! fetched together, so that one's way to memory does not wait for another's. Once one is owed, all
//! that come later are, so that replies keep the order of their requests.
//!
//! Nothing here reads or sends.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use coax_net::Framing;

use super::owed::Owed;
use super::{Stub, count};
use crate::matcher::Request;
use crate::rules::{Answer, Found, Rules, TOGETHER};

/// Bytes of replies that are gathered before they are sent.
pub(super) const GATHERED: usize = 64 << 10;

pub(super) struct Requests<'a> {
    stub: &'a Stub,
    pub(super) framing: Framing,
    /// Each reply has to be sent by itself.
    packets: bool,
    /// Where in the bytes that were read those lie that wait for others.
    together: Vec<Range<usize>>,
    pub(super) owed: VecDeque<Owed>,
    /// Nothing more is sent.
    pub(super) mute: bool,
}

impl<'a> Requests<'a> {
    pub(super) fn new(stub: &'a Stub, framing: Framing, packets: bool) -> Requests<'a> {
        let (together, owed) = (Vec::new(), VecDeque::new());
        Requests { stub, framing, packets, together, owed, mute: false }
    }

    /// Whoever connects may have to be greeted.
    pub(super) fn greet(&mut self) {
        let rules = self.stub.rules();
        if let Some(found) = rules.greeting() {
            let count = rules.hit(found);
            self.owed.push_back(Owed { count, ..Owed::new(rules, Some(found), None) });
        }
    }

    /// A request is here; its reply goes into `gathered` or is owed, if not now, then once more are
    /// here or [`Requests::settled`] is called with the same `bytes`, of which it may be a part.
    pub(super) fn asked(
        &mut self,
        rules: &Arc<Rules>,
        bytes: &[u8],
        request: &[u8],
        gathered: &mut Vec<u8>,
    ) {
        let place = place(bytes, request);
        let full = self.together.len() == TOGETHER;
        if place.is_none() || full {
            self.settled(rules, bytes, gathered);
        }
        match place {
            Some(place) => self.together.push(place),
            None => self.answer(rules, request, rules.find(self.seen(request)), gathered),
        }
    }

    /// All that came is answered or owed.
    pub(super) fn settled(&mut self, rules: &Arc<Rules>, bytes: &[u8], gathered: &mut Vec<u8>) {
        if self.together.len() <= 1 {
            if let Some(only) = self.together.pop() {
                let request = &bytes[only];
                self.answer(rules, request, rules.find(self.seen(request)), gathered);
            }
            return;
        }
        let mut together = std::mem::take(&mut self.together);
        let hashes = rules.fetch(together.iter().map(|place| &bytes[place.clone()]));
        for (place, hash) in together.drain(..).zip(hashes) {
            let request = &bytes[place];
            let found = rules.find_hashed(self.seen(request), hash);
            self.answer(rules, request, found, gathered);
        }
        self.together = together;
    }

    /// As rules see it.
    fn seen<'r>(&self, request: &'r [u8]) -> Request<'r> {
        Request::new(request, self.framing == Framing::Chunk)
    }

    fn answer(
        &mut self,
        rules: &Arc<Rules>,
        request: &[u8],
        found: Option<Found>,
        gathered: &mut Vec<u8>,
    ) {
        count(&self.stub.requests);
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
        let loose = self.framing == Framing::Chunk;
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
            self.framing.encode_text(reply, gathered);
        }
        plain.is_some()
    }
}

/// Where in `bytes` `part` lies, if it is a part of it.
fn place(bytes: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= bytes.len()).then_some(start..end)
}
