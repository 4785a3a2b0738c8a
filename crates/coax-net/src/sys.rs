//! The only unsafe code: promises to the runtime that the compiler cannot check.
//!
//! Each block says what is promised and why it holds. Everything that can be done safely is done
//! elsewhere.
//!
//! Nothing here knows what the descriptors are for.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

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

/// What a TCP connection says about the way to its peer (`TCP_INFO`, tcp(7)).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpProgress {
    /// The connection is closed: by a reset, or because both ends were acknowledged.
    pub(crate) closed: bool,
    /// Segments that were sent and not acknowledged.
    pub(crate) in_flight: bool,
    /// Probes of a full receive buffer that the peer has not answered.
    pub(crate) unanswered_probes: u8,
    /// Since the last acknowledgement.
    pub(crate) since_ack: Duration,
}

/// The progress of `socket`; `None` where it is not TCP.
pub(crate) fn tcp_progress(socket: impl AsFd) -> Option<TcpProgress> {
    /// `TCP_CLOSE` (include/net/tcp_states.h).
    const CLOSED: u8 = 7;
    let info = tcp_info(socket)?;
    Some(TcpProgress {
        closed: info.tcpi_state == CLOSED,
        in_flight: info.tcpi_unacked > 0,
        unanswered_probes: info.tcpi_probes,
        since_ack: Duration::from_millis(info.tcpi_last_ack_recv.into()),
    })
}

/// Packets with data that `socket` has received, and how many of them out of order: 0 on a system
/// that does not count them (Linux counts since 4.6 and 5.4). `None` where it is not TCP.
pub(crate) fn tcp_received(socket: impl AsFd) -> Option<(u32, u32)> {
    tcp_info(socket).map(|info| (info.tcpi_data_segs_in, info.tcpi_rcv_ooopack))
}

fn tcp_info(socket: impl AsFd) -> Option<libc::tcp_info> {
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the structure is numbers alone, for which all zeroes are a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to a structure that has as many and outlives
    // the call; an older kernel writes fewer. The descriptor is borrowed for as long.
    let done = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            std::ptr::from_mut(&mut info).cast(),
            &raw mut length,
        )
    };
    (done == 0).then_some(info)
}
