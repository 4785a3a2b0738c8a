//! The connections of one file at work.
//!
//! The first brings the answer that began it all. While all together become faster by more of them,
//! more ask for pieces of their own. One that fails, in whatever way, leaves its piece to the others;
//! when the last has failed, this attempt has.
//!
//! Nothing here knows names of files.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::body::Body;
use crate::download::answer::{self, Piece};
use crate::download::hands::{Next, Slot};
use crate::download::job::Job;
use crate::download::watch::News;
use crate::download::{DownloadError, DownloadErrorKind};
use crate::error::{FetchError, without_credentials};
use crate::part::state::Identity;
use crate::response::{Hop, Response};

/// How often it is looked whether more connections would help.
const GLANCE: Duration = Duration::from_millis(20);
/// How often one that has nothing to do looks whether another needs help.
const PAUSE: Duration = Duration::from_millis(100);
/// So much is written at once, if it comes that fast.
const BATCH: usize = 1 << 20;

/// An answer, and when its request was sent off.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) begun: Instant,
}

/// Whose work is over, and what came of it.
type Over = (Slot, Result<(), DownloadError>);

/// Brings what is missing, beginning with `answer`, which holds the bytes `piece`.
pub(super) async fn all(
    job: &Arc<Job>,
    answer: Answer,
    piece: Range<u64>,
) -> Result<(), DownloadError> {
    let mut set = JoinSet::new();
    job.answers_after(answer.response.hops.last().map_or(Duration::ZERO, latency));
    job.look_at(&answer.response.body);
    let slot = job.hand(piece);
    set.spawn(first(Arc::clone(job), slot, answer));
    let done = until_whole(job, &mut set).await;
    set.shutdown().await;
    job.end_attempt();
    job.watch.meter.set_connections(0);
    done
}

/// The same for an answer that is the whole file and has arrived already: nobody else is needed.
pub(super) async fn at_hand(
    job: &Arc<Job>,
    answer: Answer,
    length: u64,
) -> Result<(), DownloadError> {
    let slot = job.hand(0..length);
    copy(job, slot, answer).await?;
    job.release(slot);
    match job.is_whole() {
        true => Ok(()),
        false => Err(ended_early(job)),
    }
}

/// From the request, sent once the connection stood, to the first byte.
fn latency(hop: &Hop) -> Duration {
    let phases = &hop.phases;
    let stood = phases.secured.or(phases.tunnelled).or(phases.connected).unwrap_or(phases.started);
    phases.first_byte.unwrap_or(stood).saturating_sub(stood)
}

async fn until_whole(job: &Arc<Job>, set: &mut JoinSet<Over>) -> Result<(), DownloadError> {
    let mut glance = interval(GLANCE);
    glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = None;
    loop {
        job.watch.meter.set_connections(set.len());
        // Others help one that delivers. When the last has failed, a pause is due, and is told.
        let growing = !job.is_settled() && !set.is_empty();
        tokio::select! {
            over = set.join_next() => match over {
                Some(Ok((_, Ok(())))) => {}
                Some(Ok((_, Err(error)))) if error.is_of_this_side() => return Err(error),
                Some(Ok((Slot::FIRST, Err(error)))) if is_of_one(&error) => failed = Some(error),
                Some(Ok((Slot::FIRST, Err(error)))) => return Err(error),
                Some(Ok((_, Err(error)))) => {
                    job.refused(&error, set.len());
                    failed = failed.or(Some(error));
                }
                // A task that panicked is this program's fault; its piece is fetched again.
                Some(Err(_)) => {}
                None if job.is_whole() => return Ok(()),
                None => return Err(failed.unwrap_or_else(|| ended_early(job))),
            },
            () = job.whole.notified() => return Ok(()),
            _ = glance.tick(), if growing => more(job, set),
        }
    }
}

/// As many connections as there shall be.
fn more(job: &Arc<Job>, set: &mut JoinSet<Over>) {
    let wanted = job.look();
    while set.len() < wanted {
        let slot = job.hand(0..0);
        let job = Arc::clone(job);
        set.spawn(async move { (slot, pieces(&job, slot).await) });
    }
}

/// Whether only the connection that it happened to is concerned.
fn is_of_one(error: &DownloadError) -> bool {
    error.is_passing() && error.kind() != DownloadErrorKind::Changed
}

/// Every hand said that it was done, and still bytes are missing.
fn ended_early(job: &Job) -> DownloadError {
    let url = without_credentials(&job.download.request.url);
    DownloadError::changed(&url, "fewer bytes came than were announced")
}

async fn first(job: Arc<Job>, slot: Slot, answer: Answer) -> Over {
    let open_end = job.place(slot).end == u64::MAX;
    let done = copy(&job, slot, answer).await;
    if done.is_ok() && open_end {
        job.ends_here();
    }
    if done.is_ok() {
        return (slot, pieces(&job, slot).await);
    }
    job.release(slot);
    (slot, done)
}

/// Piece after piece, while there are some.
async fn pieces(job: &Arc<Job>, slot: Slot) -> Result<(), DownloadError> {
    let mut done = Ok(());
    while done.is_ok() {
        done = match job.next(slot) {
            (Next::Piece(piece), Some(identity)) => one(job, slot, &identity, &piece).await,
            (Next::Wait, _) => {
                sleep(PAUSE).await;
                Ok(())
            }
            _ => break,
        };
    }
    job.release(slot);
    done
}

async fn one(
    job: &Arc<Job>,
    slot: Slot,
    identity: &Identity,
    piece: &Range<u64>,
) -> Result<(), DownloadError> {
    let request = answer::ask_for(&job.download.request, piece, identity);
    let begun = Instant::now();
    let sent = job.client.send(&request).await;
    let response = sent.map_err(|error| {
        tell_trip(job, begun, error.hops(), None, 0);
        DownloadError::from(error)
    })?;
    job.answers_after(response.hops.last().map_or(Duration::ZERO, latency));
    let url = response.url.as_str();
    match answer::check(&response, piece, identity)? {
        Piece::Part(_) => copy(job, slot, Answer { response, begun }).await,
        Piece::Whole => Err(DownloadError::no_parts(url)),
        Piece::Another => Err(DownloadError::changed(url, "it has changed on the server")),
    }
}

/// Moves a body to its place in the file.
async fn copy(job: &Arc<Job>, slot: Slot, answer: Answer) -> Result<(), DownloadError> {
    let Answer { mut response, begun } = answer;
    let mut came = 0;
    let done = drain(job, slot, &mut response.body, &mut came).await;
    tell_trip(job, begun, &response.hops, Some(begun.elapsed()), came);
    done
}

async fn drain(
    job: &Arc<Job>,
    slot: Slot,
    body: &mut Body,
    came: &mut u64,
) -> Result<(), DownloadError> {
    let mut batch = Vec::new();
    loop {
        let chunk = match next(job, slot, body, &mut batch).await? {
            Ok(Some(chunk)) => chunk,
            end => {
                // What came before a cut is kept.
                job.deliver(slot, &mut batch)?;
                return Ok(end.map(drop)?);
            }
        };
        *came += chunk.len() as u64;
        if let Some(rate) = &job.download.rate {
            rate.take(chunk.len()).await;
        }
        batch.push(chunk);
        let (size, place) = (batch.iter().map(Bytes::len).sum::<usize>(), job.place(slot));
        let reached = place.start.saturating_add(size as u64);
        check_size(job, reached)?;
        let due = size >= BATCH || reached >= place.end;
        if due && deliver(job, slot, &mut batch)? {
            rest(body).await;
            return Ok(());
        }
    }
}

/// The next chunk. What is in `batch` is written before it is waited for, so that nothing which
/// arrived is only in memory while nothing else does.
async fn next(
    job: &Arc<Job>,
    slot: Slot,
    body: &mut Body,
    batch: &mut Vec<Bytes>,
) -> Result<Result<Option<Bytes>, FetchError>, DownloadError> {
    let ready = {
        let mut chunk = pin!(body.chunk());
        let polled = poll_fn(|context| Poll::Ready(chunk.as_mut().poll(context)));
        polled.await
    };
    if let Poll::Ready(chunk) = ready {
        return Ok(chunk);
    }
    if !batch.is_empty() && deliver(job, slot, batch)? {
        return Ok(Ok(None));
    }
    Ok(body.chunk().await)
}

/// Writes what is in `batch`. True when all that was wanted is there.
fn deliver(job: &Arc<Job>, slot: Slot, batch: &mut Vec<Bytes>) -> Result<bool, DownloadError> {
    let all = job.deliver(slot, batch)?;
    job.sync();
    Ok(all)
}

/// All that was wanted is there. An end that is here already leaves the connection for the next
/// request; one that is not is not waited for.
async fn rest(body: &mut Body) {
    let mut chunk = pin!(body.chunk());
    poll_fn(|context| {
        let _ = chunk.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

fn check_size(job: &Job, reached: u64) -> Result<(), DownloadError> {
    match job.download.max_size {
        Some(limit) if reached > limit => {
            let url = without_credentials(&job.download.request.url);
            Err(DownloadError::too_large(&url, limit))
        }
        _ => Ok(()),
    }
}

/// Tells what a request went through.
fn tell_trip(job: &Job, begun: Instant, hops: &[Hop], over: Option<Duration>, bytes: u64) {
    let begun = begun.saturating_duration_since(job.begun);
    (job.watch.tell)(News::Trip { begun, hops, over, bytes });
}
