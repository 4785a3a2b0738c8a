//! One file under way: what is there, who brings which bytes, and what to bring next.
//!
//! Pieces are handed out in the order of the file, so that its beginning is whole early: whoever
//! sums it up, and whoever goes on with it later, finds few gaps. No byte is asked for twice.
//!
//! Nothing here waits for the network.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use coax_net::aside;
use tokio::time::Instant;

use crate::client::Client;
use crate::download::watch::{News, Watch};
use crate::download::{Download, DownloadError};
use crate::growth::{Growth, Sight, piece};
use crate::part::Part;
use crate::part::state::Identity;
use crate::verify::{Follower, Sha256, sum_of};

/// One file under way.
pub(super) struct Job {
    pub(super) client: Client,
    pub(super) download: Download,
    pub(super) watch: Watch,
    /// When all began.
    pub(super) begun: Instant,
    shared: Mutex<Shared>,
}

struct Shared {
    part: Part,
    /// What the file is, where it can be gone on with.
    identity: Option<Identity>,
    length: Option<u64>,
    hands: Vec<Option<Hand>>,
    follower: Option<Follower>,
    growth: Growth,
    /// Bytes that came in this attempt, and when the first did.
    came: u64,
    first: Option<Instant>,
    /// Hands at once, at most.
    most: usize,
    /// From a request to the first byte of its answer.
    latency: Duration,
}

/// Who brings these bytes, and how far it is.
#[derive(Clone, Debug)]
struct Hand {
    at: u64,
    end: u64,
    delivered: bool,
}

/// A hand's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Job {
    pub(super) fn new(
        download: &Download,
        client: &Client,
        watch: &Watch,
        begun: Instant,
        part: Part,
    ) -> Arc<Job> {
        let shared = Shared {
            part,
            identity: None,
            length: None,
            hands: Vec::new(),
            follower: None,
            growth: Growth::new(1),
            came: 0,
            first: None,
            most: 1,
            latency: Duration::ZERO,
        };
        let (client, download, watch) = (client.clone(), download.clone(), watch.clone());
        Arc::new(Job { client, download, watch, begun, shared: Mutex::new(shared) })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Each change is whole before the next begins.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be gone on with: what the file is, and the first bytes that are missing. Where none
    /// are, the last byte is asked for again, to learn that the file is still the same.
    pub(super) fn to_go_on(&self) -> Option<(Identity, Range<u64>)> {
        let shared = self.lock();
        let identity = shared.identity.clone()?;
        let (have, end) = (shared.part.have(), identity.length);
        let last = end.saturating_sub(1)..end;
        (have.total() > 0).then(|| (identity, have.gap(0, end).unwrap_or(last)))
    }

    /// Takes up what an earlier run left, where `fits` says that it is of this file: how much that
    /// is, of how much.
    pub(super) fn take_up(
        &self,
        fits: impl Fn(&Identity) -> bool,
    ) -> Result<Option<(u64, u64)>, DownloadError> {
        let mut shared = self.lock();
        let Some(known) = shared.part.known().filter(|known| fits(&known.identity)) else {
            return Ok(None);
        };
        shared.part.go_on(&known)?;
        let (have, length) = (known.have.total(), known.identity.length);
        (shared.identity, shared.length) = (Some(known.identity), Some(length));
        self.watch.meter.set_have(have);
        self.watch.meter.set_length(Some(length));
        Ok(Some((have, length)))
    }

    /// Begins anew, with a file that is this; gives how many bytes are of no use any more.
    pub(super) fn begin(
        &self,
        identity: Option<Identity>,
        length: Option<u64>,
    ) -> Result<u64, DownloadError> {
        let mut shared = self.lock();
        let lost = match shared.part.have().total() {
            0 => shared.part.size(),
            have => have,
        };
        shared.part.begin()?;
        (shared.identity, shared.length, shared.follower) = (identity, length, None);
        self.watch.meter.set_have(0);
        self.watch.meter.set_length(length);
        Ok(lost)
    }

    /// The hands of the attempt before are gone, and what was learnt with them.
    pub(super) fn begin_attempt(&self) {
        let mut shared = self.lock();
        let most = match (&shared.identity, &self.download.rate) {
            (Some(_), None) => self.download.connections.max(1),
            // More connections do not make a limit larger.
            _ => 1,
        };
        (shared.growth, shared.came, shared.first) = (Growth::new(most), 0, None);
        shared.hands.clear();
    }

    /// How much of it is there.
    pub(super) fn have(&self) -> u64 {
        self.lock().part.have().total()
    }

    /// How long it takes from a request to the first byte of its answer.
    pub(super) fn answers_after(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// A new hand, for these bytes.
    pub(super) fn hand(&self, piece: Range<u64>) -> Slot {
        let mut shared = self.lock();
        shared.hands.push(Some(Hand { at: piece.start, end: piece.end, delivered: false }));
        Slot(shared.hands.len() - 1)
    }

    /// The next bytes for a hand: `None` where none are left, or there are hands enough.
    pub(super) fn next(&self, slot: Slot) -> Option<(Identity, Range<u64>)> {
        let mut shared = self.lock();
        let identity = shared.identity.clone()?;
        let delivered = shared.hands.get_mut(slot.0)?.take().is_some_and(|it| it.delivered);
        if shared.hands.iter().flatten().count() >= shared.growth.wanted() {
            return None;
        }
        let next = shared.next_piece(identity.length)?;
        let hand = Hand { at: next.start, end: next.end, delivered };
        *shared.hands.get_mut(slot.0)? = Some(hand);
        Some((identity, next))
    }

    /// What a hand holds is anybody's again.
    pub(super) fn release(&self, slot: Slot) {
        if let Some(hand) = self.lock().hands.get_mut(slot.0) {
            *hand = None;
        }
    }

    /// Writes what a hand brought and empties `pieces`. True when it has brought all it should.
    pub(super) fn deliver(
        &self,
        slot: Slot,
        pieces: &mut Vec<Bytes>,
    ) -> Result<bool, DownloadError> {
        let mut shared = self.lock();
        let Some(hand) = shared.hands.get(slot.0).cloned().flatten() else {
            pieces.clear();
            return Ok(true);
        };
        let size = trim(pieces, hand.end.saturating_sub(hand.at));
        let at = hand.at + size;
        if size > 0 {
            shared.prepare(at, self.download.sum.is_some())?;
            shared.part.write(hand.at, pieces)?;
            shared.came += size;
            shared.first.get_or_insert_with(Instant::now);
            self.watch.meter.set_have(shared.part.have().total());
            if let Some(follower) = &shared.follower {
                follower.reach(shared.part.have().prefix());
            }
        }
        pieces.clear();
        if let Some(Some(hand)) = shared.hands.get_mut(slot.0) {
            (hand.at, hand.delivered) = (at, true);
        }
        Ok(at >= hand.end)
    }

    /// Puts what was written on the disk for good, when it is time. Waits for nothing.
    pub(super) fn sync(self: &Arc<Job>) {
        let Some((file, safe)) = self.lock().part.due_to_sync() else { return };
        let job = Arc::clone(self);
        tokio::spawn(aside(move || {
            if file.sync_data().is_ok() {
                job.lock().part.synced(safe);
            }
        }));
    }

    /// How far a hand is, and where it is to end.
    pub(super) fn place(&self, slot: Slot) -> Range<u64> {
        let hand = self.lock().hands.get(slot.0).cloned().flatten();
        hand.map_or(0..0, |hand| hand.at..hand.end)
    }

    /// Looks whether more hands would help; how many there shall be.
    pub(super) fn look(&self) -> usize {
        let mut shared = self.lock();
        let (Some(first), Some(length)) = (shared.first, shared.length) else { return 1 };
        let sight = Sight {
            now: first.elapsed(),
            came: shared.came,
            left: length.saturating_sub(shared.part.have().total()),
            delivering: shared.hands.iter().flatten().filter(|hand| hand.delivered).count(),
        };
        let before = shared.growth.wanted();
        let wanted = shared.growth.look(sight);
        if wanted != before {
            shared.share_out(wanted);
            shared.most = shared.most.max(wanted);
            drop(shared);
            (self.watch.tell)(News::Connections(wanted));
        }
        wanted
    }

    /// Whether no more looking is needed.
    pub(super) fn is_settled(&self) -> bool {
        self.lock().growth.is_settled()
    }

    /// A connection failed while so many others go on.
    pub(super) fn limit(&self, count: usize) {
        self.lock().growth.limit(count);
    }

    /// Whether every byte is there.
    pub(super) fn is_whole(&self) -> bool {
        let shared = self.lock();
        shared.length.is_some_and(|length| shared.part.have().prefix() >= length)
    }

    /// The body ended, and had said nothing of its length.
    pub(super) fn ends_here(&self) {
        let mut shared = self.lock();
        let end = shared.part.have().prefix();
        shared.length = Some(end);
        self.watch.meter.set_length(Some(end));
    }

    /// How long the file is.
    pub(super) fn length(&self) -> Option<u64> {
        self.lock().length
    }

    /// Hands at once, at most.
    pub(super) fn most(&self) -> usize {
        self.lock().most
    }

    /// Other names of the file that it took the name of.
    pub(super) fn other_names(&self) -> u64 {
        self.lock().part.other_names()
    }

    /// Sums it up where that is wanted. Blocks.
    pub(super) fn sum(&self) -> Result<Option<Sha256>, DownloadError> {
        if self.download.sum.is_none() {
            return Ok(None);
        }
        let mut shared = self.lock();
        let length = shared.length.unwrap_or_default();
        let sum = match shared.follower.take() {
            Some(follower) => follower.finish(length),
            None => sum_of(&shared.part.file(), length),
        };
        sum.map(Some).map_err(|error| DownloadError::disk(shared.part.path(), &error))
    }

    /// Whether it came at once, and the disk is somebody else's care: its end waits for nothing.
    pub(super) fn is_light(&self) -> bool {
        self.download.sync_later && !self.lock().part.has_state()
    }

    /// Gives it its name. Blocks.
    pub(super) fn finish(&self) -> Result<PathBuf, DownloadError> {
        let light = self.is_light();
        let mut shared = self.lock();
        let length = shared.length.unwrap_or_default();
        shared.part.finish(length, !light)
    }

    /// Leaves nothing of it that a later run could not use.
    pub(super) fn leave(&self, keep: bool) {
        let mut shared = self.lock();
        match keep {
            true => shared.part.leave(),
            false => shared.part.discard(),
        }
    }
}

impl Shared {
    /// Before bytes up to `end` are written: what is over at once needs no state.
    fn prepare(&mut self, end: u64, sum: bool) -> Result<(), DownloadError> {
        let begins = self.part.have().total() == 0;
        if begins && self.length.is_some_and(|length| end >= length) {
            return Ok(());
        }
        if sum && self.follower.is_none() {
            // Without a thread it is summed up at the end.
            self.follower = Follower::start(self.part.file()).ok();
        }
        match &self.identity {
            Some(identity) if !self.part.has_state() => self.part.keep_state(identity),
            _ => Ok(()),
        }
    }

    fn next_piece(&self, length: u64) -> Option<Range<u64>> {
        let mut taken = self.part.have().clone();
        self.hands.iter().flatten().for_each(|hand| taken.insert(hand.at..hand.end));
        let gap = taken.gap(0, length)?;
        let left = length.saturating_sub(taken.total());
        let size = piece(left, self.growth.wanted(), self.asking());
        Some(gap.start..gap.end.min(gap.start.saturating_add(size)))
    }

    /// Bytes that one connection brings while an answer is waited for.
    fn asking(&self) -> u64 {
        (self.growth.rate_of_one() * self.latency.as_secs_f64()) as u64
    }

    /// Whoever holds more than a share keeps a share; surplus hands stop where they are.
    fn share_out(&mut self, wanted: usize) {
        let left = self.length.unwrap_or_default().saturating_sub(self.part.have().total());
        let share = piece(left, wanted, self.asking());
        for (index, hand) in self.hands.iter_mut().flatten().enumerate() {
            let most = match (index < wanted, wanted) {
                (false, _) => 0,
                // The one that is left goes on to the end of its piece.
                (true, 1) => continue,
                (true, _) => share,
            };
            hand.end = hand.end.min(hand.at.saturating_add(most));
        }
    }
}

/// Leaves no more than `most` bytes in `pieces`; how many there are.
fn trim(pieces: &mut Vec<Bytes>, most: u64) -> u64 {
    let mut size = 0;
    for piece in pieces.iter_mut() {
        piece.truncate(usize::try_from(most - size).unwrap_or(usize::MAX));
        size += piece.len() as u64;
    }
    pieces.retain(|piece| !piece.is_empty());
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_left_out() {
        let mut pieces: Vec<Bytes> = vec!["abc".into(), "def".into(), "ghi".into()];
        assert_eq!(trim(&mut pieces, 4), 4);
        assert_eq!(pieces, ["abc", "d"]);
        assert_eq!(trim(&mut pieces, u64::MAX), 4);
        assert_eq!(trim(&mut pieces, 0), 0);
        assert!(pieces.is_empty());
    }
}
