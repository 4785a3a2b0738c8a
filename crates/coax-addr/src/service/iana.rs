//! The IANA registry as it is embedded: sorted lines, searched where they lie.
//!
//! Looking a port up halves the text until the line is found; names have an index of their own.
//! The lines come from `generate.py`, which `README.md` beside it explains.
//!
//! Nothing here knows what the machine says.

use std::borrow::Cow;

use super::{Protocol, Service};

/// `port <tab> protocols <tab> names <tab> description`, sorted by port.
const REGISTRY: &str = include_str!("iana.txt");

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) port: u16,
    protocols: &'static str,
    names: &'static str,
    description: &'static str,
}

impl Row {
    fn read(line: &'static str) -> Option<Row> {
        let mut fields = line.splitn(4, '\t');
        let port = fields.next()?.parse().ok()?;
        let (protocols, names) = (fields.next()?, fields.next()?);
        Some(Row { port, protocols, names, description: fields.next()? })
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.names.split(',')
    }

    pub(super) fn is_for(self, protocol: Protocol) -> bool {
        self.protocols().any(|own| own == protocol)
    }

    /// One service for each protocol.
    pub(super) fn services(self) -> impl Iterator<Item = Service> {
        self.protocols().filter_map(move |protocol| {
            let mut names = self.names().map(Cow::Borrowed);
            Some(Service {
                name: names.next()?,
                port: self.port,
                protocol,
                description: Cow::Borrowed(self.description),
                aliases: names.collect(),
            })
        })
    }

    pub(super) fn protocols(self) -> impl Iterator<Item = Protocol> {
        self.protocols.bytes().filter_map(|letter| match letter {
            b't' => Some(Protocol::Tcp),
            b'u' => Some(Protocol::Udp),
            b's' => Some(Protocol::Sctp),
            b'd' => Some(Protocol::Dccp),
            _ => None,
        })
    }
}

/// The rows of `port` and everything above it.
pub(super) fn from(port: u16) -> impl Iterator<Item = Row> {
    let (mut low, mut high) = (0, REGISTRY.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = REGISTRY[..middle].rfind('\n').map_or(0, |newline| newline + 1);
        let end = REGISTRY[middle..].find('\n').map_or(REGISTRY.len(), |after| middle + after + 1);
        match number(&REGISTRY[start..end]) < port {
            true => low = end,
            false => high = start,
        }
    }
    REGISTRY[low..].lines().filter_map(Row::read)
}

fn number(line: &str) -> u16 {
    line.split('\t').next().and_then(|port| port.parse().ok()).unwrap_or(0)
}

/// Every row, in order, with the place where its line begins.
pub(super) fn lines() -> impl Iterator<Item = (u32, Row)> {
    let mut next = 0;
    REGISTRY.split_inclusive('\n').filter_map(move |text| {
        let start = next;
        next += text.len();
        Some((u32::try_from(start).ok()?, Row::read(text.trim_end_matches('\n'))?))
    })
}

/// The row whose line begins at `start`.
pub(super) fn line(start: u32) -> Option<Row> {
    REGISTRY.get(usize::try_from(start).ok()?..)?.lines().next().and_then(Row::read)
}
