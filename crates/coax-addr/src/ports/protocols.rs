//! Which ports of TCP and which of UDP: `22,80,T:443,U:53,161` or `22,53/udp`.
//!
//! A prefix holds until the next one, as it does in other scanners; what stands before the first
//! belongs to the protocol the caller names. A protocol after a slash is its item's alone. A
//! service's name means its ports of that protocol.
//!
//! Nothing here knows what one item of a list means.

use std::fmt;

use super::read::Reader;
use super::{PortSet, PortSetError};
use crate::{Protocol, ServiceTable};

/// The ports of a scan, for each protocol that can be scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProtocolPorts {
    /// Ports to ask over TCP.
    pub tcp: PortSet,
    /// Ports to ask over UDP.
    pub udp: PortSet,
}

impl ProtocolPorts {
    /// Reads a list in which `T:` and `U:` say whose the ports after them are. Those before the
    /// first prefix are of `default`; without a prefix, only TCP and UDP can have any. `/tcp` and
    /// `/udp` after an item say whose it is, whatever stood before.
    pub fn parse(
        text: &str,
        services: &ServiceTable,
        default: Protocol,
    ) -> Result<ProtocolPorts, PortSetError> {
        let mut ports = ProtocolPorts::default();
        let mut protocol = default;
        let (mut tcp, mut udp) = (Vec::new(), Vec::new());
        for (position, item) in super::read::items(text) {
            let (item, position) = match prefixed(item) {
                Some((named, rest)) => {
                    protocol = named;
                    let blanks = rest.chars().take_while(|c| c.is_whitespace()).count();
                    (rest.trim_start(), position + 2 + blanks)
                }
                None => (item, position),
            };
            let wrong = |reason| PortSetError { item: item.to_owned(), position, reason };
            let (ports, protocol) = suffixed(item).unwrap_or((item, protocol));
            let list = match protocol {
                Protocol::Tcp => &mut tcp,
                Protocol::Udp => &mut udp,
                _ => return Err(wrong(format!("{protocol} is not asked here; /tcp and /udp are"))),
            };
            let reader = Reader { services, protocol: Some(protocol) };
            let found = reader.item(ports).map_err(|reason| match ports.contains('/') {
                true => "after '/' comes tcp or udp".to_owned(),
                false => reason,
            });
            list.extend(found.map_err(wrong)?);
        }
        ports.tcp = tcp.into_iter().collect();
        ports.udp = udp.into_iter().collect();
        Ok(ports)
    }

    /// How many ports, of both.
    pub fn len(&self) -> usize {
        self.tcp.len() + self.udp.len()
    }

    /// Whether there is no port.
    pub fn is_empty(&self) -> bool {
        self.tcp.is_empty() && self.udp.is_empty()
    }

    /// The port with `index` others before it: TCP's from low to high, then UDP's.
    pub fn nth(&self, index: usize) -> Option<(Protocol, u16)> {
        match self.tcp.nth(index) {
            Some(port) => Some((Protocol::Tcp, port)),
            None => {
                let port = self.udp.nth(index - self.tcp.len())?;
                Some((Protocol::Udp, port))
            }
        }
    }

    /// The ports that are not in `other`.
    #[must_use]
    pub fn exclude(&self, other: &ProtocolPorts) -> ProtocolPorts {
        ProtocolPorts { tcp: self.tcp.exclude(&other.tcp), udp: self.udp.exclude(&other.udp) }
    }
}

/// Reading it gives the same ports. Empty sets print as nothing.
impl fmt::Display for ProtocolPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = if self.tcp.is_empty() || self.udp.is_empty() { "" } else { "," };
        if !self.tcp.is_empty() {
            write!(f, "T:{}{comma}", self.tcp)?;
        }
        match self.udp.is_empty() {
            true => Ok(()),
            false => write!(f, "U:{}", self.udp),
        }
    }
}

fn prefixed(item: &str) -> Option<(Protocol, &str)> {
    let (letter, rest) = item.split_once(':')?;
    match letter {
        "T" | "t" => Some((Protocol::Tcp, rest)),
        "U" | "u" => Some((Protocol::Udp, rest)),
        _ => None,
    }
}

/// `53/udp`. A few services have a slash in their names.
fn suffixed(item: &str) -> Option<(&str, Protocol)> {
    let (ports, name) = item.rsplit_once('/')?;
    Some((ports.trim_end(), Protocol::from_name(name)?))
}
