//! The only unsafe code: promises to the runtime that the compiler cannot check.
//!
//! Each block says what is promised and why it holds. Everything that can be done safely is done
//! elsewhere.
//!
//! Nothing here knows what the descriptors are for.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::ioctl::{Getter, ioctl};
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

/// `TIOCOUTQ`, which tcp(7) calls `SIOCOUTQ` (asm-generic/ioctls.h).
const OUTGOING: u32 = 0x5411;

/// Bytes sent on `socket` that the peer's system does not have yet, a FIN counted as one; 0 where
/// the system cannot say.
pub(crate) fn unacknowledged(socket: impl AsFd) -> usize {
    // SAFETY: the call writes one `int`, which is what the getter makes room for (tcp(7), unix(7)).
    let asked = unsafe { ioctl(socket, Getter::<OUTGOING, i32>::new()) };
    asked.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// `SO_RCVLOWAT`: reports `socket` as readable once this many bytes are there, or its end is.
pub(crate) fn set_receive_low_water(socket: impl AsFd, bytes: usize) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the option is an `int` (socket(7)); the pointer is to one that outlives the call,
    // with its size, and the descriptor is borrowed for as long.
    let done = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            std::ptr::from_ref(&bytes).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `SO_MEMINFO` (asm-generic/socket.h): the counters of a socket, and how many of them are read.
const SO_MEMINFO: libc::c_int = 55;
const MEMINFO_COUNT: usize = 9;
/// The place of `SK_MEMINFO_DROPS` among them.
const MEMINFO_DROPS: usize = 8;

/// Packets that came for `socket` and that the kernel dropped; `None` where it does not say.
///
/// `SO_RXQ_OVFL` would tell with the next packet only, and after the end of a burst none comes.
pub(crate) fn dropped(socket: impl AsFd) -> Option<u32> {
    let mut counters = [0_u32; MEMINFO_COUNT];
    let mut length = size_of_val(&counters) as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the option is an array of `u32`; the pointer is to one that outlives the call, the
    // length says how many bytes fit, and the descriptor is borrowed for as long.
    let done = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            SO_MEMINFO,
            counters.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let told = length as usize / size_of::<u32>();
    (done == 0 && told > MEMINFO_DROPS).then_some(counters[MEMINFO_DROPS])
}
