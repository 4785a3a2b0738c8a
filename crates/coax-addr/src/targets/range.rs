//! Neighbouring addresses of one family.
//!
//! The ends are kept and nothing between them, so a network of any size costs the same. One
//! address prints as itself, a network with its prefix, anything else as its two ends.
//!
//! Nothing here reads text.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Every address from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// From `first` to `last`; `None` when they are of two families or in the wrong order.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<AddressRange> {
        let right = first.is_ipv4() == last.is_ipv4() && first <= last;
        right.then_some(AddressRange { first, last })
    }

    /// The network of `address` (RFC 4632 §3.1, RFC 4291 §2.3), whose bits after `prefix` do not
    /// matter; `None` when `prefix` is longer than an address.
    pub fn network(address: IpAddr, prefix: u32) -> Option<AddressRange> {
        match address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
                (prefix <= 32).then(|| AddressRange {
                    first: Ipv4Addr::from_bits(address.to_bits() & !host).into(),
                    last: Ipv4Addr::from_bits(address.to_bits() | host).into(),
                })
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
                (prefix <= 128).then(|| AddressRange {
                    first: Ipv6Addr::from_bits(address.to_bits() & !host).into(),
                    last: Ipv6Addr::from_bits(address.to_bits() | host).into(),
                })
            }
        }
    }

    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// How many addresses, at least one; `::/0` counts one too few, as 2^128 has no number here.
    #[allow(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(&self) -> u128 {
        (bits(self.last) - bits(self.first)).saturating_add(1)
    }

    /// Whether `address` is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.first..=self.last).contains(&address)
    }

    /// The same addresses as IPv4 where all of them are IPv4 inside IPv6 (RFC 4291 §2.5.5.2).
    #[must_use]
    pub fn to_canonical(self) -> AddressRange {
        let (first, last) = (self.first.to_canonical(), self.last.to_canonical());
        match first.is_ipv4() && last.is_ipv4() {
            true => AddressRange { first, last },
            false => self,
        }
    }

    /// The prefix, when the range is exactly a network of more than one address.
    fn prefix(&self) -> Option<u32> {
        let (first, last) = (bits(self.first), bits(self.last));
        let host = first ^ last;
        let network = host > 0 && host & host.wrapping_add(1) == 0 && first & host == 0;
        let width = if self.first.is_ipv4() { 32 } else { 128 };
        network.then(|| width - host.count_ones())
    }
}

impl From<IpAddr> for AddressRange {
    fn from(address: IpAddr) -> AddressRange {
        AddressRange { first: address, last: address }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix() {
            _ if self.first == self.last => self.first.fmt(f),
            Some(prefix) => write!(f, "{}/{prefix}", self.first),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}
