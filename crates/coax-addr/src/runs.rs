//! A set of numbers kept as sorted ranges, whatever the numbers count: ports or addresses.
//!
//! Ranges are disjoint with a gap between neighbours, so equal sets are equal here, and each knows
//! how many numbers lie in those before it, so the n-th number is found by halving.
//!
//! Nothing here knows what the numbers stand for.

use std::fmt::Debug;

/// An unsigned number of at most 128 bits.
pub(crate) trait Number: Copy + Ord + Into<u128> + TryFrom<u128, Error: Debug> {}

impl<N: Copy + Ord + Into<u128> + TryFrom<u128, Error: Debug>> Number for N {}

/// A set of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Runs<N> {
    ranges: Vec<(N, N)>,
    /// How many numbers lie in the ranges before; never more than lie below the range at all, so
    /// it fits.
    before: Vec<N>,
}

impl<N> Default for Runs<N> {
    fn default() -> Runs<N> {
        Runs { ranges: Vec::new(), before: Vec::new() }
    }
}

impl<N: Number> Runs<N> {
    /// From ranges in any order, both ends included; one that goes down is left out.
    pub(crate) fn new(mut ranges: Vec<(N, N)>) -> Runs<N> {
        merge(&mut ranges);
        Runs::settled(ranges)
    }

    fn settled(ranges: Vec<(N, N)>) -> Runs<N> {
        let mut below = 0_u128;
        let before = ranges
            .iter()
            .map(|&(first, last)| {
                let before = N::try_from(below).expect("disjoint ranges below hold fewer numbers");
                // Only the last range of all can overflow, and nothing comes after it.
                below = below.saturating_add(width(first, last));
                before
            })
            .collect();
        Runs { ranges, before }
    }

    pub(crate) fn ranges(&self) -> &[(N, N)] {
        &self.ranges
    }

    /// How many numbers; one too few when all of 128 bits are there.
    pub(crate) fn len(&self) -> u128 {
        match (self.ranges.last(), self.before.last()) {
            (Some(&(first, last)), Some(&before)) => {
                before.into().saturating_add(width(first, last))
            }
            _ => 0,
        }
    }

    pub(crate) fn contains(&self, number: N) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= number);
        after.checked_sub(1).is_some_and(|at| number <= self.ranges[at].1)
    }

    /// The number with `index` others below it.
    pub(crate) fn nth(&self, index: u128) -> Option<N> {
        let after = self.before.partition_point(|&before| before.into() <= index);
        let at = after.checked_sub(1)?;
        let (first, last) = self.ranges[at];
        let number = first.into().checked_add(index - self.before[at].into())?;
        N::try_from(number).ok().filter(|number| *number <= last)
    }

    /// What is here and not in `other`; one pass over both.
    pub(crate) fn without(&self, other: &Runs<N>) -> Runs<N> {
        let mut left = Vec::with_capacity(self.ranges.len());
        let mut holes = other.ranges.as_slice();
        for &(first, last) in &self.ranges {
            while let Some((_, rest)) = holes.split_first().filter(|(hole, _)| hole.1 < first) {
                holes = rest;
            }
            let inside = holes.iter().take_while(|hole| hole.0 <= last);
            left.extend(around((first, last), inside));
        }
        Runs::settled(left)
    }
}

/// What `holes`, sorted and each touching `range`, leave of it.
fn around<'a, N: Number + 'a>(
    (first, last): (N, N),
    holes: impl Iterator<Item = &'a (N, N)>,
) -> Vec<(N, N)> {
    let mut left = Vec::new();
    let mut from = Some(first);
    for &(hole, end) in holes {
        if let (Some(from), Some(to)) = (from, less_one(hole))
            && from <= to
        {
            left.push((from, to));
        }
        from = plus_one(end);
    }
    if let Some(from) = from.filter(|from| *from <= last) {
        left.push((from, last));
    }
    left
}

/// Sorts ranges and joins those that touch.
pub(crate) fn merge<N: Number>(ranges: &mut Vec<(N, N)>) {
    ranges.retain(|(first, last)| first <= last);
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let touches = next.0.into() <= kept.1.into().saturating_add(1);
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
}

fn width<N: Number>(first: N, last: N) -> u128 {
    (last.into() - first.into()).saturating_add(1)
}

fn plus_one<N: Number>(number: N) -> Option<N> {
    number.into().checked_add(1).and_then(|next| N::try_from(next).ok())
}

fn less_one<N: Number>(number: N) -> Option<N> {
    number.into().checked_sub(1).and_then(|before| N::try_from(before).ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn some_ranges() -> impl Strategy<Value = Vec<(u8, u8)>> {
        let edge = prop_oneof![any::<u8>(), 0..6_u8, 250..=u8::MAX];
        prop::collection::vec((edge.clone(), edge), 0..10)
    }

    fn model(ranges: &[(u8, u8)]) -> BTreeSet<u8> {
        ranges.iter().flat_map(|&(first, last)| first..=last).collect()
    }

    proptest! {
        #[test]
        fn a_set_is_what_its_ranges_say(ranges in some_ranges(), holes in some_ranges()) {
            let (runs, gone) = (Runs::new(ranges.clone()), Runs::new(holes.clone()));
            let left: Vec<u8> = model(&ranges).difference(&model(&holes)).copied().collect();
            let runs = runs.without(&gone);
            let nth: Vec<u8> = (0..runs.len()).map_while(|index| runs.nth(index)).collect();
            prop_assert_eq!(&nth, &left);
            prop_assert_eq!(runs.nth(runs.len()), None);
            prop_assert!((0..=u8::MAX).all(|n| runs.contains(n) == left.contains(&n)));
            prop_assert!(runs.ranges().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            prop_assert_eq!(Runs::new(runs.ranges().to_vec()), runs);
        }
    }

    #[test]
    fn every_number_of_128_bits_is_one_range() {
        let all = Runs::new(vec![(5, u128::MAX), (0, 7)]);
        assert_eq!(all.ranges(), [(0, u128::MAX)]);
        assert_eq!(all.len(), u128::MAX);
        assert_eq!(all.nth(u128::MAX), Some(u128::MAX));
        assert_eq!(all.without(&all), Runs::default());
        let ends = Runs::new(vec![(0, 0), (u128::MAX, u128::MAX)]);
        assert_eq!(all.without(&ends).ranges(), [(1, u128::MAX - 1)]);
    }
}
