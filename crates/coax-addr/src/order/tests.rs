//! The order visits everything once, follows its seed, and keeps neighbours apart.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn visits_all(len: u64, seed: u64) -> bool {
    let order = Permutation::new(len, seed);
    let mut seen = vec![false; usize::try_from(len).unwrap()];
    order.iter().for_each(|index| seen[usize::try_from(index).unwrap()] = true);
    order.iter().count() == seen.len() && seen.into_iter().all(|seen| seen)
}

#[test]
fn every_small_number_of_indices_is_visited_whole() {
    for len in 0..=600 {
        assert!(visits_all(len, len * 7 + 1), "{len}");
    }
    for len in [4095, 4096, 4097, 65_535, 65_536, 196_608, 1_000_003] {
        assert!(visits_all(len, 42), "{len}");
    }
}

#[test]
fn seeds_differ_and_the_same_seed_does_not() {
    let first = |seed| Permutation::new(1 << 40, seed).iter().take(3).collect::<Vec<u64>>();
    let orders: BTreeSet<Vec<u64>> = (0..1000).map(first).collect();
    assert_eq!(orders.len(), 1000);
    assert_eq!(first(7), first(7));
    let small: BTreeSet<Vec<u64>> =
        (0..1000).map(|seed| Permutation::new(3, seed).iter().collect()).collect();
    assert!(small.len() >= 3, "of the six orders of three, {small:?}");
}

/// In a random order the mean distance of neighbours is a third of the whole.
#[test]
fn neighbours_are_spread() {
    for len in [256, 1000, 65_535, 196_608, 1_000_003, u64::MAX] {
        for seed in 0..8 {
            let order = Permutation::new(len, seed);
            let taken: Vec<u64> = order.iter().take(20_000).collect();
            let apart = taken.windows(2).map(|pair| pair[0].abs_diff(pair[1]) as f64);
            let mean = apart.sum::<f64>() / (taken.len() - 1) as f64 / len as f64;
            assert!((0.29..0.38).contains(&mean), "{len}, seed {seed}: {mean}");
        }
    }
}

/// Any stretch of the order hits every part of the whole about equally: a scan's load is even.
#[test]
fn every_stretch_is_spread_over_the_whole() {
    let len = 65_536 * 3;
    let order = Permutation::new(len, 5);
    for start in [0, 65_536, 131_072] {
        let mut parts = [0_u32; 64];
        for position in start..start + 6_400 {
            parts[usize::try_from(order.at(position) * 64 / len).unwrap()] += 1;
        }
        assert!(parts.iter().all(|hits| (50..=160).contains(hits)), "{parts:?}");
    }
}

#[test]
#[should_panic(expected = "position 0 of 0")]
fn nothing_has_no_first() {
    Permutation::new(0, 0).at(0);
}

proptest! {
    #[test]
    fn no_two_positions_share_an_index(len in 1..=u64::MAX, seed: u64, some: [u64; 32]) {
        let order = Permutation::new(len, seed);
        let positions: BTreeSet<u64> = some.iter().map(|position| position % len).collect();
        let indices: BTreeSet<u64> = positions.iter().map(|&position| order.at(position)).collect();
        prop_assert_eq!(indices.len(), positions.len());
        prop_assert!(indices.iter().all(|&index| index < len));
    }

    #[test]
    fn any_number_of_indices_is_visited_whole(len in 0..20_000_u64, seed: u64) {
        prop_assert!(visits_all(len, seed));
    }
}
