//! Who brings which bytes of one file.
//!
//! The first hand reads the answer that began it all, from the front to its end, whatever becomes of
//! the others: they take bytes from the end of what it has before it. Where it meets theirs it reads
//! on, so what another was to bring and did not, it brings. What a hand leaves is taken up in the
//! order of the file. No size is so large that one hand would be at work long after the others.
//!
//! Nothing here reads a clock, or bytes.

use std::ops::Range;
use std::time::Duration;

use crate::download::speed::Speed;
use crate::growth::piece;
use crate::ranges::Ranges;

/// Asking for less is not worth a request.
const LEAST: u64 = 64 << 10;
/// How long a hand may say nothing before others do its work: this, or four answers' time.
const SILENCE: Duration = Duration::from_secs(1);
/// Where less time is left than this and eight answers' time, all that is left is shared out.
const LAST_ROUND: Duration = Duration::from_millis(250);
/// So much of a fair share is given then, and before: speeds change.
const LAST_SHARE: f64 = 0.8;
const FIRST_SHARE: f64 = 0.6;
/// And so much where an answer comes in no time beside what is left: another request costs nothing.
const SMALL_SHARE: f64 = 0.25;
const CHEAP: f64 = 20.0;
const AT_ONCE: Duration = Duration::from_millis(20);
/// How long a speed is remembered at least.
const MEMORY: Duration = Duration::from_secs(1);

/// A hand's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Slot {
    /// The one that reads the answer that began it all.
    pub(super) const FIRST: Slot = Slot(0);
}

/// All hands of one attempt.
#[derive(Debug, Default)]
pub(super) struct Hands {
    all: Vec<Hand>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Hand {
    /// It brings bytes, or has asked for some.
    works: bool,
    at: u64,
    /// What is before this no other hand is given.
    claim: u64,
    /// Its answer ends here.
    end: u64,
    /// When it was given them, and when the last bytes came, since it began.
    given: Duration,
    heard: Duration,
    /// When it began.
    begun: Duration,
    delivered: bool,
    /// Others took what it had asked for: its answer cannot be read to the end.
    cut: bool,
    speed: Speed,
}

/// What is known when a hand asks for work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) now: Duration,
    pub(super) have: &'a Ranges,
    pub(super) length: u64,
    /// How many hands there shall be.
    pub(super) wanted: usize,
    /// From a request to the first byte of its answer.
    pub(super) latency: Duration,
    /// No piece shall take longer, while it is not known whether the hands are of use.
    pub(super) longest: Option<Duration>,
}

/// What a hand is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Bring this.
    Piece(Range<u64>),
    /// Ask again a moment later: another may need help.
    Wait,
    /// There is no more for it.
    Nothing,
}

impl Hands {
    /// Another one, for these bytes.
    pub(super) fn add(&mut self, piece: Range<u64>, now: Duration, latency: Duration) -> Slot {
        self.all.push(Hand {
            works: true,
            at: piece.start,
            claim: piece.end,
            end: piece.end,
            given: now,
            heard: now,
            begun: now,
            delivered: false,
            cut: false,
            speed: Speed::new(MEMORY.max(latency * 4)),
        });
        Slot(self.all.len() - 1)
    }

    /// The hands of an attempt before are gone.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// What a hand holds is anybody's again.
    pub(super) fn release(&mut self, slot: Slot) {
        if let Some(hand) = self.all.get_mut(slot.0) {
            hand.works = false;
        }
    }

    /// How far a hand is, and where its answer is to end.
    pub(super) fn place(&self, slot: Slot) -> Range<u64> {
        self.at_work(slot).map_or(0..0, |hand| hand.at..hand.end)
    }

    /// So many bytes came.
    pub(super) fn moved(&mut self, slot: Slot, bytes: u64, now: Duration) {
        if let Some(hand) = self.all.get_mut(slot.0) {
            hand.at = hand.at.saturating_add(bytes);
            (hand.heard, hand.delivered) = (now, true);
            hand.speed.came(bytes, now.saturating_sub(hand.begun));
        }
    }

    /// How many work, and have brought bytes.
    pub(super) fn delivering(&self) -> usize {
        self.working().filter(|hand| hand.delivered).count()
    }

    /// Whether any but the first has ever brought bytes.
    pub(super) fn is_proven(&self) -> bool {
        self.all.iter().skip(1).any(|hand| hand.delivered)
    }

    /// The first hand is one like the others from here on: it ends after so many bytes.
    pub(super) fn end_first(&mut self, after: u64) {
        if let Some(hand) = self.all.first_mut() {
            hand.claim = hand.claim.min(hand.at.saturating_add(after));
            hand.end = hand.claim.max(hand.at);
        }
    }

    /// What a hand whose bytes are there is to do.
    pub(super) fn next(&mut self, slot: Slot, look: Look<'_>) -> Next {
        self.release(slot);
        let enough = self.working().count() >= look.wanted;
        if enough || look.have.gap(0, look.length).is_none() || self.was_cut(slot) {
            return Next::Nothing;
        }
        let found = self.gap(look).or_else(|| self.taken_over(slot, look));
        let Some(piece) = found else { return Next::Wait };
        if let Some(hand) = self.all.get_mut(slot.0) {
            (hand.works, hand.at) = (true, piece.start);
            (hand.claim, hand.end) = (piece.end, piece.end);
            (hand.given, hand.heard) = (look.now, look.now);
        }
        Next::Piece(piece)
    }

    /// The first bytes that no hand has.
    fn gap(&self, look: Look<'_>) -> Option<Range<u64>> {
        let mut taken = look.have.clone();
        self.working().for_each(|hand| taken.insert(hand.at..hand.claim));
        let gap = taken.gap(0, look.length)?;
        let left = look.length.saturating_sub(taken.total());
        let asking = self.average(look.now) * look.latency.as_secs_f64();
        let size = piece(left, look.wanted, asking as u64);
        Some(gap.start..gap.end.min(gap.start.saturating_add(size)))
    }

    /// The end of what another would be at work at for longest.
    fn taken_over(&mut self, slot: Slot, look: Look<'_>) -> Option<Range<u64>> {
        let average = self.average(look.now);
        let own = self.all.get(slot.0).map_or(0.0, |hand| hand.speed(look.now));
        let own = if own > 0.0 { own } else { average.max(1.0) };
        let all = self.working().map(|hand| hand.speed_or(average, look)).sum::<f64>() + own;
        let offer = |(index, hand): (usize, &Hand)| {
            let (rest, time) = hand.rest(average, look)?;
            let of_first = index == Slot::FIRST.0;
            let all = if of_first { all } else { hand.speed_or(average, look) + own };
            let size = share(Share { rest, own, all, time, look, of_first })?;
            Some((index, size, time))
        };
        let shares = self.all.iter().enumerate().filter(|(_, hand)| hand.works).filter_map(offer);
        let (index, size, _) = shares.max_by(|one, other| one.2.total_cmp(&other.2))?;
        let hand = self.all.get_mut(index)?;
        let piece = hand.claim - size..hand.claim;
        hand.claim = piece.start;
        if index != Slot::FIRST.0 {
            (hand.end, hand.cut) = (piece.start, true);
        }
        Some(piece)
    }

    /// Bytes a second of one that works.
    fn average(&self, now: Duration) -> f64 {
        let speeds = self.working().filter(|hand| hand.delivered).map(|hand| hand.speed(now));
        let (count, sum) =
            speeds.fold((0.0, 0.0), |(count, sum), speed| (count + 1.0, sum + speed));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn working(&self) -> impl Iterator<Item = &Hand> {
        self.all.iter().filter(|hand| hand.works)
    }

    /// Whether it was so slow that others took its work: a new connection would begin slowly, too.
    fn was_cut(&self, slot: Slot) -> bool {
        self.working().next().is_some() && self.all.get(slot.0).is_some_and(|hand| hand.cut)
    }

    fn at_work(&self, slot: Slot) -> Option<&Hand> {
        self.all.get(slot.0).filter(|hand| hand.works)
    }
}

impl Hand {
    fn speed(&self, now: Duration) -> f64 {
        self.speed.now(now.saturating_sub(self.begun))
    }

    /// Its speed; while its answer may still be on the way, that of the others.
    fn speed_or(&self, average: f64, look: Look<'_>) -> f64 {
        if self.is_silent(look) || (self.delivered && self.heard > self.given) {
            self.speed(look.now)
        } else {
            average
        }
    }

    /// Whether nothing comes from it that should have come.
    fn is_silent(&self, look: Look<'_>) -> bool {
        look.now.saturating_sub(self.heard) > SILENCE.max(look.latency * 4)
    }

    /// How many bytes are before it, and how long it would take for them.
    fn rest(&self, average: f64, look: Look<'_>) -> Option<(u64, f64)> {
        let rest = self.claim.checked_sub(self.at).filter(|rest| *rest > 0)?;
        if self.is_silent(look) {
            return Some((rest, f64::INFINITY));
        }
        Some((rest, rest as f64 / self.speed_or(average, look).max(1.0)))
    }
}

/// What is to be shared with a hand that has nothing to do.
struct Share<'a> {
    rest: u64,
    /// Bytes a second of the one that asks, and of all that share.
    own: f64,
    all: f64,
    /// How long the rest would take without it.
    time: f64,
    look: Look<'a>,
    of_first: bool,
}

/// So much of the rest that all end together; `None` where an answer would come too late.
fn share(it: Share<'_>) -> Option<u64> {
    let latency = it.look.latency.as_secs_f64();
    let together = (it.rest as f64 + it.own * latency) / it.all.max(1.0);
    // The first reads on without being asked; from another, bytes on the way would be lost.
    let worth = if it.of_first { latency } else { latency.mul_add(2.0, it.time * 0.6) };
    if it.time - together < worth {
        return None;
    }
    // The first is to come to its end last: what it would send beyond that would be in the way.
    let last = together <= LAST_ROUND.as_secs_f64() + 8.0 * latency;
    let part = if last { LAST_SHARE } else { FIRST_SHARE };
    let mut mine = it.own * (together - latency) * part;
    // A server that begins each answer with a burst makes speeds doubtful: none is given more than
    // an equal part, and where answers come at once, a quarter of that.
    let equal = it.rest as f64 / it.look.wanted.max(1) as f64;
    let at_once = together > CHEAP * latency || it.look.latency < AT_ONCE;
    mine = mine.min((if at_once { equal * SMALL_SHARE } else { equal }).max(LEAST as f64));
    if let Some(longest) = it.look.longest {
        mine = mine.min(it.own * (longest.as_secs_f64().max(20.0 * latency)));
    }
    let mine = mine as u64;
    if it.of_first {
        return (mine >= LEAST).then_some(mine.min(it.rest));
    }
    Some(mine.max(LEAST).min(it.rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u64 = 100 << 20;
    const LATENCY: Duration = Duration::from_millis(300);

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn look(have: &Ranges, now: Duration) -> Look<'_> {
        Look { now, have, length: LENGTH, wanted: 4, latency: LATENCY, longest: None }
    }

    /// One that has brought a tenth of the file in a second.
    fn begun() -> (Hands, Ranges) {
        let mut hands = Hands::default();
        assert_eq!(hands.add(0..LENGTH, at(0), LATENCY), Slot::FIRST);
        (1..=10).for_each(|tick| hands.moved(Slot::FIRST, LENGTH / 100, at(100 * tick)));
        (hands, std::iter::once(0..LENGTH / 10).collect())
    }

    fn piece_of(next: Next) -> Range<u64> {
        match next {
            Next::Piece(piece) => piece,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn others_take_from_the_end_and_the_first_is_not_ended() {
        let (mut hands, have) = begun();
        let second = hands.add(0..0, at(1000), LATENCY);
        let piece = piece_of(hands.next(second, look(&have, at(1000))));
        let half = LENGTH / 10 * 9 / 2;
        assert!(piece.end == LENGTH && piece.end - piece.start < half, "{piece:?}");
        assert!(piece.end - piece.start > half / 3, "{piece:?}");
        assert_eq!(hands.place(Slot::FIRST).end, LENGTH);
        let third = hands.add(0..0, at(1000), LATENCY);
        assert_eq!(piece_of(hands.next(third, look(&have, at(1000)))).end, piece.start);
    }

    #[test]
    fn what_a_hand_leaves_is_taken_up() {
        let (mut hands, have) = begun();
        let second = hands.add(0..0, at(1000), LATENCY);
        let piece = piece_of(hands.next(second, look(&have, at(1000))));
        hands.moved(second, 1000, at(1100));
        hands.release(second);
        let have: Ranges = have
            .runs()
            .iter()
            .cloned()
            .chain(std::iter::once(piece.start..piece.start + 1000))
            .collect();
        let third = hands.add(0..0, at(1200), LATENCY);
        let again = piece_of(hands.next(third, look(&have, at(1200))));
        assert_eq!(again.start, piece.start + 1000);
    }

    #[test]
    fn what_is_asked_for_in_vain_is_brought_by_another() {
        let (mut hands, have) = begun();
        hands.release(Slot::FIRST);
        let second = hands.add(LENGTH / 10..LENGTH, at(1000), LATENCY);
        let third = hands.add(0..0, at(1000), LATENCY);
        assert_eq!(hands.next(third, look(&have, at(1010))), Next::Wait, "it may still answer");
        let late = at(2500);
        let piece = piece_of(hands.next(third, look(&have, late)));
        assert!(piece.end == LENGTH && hands.place(second).end == piece.start, "{piece:?}");
    }

    #[test]
    fn no_more_work_than_are_wanted() {
        let (mut hands, have) = begun();
        let second = hands.add(0..0, at(1000), LATENCY);
        let few = Look { wanted: 1, ..look(&have, at(1000)) };
        assert_eq!(hands.next(second, few), Next::Nothing);
        let all: Ranges = std::iter::once(0..LENGTH).collect();
        assert_eq!(hands.next(second, look(&all, at(1000))), Next::Nothing);
    }

    #[test]
    fn the_end_is_not_shared_out() {
        let mut hands = Hands::default();
        hands.add(0..LENGTH, at(0), LATENCY);
        (1..=99).for_each(|tick| hands.moved(Slot::FIRST, LENGTH / 100, at(10 * tick)));
        let have: Ranges = std::iter::once(0..LENGTH / 100 * 99).collect();
        let second = hands.add(0..0, at(990), LATENCY);
        assert_eq!(hands.next(second, look(&have, at(990))), Next::Wait);
    }
}
