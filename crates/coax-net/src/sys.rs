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

/// Where `tcpi_data_segs_in` and `tcpi_rcv_ooopack` stand in `struct tcp_info` (linux/tcp.h, Linux
/// 4.6 and 5.4), and the end of what is asked for.
const SEGMENTS: std::ops::Range<usize> = 152..156;
const OUT_OF_ORDER: std::ops::Range<usize> = 224..228;

/// Packets with data that `socket` has received, and how many of them out of order; 0 where the
/// system does not say.
pub(crate) fn received(socket: impl AsFd) -> [u32; 2] {
    let mut info = [0_u8; OUT_OF_ORDER.end];
    let mut length = info.len() as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the system writes no more than `length` bytes, which is what `info` has room for, and
    // says how many (tcp(7)); both outlive the call, and the descriptor is borrowed for as long.
    let done = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            std::ptr::from_mut(&mut length),
        )
    };
    // An older system has a shorter answer, and zeros stay.
    let number = |at| info.get(at).and_then(|it: &[u8]| it.try_into().ok()).map(u32::from_ne_bytes);
    [SEGMENTS, OUT_OF_ORDER].map(|at| if done == 0 { number(at).unwrap_or_default() } else { 0 })
}
