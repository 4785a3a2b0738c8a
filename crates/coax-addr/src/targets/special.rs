//! Addresses that no host has, and those that stay within a network of one's own.
//!
//! The source is IANA's special-purpose registries (RFC 6890) and RFC 5771 for multicast. An
//! address is *reserved* where the registry says that it is neither a destination nor globally
//! reachable: no host has it. It is *local* where a stranger cannot have it: private, shared,
//! link-local and unique local networks, loopback, benchmarks. Documentation networks are local too,
//! since test networks use them.
//!
//! Nothing here knows which networks this machine is in.

use std::net::IpAddr;
use std::sync::LazyLock;

use super::{AddressSet, read};

/// What is reserved, and as what.
const RESERVED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("192.0.0.8", "IETF protocols"),
    ("192.0.0.11-192.0.0.255", "IETF protocols"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255", "broadcast"),
    ("240.0.0.0-255.255.255.254", "future use"),
    ("::", "no address"),
    ("::ffff:0:0-::ffff:ffff:ffff", "IPv4 addresses inside IPv6"),
    ("100:0:0:1::/64", "a dummy prefix"),
    ("2001:1::", "IETF protocols"),
    ("2001:1::4-2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocols"),
    ("2001:2:1::-2001:2:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocols"),
    ("2001:4::-2001:4:111:ffff:ffff:ffff:ffff:ffff", "IETF protocols"),
    ("2001:4:113::-2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocols"),
    ("2001:40::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocols"),
    ("ff00::/8", "multicast"),
];

/// What is local.
const LOCAL: &[&str] = &[
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "::1",
    "64:ff9b:1::/48",
    "100::/64",
    "2001:2::/48",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
];

static RESERVED_SETS: LazyLock<Vec<(AddressSet, &str)>> =
    LazyLock::new(|| RESERVED.iter().map(|&(word, name)| (set([word]), name)).collect());
static ALL_RESERVED: LazyLock<AddressSet> =
    LazyLock::new(|| set(RESERVED.iter().map(|&(word, _)| word)));
static ALL_LOCAL: LazyLock<AddressSet> = LazyLock::new(|| set(LOCAL.iter().copied()));

/// The words are constants, and a test reads each of them.
fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> AddressSet {
    let mut set = AddressSet::new();
    for target in words.into_iter().filter_map(|word| read::as_written(word).ok()) {
        let _ = set.add(&target);
    }
    set
}

impl AddressSet {
    /// The addresses that no host can have.
    pub fn reserved() -> &'static AddressSet {
        &ALL_RESERVED
    }

    /// What `address` is reserved for, such as `multicast`; `None` where a host may have it.
    pub fn reserved_for(address: IpAddr) -> Option<&'static str> {
        let holds = |(set, _): &&(AddressSet, &str)| set.contains(address);
        RESERVED_SETS.iter().find(holds).map(|&(_, name)| name)
    }

    /// The addresses that a stranger cannot have: private, loopback, link-local, documentation.
    pub fn local() -> &'static AddressSet {
        &ALL_LOCAL
    }

    /// How many addresses of the set a stranger may have.
    pub fn public_len(&self) -> u128 {
        let mut public = self.clone();
        public.exclude(&ALL_LOCAL);
        public.exclude(&ALL_RESERVED);
        public.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AddressRange;
    use proptest::prelude::*;

    #[test]
    fn every_word_is_read_and_none_is_both() {
        for (word, _) in RESERVED {
            assert!(!set([*word]).is_empty(), "{word}");
        }
        for word in LOCAL {
            let mut local = set([*word]);
            let count = local.len();
            assert!(count > 0, "{word}");
            local.exclude(AddressSet::reserved());
            assert_eq!(local.len(), count, "{word} is reserved too");
        }
        let parts: u128 = RESERVED.iter().map(|(word, _)| set([*word]).len()).sum();
        assert_eq!(parts, AddressSet::reserved().len(), "no address is reserved twice");
    }

    #[test]
    fn an_address_is_reserved_local_or_public() {
        for (address, reserved, local) in [
            ("0.0.0.0", true, false),
            ("0.1.2.3", true, false),
            ("1.1.1.1", false, false),
            ("10.255.255.255", false, true),
            ("100.127.0.1", false, true),
            ("100.128.0.1", false, false),
            ("127.0.0.1", false, true),
            ("172.32.0.1", false, false),
            ("192.0.0.1", false, true),
            ("192.0.0.8", true, false),
            ("192.0.0.9", false, false),
            ("192.0.0.170", true, false),
            ("192.0.2.1", false, true),
            ("223.255.255.255", false, false),
            ("224.0.0.1", true, false),
            ("240.0.0.0", true, false),
            ("255.255.255.255", true, false),
            ("::", true, false),
            ("::1", false, true),
            ("::2", false, false),
            ("200::1", false, false),
            ("2001::1", false, false),
            ("2001:1::1", false, false),
            ("2001:1::4", true, false),
            ("2001:2::1", false, true),
            ("2001:4:112::1", false, false),
            ("2001:10::1", true, false),
            ("2001:20::1", false, false),
            ("2001:3f:ffff::1", false, false),
            ("2001:100::1", true, false),
            ("2001:200::1", false, false),
            ("2001:db8::1", false, true),
            ("2606:4700::1111", false, false),
            ("64:ff9b::1", false, false),
            ("64:ff9b:1::1", false, true),
            ("fd00::1", false, true),
            ("fe80::1", false, true),
            ("ff02::1", true, false),
        ] {
            let ip = address.parse().unwrap();
            assert_eq!(AddressSet::reserved_for(ip).is_some(), reserved, "{address}");
            assert_eq!(AddressSet::local().contains(ip), local, "{address}");
        }
    }

    #[test]
    fn a_set_is_counted_without_what_nobody_or_no_stranger_has() {
        for (words, public) in [
            (&["10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8"][..], 0),
            (&["9.255.255.254-10.0.0.9"], 2),
            (&["223.255.255.255-255.255.255.255"], 1),
            (&["11.0.0.0/12", "12.0.0.0/12", "11.0.0.0/12"], 1 << 21),
            (&["2606:4700::/108"], 1 << 20),
            // What is left of IPv4 where nothing is private or reserved.
            (&["0.0.0.0/0"], 3_702_258_690),
        ] {
            assert_eq!(set(words.iter().copied()).public_len(), public, "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn counting_is_asking_of_each(first in any::<u32>(), more in 0_u32..2000) {
            // Mostly near an edge of the tables.
            let edges: [u32; 8] = [0, 0x0a00_0000, 0xc000_0000, 0xc000_0200, 0xe000_0000,
                0xf000_0000, 0xffff_f000, 0x7f00_0000];
            let first = edges[first as usize % edges.len()].saturating_sub(1000) + first % 1000;
            let last = first.saturating_add(more);
            let at = |bits: u32| IpAddr::from(bits.to_be_bytes());
            let mut all = AddressSet::new();
            all.add_range(AddressRange::new(at(first), at(last)).unwrap());
            let public = |ip: &IpAddr| {
                AddressSet::reserved_for(*ip).is_none() && !AddressSet::local().contains(*ip)
            };
            let counted = (first..=last).map(at).filter(public).count() as u128;
            prop_assert_eq!(all.public_len(), counted);
        }
    }
}
