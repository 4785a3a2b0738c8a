//! How often each rule was hit.
//!
//! A count belongs to what a rule is, not to where it stands: rules that are read again go on
//! where they were.
//!
//! Nothing here hits.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering;

use super::Rules;
use crate::matcher::quoted;

/// How often a rule was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Its name, or what it matches.
    pub rule: String,
    /// The line it stands in; 0 where that is not known.
    pub line: usize,
    /// How often.
    pub count: u64,
}

impl fmt::Display for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.rule),
            line => write!(f, "{} (line {line})", self.rule),
        }
    }
}

impl Rules {
    /// How often each rule was hit, in their order; a default is the last.
    pub fn hits(&self) -> impl Iterator<Item = Hits> + '_ {
        let rows = (0..self.table.len()).map(|row| Hits {
            rule: quoted(self.table.request(row)),
            line: self.table.line(row),
            count: self.table.hits(row).load(Ordering::Relaxed),
        });
        rows.chain(self.rules.iter().chain(&self.default).map(|rule| Hits {
            rule: rule.shown(),
            line: rule.line,
            count: rule.hits.load(Ordering::Relaxed),
        }))
    }

    /// How many rules were never hit. A default need not be.
    pub fn never_hit(&self) -> usize {
        self.hits().take(self.len()).filter(|hits| hits.count == 0).count()
    }

    /// Goes on counting where `old` has come to, for the rules that are the same.
    pub(crate) fn carry(&self, old: &Rules) {
        self.table.carry(&old.table);
        let counts = old.rules.iter().chain(&old.default).map(|rule| (rule.shown(), &rule.hits));
        let counts = counts.collect::<HashMap<_, _>>();
        for rule in self.rules.iter().chain(&self.default) {
            if let Some(count) = counts.get(&rule.shown()) {
                rule.hits.fetch_add(count.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }
}
