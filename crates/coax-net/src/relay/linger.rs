//! Closing without destroying what was sent.
//!
//! A socket closed over unread data sends a reset, and a reset may destroy what the peer has not
//! read yet (RFC 1122 §4.2.2.13). So what still arrives is read and thrown away until the peer
//! ends, falls silent, or has had its grace.
//!
//! Nothing here looks at what arrives.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::How;
use crate::Stream;

/// How often a peer that is silent is looked at: whether it has our last bytes yet.
const LOOK: Duration = Duration::from_millis(50);
/// The first look: most peers acknowledge within this.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// How long a peer that has our last bytes may go on sending.
const GRACE: Duration = Duration::from_secs(5);
/// The same when somebody wants us gone, or a time is over that was promised to be the last.
const HASTE: Duration = Duration::from_millis(50);

/// How long a peer may take to get our last bytes, sending all the while.
pub(super) fn grace(how: &How) -> Duration {
    match how {
        How::Stopped | How::Idle | How::Deadline => HASTE,
        // All is delivered, or nothing more can be.
        How::Fin | How::Broken(_) | How::Refused(_) | How::Unacknowledged => Duration::ZERO,
        How::ReaderLeft | How::Source(_) | How::Sink(_) | How::Framing(..) => GRACE,
    }
}

/// Says that nothing more comes, then closes `stream` once the peer has ended, or has fallen
/// silent and has all we sent, or has had its `grace`. No grace closes at once, and so does
/// cancelling. Returns how many bytes of those sent the peer's system has not acknowledged.
pub async fn close(stream: Stream, grace: Duration) -> u64 {
    drain(&stream, grace).await;
    let unacknowledged = stream.unacknowledged();
    stream.close();
    unacknowledged
}

/// [`close`], up to the closing.
pub(super) async fn drain(stream: &Stream, grace: Duration) {
    if !grace.is_zero() && stream.end_sending().is_ok() {
        let _ = timeout(grace, waste(stream)).await;
    }
}

/// Reads and throws away until the peer ends, or is silent and has everything.
async fn waste(stream: &Stream) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        match timeout(LOOK, stream.descriptor().read(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return,
            Err(_) if stream.unacknowledged() == 0 => return,
            Err(_) => {}
        }
    }
}

/// Says that nothing more comes, and waits until the peer's system has everything that was sent:
/// only then has the session ended in order. `reading` while the peer has not ended.
pub(super) async fn deliver(stream: &Stream, reading: bool) -> How {
    // A peer that is gone already cannot be told, and need not be.
    let _ = stream.end_sending();
    if reading && let Err(how) = heard_out(stream).await {
        return how;
    }
    let mut pause = FIRST_LOOK;
    loop {
        if let Some(error) = stream.broken() {
            return How::Refused(error);
        }
        if stream.unacknowledged() == 0 {
            return How::Fin;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LOOK);
    }
}

/// Throws away what the peer still sends until it has everything and is silent or has ended. An
/// error is the end of the connection.
async fn heard_out(stream: &Stream) -> Result<(), How> {
    let mut buffer = vec![0; 16 << 10];
    let mut delivered = None;
    loop {
        let read = timeout(LOOK, stream.descriptor().read(&mut buffer)).await;
        if stream.unacknowledged() == 0 {
            let since = *delivered.get_or_insert_with(Instant::now);
            if since.elapsed() >= GRACE || read.is_err() {
                return Ok(());
            }
        }
        match read {
            Ok(Ok(0)) => return Ok(()),
            Ok(Err(error)) => return Err(How::Broken(error)),
            Ok(Ok(1..)) | Err(_) => {}
        }
    }
}
