//! One table of a rules file, read key by key.
//!
//! A value of another kind than expected, and a key that nobody knows, are errors at their place.
//!
//! Nothing here knows what a key is for.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::super::RulesError;

/// A rules file as it is written, and where its lines begin.
pub(super) struct Text<'t> {
    written: &'t str,
    /// Where each newline stands, in order: a line is found without reading all before it.
    newlines: Vec<usize>,
}

impl<'t> Text<'t> {
    pub(super) fn new(written: &'t str) -> Text<'t> {
        Text { written, newlines: written.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// The number of the line with the byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.newlines.partition_point(|newline| *newline < at) + 1
    }
}

/// A table and where it stands.
pub(super) struct Entry<'t> {
    text: &'t Text<'t>,
    table: &'t DeTable<'t>,
    span: Range<usize>,
}

impl<'t> Entry<'t> {
    pub(super) fn new(text: &'t Text<'t>, table: &'t DeTable<'t>, span: Range<usize>) -> Entry<'t> {
        Entry { text, table, span }
    }

    pub(super) fn source(&self) -> &'t str {
        self.text.written
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The line it begins in.
    pub(super) fn line(&self) -> usize {
        self.text.line(self.span.start)
    }

    pub(super) fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> RulesError {
        RulesError::at(self.source().as_bytes(), span, message)
    }

    /// No other key than these.
    pub(super) fn only(&self, keys: &[&str]) -> Result<(), RulesError> {
        let strange = self.table.keys().filter(|key| !keys.contains(&&**key.get_ref()));
        match strange.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let why = format!("expected one of {}", keys.join(", "));
                Err(self.wrong(key.span(), why))
            }
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<(&'t DeValue<'t>, Range<usize>)> {
        self.table.get(key).map(|value| (value.get_ref(), value.span()))
    }

    /// The first of `keys` that is here, and where.
    pub(super) fn first_of(&self, keys: &[&'static str]) -> Option<(&'static str, Range<usize>)> {
        let here = keys.iter().filter_map(|key| Some((*key, self.table.get_key_value(*key)?.0)));
        here.map(|(key, found)| (key, found.span())).min_by_key(|(_, span)| span.start)
    }

    /// At most one of `keys`; the second in the file is the one too many.
    pub(super) fn one_of(&self, keys: &[&'static str]) -> Result<Option<&'static str>, RulesError> {
        let here = keys.iter().filter_map(|key| Some((*key, self.table.get_key_value(*key)?.0)));
        let mut here = here.map(|(key, found)| (found.span(), key)).collect::<Vec<_>>();
        here.sort_by_key(|(span, _)| span.start);
        match &here[..] {
            [] => Ok(None),
            [(_, key)] => Ok(Some(key)),
            [(_, first), (span, second), ..] => {
                let why =
                    format!("expected no '{second}' beside '{first}': a rule has one of them");
                Err(self.wrong(span.clone(), why))
            }
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<(&'t str, Range<usize>)>, RulesError> {
        let Some((value, span)) = self.value(key) else { return Ok(None) };
        match value {
            DeValue::String(text) => Ok(Some((text, span))),
            other => Err(self.odd(span, "a text in quotes", other)),
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, RulesError> {
        let Some((value, span)) = self.value(key) else { return Ok(None) };
        match value.as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.odd(span, "true or false", value)),
        }
    }

    /// A count of at least one.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, RulesError> {
        let Some((value, span)) = self.value(key) else { return Ok(None) };
        match whole_number(value).filter(|count| *count > 0) {
            Some(count) => Ok(Some(count)),
            None => Err(self.wrong(span, "expected a number of bytes, 1 or more")),
        }
    }

    /// A part of all, above 0 and below 1. `1` is always, which is `None`.
    pub(super) fn chance(&self, key: &str) -> Result<Option<f64>, RulesError> {
        let Some((value, span)) = self.value(key) else { return Ok(None) };
        let number = match value {
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            other => whole_number(other).map(|number| number as f64),
        };
        match number.filter(|chance| *chance > 0.0 && *chance <= 1.0) {
            Some(chance) => Ok(Some(chance).filter(|chance| *chance < 1.0)),
            None => Err(self.wrong(span, "expected a chance above 0, up to 1: 0.1 is one in ten")),
        }
    }

    pub(super) fn odd(&self, span: Range<usize>, wanted: &str, found: &DeValue<'_>) -> RulesError {
        let found = match found {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.wrong(span, format!("expected {wanted}, found {found}"))
    }
}

pub(super) fn whole_number(value: &DeValue<'_>) -> Option<usize> {
    let number = value.as_integer()?;
    usize::from_str_radix(number.as_str(), number.radix()).ok()
}
