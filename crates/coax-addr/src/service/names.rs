//! The registry's names, found without reading the registry.
//!
//! Made at the first question and kept: every name in the registry's order, and the same names by
//! hash. So a word that is no service costs as little as one that is.
//!
//! Nothing here knows ports or the machine's own names.

use std::sync::LazyLock;

use super::Protocol;
use super::iana::{self, Row};

/// One name of one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) text: &'static str,
    pub(super) port: u16,
    line: u32,
    /// A bit for each protocol.
    protocols: u8,
}

impl Name {
    pub(super) fn is_for(self, protocol: Protocol) -> bool {
        self.protocols & bit(protocol) != 0
    }

    fn row(self) -> Option<Row> {
        iana::line(self.line)
    }
}

struct Index {
    /// In the registry's order.
    names: Vec<Name>,
    /// Hashes of names in lower case, sorted, each with its name's place above.
    hashes: Vec<(u32, u32)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let names: Vec<Name> = iana::lines()
        .flat_map(|(line, row)| {
            let protocols = row.protocols().fold(0, |bits, protocol| bits | bit(protocol));
            row.names().map(move |text| Name { text, port: row.port, line, protocols })
        })
        .collect();
    let mut hashes: Vec<(u32, u32)> =
        (0..).zip(&names).map(|(place, name)| (hash(name.text), place)).collect();
    hashes.sort_unstable();
    Index { names, hashes }
});

/// Every name, in the registry's order.
pub(super) fn all() -> impl Iterator<Item = Name> {
    INDEX.names.iter().copied()
}

/// The rows that have `name` among their names, in the registry's order.
pub(super) fn called(name: &str) -> impl Iterator<Item = Row> {
    let wanted = hash(name);
    let start = INDEX.hashes.partition_point(|&(hash, _)| hash < wanted);
    INDEX.hashes[start..]
        .iter()
        .take_while(move |(hash, _)| *hash == wanted)
        .filter_map(|&(_, place)| INDEX.names.get(usize::try_from(place).ok()?))
        .filter(move |own| own.text.eq_ignore_ascii_case(name))
        .filter_map(|own| own.row())
}

fn bit(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 1,
        Protocol::Udp => 2,
        Protocol::Sctp => 4,
        Protocol::Dccp => 8,
    }
}

/// FNV-1a, of the name in lower case.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}
