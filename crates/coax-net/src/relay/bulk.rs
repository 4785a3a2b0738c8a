//! Waking less often while bytes stream in.
//!
//! A fast sender wakes its receiver for every segment, and both pay for it. Once a connection has
//! shown that it moves much at a time, the kernel is asked to wait until enough has come
//! (`SO_RCVLOWAT`, socket(7)). Whatever comes slower than that is fetched after a moment all the
//! same, and then the kernel reports every byte again.
//!
//! Nothing is ever held back for longer than [`MOMENT`].

use std::io;
use std::time::Duration;

use rustix::net::AddressFamily;
use rustix::net::sockopt::socket_domain;
use tokio::time::timeout;

use crate::descriptor::{Descriptor, DescriptorKind};
use crate::sys;

/// Worth waking for: more would overflow small receive buffers, less wakes more often for nothing.
const ENOUGH: usize = 256 << 10;
/// How long less than that may wait: the runtime's shortest sleep.
const MOMENT: Duration = Duration::from_millis(1);

/// How one source is waited for.
pub(super) struct Bulk {
    /// The kernel can be asked to wait: a TCP socket.
    possible: bool,
    /// It has been.
    on: bool,
    /// Bytes since the last wait.
    moved: usize,
}

impl Bulk {
    pub(super) fn from(source: &Descriptor) -> Bulk {
        let possible = source.kind() == DescriptorKind::Socket
            && matches!(socket_domain(source), Ok(AddressFamily::INET | AddressFamily::INET6));
        Bulk { possible, on: false, moved: 0 }
    }

    /// What the last step moved.
    pub(super) fn moved(&mut self, count: usize) {
        self.moved += count;
    }

    /// Waits until reading is worth it, and never much longer than until it is possible.
    pub(super) async fn readable(&mut self, source: &Descriptor) -> io::Result<()> {
        let much = std::mem::take(&mut self.moved) >= ENOUGH;
        self.switch(source, much);
        if !self.on {
            return source.readable().await;
        }
        match timeout(MOMENT, source.readable()).await {
            Ok(ready) => ready,
            Err(_) => {
                self.switch(source, false);
                Ok(())
            }
        }
    }

    fn switch(&mut self, source: &Descriptor, on: bool) {
        if self.possible && on != self.on {
            let bytes = if on { ENOUGH } else { 1 };
            self.on = sys::set_receive_low_water(source, bytes).is_ok() && on;
        }
    }
}
