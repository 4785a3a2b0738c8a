//! Which bytes of a file are there, and which a server says it sends.
//!
//! Positions are counted from 0 and an end is exclusive, except on the wire, where the last byte is
//! named (RFC 9110 §14). What a server sent is checked before it becomes a range.
//!
//! Nothing here reads or writes bytes.

use std::ops::Range;

/// A set of bytes: sorted, and no two runs touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    runs: Vec<Range<u64>>,
}

impl Ranges {
    /// Adds a run, joined with all it touches.
    pub(crate) fn insert(&mut self, run: Range<u64>) {
        if run.is_empty() {
            return;
        }
        let first = self.runs.partition_point(|it| it.end < run.start);
        let behind = self.runs.partition_point(|it| it.start <= run.end);
        let start = self.runs.get(first).map_or(run.start, |it| it.start.min(run.start));
        let last = behind.checked_sub(1).and_then(|last| self.runs.get(last));
        let end = last.map_or(run.end, |it| it.end.max(run.end));
        let joined = start.min(run.start)..end.max(run.end);
        self.runs.splice(first..behind.max(first), std::iter::once(joined));
    }

    /// How many bytes.
    pub(crate) fn total(&self) -> u64 {
        self.runs.iter().map(|run| run.end - run.start).sum()
    }

    /// How many from the beginning on without a gap.
    pub(crate) fn prefix(&self) -> u64 {
        self.runs.first().filter(|run| run.start == 0).map_or(0, |run| run.end)
    }

    /// The first bytes from `from` to before `end` that are not there.
    pub(crate) fn gap(&self, from: u64, end: u64) -> Option<Range<u64>> {
        let next = self.runs.partition_point(|run| run.end <= from);
        let (start, next) = match self.runs.get(next) {
            Some(run) if run.start <= from => (run.end, self.runs.get(next + 1)),
            other => (from, other),
        };
        let end = next.map_or(end, |run| run.start.min(end));
        (start < end).then_some(start..end)
    }

    /// The runs, in order.
    pub(crate) fn runs(&self) -> &[Range<u64>] {
        &self.runs
    }
}

impl FromIterator<Range<u64>> for Ranges {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(runs: I) -> Ranges {
        let mut ranges = Ranges::default();
        runs.into_iter().for_each(|run| ranges.insert(run));
        ranges
    }
}

/// What `Content-Range` says (RFC 9110 §14.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// `None` in a refusal: `bytes */1234`.
    pub(crate) range: Option<Range<u64>>,
    /// `None` where the server does not know: `bytes 0-9/*`.
    pub(crate) total: Option<u64>,
}

impl ContentRange {
    pub(crate) fn parse(text: &str) -> Option<ContentRange> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.trim().split_once('/')?;
        let total = match total {
            "*" => None,
            digits => Some(number(digits)?),
        };
        let range = match range {
            "*" => None,
            range => {
                let (first, last) = range.split_once('-')?;
                Some(number(first)?..number(last)?.checked_add(1)?)
            }
        };
        let known = range.as_ref().is_none_or(|range| {
            range.start < range.end && total.is_none_or(|total| range.end <= total)
        });
        (unit.eq_ignore_ascii_case("bytes") && known).then_some(ContentRange { range, total })
    }
}

/// Digits alone: no sign, no space.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(runs: &[(u64, u64)]) -> Ranges {
        runs.iter().map(|&(start, end)| start..end).collect()
    }

    #[test]
    fn runs_that_touch_are_one() {
        assert_eq!(set(&[(0, 5), (10, 15), (5, 10)]), set(&[(0, 15)]));
        assert_eq!(set(&[(10, 15), (0, 5)]).runs(), [0..5, 10..15]);
        assert_eq!(set(&[(0, 5), (10, 15), (20, 25), (3, 22)]), set(&[(0, 25)]));
    }

    #[test]
    fn the_first_gap_is_found() {
        let have = set(&[(0, 5), (10, 15)]);
        assert_eq!(have.gap(0, 100), Some(5..10));
        assert_eq!(have.gap(7, 100), Some(7..10));
        assert_eq!(have.gap(12, 100), Some(15..100));
        assert_eq!(have.gap(0, 5), None);
        assert_eq!(set(&[(0, 5)]).gap(0, 5), None);
        assert_eq!(Ranges::default().gap(0, 0), None);
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_put_in_and_nothing_else(
            runs in proptest::collection::vec((0u64..200, 0u64..30), 0..40)
        ) {
            let mut bytes = [false; 256];
            let mut ranges = Ranges::default();
            for (start, length) in runs {
                ranges.insert(start..start + length);
                (start..start + length).for_each(|at| bytes[at as usize] = true);
            }
            prop_assert_eq!(ranges.total(), bytes.iter().filter(|it| **it).count() as u64);
            for pair in ranges.runs().windows(2) {
                prop_assert!(pair[0].end < pair[1].start);
            }
            let prefix = bytes.iter().take_while(|it| **it).count() as u64;
            prop_assert_eq!(ranges.prefix(), prefix);
            for from in 0..256u64 {
                let start = (from..256).find(|at| !bytes[*at as usize]);
                let gap = start.map(|start| {
                    start..(start..256).find(|at| bytes[*at as usize]).unwrap_or(256)
                });
                prop_assert_eq!(ranges.gap(from, 256), gap);
            }
        }

        #[test]
        fn no_header_is_a_panic(text in "bytes [0-9*]{0,25}-?[0-9]{0,25}/[0-9*]{0,25}|.{0,40}") {
            if let Some(ContentRange { range: Some(range), .. }) = ContentRange::parse(&text) {
                prop_assert!(range.start < range.end);
            }
        }
    }

    #[test]
    fn a_content_range_is_read_as_the_rfc_writes_it() {
        let table = [
            ("bytes 42-1233/1234", Some((Some(42..1234), Some(1234)))),
            ("bytes 42-1233/*", Some((Some(42..1234), None))),
            ("bytes */1234", Some((None, Some(1234)))),
            ("bytes 5-4/10", None),
            ("bytes 0-10/10", None),
            ("bytes -5-9/10", None),
            ("bytes +5-9/10", None),
            ("lines 0-9/10", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes 0-9", None),
            ("", None),
        ];
        for (text, read) in table {
            let read = read.map(|(range, total)| ContentRange { range, total });
            assert_eq!(ContentRange::parse(text), read, "{text}");
        }
    }
}
