//! IPv4 addresses given octet by octet: `10.0.0-3.1-20`, `192.168.1.*`.
//!
//! Kept as typed. As a set of addresses it is a number of runs of neighbours: what follows the
//! last octet that is not whole makes a run longer, what stands before it makes more of them.
//!
//! Nothing here reads text.

use std::fmt;
use std::net::Ipv4Addr;

/// A range for each of the four octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Octets([(u8, u8); 4]);

impl Octets {
    /// Each range goes up.
    pub(super) fn new(ranges: [(u8, u8); 4]) -> Octets {
        Octets(ranges)
    }

    /// The range of each octet, both ends included.
    pub fn ranges(&self) -> [(u8, u8); 4] {
        self.0
    }

    /// How many addresses; at least one.
    #[allow(clippy::len_without_is_empty, reason = "octet ranges are never empty")]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|&range| u64::from(width(range))).product()
    }

    /// Whether `address` is among them.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let mut pairs = self.0.iter().zip(address.octets());
        pairs.all(|(&(first, last), octet)| (first..=last).contains(&octet))
    }

    /// How many runs of neighbouring addresses they make.
    pub(super) fn runs(&self) -> u32 {
        self.0[..self.innermost()].iter().map(|&range| width(range)).product()
    }

    /// The runs, from low to high, made one by one.
    pub(super) fn each_run(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let (octets, innermost) = (self.0, self.innermost());
        (0..self.runs()).map(move |run| {
            let (mut first, mut last) = (octets.map(|range| range.0), octets.map(|range| range.1));
            let mut rest = run;
            for place in (0..innermost).rev() {
                let width = width(octets[place]);
                let step = u8::try_from(rest % width).expect("an octet has at most 256 values");
                first[place] = octets[place].0 + step;
                last[place] = first[place];
                rest /= width;
            }
            (u32::from_be_bytes(first), u32::from_be_bytes(last))
        })
    }

    /// The last octet that is not whole: all after it only make runs longer.
    fn innermost(&self) -> usize {
        self.0.iter().rposition(|&range| range != (0, u8::MAX)).unwrap_or(0)
    }
}

/// As it is typed, with `*` for a whole octet.
impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, &(first, last)) in self.0.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            match (first, last) {
                (0, u8::MAX) => write!(f, "{dot}*")?,
                _ if first == last => write!(f, "{dot}{first}")?,
                _ => write!(f, "{dot}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

fn width((first, last): (u8, u8)) -> u32 {
    u32::from(last - first) + 1
}
