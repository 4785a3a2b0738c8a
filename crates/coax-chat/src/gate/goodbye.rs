//! Ending a conversation so that its last words are heard.
//!
//! A socket that is closed over unread bytes sends a reset, and a reset destroys what the other side
//! has not read yet. So the sending half is closed, and what still comes is read and thrown away, for a
//! short while. A stream that is only lent, to HTTP, comes back for that.
//!
//! Nothing here knows what was said.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::Line;

/// How long the last words may take to be read.
const PATIENCE: Duration = Duration::from_secs(3);

/// Closes `stream` in order.
pub(super) async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    // Whoever is gone already needs no goodbye.
    let _ = timeout(PATIENCE, drain(stream)).await;
}

async fn drain<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut thrown_away = [0; 256];
    while stream.read(&mut thrown_away).await? > 0 {}
    Ok(())
}

/// A stream that comes back when whoever borrowed it is done.
pub(super) struct Lent {
    line: Option<Line>,
    owner: Arc<Mutex<Option<Line>>>,
}

/// Where a lent stream comes back to.
pub(super) struct Owner(Arc<Mutex<Option<Line>>>);

impl Lent {
    pub(super) fn new(line: Line) -> (Lent, Owner) {
        let owner = Arc::new(Mutex::new(None));
        (Lent { line: Some(line), owner: owner.clone() }, Owner(owner))
    }

    /// `None` only once it was given back, and then nobody holds it any more.
    fn line(&mut self) -> io::Result<Pin<&mut Line>> {
        self.line.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Owner {
    /// The stream, unless somebody still has it.
    pub(super) fn back(&self) -> Option<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = self.line.take();
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.line()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line()?.poll_shutdown(context)
    }
}
