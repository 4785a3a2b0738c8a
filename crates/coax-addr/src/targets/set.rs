//! Addresses of both families as one set with an order, so that a number stands for each.
//!
//! IPv4 comes first, then IPv6, then IPv6 of each interface. A network costs the same whatever its
//! size, and the n-th address is found by halving the ranges.
//!
//! Nothing here resolves a name, and no address is listed before it is asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::error::TargetErrorKind::{TooLarge, Unresolved};
use super::error::{Fault, fault};
use super::gather::Gathered;
use super::octets::Octets;
use super::{AddressRange, Target, TargetError};

/// 8 MiB of ranges; a pattern of more pieces is a slip, or better written another way.
const MOST_RUNS: u32 = 1 << 20;

/// A set of addresses.
///
/// Adding is cheap; the first question after it sorts what was added. So add everything, then
/// ask.
#[derive(Clone, Default)]
pub struct AddressSet {
    v4: Gathered<u32>,
    /// By scope id; 0 is no interface.
    v6: BTreeMap<u32, Gathered<u128>>,
}

impl AddressSet {
    /// No address.
    pub fn new() -> AddressSet {
        AddressSet::default()
    }

    /// Adds every address of `target`.
    ///
    /// A name or an address with a zone is refused ([`TargetErrorKind::Unresolved`]): look it up
    /// and use [`AddressSet::add_address`]. So are octet ranges of more than 1,048,576 pieces
    /// ([`TargetErrorKind::TooLarge`]).
    ///
    /// [`TargetErrorKind::Unresolved`]: super::TargetErrorKind::Unresolved
    /// [`TargetErrorKind::TooLarge`]: super::TargetErrorKind::TooLarge
    pub fn add(&mut self, target: &Target) -> Result<(), TargetError> {
        let added = match target {
            Target::Range(range) => {
                self.add_range(*range);
                Ok(())
            }
            Target::Octets(octets) => self.add_octets(octets),
            Target::Name(_) => fault(Unresolved, "it is a name; resolve it first"),
            Target::Zoned { .. } => fault(Unresolved, "its zone has no number yet"),
        };
        added.map_err(|fault| fault.about(&target.to_string()))
    }

    /// Adds neighbouring addresses.
    pub fn add_range(&mut self, range: AddressRange) {
        match (range.first(), range.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => self.v4.add((first.to_bits(), last.to_bits())),
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6.entry(0).or_default().add((first.to_bits(), last.to_bits()));
            }
            _ => {}
        }
    }

    /// Adds one address. `scope` is the number of the interface a link-local address belongs to,
    /// 0 for none; no other address has one (RFC 4007 §6).
    pub fn add_address(&mut self, address: IpAddr, scope: u32) {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.add((address.to_bits(), address.to_bits())),
            IpAddr::V6(address) => {
                let scope = if address.is_unicast_link_local() { scope } else { 0 };
                self.v6.entry(scope).or_default().add((address.to_bits(), address.to_bits()));
            }
        }
    }

    /// Takes every address of `other` out. An address without a scope goes from every interface,
    /// one with a scope only from its own.
    pub fn exclude(&mut self, other: &AddressSet) {
        self.v4.exclude(&other.v4);
        for (&scope, own) in &mut self.v6 {
            for excluded in [Some(0), Some(scope).filter(|&scope| scope > 0)] {
                if let Some(gone) = excluded.and_then(|scope| other.v6.get(&scope)) {
                    own.exclude(gone);
                }
            }
        }
    }

    /// How many addresses. It stops at `u128::MAX`, which only `::/0` reaches.
    pub fn len(&self) -> u128 {
        let v6 = self.v6.values().map(|own| own.runs().len());
        v6.fold(self.v4.runs().len(), u128::saturating_add)
    }

    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `address` is in the set, on any interface.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.runs().contains(address.to_bits()),
            IpAddr::V6(address) => {
                self.v6.values().any(|own| own.runs().contains(address.to_bits()))
            }
        }
    }

    /// The address with `index` others before it; halves the ranges.
    ///
    /// # Panics
    ///
    /// When `index` is not below [`AddressSet::len`], like an index into a slice.
    pub fn at(&self, index: u128) -> IpAddr {
        self.socket_at(index, 0).ip()
    }

    /// The same address with a port, and with the scope it was added with.
    ///
    /// # Panics
    ///
    /// When `index` is not below [`AddressSet::len`], like an index into a slice.
    pub fn socket_at(&self, index: u128, port: u16) -> SocketAddr {
        match self.find(index, port) {
            Some(address) => address,
            None => panic!("address {index} of {}", self.len()),
        }
    }

    /// Every address, in order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let v4 = self.v4.runs().ranges().iter();
        let v4 = v4.flat_map(|&(first, last)| first..=last).map(Ipv4Addr::from_bits);
        let v6 = self.v6.values().flat_map(|own| own.runs().ranges());
        let v6 = v6.flat_map(|&(first, last)| first..=last).map(Ipv6Addr::from_bits);
        v4.map(IpAddr::from).chain(v6.map(IpAddr::from))
    }

    /// The ranges, in order, with at least one address between two of the same interface.
    pub fn ranges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        let v6 = self.v6.values().flat_map(|own| own.runs().ranges());
        self.v4_ranges().chain(v6.filter_map(v6_range))
    }

    fn v4_ranges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        self.v4.runs().ranges().iter().filter_map(|&(first, last)| {
            let (first, last) = (Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last));
            AddressRange::new(first.into(), last.into())
        })
    }

    fn add_octets(&mut self, octets: &Octets) -> Result<(), Fault> {
        let runs = octets.runs();
        if runs > MOST_RUNS {
            return fault(
                TooLarge,
                format!(
                    "its octets make {runs} separate ranges, and {MOST_RUNS} is the most; \
                     write it in parts, or as a network less what is not wanted"
                ),
            );
        }
        octets.each_run().for_each(|run| self.v4.add(run));
        Ok(())
    }

    fn find(&self, index: u128, port: u16) -> Option<SocketAddr> {
        if let Some(bits) = self.v4.runs().nth(index) {
            return Some((Ipv4Addr::from_bits(bits), port).into());
        }
        let mut index = index - self.v4.runs().len();
        for (&scope, own) in &self.v6 {
            if let Some(bits) = own.runs().nth(index) {
                let address = Ipv6Addr::from_bits(bits);
                return Some(SocketAddrV6::new(address, port, 0, scope).into());
            }
            index = index.checked_sub(own.runs().len())?;
        }
        None
    }

    fn groups(&self) -> impl Iterator<Item = (u32, &[(u128, u128)])> {
        let groups = self.v6.iter().map(|(&scope, own)| (scope, own.runs().ranges()));
        groups.filter(|(_, ranges)| !ranges.is_empty())
    }
}

impl PartialEq for AddressSet {
    fn eq(&self, other: &AddressSet) -> bool {
        self.v4.runs() == other.v4.runs() && self.groups().eq(other.groups())
    }
}

impl Eq for AddressSet {}

/// A list of targets that is this set when it is read: ranges, and one by one the addresses that
/// belong to an interface, whose number stands for its name.
impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = self.v4_ranges().map(|range| range.to_string()).collect();
        for (scope, ranges) in self.groups() {
            if scope == 0 {
                words.extend(ranges.iter().filter_map(v6_range).map(|range| range.to_string()));
                continue;
            }
            for bits in ranges.iter().flat_map(|&(first, last)| first..=last) {
                words.push(format!("{}%{scope}", Ipv6Addr::from_bits(bits)));
            }
        }
        f.write_str(&words.join(","))
    }
}

fn v6_range(&(first, last): &(u128, u128)) -> Option<AddressRange> {
    AddressRange::new(Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(last).into())
}

/// The ranges; a list of what was added, and in which order, would say less.
impl fmt::Debug for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ranges().map(|range| range.to_string())).finish()
    }
}
