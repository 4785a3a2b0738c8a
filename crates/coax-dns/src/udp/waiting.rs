//! The questions under way on one socket, by id.
//!
//! Ids are unpredictable and unique among those under way. Each question knows when it is sent
//! again; a question whose asker left is forgotten when that time comes.
//!
//! Nothing here touches a socket.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Request, UdpError};

/// The first wait before a question is sent again; each later one is twice as long. Answers on a
/// network come within tens of milliseconds, and one question more does no harm.
const FIRST_WAIT: Duration = Duration::from_millis(400);
/// Beyond this, a free id would take long to find by chance.
const MOST: usize = 1 << 14;
/// The header of a message, RFC 1035 §4.1.1.
const HEADER: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: HashMap<u16, (u64, Request)>,
    again: BinaryHeap<Reverse<(Instant, u16, u64, Duration)>>,
    serial: u64,
}

impl Waiting {
    pub(super) fn has_room(&self) -> bool {
        self.requests.len() < MOST
    }

    /// Gives the question an id and a place; its bytes are then ready to send.
    pub(super) fn add(&mut self, mut request: Request, now: Instant) -> &[u8] {
        let id = self.free_id();
        self.serial += 1;
        request.bytes[..2].copy_from_slice(&id.to_be_bytes());
        self.again.push(Reverse((now + FIRST_WAIT, id, self.serial, FIRST_WAIT)));
        let (_, kept) = self.requests.entry(id).insert_entry((self.serial, request)).into_mut();
        &kept.bytes
    }

    /// Gives a datagram to the question it answers. Any other is counted or ignored.
    pub(super) fn answer(&mut self, datagram: &[u8]) {
        let [high, low, flags, ..] = datagram else { return };
        let id = u16::from_be_bytes([*high, *low]);
        let Some((_, request)) = self.requests.get(&id) else {
            // With one question under way there is no doubt whom the stray was meant for.
            if let (1, Some((_, only))) = (self.requests.len(), self.requests.values().next()) {
                only.strays.fetch_add(1, Ordering::Relaxed);
            }
            return;
        };
        if flags & 0x80 == 0 || !repeats(&request.bytes, datagram) {
            request.strays.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some((_, request)) = self.requests.remove(&id) {
            let _ = request.answer.send(Ok(datagram.to_vec()));
        }
    }

    /// The socket failed, and with it every question under way.
    pub(super) fn fail(&mut self, error: &UdpError) {
        self.again.clear();
        for (_, (_, request)) in self.requests.drain() {
            let _ = request.answer.send(Err(error.clone()));
        }
    }

    /// When the next question is due to be sent again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.again.peek().map(|Reverse((when, ..))| *when)
    }

    /// The bytes of questions due to be sent again; those whose asker left are forgotten.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut due = Vec::new();
        while self.next_due().is_some_and(|when| when <= now) {
            let Some(Reverse((_, id, serial, wait))) = self.again.pop() else { break };
            let Some((current, request)) = self.requests.get(&id) else { continue };
            if *current != serial {
                continue;
            }
            if request.answer.is_closed() {
                self.requests.remove(&id);
                continue;
            }
            due.push(request.bytes.clone());
            self.again.push(Reverse((now + wait * 2, id, serial, wait * 2)));
        }
        due
    }

    fn free_id(&self) -> u16 {
        loop {
            let id = rand::random();
            if !self.requests.contains_key(&id) {
                return id;
            }
        }
    }
}

/// Whether `answer` carries the question of `query`, whatever its case. A server that could not
/// read the question (an answer without one) is let through: what it says is still checked.
fn repeats(query: &[u8], answer: &[u8]) -> bool {
    let (Some(count), Some(asked), Some(said)) =
        (answer.get(4..6), query.get(HEADER..), answer.get(HEADER..))
    else {
        return false;
    };
    if count == [0, 0] {
        return true;
    }
    let Some(name) = asked.iter().scan(0u8, skip_labels).position(|end| end) else { return false };
    // After the name's final zero come type and class, two bytes each.
    let (name, whole) = (name + 1, name + 5);
    said.len() >= whole
        && asked.len() >= whole
        && said[..name].eq_ignore_ascii_case(&asked[..name])
        && said[name..whole] == asked[name..whole]
}

/// Walks a name's bytes; true at its final zero.
fn skip_labels(left: &mut u8, &byte: &u8) -> Option<bool> {
    if *left > 0 {
        *left -= 1;
        return Some(false);
    }
    *left = byte;
    Some(byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::oneshot;

    type Answered = oneshot::Receiver<Result<Vec<u8>, UdpError>>;

    /// A question for `a.b`, type A, as bytes.
    const QUERY: &[u8] = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x01a\x01b\0\0\x01\0\x01";

    fn request() -> (Request, Answered, Arc<AtomicUsize>) {
        let (answer, answered) = oneshot::channel();
        let strays = Arc::new(AtomicUsize::new(0));
        (Request { bytes: QUERY.to_vec(), answer, strays: strays.clone() }, answered, strays)
    }

    fn answer_to(sent: &[u8]) -> Vec<u8> {
        let mut answer = sent.to_vec();
        answer[2] |= 0x80;
        answer
    }

    #[test]
    fn the_right_answer_is_taken_once() {
        let mut waiting = Waiting::default();
        let (request, mut answered, _) = request();
        let sent = waiting.add(request, Instant::now()).to_vec();
        let mut answer = answer_to(&sent);
        answer[HEADER..].make_ascii_uppercase();
        waiting.answer(&answer);
        assert_eq!(answered.try_recv().unwrap().unwrap(), answer);
        waiting.answer(&answer);
        assert!(waiting.requests.is_empty());
    }

    #[test]
    fn what_is_not_the_answer_is_counted_and_not_taken() {
        let damage: [fn(&mut Vec<u8>); 6] = [
            |bytes| bytes[0] ^= 1,
            |bytes| bytes[2] &= 0x7f,
            |bytes| bytes[13] = b'c',
            |bytes| bytes[18] = 0x61,
            |bytes| bytes.truncate(14),
            |bytes| bytes.truncate(4),
        ];
        for (number, change) in damage.into_iter().enumerate() {
            let mut waiting = Waiting::default();
            let (request, mut answered, strays) = request();
            let mut answer = answer_to(waiting.add(request, Instant::now()));
            change(&mut answer);
            waiting.answer(&answer);
            assert!(answered.try_recv().is_err(), "damage {number}");
            assert_eq!(strays.load(Ordering::Relaxed), 1, "damage {number}");
        }
    }

    #[test]
    fn ids_of_questions_under_way_differ() {
        let mut waiting = Waiting::default();
        let mut kept = Vec::new();
        while waiting.has_room() {
            let (request, answered, _) = request();
            waiting.add(request, Instant::now());
            kept.push(answered);
        }
        assert_eq!(waiting.requests.len(), MOST);
    }

    #[test]
    fn a_question_is_sent_again_until_its_asker_leaves() {
        let mut waiting = Waiting::default();
        let (request, answered, _) = request();
        let start = Instant::now();
        let sent = waiting.add(request, start).to_vec();
        assert!(waiting.due(start).is_empty());
        assert_eq!(waiting.due(start + FIRST_WAIT), std::slice::from_ref(&sent));
        assert!(waiting.due(start + FIRST_WAIT * 2).is_empty());
        assert_eq!(waiting.due(start + FIRST_WAIT * 3), [sent]);
        drop(answered);
        assert!(waiting.due(start + FIRST_WAIT * 10).is_empty());
        assert!(waiting.requests.is_empty() && waiting.next_due().is_none());
    }
}
