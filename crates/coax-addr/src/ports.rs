//! Which ports: `22,80-90,http,https,http*,top:100,-`.
//!
//! ```text
//! 80        one port                 http     every port of that service
//! 80-90     a range                  http*    every service whose name begins so
//! 8000-     from 8000 up             top:100  the hundred most telling ports
//! -1024     1 to 1024                -        1 to 65535
//! ```
//!
//! Items stand between commas. Port 0 is only in a set that names it. A set is kept as sorted
//! ranges, so all ports together cost four bytes, and prints as text that gives the same set.
//!
//! Nothing here knows what is open anywhere.

mod protocols;
mod read;
mod top;

use std::fmt;
use std::str::FromStr;

use crate::near::shown;
use crate::runs::Runs;
use crate::{Protocol, ServiceTable};

pub use protocols::ProtocolPorts;

/// A set of port numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortSet {
    runs: Runs<u16>,
}

/// Why a text is not a port set: which item, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSetError {
    item: String,
    position: usize,
    reason: String,
}

impl PortSetError {
    /// The character at which the wrong item begins, counted from 1.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for PortSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PortSetError { item, position, reason } = self;
        write!(f, "'{}' (character {position}) names no ports: {reason}", shown(item))
    }
}

impl std::error::Error for PortSetError {}

impl PortSet {
    /// No port.
    pub fn new() -> PortSet {
        PortSet::default()
    }

    /// 1 to 65535: every port something can listen on.
    pub fn all() -> PortSet {
        [(1, u16::MAX)].into_iter().collect()
    }

    /// Reads a set. A service name stands for its ports of `protocol`, or of every protocol.
    pub fn parse(
        text: &str,
        services: &ServiceTable,
        protocol: Option<Protocol>,
    ) -> Result<PortSet, PortSetError> {
        read::Reader { services, protocol }.set(text)
    }

    /// The `count` ports most worth asking, best first; fewer when the list ends.
    ///
    /// For TCP. This is our own order, not a measurement: see `ports/top.rs` for how it was made.
    pub fn top(count: usize) -> Vec<u16> {
        top::ports(Protocol::Tcp).take(count).collect()
    }

    /// The same for one protocol: TCP and UDP have an order each, and the others TCP's.
    pub fn top_of(protocol: Protocol, count: usize) -> Vec<u16> {
        top::ports(protocol).take(count).collect()
    }

    /// Whether `port` is in the set; halves the ranges.
    pub fn contains(&self, port: u16) -> bool {
        self.runs.contains(port)
    }

    /// How many ports.
    pub fn len(&self) -> usize {
        usize::try_from(self.runs.len()).expect("there are 65536 ports")
    }

    /// Whether there is no port.
    pub fn is_empty(&self) -> bool {
        self.ranges().is_empty()
    }

    /// The port with `index` others below it; halves the ranges.
    pub fn nth(&self, index: usize) -> Option<u16> {
        self.runs.nth(u128::try_from(index).ok()?)
    }

    /// Every port, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.ranges().iter().flat_map(|&(first, last)| first..=last)
    }

    /// The ranges, in order, with at least one port between two of them.
    pub fn ranges(&self) -> &[(u16, u16)] {
        self.runs.ranges()
    }

    /// The ports of both.
    #[must_use]
    pub fn union(&self, other: &PortSet) -> PortSet {
        self.ranges().iter().chain(other.ranges()).copied().collect()
    }

    /// The ports that are not in `other`.
    #[must_use]
    pub fn exclude(&self, other: &PortSet) -> PortSet {
        PortSet { runs: self.runs.without(&other.runs) }
    }
}

/// Collects ranges, both ends included, in any order.
impl FromIterator<(u16, u16)> for PortSet {
    fn from_iter<I: IntoIterator<Item = (u16, u16)>>(ranges: I) -> PortSet {
        PortSet { runs: Runs::new(ranges.into_iter().collect()) }
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> PortSet {
        ports.into_iter().map(|port| (port, port)).collect()
    }
}

/// Reads a set with the service names of the IANA registry, of every protocol.
impl FromStr for PortSet {
    type Err = PortSetError;
    fn from_str(text: &str) -> Result<PortSet, PortSetError> {
        PortSet::parse(text, &ServiceTable::iana(), None)
    }
}

/// Numbers and ranges; reading them gives the same set. An empty set prints as nothing.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == PortSet::all() {
            return f.write_str("-");
        }
        for (index, (first, last)) in self.ranges().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
