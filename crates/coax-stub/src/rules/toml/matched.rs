//! What a rule matches: one of six keys.
//!
//! A regular expression works on bytes and knows no Unicode classes: `\d` is 0 to 9 and `.` one
//! byte. A mistake in one is shown at the letter where it is.
//!
//! Nothing here matches anything yet.

use std::ops::{Range, RangeInclusive};

use ::toml::de::DeValue;
use regex::bytes::{Regex, RegexBuilder};

use super::super::RulesError;
use super::entry::{Entry, whole_number};
use super::within;
use crate::matcher::Matcher;

pub(super) const KEYS: [&str; 6] = ["exact", "prefix", "regex", "bytes", "length", "connect"];

pub(super) fn read(entry: &Entry<'_>) -> Result<Matcher, RulesError> {
    let Some(key) = entry.one_of(&KEYS)? else {
        let why = format!("expected what the rule matches: one of {}", KEYS.join(", "));
        return Err(entry.wrong(entry.span(), why));
    };
    let Some((value, span)) = entry.value(key) else { return Ok(Matcher::Default) };
    match key {
        "connect" => match value.as_bool() {
            Some(true) => Ok(Matcher::Connect),
            _ => Err(entry.wrong(span, "expected true: the rule is for whoever connects")),
        },
        "length" => length(entry, value, span).map(Matcher::Length),
        _ => {
            let Some(text) = value.as_str() else {
                return Err(entry.odd(span, "a text in quotes", value));
            };
            match key {
                "exact" => Ok(Matcher::Exact(text.as_bytes().into())),
                "prefix" => Ok(Matcher::Prefix(text.as_bytes().into())),
                "bytes" => hexadecimal(entry, text, span).map(Matcher::Bytes),
                _ => regex(entry, text, span).map(Matcher::Regex),
            }
        }
    }
}

/// Pairs of hexadecimal digits; spaces and colons may stand between them.
pub(super) fn hexadecimal(
    entry: &Entry<'_>,
    text: &str,
    span: Range<usize>,
) -> Result<Box<[u8]>, RulesError> {
    let (mut bytes, mut half) = (Vec::new(), None);
    for (at, letter) in text.char_indices() {
        let place = || within(entry.source(), span.clone(), at..at + letter.len_utf8());
        match (letter.to_digit(16), half) {
            (Some(digit), None) => half = Some(digit as u8),
            (Some(digit), Some(high)) => {
                bytes.push(high << 4 | digit as u8);
                half = None;
            }
            (None, None) if letter.is_whitespace() || letter == ':' => {}
            (None, _) => {
                let why = "expected hexadecimal digits in pairs, as in \"00 1f ff\"";
                return Err(entry.wrong(place(), why));
            }
        }
    }
    match half {
        None => Ok(bytes.into()),
        Some(_) => Err(entry.wrong(span, "expected an even number of hexadecimal digits")),
    }
}

/// `4`, `"1-10"`, `"10-"`.
fn length(
    entry: &Entry<'_>,
    value: &DeValue<'_>,
    span: Range<usize>,
) -> Result<RangeInclusive<usize>, RulesError> {
    let wrong = || entry.wrong(span.clone(), "expected a length: 4, \"1-10\" or \"10-\"");
    let range = match value {
        DeValue::String(text) => match text.split_once('-') {
            Some((from, "")) => Some((from.parse().map_err(|_| wrong())?, usize::MAX)),
            Some((from, to)) => from.parse().ok().zip(to.parse().ok()),
            None => text.parse().ok().map(|length: usize| (length, length)),
        },
        other => whole_number(other).map(|length| (length, length)),
    };
    let (from, to) = range.filter(|(from, to)| from <= to).ok_or_else(wrong)?;
    Ok(from..=to)
}

fn regex(entry: &Entry<'_>, text: &str, span: Range<usize>) -> Result<Regex, RulesError> {
    let at = |part: &regex_syntax::ast::Span| {
        let part = part.start.offset..part.end.offset;
        within(entry.source(), span.clone(), part)
    };
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let wrong =
        |span, why: String| entry.wrong(span, format!("expected a regular expression: {why}"));
    match parser.parse(text) {
        Err(regex_syntax::Error::Parse(error)) => {
            return Err(wrong(at(error.span()), error.kind().to_string()));
        }
        Err(regex_syntax::Error::Translate(error)) => {
            return Err(wrong(at(error.span()), error.kind().to_string()));
        }
        _ => {}
    }
    let built = RegexBuilder::new(text).unicode(false).build();
    built.map_err(|error| {
        let why = error.to_string().lines().last().unwrap_or_default().to_owned();
        wrong(span.clone(), why)
    })
}
