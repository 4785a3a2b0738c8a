//! The rules of a stub, and which of them takes a request.
//!
//! A table is asked by hash. Among rules the first in the file wins: exact texts are found by hash
//! as well, and only the patterns that stand before the text that was found are tried.
//!
//! Nothing here sends; how a file is read stands in the files below.

mod dice;
mod error;
mod hits;
mod json;
mod separated;
mod source;
mod stamp;
mod toml;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use coax_net::Framing;

use crate::matcher::{Matcher, Request, quoted};
use crate::reply::{Body, Reply, Then};
use crate::table::Table;
use dice::Dice;

pub(crate) use crate::table::TOGETHER;

pub use error::RulesError;
pub use hits::Hits;
pub use source::{Format, Source};
pub use stamp::Stamp;

/// A table, or rules in their order.
#[derive(Debug, Default)]
pub struct Rules {
    table: Table,
    rules: Vec<Rule>,
    /// Which of them are exact texts that always take their request.
    exact: HashMap<Box<[u8]>, usize>,
    /// Which of them have to be tried.
    patterns: Vec<usize>,
    /// Which of them are for a new connection.
    greetings: Vec<usize>,
    /// For what nothing else takes.
    default: Option<Rule>,
    framing: Option<Framing>,
    /// What was read, each with its stamp before that.
    files: Vec<(PathBuf, Stamp)>,
    dice: Dice,
}

/// One rule of a rules file.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Option<String>,
    pub(crate) line: usize,
    pub(crate) matcher: Matcher,
    /// The n-th hit gets the n-th; never empty.
    pub(crate) replies: Vec<Reply>,
    /// After the last comes the first again, not the last.
    pub(crate) cycle: bool,
    /// How likely it takes a request that it matches, above 0 and below 1; `None` is always.
    pub(crate) chance: Option<f64>,
    hits: AtomicU64,
}

/// Which rule takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Of the table.
    Row(usize),
    Rule(usize),
    Default,
}

/// What a rule answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'a> {
    /// Bytes of the table.
    Text(&'a [u8]),
    Reply(&'a Rule, &'a Reply),
}

impl Rule {
    pub(crate) fn new(line: usize, matcher: Matcher, replies: Vec<Reply>) -> Rule {
        Rule {
            name: None,
            line,
            matcher,
            replies,
            cycle: false,
            chance: None,
            hits: AtomicU64::new(0),
        }
    }

    fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.matcher.to_string())
    }

    /// The answer to the `count`-th hit, which counts from 1.
    fn reply(&self, count: u64) -> &Reply {
        let index = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        let index = match self.cycle {
            true => index % self.replies.len(),
            false => index.min(self.replies.len() - 1),
        };
        &self.replies[index]
    }
}

impl Rules {
    /// A table alone.
    pub(crate) fn of_table(table: Table) -> Rules {
        Rules { table: table.finish(), ..Rules::default() }
    }

    /// Rules in their order. An exact text that stands there twice is the first alone.
    pub(crate) fn of_rules(rules: Vec<Rule>) -> Rules {
        let mut all = Rules::default();
        for (index, rule) in rules.iter().enumerate() {
            match &rule.matcher {
                Matcher::Exact(text) if rule.chance.is_none() => {
                    all.exact.entry(text.clone()).or_insert(index);
                }
                Matcher::Connect => all.greetings.push(index),
                _ => all.patterns.push(index),
            }
        }
        Rules { rules, ..all }
    }

    /// With `reply` for whatever no rule takes, in place of the file's own.
    #[must_use]
    pub fn with_default(mut self, reply: &[u8]) -> Rules {
        self.default = Some(Rule::new(0, Matcher::Default, vec![Reply::bytes(reply)]));
        self
    }

    /// With the same chances in every run, which `seed` decides.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Rules {
        Rules { dice: Dice::from_seed(seed), ..self }
    }

    /// The framing that the file asks for.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// The files that they were read from, those whose contents are replies among them. A file
    /// that has another stamp now has changed since.
    pub fn files(&self) -> &[(PathBuf, Stamp)] {
        &self.files
    }

    /// How many there are, a default not counted.
    pub fn len(&self) -> usize {
        self.table.len() + self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first rule that makes no sense without a connection: its line, and what it asks for.
    pub fn needs_connection(&self) -> Option<(usize, &'static str)> {
        self.rules.iter().chain(&self.default).find_map(|rule| {
            if matches!(rule.matcher, Matcher::Connect) {
                return Some((rule.line, "connect"));
            }
            let ends = rule.replies.iter().any(|reply| reply.then != Then::Keep);
            let pieces = rule.replies.iter().any(|reply| reply.pieces.is_some());
            let what = if ends { "then" } else { "chunk" };
            (ends || pieces).then_some((rule.line, what))
        })
    }

    /// Whether a reply is the output of a command.
    pub fn run_commands(&self) -> bool {
        let mut replies = self.rules.iter().chain(&self.default).flat_map(|rule| &rule.replies);
        replies.any(|reply| matches!(reply.body, Body::Command(_)))
    }

    /// The hashes of up to [`TOGETHER`] requests, which are looked up faster from now on.
    pub(crate) fn fetch<'r>(&self, requests: impl Iterator<Item = &'r [u8]>) -> [u64; TOGETHER] {
        self.table.fetch(requests)
    }

    /// Which rule takes this request.
    pub(crate) fn find(&self, request: Request<'_>) -> Option<Found> {
        self.find_hashed(request, self.table.hash(request.whole))
    }

    /// The same, by the hash of the whole request.
    pub(crate) fn find_hashed(&self, request: Request<'_>, hash: u64) -> Option<Found> {
        let row = self.table.find_hashed(request.whole, hash);
        if let Some(row) = row.or_else(|| self.loosely(request, |text| self.table.find(text))) {
            return Some(Found::Row(row));
        }
        let known = |text: &[u8]| self.exact.get(text).copied();
        let exact = known(request.whole).or_else(|| self.loosely(request, known));
        let first = exact.unwrap_or(usize::MAX);
        let before = self.patterns.iter().copied().take_while(|index| *index < first);
        let takes =
            |index: &usize| self.rules[*index].matcher.takes(request) && self.has_luck(*index);
        let pattern = before.into_iter().find(takes);
        let found = pattern.or(exact).map(Found::Rule);
        found.or_else(|| self.default.is_some().then_some(Found::Default))
    }

    /// Asks again without the line end that does not count.
    fn loosely(
        &self,
        request: Request<'_>,
        find: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<usize> {
        (request.text.len() < request.whole.len()).then(|| find(request.text)).flatten()
    }

    /// The rule that greets whoever connects.
    pub(crate) fn greeting(&self) -> Option<Found> {
        self.greetings.iter().copied().find(|index| self.has_luck(*index)).map(Found::Rule)
    }

    fn has_luck(&self, index: usize) -> bool {
        self.rules[index].chance.is_none_or(|chance| self.dice.shows(chance))
    }

    /// Counts a hit, and says the how many-th it is.
    pub(crate) fn hit(&self, found: Found) -> u64 {
        let hits = match found {
            Found::Row(row) => Some(self.table.hits(row)),
            Found::Rule(index) => Some(&self.rules[index].hits),
            Found::Default => self.default.as_ref().map(|rule| &rule.hits),
        };
        hits.map_or(0, |hits| hits.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// What the `count`-th hit of a rule gets.
    pub(crate) fn answer(&self, found: Found, count: u64) -> Answer<'_> {
        let rule = match found {
            Found::Row(row) => return Answer::Text(self.table.reply(row)),
            Found::Rule(index) => Some(&self.rules[index]),
            Found::Default => self.default.as_ref(),
        };
        rule.map_or(Answer::Text(b""), |rule| Answer::Reply(rule, rule.reply(count)))
    }

    /// What a rule is called, and its line.
    pub(crate) fn name(&self, found: Found) -> (String, usize) {
        match found {
            Found::Row(row) => (quoted(self.table.request(row)), self.table.line(row)),
            Found::Rule(index) => (self.rules[index].shown(), self.rules[index].line),
            Found::Default => {
                ("default".to_owned(), self.default.as_ref().map_or(0, |rule| rule.line))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Rule, Rules};
    use crate::matcher::{Matcher, Request};
    use crate::reply::Reply;

    fn rules(matchers: Vec<Matcher>) -> Rules {
        let rule = |matcher| Rule::new(1, matcher, vec![Reply::none()]);
        Rules::of_rules(matchers.into_iter().map(rule).collect())
    }

    fn exact(text: &str) -> Matcher {
        Matcher::Exact(text.as_bytes().into())
    }

    fn prefix(text: &str) -> Matcher {
        Matcher::Prefix(text.as_bytes().into())
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules = rules(vec![exact("abc"), prefix("ab"), exact("abd"), prefix("")]);
        let found = |text: &str| rules.find(Request::new(text.as_bytes(), false));
        assert_eq!(found("abc"), Some(Found::Rule(0)));
        assert_eq!(found("abd"), Some(Found::Rule(1)));
        assert_eq!(found("b"), Some(Found::Rule(3)));
    }

    #[test]
    fn a_sequence_stays_at_its_last_or_begins_again() {
        let replies = || vec![Reply::bytes(*b"1"), Reply::bytes(*b"2")];
        let mut rule = Rule::new(1, exact("a"), replies());
        let said =
            |rule: &Rule| [1, 2, 3, 4].map(|count| rule.reply(count).at_once().unwrap()[0] as char);
        assert_eq!(said(&rule), ['1', '2', '2', '2']);
        rule.cycle = true;
        assert_eq!(said(&rule), ['1', '2', '1', '2']);
    }

    #[test]
    fn a_rule_with_a_chance_takes_some_requests_and_the_same_ones_for_a_seed() {
        let drawn = |seed| {
            let rule = |matcher| Rule::new(1, matcher, vec![Reply::none()]);
            let mut unlikely = rule(exact("a"));
            unlikely.chance = Some(0.25);
            let rules = Rules::of_rules(vec![unlikely, rule(prefix(""))]).with_seed(seed);
            let request = Request::new(b"a", false);
            (0..1000).map(|_| rules.find(request) == Some(Found::Rule(0))).collect::<Vec<_>>()
        };
        let taken = drawn(1).iter().filter(|taken| **taken).count();
        assert!((150..350).contains(&taken), "{taken} of 1000");
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn counts_go_on_where_they_were() {
        let (old, new) = (rules(vec![exact("a"), exact("b")]), rules(vec![exact("b"), exact("c")]));
        old.hit(Found::Rule(1));
        new.carry(&old);
        assert_eq!(new.hits().map(|hits| hits.count).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(new.never_hit(), 1);
    }
}
