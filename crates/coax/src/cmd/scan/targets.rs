//! From words, files and names to the addresses that are scanned.
//!
//! A name that cannot be resolved is told, and the others are scanned. What no host has is left
//! out, and more public addresses than somebody is likely to mean are asked back: a typing slip
//! must not become traffic to the world.
//!
//! Nothing here knows ports.

mod read;

use std::collections::BTreeMap;
use std::net::IpAddr;

use coax_addr::{AddressRange, AddressSet};
use coax_net::{Addresses, Resolve, ResolveError, SystemResolver, Wanted};
use tokio::task::JoinSet;

use super::event::ReservedReport;
use super::names::{Names, Word, host_key};
use super::{Args, kept};
use crate::cmd::resolve::unresolved;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::runtime;

pub(super) use read::{Said, addresses, gather, unreadable};

/// Lookups under way: more would only queue in the C library.
const LOOKUPS: usize = 64;
/// Public addresses that are scanned without a further word: a /12 of IPv4.
pub(super) const MOST_ADDRESSES: u64 = 1 << 20;

/// So many hosts that were named one by one are asked whether they are there or not. Who names more
/// has a list, of which many may be gone.
const MOST_NAMED: u128 = 16;

/// What is scanned.
pub(super) struct Chosen {
    pub(super) addresses: AddressSet,
    /// Those that were named one by one, if they are few.
    pub(super) named: AddressSet,
    pub(super) names: Names,
    /// Whether a name had no address.
    pub(super) unresolved: bool,
    /// Addresses that are left out since no host has them.
    pub(super) reserved: Option<ReservedReport>,
}

/// What that is at this moment: names are resolved.
pub(super) fn choose(said: &Said, args: &Args, out: &Out) -> Result<Chosen, Failure> {
    let mut left_out = said.excluded.addresses.clone();
    resolve_all(&said.excluded.names, Wanted::Both, |_, name, found| match found {
        Ok(found) => {
            found.addresses.iter().for_each(|&address| left_out.add_address(address, 0));
            Ok(())
        }
        // Scanning what somebody wanted left out is worse than scanning nothing.
        Err(error) => {
            let why = unresolved(name, &error, "no such name").reason;
            let message = format!("cannot exclude {name}, so nothing is scanned: {why}");
            Err(Failure::new(Exit::Network, message))
        }
    })?;
    let (mut addresses, mut words) = (said.wanted.addresses.clone(), said.wanted.literals.clone());
    let (mut named, mut missing) = (said.wanted.single.clone(), false);
    resolve_all(&said.wanted.names, args.wanted(), |order, name, found| match found {
        Ok(found) => {
            for address in kept(found.addresses, args.first) {
                addresses.add_address(address, 0);
                named.add_address(address, 0);
                let host = host_key(address, 0);
                words.push(Word { order, host, text: Some(name.into()) });
            }
            Ok(())
        }
        Err(error) => {
            missing = true;
            out.report(&unresolved(name, &error, "no such name"))
        }
    })?;
    if let Some(other) = other_family(args.wanted()) {
        left_out.add_range(other);
    }
    addresses.exclude(&left_out);
    named.exclude(&left_out);
    if named.len() > MOST_NAMED {
        named = AddressSet::new();
    }
    let reserved = leave_out_reserved(&mut addresses);
    ask_back(&addresses, said, args)?;
    let names = Names::new(words, said.wanted.plain.clone());
    Ok(Chosen { addresses, named, names, unresolved: missing, reserved })
}

/// Takes the addresses out that no host has, and says which these are. Of more than a number can
/// count nothing is said: they are refused.
fn leave_out_reserved(addresses: &mut AddressSet) -> Option<ReservedReport> {
    let named = addresses.clone();
    addresses.exclude(AddressSet::reserved());
    let mut reserved = named.clone();
    reserved.exclude(addresses);
    let counts = (u64::try_from(reserved.len()).ok()?, u64::try_from(named.len()).ok()?);
    (counts.0 > 0).then(|| ReservedReport::new(&reserved, counts))
}

/// Refuses more public addresses than are meant without a word. What cannot be counted is refused
/// by the scan itself.
fn ask_back(addresses: &AddressSet, said: &Said, args: &Args) -> Result<(), Failure> {
    let public = addresses.public_len();
    let most = args.max_addresses.unwrap_or(MOST_ADDRESSES);
    if public <= most.into() || addresses.len() > u64::MAX.into() {
        return Ok(());
    }
    let mostly = match &said.wanted.largest {
        Some((count, word)) if *count > public / 2 => format!(", most of them in '{word}'"),
        _ => String::new(),
    };
    let message =
        format!("{public} public addresses are named{mostly}: more than {most} must be asked for");
    let hint = format!("correct the targets, or add --max-addresses {public} to scan them all");
    Err(Failure::new(Exit::Usage, message).hint(hint))
}

/// All addresses of the family that is not wanted.
fn other_family(wanted: Wanted) -> Option<AddressRange> {
    let none = match wanted {
        Wanted::Both => return None,
        Wanted::V4 => IpAddr::from([0_u16; 8]),
        Wanted::V6 => IpAddr::from([0_u8; 4]),
    };
    AddressRange::network(none, 0)
}

/// Resolves `names`, a bounded number at once, and hands the answers on in the order of the names.
fn resolve_all(
    names: &[(usize, String)],
    wanted: Wanted,
    mut each: impl FnMut(usize, &str, Result<Addresses, ResolveError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    runtime::run(async move {
        let resolver = SystemResolver::new(LOOKUPS);
        let (mut waiting, mut under_way) = (names.iter().enumerate(), JoinSet::new());
        let (mut answers, mut next) = (BTreeMap::new(), 0);
        loop {
            for (index, (_, name)) in waiting.by_ref().take(LOOKUPS - under_way.len()) {
                let (resolver, name) = (resolver.clone(), name.clone());
                under_way.spawn(async move { (index, resolver.resolve(&name, wanted).await) });
            }
            match under_way.join_next().await {
                None => return Ok(()),
                Some(Ok((index, found))) => drop(answers.insert(index, found)),
                Some(Err(broken)) => {
                    return Err(Failure::new(Exit::Machine, format!("a lookup failed: {broken}")));
                }
            }
            while let (Some(found), Some((order, name))) = (answers.remove(&next), names.get(next))
            {
                each(*order, name, found)?;
                next += 1;
            }
        }
    })
}
