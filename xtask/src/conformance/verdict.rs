//! What pytest said, beside the two lists of conformance/.
//!
//! A failure must stand in known-gaps with a reason, and what stands there must fail. A test may be
//! skipped for a reason that skips names, and a reason that skips nothing any more has to go.
//!
//! Nothing here runs anything.

use std::collections::BTreeSet;

use super::read;
use crate::run::workspace;

/// Fewer tests that pass are too few, whatever the others do.
const LEAST: usize = 480;

/// Shows the table, and says what is wrong.
pub(super) fn judge(told: &str, whole: bool) -> Result<(), String> {
    let (gaps, reasons) = (listed("known-gaps")?, listed("skips")?);
    let said = Said::read(told);
    let table = said.table(&reasons);
    let wrong = said.wrong(&gaps, &reasons, whole);
    if wrong.is_empty() {
        println!("{table}");
        return Ok(());
    }
    println!("{told}\n{table}");
    Err(format!("conformance:\n{}", wrong.join("\n")))
}

/// One line of a list: what it is about, and what is said of it.
struct Entry {
    what: String,
    why: String,
}

/// How often tests were skipped for one reason.
struct Skipped {
    count: usize,
    reason: String,
}

/// The summary at the end of a run.
struct Said {
    failed: BTreeSet<String>,
    passed: BTreeSet<String>,
    skipped: Vec<Skipped>,
    /// `498 passed, 50 skipped in 82.12s`.
    totals: String,
}

impl Said {
    fn read(told: &str) -> Said {
        let named = |word: &str| {
            let lines = told.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
            let names = lines.map(|line| line.split(" - ").next().unwrap_or(line).trim());
            names.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        Said {
            failed: &named("FAILED") | &named("ERROR"),
            passed: named("PASSED"),
            skipped: told.lines().filter_map(skipped).collect(),
            totals: told.lines().last().unwrap_or_default().trim_matches(['=', ' ']).to_owned(),
        }
    }

    /// The count of tests that ended so: `passed`, `skipped`.
    fn count(&self, how: &str) -> usize {
        let mut words = self.totals.split(", ").map(|part| part.split_once(' '));
        let found =
            words.find_map(|part| part.filter(|(_, word)| word.split(' ').next() == Some(how)));
        found.and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
    }

    /// How many were skipped for this reason of the list.
    fn skipped_for(&self, reason: &Entry) -> usize {
        let fitting = self.skipped.iter().filter(|it| it.reason.contains(&reason.what));
        fitting.map(|it| it.count).sum()
    }

    fn table(&self, reasons: &[Entry]) -> String {
        let mut lines = vec![format!("conformance: {}", self.totals)];
        let failed = self.count("failed") + self.count("errors") + self.count("error");
        let mut row = |count: usize, what: &str| lines.push(format!("{count:>6}  {what}"));
        row(self.count("passed"), "passed");
        for (how, what) in [("xpassed", "passed"), ("xfailed", "failed")] {
            if let count @ 1.. = self.count(how) {
                row(count, &format!("{what}, where the suite does not ask it of a server"));
            }
        }
        row(failed, "failed");
        row(self.count("skipped"), "skipped, of these:");
        for reason in reasons {
            let what = format!("    {}: {}", reason.what, reason.why);
            row(self.skipped_for(reason), &what);
        }
        lines.join("\n")
    }

    fn wrong(&self, gaps: &[Entry], reasons: &[Entry], whole: bool) -> Vec<String> {
        let known = |test: &&String| gaps.iter().any(|gap| gap.what == **test);
        let mut wrong = Vec::new();
        let unknown = self.failed.iter().filter(|test| !known(test));
        wrong.extend(unknown.map(|test| format!("failed: {test}")));
        let outgrown = self.passed.iter().filter(known);
        wrong.extend(
            outgrown.map(|test| format!("passed, and stands in conformance/known-gaps: {test}")),
        );
        let fits = |it: &&Skipped| !reasons.iter().any(|reason| it.reason.contains(&reason.what));
        wrong.extend(
            self.skipped.iter().filter(fits).map(|it| {
                format!("skipped, and conformance/skips has no such reason: {}", it.reason)
            }),
        );
        if whole {
            let idle = reasons.iter().filter(|reason| self.skipped_for(reason) == 0);
            wrong.extend(
                idle.map(|it| format!("conformance/skips has a reason for nothing: {}", it.what)),
            );
        }
        let least = if whole { LEAST } else { 1 };
        if self.count("passed") < least {
            wrong.push(format!("fewer than {least} passed: {}", self.totals));
        }
        wrong
    }
}

/// `SKIPPED [3] where:line: why`.
fn skipped(line: &str) -> Option<Skipped> {
    let (count, rest) = line.strip_prefix("SKIPPED [")?.split_once("] ")?;
    let reason = rest.split_once(": ").map_or(rest, |(_, reason)| reason);
    Some(Skipped { count: count.parse().ok()?, reason: reason.to_owned() })
}

/// The lines of a list.
fn listed(name: &str) -> Result<Vec<Entry>, String> {
    let text = read(&workspace().join("conformance").join(name))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let entry = |line: &str| {
        let (what, why) = line.split_once(" # ").unwrap_or((line, "no reason given"));
        Entry { what: what.trim().to_owned(), why: why.trim().to_owned() }
    };
    Ok(lines.map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::{Entry, Said};

    const TOLD: &str = "\
..s.F [100%]
PASSED a.py::A::one
PASSED a.py::A::two
SKIPPED [2] ../unittest.py:521: Unsupported capability: draft/x or batch
SKIPPED [1] a.py:145: Not consistently implemented
FAILED a.py::A::three - assert: no - really
ERROR a.py::A::four - it hangs
1 failed, 2 passed, 3 skipped, 1 error in 1.20s (0:00:01)
";

    fn list(lines: &[&str]) -> Vec<Entry> {
        let entry = |what: &&str| Entry { what: (*what).to_owned(), why: "so".to_owned() };
        lines.iter().map(entry).collect()
    }

    #[test]
    fn a_failure_and_a_skip_need_a_reason() {
        let said = Said::read(TOLD);
        let wrong = said.wrong(&list(&["a.py::A::three"]), &list(&["draft/x"]), false);
        assert_eq!(
            wrong,
            [
                "failed: a.py::A::four",
                "skipped, and conformance/skips has no such reason: Not consistently implemented"
            ]
        );
    }

    #[test]
    fn a_reason_that_is_needed_no_more_has_to_go() {
        let said = Said::read(TOLD);
        let gaps = list(&["a.py::A::three", "a.py::A::four", "a.py::A::two"]);
        let wrong = said.wrong(&gaps, &list(&["draft/x", "Not cons", "draft/y"]), true);
        assert_eq!(
            wrong,
            [
                "passed, and stands in conformance/known-gaps: a.py::A::two",
                "conformance/skips has a reason for nothing: draft/y",
                "fewer than 480 passed: 1 failed, 2 passed, 3 skipped, 1 error in 1.20s (0:00:01)"
            ]
        );
    }

    #[test]
    fn the_table_counts_each_reason() {
        let table = Said::read(TOLD).table(&list(&["draft/x", "Not consistently"]));
        let counted = |line: &str| table.lines().any(|it| it.trim_start() == line);
        for line in ["2  passed", "2  failed", "2      draft/x: so", "1      Not consistently: so"]
        {
            assert!(counted(line), "{line}\n{table}");
        }
    }
}
