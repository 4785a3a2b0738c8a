//! The addresses of a name that were not needed: where datagrams go that the first one refuses.
//!
//! Each is reached as the first was, with the same options and source.
//!
//! Nothing here knows what was refused.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::Found;
use super::attempt::{self, Setup};

/// Addresses that have not been tried, in order. Only datagrams have any.
#[derive(Debug, Default)]
pub struct Alternatives {
    addresses: VecDeque<SocketAddr>,
    setup: Option<Setup>,
}

impl Alternatives {
    pub(super) fn new(addresses: VecDeque<SocketAddr>, setup: Setup) -> Alternatives {
        Alternatives { addresses, setup: Some(setup) }
    }

    /// Whether there is no other address.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.addresses.clear();
    }

    /// A socket towards the next address that a way leads to.
    pub(crate) fn next(&mut self) -> Option<Found> {
        let setup = self.setup.as_ref()?;
        while let Some(to) = self.addresses.pop_front() {
            if let Ok(found) = attempt::udp(to, setup) {
                return Some(found);
            }
        }
        None
    }
}
