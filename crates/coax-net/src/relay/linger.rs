//! Closing without destroying what was sent.
//!
//! A socket closed over unread data sends a reset, and a reset may destroy what the peer has not
//! read yet (RFC 1122 §4.2.2.13). So what still arrives is read and thrown away until the peer
//! ends, falls silent, or has had its grace.
//!
//! Nothing here looks at what arrives.

use std::time::Duration;

use tokio::time::timeout;

use super::How;
use crate::{Address, Stream, sys};

/// How often a peer that is silent is looked at: whether it has our last bytes yet.
const LOOK: Duration = Duration::from_millis(50);

/// How long a peer may take to get our last bytes, sending all the while.
pub(super) fn grace(how: &How) -> Duration {
    match how {
        // Somebody wants us gone.
        How::Stopped => Duration::from_millis(100),
        How::Broken(_) | How::Refused(_) => Duration::ZERO,
        _ => Duration::from_secs(5),
    }
}

/// Says that nothing more comes, then closes `stream` once the peer has ended, or has fallen
/// silent and has all we sent, or has had its `grace`. No grace closes at once, and so does
/// cancelling.
pub async fn close(stream: Stream, grace: Duration) {
    if !grace.is_zero() && stream.end_sending().is_ok() {
        let _ = timeout(grace, waste(&stream)).await;
    }
    stream.close();
}

/// Reads and throws away until the peer ends, or is silent and has everything.
async fn waste(stream: &Stream) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        match timeout(LOOK, stream.descriptor().read(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return,
            Err(_) if has_everything(stream) => return,
            Err(_) => {}
        }
    }
}

/// What was sent over a Unix socket is in the peer's queue already, and stays there.
fn has_everything(stream: &Stream) -> bool {
    !matches!(stream.peer(), Address::Ip(_)) || sys::unacknowledged(stream) == 0
}
