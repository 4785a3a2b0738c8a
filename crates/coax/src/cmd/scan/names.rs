//! The words that led to each host: its names, and the address itself if it was typed.
//!
//! They are kept in the order in which they were typed, so two scans of the same words tell the
//! same. A network or a range names no single host, so it is not among them. Most addresses of a
//! long list are written plainly and have no name: those cost a few bytes each.
//!
//! Nothing here resolves a name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use coax_addr::AddressSet;
use serde::{Deserialize, Serialize};

use crate::out::clean;

/// An address, and the number of its interface where it is link-local.
pub(super) type HostKey = (IpAddr, u32);

/// The words of every host that a word named.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    words: BTreeMap<HostKey, Vec<String>>,
    /// Addresses that were typed plainly.
    plain: AddressSet,
}

/// A word, and the host that it named.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// Its place among all words.
    pub(super) order: usize,
    pub(super) host: HostKey,
    /// As it was typed; `None` is the address as it is always written.
    pub(super) text: Option<Box<str>>,
}

impl Names {
    /// `plain` are all addresses that were typed as they are written here; `words` are those that
    /// were typed otherwise, names, and plain ones, whose place among the names is known by that.
    pub(super) fn new(mut words: Vec<Word>, plain: AddressSet) -> Names {
        words.sort_by_key(|word| word.order);
        let mut names = Names { words: BTreeMap::new(), plain };
        let told: std::collections::BTreeSet<HostKey> =
            words.iter().filter(|word| word.text.is_some()).map(|word| word.host).collect();
        for Word { host, text, .. } in words.into_iter().filter(|word| told.contains(&word.host)) {
            let text = text.map_or_else(|| host.0.to_string(), String::from);
            let known = names.words.entry(host).or_default();
            if !known.contains(&text) {
                known.push(text);
            }
        }
        names
    }

    /// Every word that led to the host of `address`, in the order they were typed; none where only
    /// a network or a range did.
    pub(super) fn of(&self, address: &SocketAddr) -> Vec<String> {
        self.of_key(key(address))
    }

    fn of_key(&self, host: HostKey) -> Vec<String> {
        match self.words.get(&host) {
            Some(words) => words.clone(),
            None if self.plain.contains(host.0) => vec![host.0.to_string()],
            None => Vec::new(),
        }
    }

    /// The same of an address whose interface is not known.
    pub(super) fn of_address(&self, address: IpAddr) -> Vec<String> {
        let known = self.words.range((address, 0)..=(address, u32::MAX)).next();
        known.map_or_else(|| self.of_key((address, 0)), |(_, words)| words.clone())
    }

    /// The words that are names, and not the address in another spelling.
    pub(super) fn names(&self, host: HostKey) -> impl Iterator<Item = &str> {
        let words = self.words.get(&host).map(Vec::as_slice).unwrap_or_default();
        words.iter().map(String::as_str).filter(|word| is_name(word))
    }

    /// For a file that a scan goes on from.
    pub(super) fn kept(&self) -> KeptNames {
        let words = self.words.iter().map(|(host, words)| (*host, words.clone())).collect();
        KeptNames { words, plain: self.plain.to_string() }
    }

    /// From such a file.
    pub(super) fn go_on(kept: &KeptNames, plain: AddressSet) -> Names {
        Names { words: kept.words.iter().cloned().collect(), plain }
    }
}

/// The key of `address`, which only on a link has an interface (RFC 4007 §6).
pub(super) fn host_key(address: IpAddr, scope: u32) -> HostKey {
    match address.to_canonical() {
        IpAddr::V6(address) if address.is_unicast_link_local() => (address.into(), scope),
        address => (address, 0),
    }
}

/// How the words are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct KeptNames {
    words: Vec<(HostKey, Vec<String>)>,
    /// A list of targets.
    pub(super) plain: String,
}

/// What tells a host from the others.
pub(super) fn key(address: &SocketAddr) -> HostKey {
    match address {
        SocketAddr::V4(address) => ((*address.ip()).into(), 0),
        SocketAddr::V6(address) => host_key((*address.ip()).into(), address.scope_id()),
    }
}

/// Whether a word is more than an address in some spelling: `::1`, `[::1]`, `fe80::1%eth0` or
/// `2130706433` are not.
pub(super) fn is_name(word: &str) -> bool {
    matches!(coax_addr::Target::parse(word), Ok(coax_addr::Target::Name(_)))
}

/// The names among `words` on one line; the address stands beside them.
pub(super) fn in_words(words: &[String]) -> String {
    let names: Vec<Cow<'_, str>> =
        words.iter().filter(|word| is_name(word)).map(|word| clean(word)).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(order: usize, address: &str, text: Option<&str>) -> Word {
        Word { order, host: (address.parse().unwrap(), 0), text: text.map(Box::from) }
    }

    fn of(names: &Names, address: &str) -> Vec<String> {
        names.of(&SocketAddr::new(address.parse().unwrap(), 80))
    }

    #[test]
    fn words_stay_in_the_order_they_were_typed_each_once() {
        let mut plain = AddressSet::new();
        for address in ["10.0.0.1", "10.0.0.2"] {
            plain.add_address(address.parse().unwrap(), 0);
        }
        let words = vec![
            word(4, "10.0.0.1", Some("c.test")),
            word(1, "10.0.0.1", Some("b.test")),
            word(2, "10.0.0.1", None),
            word(3, "10.0.0.1", Some("b.test")),
            word(5, "10.0.0.2", None),
            word(6, "10.0.0.3", Some("[::ffff:10.0.0.3]")),
        ];
        let names = Names::new(words, plain);
        assert_eq!(of(&names, "10.0.0.1"), ["b.test", "10.0.0.1", "c.test"]);
        assert_eq!(of(&names, "10.0.0.2"), ["10.0.0.2"]);
        assert_eq!(of(&names, "10.0.0.3"), ["[::ffff:10.0.0.3]"]);
        assert!(of(&names, "10.0.0.4").is_empty());
        assert_eq!(names.words.len(), 2, "a plain address alone costs nothing");
        assert_eq!(in_words(&of(&names, "10.0.0.1")), "b.test,c.test");
        assert_eq!(in_words(&of(&names, "10.0.0.3")), "");
        let host = ("10.0.0.1".parse().unwrap(), 0);
        assert!(names.names(host).eq(["b.test", "c.test"]));
    }

    #[test]
    fn a_link_local_address_is_another_host_on_each_interface() {
        let at = |scope, text: &str| Word {
            order: scope as usize,
            host: ("fe80::1".parse().unwrap(), scope),
            text: Some(text.into()),
        };
        let words = vec![at(2, "fe80::1%eth0"), at(3, "fe80::1%eth1")];
        let names = Names::new(words, AddressSet::new());
        assert_eq!(names.of(&"[fe80::1%3]:22".parse().unwrap()), ["fe80::1%eth1"]);
        assert_eq!(names.of_address("fe80::1".parse().unwrap()), ["fe80::1%eth0"]);
        let kept = names.kept();
        let again = Names::go_on(&kept, AddressSet::new());
        assert_eq!(again.of(&"[fe80::1%2]:22".parse().unwrap()), ["fe80::1%eth0"]);
    }
}
