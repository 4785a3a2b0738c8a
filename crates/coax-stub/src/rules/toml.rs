//! Rules in TOML.
//!
//! ```toml
//! framing = "line"              # as --framing says it, which wins; chunk without it
//! default = "no such command"   # for what no rule takes; a [default] table may do more
//!
//! [[rule]]
//! name = "sum"                  # for the counts; without it, what the rule matches
//! regex = '^add (\d+) (\d+)$'   # or exact, prefix, bytes (hexadecimal), length, connect = true
//! template = "{1} and {2}"      # or reply, hex, file, command
//! delay = "100ms"
//! then = "close"                # or keep, half-close, reset
//! chance = 0.1                  # takes one in ten of what it matches; the rest go on
//! ```
//!
//! Each rule has one thing to match and at most one thing to say; `replies` is an array of such
//! things, for the first hit, the second, and on. The first rule that matches wins. Whatever is not
//! understood is an error at its place: nothing is skipped.
//!
//! Nothing here matches or sends.

mod entry;
mod matched;
mod said;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ::toml::de::{DeTable, DeValue};
use coax_net::Framing;

use super::{Rule, Rules, RulesError, Stamp};
use crate::matcher::Matcher;
use crate::reply::Reply;

use entry::{Entry, Text};

/// What a rule may have besides what it matches and says.
const RULE: [&str; 4] = ["name", "replies", "cycle", "chance"];

/// Reads rules; the files they name are found from `folder`.
pub(super) fn read(text: &[u8], folder: &Path) -> Result<Rules, RulesError> {
    let valid = std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        RulesError::at(text, at..at + 1, "expected UTF-8: TOML is written in it")
    })?;
    let table = DeTable::parse(valid).map_err(|error| {
        let span = error.span().unwrap_or_default();
        RulesError::at(text, span, error.message().trim().replace('\n', ", "))
    })?;
    let text = Text::new(valid);
    let whole = Entry::new(&text, table.get_ref(), 0..valid.len());
    whole.only(&["framing", "default", "rule"])?;
    let mut reader = Reader { text: &text, folder, files: Vec::new(), rules: Vec::new() };
    reader.rules(&whole)?;
    let default = reader.default(&whole)?;
    let framing = framing(&whole)?;
    let files = reader.files;
    Ok(Rules { default, framing, files, ..Rules::of_rules(reader.rules) })
}

fn framing(whole: &Entry<'_>) -> Result<Option<Framing>, RulesError> {
    let Some((name, span)) = whole.text("framing")? else { return Ok(None) };
    let framing = name.parse::<Framing>().map_err(|error| whole.wrong(span, error.to_string()))?;
    Ok(Some(framing))
}

/// What has been read so far.
struct Reader<'t> {
    text: &'t Text<'t>,
    folder: &'t Path,
    files: Vec<(PathBuf, Stamp)>,
    rules: Vec<Rule>,
}

impl<'t> Reader<'t> {
    fn rules(&mut self, whole: &Entry<'t>) -> Result<(), RulesError> {
        let Some((value, span)) = whole.value("rule") else {
            let end = whole.span().end;
            return Err(whole.wrong(end..end, "expected a [[rule]]"));
        };
        let Some(rules) = value.as_array() else {
            return Err(
                whole.wrong(span, "expected [[rule]], with two brackets: there may be many")
            );
        };
        let mut known = HashMap::new();
        for rule in rules.iter() {
            let Some(table) = rule.get_ref().as_table() else {
                return Err(whole.wrong(rule.span(), "expected a table: a [[rule]]"));
            };
            let entry = Entry::new(self.text, table, rule.span());
            let rule = self.rule(&entry)?;
            self.first_of_its_kind(&mut known, &rule, &entry)?;
            self.rules.push(rule);
        }
        Ok(())
    }

    fn rule(&mut self, entry: &Entry<'t>) -> Result<Rule, RulesError> {
        entry.only(&[&RULE[..], &matched::KEYS, &said::KEYS].concat())?;
        let matcher = matched::read(entry)?;
        let replies = self.replies(entry, &matcher)?;
        let mut rule = Rule::new(entry.line(), matcher, replies);
        rule.name = entry.text("name")?.map(|(name, _)| name.to_owned());
        rule.cycle = entry.flag("cycle")?.unwrap_or(false);
        rule.chance = entry.chance("chance")?;
        Ok(rule)
    }

    fn replies(&mut self, entry: &Entry<'t>, matcher: &Matcher) -> Result<Vec<Reply>, RulesError> {
        let Some((value, span)) = entry.value("replies") else {
            if let Some((_, span)) = entry.value("cycle") {
                return Err(
                    entry.wrong(span, "expected 'replies' beside 'cycle': one has no turns")
                );
            }
            return Ok(vec![said::read(self, entry, matcher)?]);
        };
        if let Some((key, span)) = entry.first_of(&said::KEYS) {
            let why = format!("expected '{key}' within 'replies', or no 'replies'");
            return Err(entry.wrong(span, why));
        }
        let items = value.as_array().filter(|items| !items.is_empty());
        let Some(items) = items else {
            return Err(entry.wrong(span, "expected an array of replies, one at least"));
        };
        items.iter().map(|item| self.one_of_many(entry, item, matcher)).collect()
    }

    /// `"text"` alone, or a table with all that a reply may have.
    fn one_of_many(
        &mut self,
        entry: &Entry<'t>,
        item: &'t ::toml::Spanned<DeValue<'t>>,
        matcher: &Matcher,
    ) -> Result<Reply, RulesError> {
        match item.get_ref() {
            DeValue::String(text) => Ok(Reply::bytes(text.as_bytes())),
            DeValue::Table(table) => {
                let entry = Entry::new(self.text, table, item.span());
                entry.only(&said::KEYS)?;
                said::read(self, &entry, matcher)
            }
            _ => Err(entry.wrong(item.span(), "expected a text or a table such as {hex = \"00\"}")),
        }
    }

    fn default(&mut self, whole: &Entry<'t>) -> Result<Option<Rule>, RulesError> {
        let Some((value, span)) = whole.value("default") else { return Ok(None) };
        let reply = match value {
            DeValue::String(text) => Reply::bytes(text.as_bytes()),
            DeValue::Table(table) => {
                let entry = Entry::new(self.text, table, span.clone());
                entry.only(&said::KEYS)?;
                said::read(self, &entry, &Matcher::Default)?
            }
            _ => return Err(whole.wrong(span, "expected a text or a [default] table")),
        };
        Ok(Some(Rule::new(self.text.line(span.start), Matcher::Default, vec![reply])))
    }

    /// A rule that can never be hit is a mistake.
    fn first_of_its_kind(
        &self,
        known: &mut HashMap<String, usize>,
        rule: &Rule,
        entry: &Entry<'t>,
    ) -> Result<(), RulesError> {
        if rule.chance.is_some() {
            return Ok(());
        }
        let key = match &rule.matcher {
            Matcher::Exact(text) => format!("exact {text:?}"),
            Matcher::Bytes(bytes) => format!("bytes {bytes:?}"),
            Matcher::Connect => "connect".to_owned(),
            _ => return Ok(()),
        };
        let Some(line) = known.insert(key, rule.line) else { return Ok(()) };
        let span = entry.first_of(&matched::KEYS).map_or_else(|| entry.span(), |(_, span)| span);
        let why = format!("expected something new: the rule at line {line} matches the same");
        Err(entry.wrong(span, why))
    }
}

/// Where `needle`, a part of a text, stands in the file: exactly in a text without escapes, else
/// the whole text.
fn within(text: &str, value: Range<usize>, part: Range<usize>) -> Range<usize> {
    let raw = text.get(value.clone()).unwrap_or_default();
    let quotes = match raw {
        _ if raw.starts_with("\"\"\"\n") || raw.starts_with("'''\n") => 4,
        _ if raw.starts_with("\"\"\"") || raw.starts_with("'''") => 3,
        _ => 1,
    };
    let literal = raw.starts_with('\'') || !raw.contains('\\');
    let start = value.start + quotes + part.start;
    match literal && start < value.end {
        true => start..(start + part.len()).min(value.end),
        false => value,
    }
}

#[cfg(test)]
mod tests;
