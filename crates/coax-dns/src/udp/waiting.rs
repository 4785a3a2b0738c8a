//! The questions under way on one socket, by id.
//!
//! Ids are unpredictable and unique among those under way. One heap knows when each question is
//! sent again or given up; a question whose asker left is forgotten when that time comes.
//!
//! Nothing here touches a socket.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use coax_net::Outgoing;
use tokio::time::Instant;

use super::{Request, UdpError};

/// The wait before a question is sent again, until the server has shown how fast it is; each
/// later one is twice as long. The first is never longer, and never so short that a server which is
/// busy for a moment is asked twice.
const FIRST_WAIT: Duration = Duration::from_millis(400);
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// No wait gets longer: where a third of the packets is lost each way, it takes ten to be sure.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Beyond this, a free id would take long to find by chance.
const MOST: usize = 1 << 14;
/// The header of a message, RFC 1035 §4.1.1.
const HEADER: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: HashMap<u16, UnderWay>,
    again: BinaryHeap<Reverse<(Instant, u16, u64, Duration)>>,
    serial: u64,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct UnderWay {
    serial: u64,
    /// When it was sent; none once it was sent again, for an answer then says nothing about the
    /// time it took (Karn's rule).
    sent: Option<Instant>,
    strays: u32,
    request: Request,
}

/// How fast the server answers: mean and deviation, smoothed as TCP does (RFC 6298 §2).
#[derive(Clone, Copy, Debug)]
struct Pace {
    mean: Duration,
    deviation: Duration,
}

impl Pace {
    fn after(before: Option<Pace>, took: Duration) -> Pace {
        match before {
            None => Pace { mean: took, deviation: took / 2 },
            Some(Pace { mean, deviation }) => Pace {
                mean: (mean * 7 + took) / 8,
                deviation: (deviation * 3 + mean.abs_diff(took)) / 4,
            },
        }
    }

    fn wait(self) -> Duration {
        (self.mean + self.deviation * 4).clamp(SHORTEST_WAIT, FIRST_WAIT)
    }
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
        let wait = self.pace.map_or(FIRST_WAIT, Pace::wait);
        let when = request.until.min(now + wait);
        self.again.push(Reverse((when, id, self.serial, wait)));
        let under_way = UnderWay { serial: self.serial, sent: Some(now), strays: 0, request };
        &self.requests.entry(id).insert_entry(under_way).into_mut().request.bytes
    }

    /// Gives a datagram to the question it answers. Any other is counted or ignored.
    pub(super) fn answer(&mut self, datagram: &[u8], now: Instant) {
        let [high, low, flags, ..] = datagram else { return };
        let id = u16::from_be_bytes([*high, *low]);
        let Entry::Occupied(mut found) = self.requests.entry(id) else {
            // With one question under way there is no doubt whom the stray was meant for.
            if let (1, Some(only)) = (self.requests.len(), self.requests.values_mut().next()) {
                only.strays += 1;
            }
            return;
        };
        if flags & 0x80 == 0 || !repeats(&found.get().request.bytes, datagram) {
            found.get_mut().strays += 1;
            return;
        }
        let UnderWay { sent, request, .. } = found.remove();
        if let Some(sent) = sent {
            self.pace = Some(Pace::after(self.pace, now.saturating_duration_since(sent)));
        }
        let _ = request.answer.send(Ok(datagram.to_vec()));
    }

    /// The socket failed, and with it every question under way.
    pub(super) fn fail(&mut self, error: &UdpError) {
        self.again.clear();
        for (_, under_way) in self.requests.drain() {
            let _ = under_way.request.answer.send(Err(error.clone()));
        }
    }

    /// When the next question is due to be sent again or given up.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.again.peek().map(|Reverse((when, ..))| *when)
    }

    /// Puts the questions due to be sent again into `outgoing`, gives up those whose time is over
    /// and forgets those whose asker left.
    pub(super) fn due(&mut self, now: Instant, outgoing: &mut Outgoing) {
        while self.next_due().is_some_and(|when| when <= now) {
            let Some(Reverse((_, id, serial, wait))) = self.again.pop() else { break };
            let Entry::Occupied(mut found) = self.requests.entry(id) else { continue };
            if found.get().serial != serial {
                continue;
            }
            let until = found.get().request.until;
            if until <= now || found.get().request.answer.is_closed() {
                let UnderWay { strays, request, .. } = found.remove();
                let _ = request.answer.send(Err(UdpError::Silent { strays }));
                continue;
            }
            found.get_mut().sent = None;
            outgoing.push(&found.get().request.bytes);
            let wait = (wait * 2).min(LONGEST_WAIT);
            self.again.push(Reverse((until.min(now + wait), id, serial, wait)));
        }
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
    use tokio::sync::oneshot;

    type Answered = oneshot::Receiver<Result<Vec<u8>, UdpError>>;

    /// A question for `a.b`, type A, as bytes.
    const QUERY: &[u8] = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x01a\x01b\0\0\x01\0\x01";
    const LONG: Duration = Duration::from_secs(3600);

    fn request() -> (Request, Answered) {
        let (answer, answered) = oneshot::channel();
        (Request { bytes: QUERY.to_vec(), until: Instant::now() + LONG, answer }, answered)
    }

    fn answer_to(sent: &[u8]) -> Vec<u8> {
        let mut answer = sent.to_vec();
        answer[2] |= 0x80;
        answer
    }

    /// How many questions are sent again at `now`.
    fn due(waiting: &mut Waiting, now: Instant) -> usize {
        let mut outgoing = Outgoing::default();
        waiting.due(now, &mut outgoing);
        outgoing.len()
    }

    #[test]
    fn the_right_answer_is_taken_once() {
        let mut waiting = Waiting::default();
        let (request, mut answered) = request();
        let sent = waiting.add(request, Instant::now()).to_vec();
        let mut answer = answer_to(&sent);
        answer[HEADER..].make_ascii_uppercase();
        waiting.answer(&answer, Instant::now());
        assert_eq!(answered.try_recv().unwrap().unwrap(), answer);
        waiting.answer(&answer, Instant::now());
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
            let (request, mut answered) = request();
            let until = request.until;
            let mut answer = answer_to(waiting.add(request, Instant::now()));
            change(&mut answer);
            waiting.answer(&answer, Instant::now());
            assert!(answered.try_recv().is_err(), "damage {number}");
            assert_eq!(due(&mut waiting, until), 0, "damage {number}");
            let given_up = answered.try_recv().unwrap();
            assert_eq!(given_up, Err(UdpError::Silent { strays: 1 }), "damage {number}");
        }
    }

    #[test]
    fn a_fast_server_is_asked_again_sooner_but_never_at_once() {
        let start = Instant::now();
        for (took, wait) in
            [(1, SHORTEST_WAIT), (50, Duration::from_millis(150)), (900, FIRST_WAIT)]
        {
            let mut waiting = Waiting::default();
            let (first, _answered) = request();
            let answer = answer_to(waiting.add(first, start));
            waiting.answer(&answer, start + Duration::from_millis(took));
            let (second, _still_asked) = request();
            let later = start + Duration::from_secs(1);
            waiting.add(second, later);
            assert_eq!(due(&mut waiting, later + wait - Duration::from_millis(1)), 0, "{took} ms");
            assert_eq!(due(&mut waiting, later + wait), 1, "{took} ms");
        }
    }

    #[test]
    fn ids_of_questions_under_way_differ() {
        let mut waiting = Waiting::default();
        let mut kept = Vec::new();
        while waiting.has_room() {
            let (request, answered) = request();
            waiting.add(request, Instant::now());
            kept.push(answered);
        }
        assert_eq!(waiting.requests.len(), MOST);
    }

    #[test]
    fn a_question_is_sent_again_until_its_asker_leaves() {
        let mut waiting = Waiting::default();
        let (request, answered) = request();
        let start = Instant::now();
        waiting.add(request, start);
        assert_eq!(due(&mut waiting, start), 0);
        assert_eq!(due(&mut waiting, start + FIRST_WAIT), 1);
        assert_eq!(due(&mut waiting, start + FIRST_WAIT * 2), 0);
        assert_eq!(due(&mut waiting, start + FIRST_WAIT * 3), 1);
        drop(answered);
        assert_eq!(due(&mut waiting, start + FIRST_WAIT * 10), 0);
        assert!(waiting.requests.is_empty() && waiting.next_due().is_none());
    }

    #[test]
    fn a_question_is_given_up_when_its_time_is_over_and_not_before() {
        let mut waiting = Waiting::default();
        let (mut request, mut answered) = request();
        let start = Instant::now();
        request.until = start + FIRST_WAIT * 2;
        waiting.add(request, start);
        assert_eq!(due(&mut waiting, start + FIRST_WAIT), 1);
        assert!(answered.try_recv().is_err());
        assert_eq!(waiting.next_due(), Some(start + FIRST_WAIT * 2));
        assert_eq!(due(&mut waiting, start + FIRST_WAIT * 2), 0);
        assert_eq!(answered.try_recv().unwrap(), Err(UdpError::Silent { strays: 0 }));
        assert!(waiting.requests.is_empty() && waiting.next_due().is_none());
    }
}
