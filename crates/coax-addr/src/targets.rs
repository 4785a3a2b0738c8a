//! What to scan: names, addresses, networks and ranges.
//!
//! ```text
//! db.internal               a name                10.0.0-3.1-20             octet ranges
//! 10.0.0.7    2001:db8::1   an address            192.168.1.*               a whole octet
//! 10.0.0.0/16 2001:db8::/64 a network             10.0.0.9-10.0.1.20        from one address
//! fe80::1%eth0              with its interface    2001:db8::1-2001:db8::9   to another
//! ```
//!
//! Words stand between commas or white space. In a network the bits after the prefix do not
//! matter. An IPv4 address inside IPv6 (`::ffff:10.0.0.7`, RFC 4291 §2.5.5.2) is that IPv4
//! address. A target prints as text that reads as the same target, and costs a few bytes however
//! many addresses it stands for.
//!
//! Nothing here resolves a name or knows an interface's number.

mod error;
mod gather;
mod octets;
mod range;
mod read;
mod set;
mod special;

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

pub use error::{TargetError, TargetErrorKind};
pub use octets::Octets;
pub use range::AddressRange;
pub use set::AddressSet;

/// One word of a list of targets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A name, still to be resolved.
    Name(String),
    /// Neighbouring addresses; one address is a range of one.
    Range(AddressRange),
    /// IPv4 addresses of which each octet is in a range of its own.
    Octets(Octets),
    /// An IPv6 address on one interface.
    Zoned {
        /// The address.
        address: Ipv6Addr,
        /// The interface's name or number.
        zone: String,
    },
}

impl Target {
    /// Reads one word.
    pub fn parse(word: &str) -> Result<Target, TargetError> {
        read::target(word)
    }

    /// Reads every word of a list, one by one, and gives each with what it reads as: a wrong word
    /// does not hide the others.
    pub fn words(list: &str) -> impl Iterator<Item = (&str, Result<Target, TargetError>)> + '_ {
        list.split(|character: char| character == ',' || character.is_whitespace())
            .filter(|word| !word.is_empty())
            .map(|word| (word, Target::parse(word)))
    }

    /// Reads the words of one line of a file, up to a `#`.
    pub fn line(line: &str) -> impl Iterator<Item = (&str, Result<Target, TargetError>)> + '_ {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        Target::words(line.split('#').next().unwrap_or_default())
    }

    /// Reads a file, word by word, each with the number of its line, counted from 1. Blank lines
    /// and what follows a `#` are skipped.
    pub fn lines(text: &str) -> impl Iterator<Item = (usize, Result<Target, TargetError>)> + '_ {
        (1..)
            .zip(text.lines())
            .flat_map(|(number, line)| Target::line(line).map(move |(_, target)| (number, target)))
    }
}

impl FromStr for Target {
    type Err = TargetError;
    fn from_str(word: &str) -> Result<Target, TargetError> {
        Target::parse(word)
    }
}

/// Reading it gives the same target.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => f.write_str(name),
            Target::Range(range) => range.fmt(f),
            Target::Octets(octets) => octets.fmt(f),
            Target::Zoned { address, zone } => write!(f, "{address}%{zone}"),
        }
    }
}

/// The targets of a scan, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSet {
    targets: Vec<Target>,
}

impl TargetSet {
    /// Reads a list; the first wrong word is the error, and so is a list of nothing.
    pub fn parse(list: &str) -> Result<TargetSet, TargetError> {
        let set: TargetSet =
            Target::words(list).map(|(_, target)| target).collect::<Result<_, _>>()?;
        match set.targets.is_empty() {
            true => Err(read::nothing()),
            false => Ok(set),
        }
    }

    /// The targets, in the order they were typed.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}

impl FromIterator<Target> for TargetSet {
    fn from_iter<I: IntoIterator<Item = Target>>(targets: I) -> TargetSet {
        TargetSet { targets: targets.into_iter().collect() }
    }
}

impl FromStr for TargetSet {
    type Err = TargetError;
    fn from_str(list: &str) -> Result<TargetSet, TargetError> {
        TargetSet::parse(list)
    }
}

/// The words with commas between them; reading it gives the same set.
impl fmt::Display for TargetSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, target) in self.targets.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{target}")?;
        }
        Ok(())
    }
}
