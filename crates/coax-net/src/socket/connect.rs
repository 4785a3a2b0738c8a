//! Connecting: as an error, or as a value.
//!
//! A connect that a signal interrupts goes on in the kernel and must not be repeated (POSIX
//! connect, EINTR), so it is waited for.
//!
//! Nothing here tries a second address.

use std::io;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::error::{Call, Object, SocketError};
use super::{Socket, calls, uninterrupted};
use crate::address::Address;

/// How a connect went, when every way is an ordinary one.
#[derive(Debug)]
pub enum ConnectOutcome {
    /// Connected.
    Connected,
    /// Under way on a non-blocking socket: wait until it is writable, then ask
    /// [`Socket::take_error`].
    InProgress,
    /// Not connected, and why.
    Failed(SocketError),
}

impl Socket {
    /// Connects. On a non-blocking socket a connect under way is a
    /// [`WouldBlock`](super::SocketErrorKind::WouldBlock); see [`Socket::try_connect`].
    pub fn connect(&self, to: &Address) -> Result<(), SocketError> {
        self.connect_waiting(to).map_err(|cause| {
            SocketError::new(Call::Connect, Object::Address(to.clone()), self.timed_out(cause))
        })
    }

    /// Connects and says how it went as a value.
    pub fn try_connect(&self, to: &Address) -> ConnectOutcome {
        match self.connect_waiting(to) {
            Ok(()) => ConnectOutcome::Connected,
            Err(cause) if Errno::from_io_error(&cause) == Some(Errno::INPROGRESS) => {
                ConnectOutcome::InProgress
            }
            Err(cause) => {
                let object = Object::Address(to.clone());
                ConnectOutcome::Failed(SocketError::new(Call::Connect, object, cause))
            }
        }
    }

    fn connect_waiting(&self, to: &Address) -> io::Result<()> {
        self.remember(to);
        match calls::connect(self, to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.finish_connecting(),
            outcome => outcome,
        }
    }

    fn finish_connecting(&self) -> io::Result<()> {
        let mut ready = [PollFd::new(self, PollFlags::OUT)];
        uninterrupted(|| Ok(poll(&mut ready, None)?))?;
        match self.inner.take_error()? {
            Some(cause) => Err(cause),
            None => Ok(()),
        }
    }
}
