//! Closing without destroying what was sent.
//!
//! A socket closed over unread data sends a reset, and a reset may destroy what the peer has not
//! read yet (RFC 1122 §4.2.2.13). So what still arrives is read and thrown away until the peer
//! ends, falls silent, or has had its grace.

use std::time::Duration;

use tokio::time::timeout;

use super::How;
use crate::Stream;

/// A peer that has nothing under way when we close is silent for this long.
const SILENCE: Duration = Duration::from_millis(50);

/// How long a peer may go on sending before it is cut.
pub(super) fn grace(how: &How) -> Duration {
    match how {
        // Somebody wants us gone.
        How::Stopped => Duration::from_millis(100),
        How::Broken(_) | How::Refused(_) => Duration::ZERO,
        _ => Duration::from_secs(1),
    }
}

/// Says that nothing more comes, then closes `stream` once the peer has ended, fallen silent, or
/// had its `grace`. No grace closes at once. Cancelling closes at once, too.
pub async fn close(stream: Stream, grace: Duration) {
    if !grace.is_zero() && stream.end_sending().is_ok() {
        let _ = timeout(grace, waste(&stream)).await;
    }
    stream.close();
}

/// Reads and throws away until the peer ends or falls silent.
async fn waste(stream: &Stream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(Ok(1..)) = timeout(SILENCE, stream.descriptor().read(&mut buffer)).await {}
}
