//! Waiting for a socket without blocking a thread.
//!
//! This is the one place that registers a socket with the runtime.
//!
//! Nothing here reads or writes.

use std::io;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Socket;

/// `socket`, watched by the runtime for `interest` until it is dropped or taken back.
///
/// tokio would have its callers promise, in an unsafe block, that the descriptor stays the same and
/// open while it is watched, because it cannot tell for any type. A [`Socket`] is known: it owns its
/// descriptor, and only taking the socket back or dropping it lets the descriptor go.
#[allow(deprecated)]
pub(crate) fn watch(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    AsyncFd::with_interest(socket, interest)
}
