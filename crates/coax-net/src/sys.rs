//! The only unsafe code: promises to the runtime that the compiler cannot check.
//!
//! Each block says what is promised and why it holds. Everything that can be done safely is done
//! elsewhere.

#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd};

use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};

use crate::Socket;

/// Types that own one descriptor, give the same number for it always, and close it when dropped.
pub(crate) trait Owner: AsRawFd {}

impl Owner for OwnedFd {}
impl Owner for Socket {}

/// Registers `owner`'s descriptor with the runtime. Must be called within one.
pub(crate) fn register<T: Owner>(owner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
    // SAFETY: the descriptor must stay open and be the same one while it is registered. `Owner`
    // is implemented for two types of ours and of std, both of which keep that promise, and
    // `AsyncFd` deregisters before it drops the owner.
    unsafe { AsyncFd::register(owner) }
}
