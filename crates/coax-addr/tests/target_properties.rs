//! Targets print as text that reads as the same target, and a set is what its members say.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use coax_addr::{AddressRange, AddressSet, Target, TargetSet};
use proptest::prelude::*;

fn range() -> impl Strategy<Value = Target> {
    let ends = |a: IpAddr, b: IpAddr| AddressRange::new(a.min(b), a.max(b)).expect("in order");
    prop_oneof![
        any::<IpAddr>().prop_map(AddressRange::from),
        (any::<Ipv4Addr>(), 0..=32_u32).prop_filter_map("a prefix", |(address, prefix)| {
            AddressRange::network(address.into(), prefix)
        }),
        (any::<Ipv6Addr>(), 0..=128_u32).prop_filter_map("a prefix", |(address, prefix)| {
            AddressRange::network(address.into(), prefix)
        }),
        any::<(Ipv4Addr, Ipv4Addr)>().prop_map(move |(a, b)| ends(a.into(), b.into())),
        any::<(Ipv6Addr, Ipv6Addr)>().prop_map(move |(a, b)| ends(a.into(), b.into())),
    ]
    // IPv4 inside IPv6 is read as IPv4.
    .prop_map(|range| Target::Range(range.to_canonical()))
}

fn octets() -> impl Strategy<Value = Target> {
    let octet = prop_oneof![
        any::<u8>().prop_map(|octet| octet.to_string()),
        Just("*".to_owned()),
        any::<(u8, u8)>().prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
    ];
    prop::collection::vec(octet, 4)
        .prop_map(|octets| Target::parse(&octets.join(".")).expect("four octets"))
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        4 => range(),
        2 => octets(),
        1 => "([a-z0-9_][a-zA-Z0-9_-]{0,20}\\.){0,3}([a-z][a-z0-9_-]{0,62}|ü[ñ本]{0,9})\\.?"
            .prop_map(Target::Name),
        1 => (any::<Ipv6Addr>(), "[a-zA-Z0-9._@-]{1,15}")
            .prop_filter("IPv4 has no zone", |(address, _)| address.to_ipv4_mapped().is_none())
            .prop_map(|(address, zone)| Target::Zoned { address, zone }),
    ]
}

/// Targets within a few hundred addresses, written as a person would.
fn small() -> impl Strategy<Value = Vec<Target>> {
    let octet = (0..8_u8, 0..8_u8).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let word = prop_oneof![
        (octet.clone(), octet.clone()).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        (0..8_u8, 0..8_u8, 29..=32_u8).prop_map(|(a, b, prefix)| format!("10.0.{a}.{b}/{prefix}")),
        (0..32_u8, 0..32_u8).prop_map(|(a, b)| format!(
            "2001:db8::{:x}-2001:db8::{:x}",
            a.min(b),
            a.max(b)
        )),
        (0..64_u8).prop_map(|a| format!("2001:db8::{a:x}")),
    ];
    prop::collection::vec(word.prop_map(|word| Target::parse(&word).expect("a target")), 0..8)
}

fn set(targets: &[Target]) -> AddressSet {
    let mut set = AddressSet::new();
    targets.iter().for_each(|target| set.add(target).expect("addresses"));
    set
}

fn model(targets: &[Target]) -> BTreeSet<IpAddr> {
    let within = |address: &IpAddr| {
        targets.iter().any(|target| match (target, address) {
            (Target::Range(range), address) => range.contains(*address),
            (Target::Octets(octets), IpAddr::V4(address)) => octets.contains(*address),
            _ => false,
        })
    };
    let v4 = (0..16_u32 << 8).map(|low| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + low)));
    let v6 = (0..=64_u128).map(|low| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) + low)));
    v4.chain(v6).filter(within).collect()
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(target in target()) {
        let printed = target.to_string();
        prop_assert_eq!(Target::parse(&printed), Ok(target), "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}|[0-9a-f:./*%,\\[\\] -]{0,40}") {
        for (_, word) in Target::words(&text) {
            match word {
                Ok(target) => prop_assert_eq!(Target::parse(&target.to_string()), Ok(target)),
                Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
            }
        }
        if let Ok(targets) = TargetSet::parse(&text) {
            prop_assert_eq!(targets.to_string().parse(), Ok(targets));
        }
    }

    #[test]
    fn a_set_is_what_its_targets_say(added in small(), excluded in small()) {
        let mut set = set(&added);
        set.exclude(&self::set(&excluded));
        let expected: Vec<IpAddr> = model(&added).difference(&model(&excluded)).copied().collect();
        prop_assert!(set.iter().eq(expected.iter().copied()), "{:?}", set);
        prop_assert_eq!(usize::try_from(set.len()), Ok(expected.len()));
        prop_assert!((0..set.len()).zip(&expected).all(|(index, address)| set.at(index) == *address));
        prop_assert!(expected.iter().all(|address| set.contains(*address)));
        prop_assert!(model(&excluded).iter().all(|address| !set.contains(*address)));
    }
}
