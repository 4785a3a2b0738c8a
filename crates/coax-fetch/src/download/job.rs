//! One file under way: what is there, who brings which bytes, and what to bring next.
//!
//! What can be brought by several is: that is an optimisation, and no failure of it is one of the
//! file. The first connection goes on to the end whatever the others meet.
//!
//! Nothing here waits for the network.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use coax_net::{PacketCount, aside};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::body::Body;
use crate::client::Client;
use crate::download::hands::{Hands, Look, Next, Slot};
use crate::download::watch::{News, Watch};
use crate::download::{Download, DownloadError};
use crate::growth::{Growth, Sight, piece};
use crate::part::Part;
use crate::part::state::Identity;
use crate::verify::{Follower, Sha256, sum_of};

/// While it is not known whether more connections are of use, none takes a piece for longer.
const TRIAL: Duration = Duration::from_secs(2);
/// What has taken so long, and will take as long again, is brought in the order of the file from
/// then on: whoever sums it up, and whoever goes on with it later, finds few gaps.
const LONG: Duration = Duration::from_secs(10);

/// One file under way.
pub(super) struct Job {
    pub(super) client: Client,
    pub(super) download: Download,
    pub(super) watch: Watch,
    /// When all began.
    pub(super) begun: Instant,
    /// The last byte has come.
    pub(super) whole: Notify,
    shared: Mutex<Shared>,
}

struct Shared {
    part: Part,
    /// What the file is, where it can be gone on with.
    identity: Option<Identity>,
    length: Option<u64>,
    hands: Hands,
    follower: Option<Follower>,
    growth: Growth,
    /// Bytes that came in this attempt, and when the first did.
    came: u64,
    first: Option<Instant>,
    /// Hands at once, at most.
    most: usize,
    /// From a request to the first byte of its answer.
    latency: Duration,
    /// Counts the packets of the first connection, while that matters.
    arrivals: Option<PacketCount>,
    /// Nothing more is to be found out about how it is brought.
    settled: bool,
}

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
            hands: Hands::default(),
            follower: None,
            growth: Growth::new(1),
            came: 0,
            first: None,
            most: 1,
            latency: Duration::ZERO,
            arrivals: None,
            settled: false,
        };
        let (client, download, watch) = (client.clone(), download.clone(), watch.clone());
        let (whole, shared) = (Notify::new(), Mutex::new(shared));
        Arc::new(Job { client, download, watch, begun, whole, shared })
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
        self.watch.meter.set_kept(true);
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
        self.watch.meter.set_kept(false);
        self.watch.meter.set_length(length);
        Ok(lost)
    }

    /// The hands of the attempt before are gone, and what was learnt with them.
    pub(super) fn begin_attempt(&self) {
        let mut shared = self.lock();
        let splits = shared.identity.is_some() && shared.part.splits();
        // More connections do not make a limit larger.
        let most = if splits && self.download.rate.is_none() {
            self.download.connections.max(1)
        } else {
            1
        };
        (shared.growth, shared.came, shared.first) = (Growth::new(most), 0, None);
        (shared.arrivals, shared.settled) = (None, most == 1);
        shared.latency = Duration::ZERO;
        shared.hands.clear();
    }

    /// Whether it may be asked for over several connections.
    pub(super) fn splits(&self) -> bool {
        self.lock().part.splits()
    }

    /// How much of it is there.
    pub(super) fn have(&self) -> u64 {
        self.lock().part.have().total()
    }

    /// How long it took from a request to the first byte of its answer. Where the queue before the
    /// line is long, that is longer once the line is full.
    pub(super) fn answers_after(&self, latency: Duration) {
        let mut shared = self.lock();
        let before = shared.latency;
        shared.latency = if before.is_zero() { latency } else { (before + latency) / 2 };
    }

    /// Looks from now on whether the line of the first connection loses packets.
    pub(super) fn look_at(&self, first: &Body) {
        let mut shared = self.lock();
        if !shared.settled {
            shared.arrivals = first.arrivals();
        }
    }

    /// The attempt is over: its connections can be closed.
    pub(super) fn end_attempt(&self) {
        self.lock().arrivals = None;
    }

    /// A new hand, for these bytes.
    pub(super) fn hand(&self, piece: Range<u64>) -> Slot {
        let mut shared = self.lock();
        let (now, latency) = (self.begun.elapsed(), shared.latency);
        shared.hands.add(piece, now, latency)
    }

    /// What a hand is to do next. With bytes comes what file they are of.
    pub(super) fn next(&self, slot: Slot) -> (Next, Option<Identity>) {
        let shared = &mut *self.lock();
        let (Some(identity), Some(length)) = (shared.identity.clone(), shared.length) else {
            return (Next::Nothing, None);
        };
        let look = Look {
            now: self.begun.elapsed(),
            have: shared.part.have(),
            length,
            wanted: shared.growth.wanted(),
            latency: shared.latency,
            longest: (!shared.growth.is_settled()).then_some(TRIAL),
        };
        (shared.hands.next(slot, look), Some(identity))
    }

    /// What a hand holds is anybody's again.
    pub(super) fn release(&self, slot: Slot) {
        self.lock().hands.release(slot);
    }

    /// Writes what a hand brought and empties `pieces`. True when it has brought all it should.
    pub(super) fn deliver(
        &self,
        slot: Slot,
        pieces: &mut Vec<Bytes>,
    ) -> Result<bool, DownloadError> {
        let shared = &mut *self.lock();
        let place = shared.hands.place(slot);
        let size = trim(pieces, place.end.saturating_sub(place.start));
        let at = place.start.saturating_add(size);
        self.watch.meter.add_came(size);
        // Another may have brought it before.
        if shared.part.have().gap(place.start, at).is_some() {
            shared.prepare(at, self.download.sum.is_some())?;
            let before = shared.part.have().total();
            shared.part.write(place.start, pieces)?;
            let have = shared.part.have().total();
            shared.came += have - before;
            shared.first.get_or_insert_with(Instant::now);
            self.watch.meter.set_have(have);
            self.watch.meter.set_kept(shared.part.has_state());
            if let Some(follower) = &shared.follower {
                follower.reach(shared.part.have().prefix());
            }
        }
        pieces.clear();
        shared.hands.moved(slot, size, self.begun.elapsed());
        if shared.is_whole() {
            self.whole.notify_one();
        }
        let rest = slot != Slot::FIRST && shared.part.have().gap(at, place.end).is_none();
        Ok(at >= place.end || rest)
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
        self.lock().hands.place(slot)
    }

    /// Looks whether more hands would help; how many there shall be.
    pub(super) fn look(&self) -> usize {
        let mut shared = self.lock();
        let (Some(first), Some(length)) = (shared.first, shared.length) else { return 1 };
        let counted = shared.arrivals.as_ref().map(PacketCount::count);
        let (packets, disordered) = counted.unwrap_or_default();
        let sight = Sight {
            now: first.elapsed(),
            came: shared.came,
            left: length.saturating_sub(shared.part.have().total()),
            delivering: shared.hands.delivering(),
            latency: shared.latency,
            packets,
            disordered,
        };
        let before = shared.growth.wanted();
        let wanted = shared.growth.look(sight);
        shared.settle(&sight);
        if shared.growth.is_settled() {
            shared.arrivals = None;
        }
        shared.most = shared.most.max(wanted);
        let silent = wanted < before && shared.is_refused();
        drop(shared);
        if wanted != before {
            (self.watch.tell)(News::Connections(wanted));
        }
        if silent {
            let why = DownloadError::silent(self.download.request.url.as_str());
            (self.watch.tell)(News::NotSplit { why: &why });
        }
        wanted
    }

    /// Whether no more looking is needed.
    pub(super) fn is_settled(&self) -> bool {
        self.lock().settled
    }

    /// A connection that was to help failed, while so many go on. Where none has ever helped, the
    /// file is not split again.
    pub(super) fn refused(&self, why: &DownloadError, count: usize) {
        let mut shared = self.lock();
        let others = if why.is_passing() { count } else { 1 };
        shared.growth.limit(others);
        if shared.is_refused() {
            drop(shared);
            (self.watch.tell)(News::NotSplit { why });
        }
    }

    /// Whether every byte is there.
    pub(super) fn is_whole(&self) -> bool {
        self.lock().is_whole()
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

    fn is_whole(&self) -> bool {
        self.length.is_some_and(|length| self.part.have().prefix() >= length)
    }

    /// Whether others were tried and none has ever helped: that is remembered, and is news once.
    fn is_refused(&mut self) -> bool {
        let news = self.growth.wanted() == 1 && !self.hands.is_proven() && self.part.splits();
        if news {
            self.part.never_split();
        }
        news
    }

    /// Once it is known how many connections bring it: one needs no more care, and of several the
    /// first takes its turns like all others where there is much left.
    fn settle(&mut self, sight: &Sight) {
        let wanted = self.growth.wanted();
        if !self.growth.is_settled() || (wanted > 1 && sight.now < LONG) {
            return;
        }
        self.settled = true;
        let rate = sight.came as f64 / sight.now.as_secs_f64().max(1e-3);
        if wanted > 1 && self.hands.is_proven() && sight.left as f64 > rate * LONG.as_secs_f64() {
            let each = rate / sight.delivering.max(1) as f64;
            let asking = each * self.latency.as_secs_f64();
            self.hands.end_first(piece(sight.left, wanted, asking as u64));
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
