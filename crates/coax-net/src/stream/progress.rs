//! What the peer's system has of the bytes that were sent, and whether it still answers.
//!
//! The kernel takes bytes long before the peer has them. Only its counters tell what became of
//! them: TCP acknowledges each byte; a Unix socket puts it into the peer's queue at once.
//!
//! Nothing here reads or writes.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;
use tokio::time::{Instant, sleep};

use super::Stream;
use crate::{Address, sys};

/// Looks at a peer within the time it has to answer.
const LOOKS: u32 = 10;
/// A probe of a full receive buffer may be on its way; the second one shows that the first was not
/// answered.
const UNANSWERED: u8 = 2;

impl Stream {
    /// Bytes sent that the peer's system does not have. Over a Unix socket it always has all.
    pub fn unacknowledged(&self) -> u64 {
        if !self.is_ip() {
            return 0;
        }
        // The end of sending is counted as one byte, and is acknowledged last.
        let end = usize::from(self.ended.load(Ordering::Relaxed));
        sys::unacknowledged(self).saturating_sub(end) as u64
    }

    /// Why what was sent did not arrive, if the connection is gone and no call has said so yet.
    pub(crate) fn broken(&self) -> Option<io::Error> {
        let error = SockRef::from(self).take_error().ok().flatten();
        if !self.is_ip() {
            return error;
        }
        let closed = sys::tcp_progress(self).is_some_and(|progress| progress.closed);
        // A reset that comes after the peer's end is called a broken pipe.
        let error = error.filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        (closed && self.unacknowledged() > 0)
            .then(|| error.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into()))
    }

    /// Completes when bytes that were sent have waited for about `limit` without any sign of the
    /// peer: its line is dead. A peer that answers but takes nothing is slow, and waited for.
    ///
    /// `TCP_USER_TIMEOUT` would end both. Safe to cancel.
    pub async fn abandoned(&self, limit: Duration) {
        let (mut since, mut looked) = (Instant::now(), Instant::now());
        loop {
            sleep(limit / LOOKS).await;
            let Some(now) = sys::tcp_progress(self) else { return std::future::pending().await };
            let waits = now.in_flight || now.unanswered_probes >= UNANSWERED;
            if !waits || now.since_ack <= looked.elapsed() {
                since = Instant::now();
            }
            looked = Instant::now();
            if since.elapsed() >= limit {
                return;
            }
        }
    }

    pub(super) fn is_ip(&self) -> bool {
        matches!(self.peer, Address::Ip(_))
    }
}
