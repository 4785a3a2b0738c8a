//! What a rule says: one of five keys, and how it is said.
//!
//! A file is read now, and is one of those whose change makes the rules be read again.
//!
//! Nothing here sends anything.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use super::super::{RulesError, Stamp};
use super::entry::Entry;
use super::matched::hexadecimal;
use super::{Reader, within};
use crate::duration;
use crate::matcher::Matcher;
use crate::reply::{Body, Command, Pieces, Reply, Then};
use crate::template::Template;

pub(super) const KEYS: [&str; 10] =
    ["reply", "hex", "file", "template", "command", "delay", "chunk", "pause", "then", "limit"];
const BODIES: [&str; 5] = ["reply", "hex", "file", "template", "command"];

/// A longer file is no reply.
const LONGEST_FILE: u64 = coax_net::MESSAGE_LIMIT as u64;
/// How long a command may take, unless the rule says.
const USUAL_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn read(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    matcher: &Matcher,
) -> Result<Reply, RulesError> {
    let body = body(reader, entry, matcher)?;
    let size = entry.count("chunk")?.and_then(NonZeroUsize::new);
    let pause = time(entry, "pause")?;
    if let (Some((_, span)), None) = (&pause, size) {
        return Err(entry.wrong(span.clone(), "expected 'chunk' beside 'pause': bytes at a time"));
    }
    if let (Some((_, span)), false) = (time(entry, "limit")?, matches!(body, Body::Command(_))) {
        return Err(entry.wrong(span, "expected 'command' beside 'limit': its time"));
    }
    let pause = pause.map_or(Duration::ZERO, |(pause, _)| pause);
    Ok(Reply {
        body,
        delay: time(entry, "delay")?.map_or(Duration::ZERO, |(delay, _)| delay),
        pieces: size.map(|size| Pieces { size, pause }),
        then: then(entry)?,
    })
}

fn body(reader: &mut Reader<'_>, entry: &Entry<'_>, matcher: &Matcher) -> Result<Body, RulesError> {
    let Some(key) = entry.one_of(&BODIES)? else {
        return match entry.first_of(&["then", "delay"]) {
            Some(_) => Ok(Body::None),
            None => {
                let why = format!("expected what is replied: one of {}, then", BODIES.join(", "));
                Err(entry.wrong(entry.span(), why))
            }
        };
    };
    let Some((text, span)) = entry.text(key)? else { return Ok(Body::None) };
    Ok(match key {
        "reply" => Body::Bytes(text.as_bytes().into()),
        "hex" => Body::Bytes(hexadecimal(entry, text, span)?),
        "file" => Body::Bytes(file(reader, entry, text, span)?),
        "template" => Body::Template(template(entry, text, &span, matcher)?),
        _ => {
            let limit = time(entry, "limit")?.map_or(USUAL_LIMIT, |(limit, _)| limit);
            Body::Command(Command { line: text.to_owned(), limit })
        }
    })
}

fn file(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    name: &str,
    span: Range<usize>,
) -> Result<Box<[u8]>, RulesError> {
    let path = reader.folder.join(name);
    let wrong = |why: &str| Err(entry.wrong(span.clone(), format!("expected a file: {why}")));
    let stamp = Stamp::of(&path);
    let read = fs::metadata(&path).and_then(|found| match found.is_file() {
        true if found.len() <= LONGEST_FILE => fs::read(&path).map(Some),
        _ => Ok(None),
    });
    match read {
        Ok(Some(bytes)) => {
            reader.files.push((path, stamp));
            Ok(bytes.into())
        }
        Ok(None) => wrong("this is none, or has more than 16 MiB"),
        Err(error) => wrong(&coax_net::cause_in_words(&error)),
    }
}

fn template(
    entry: &Entry<'_>,
    text: &str,
    span: &Range<usize>,
    matcher: &Matcher,
) -> Result<Template, RulesError> {
    let regex = match matcher {
        Matcher::Regex(regex) => Some(regex),
        _ => None,
    };
    Template::parse(text, regex).map_err(|error| {
        let part = error.at..error.at + error.length;
        entry.wrong(within(entry.source(), span.clone(), part), error.message)
    })
}

fn time(entry: &Entry<'_>, key: &str) -> Result<Option<(Duration, Range<usize>)>, RulesError> {
    let Some((value, span)) = entry.value(key) else { return Ok(None) };
    match value.as_str().and_then(duration::read) {
        Some(time) => Ok(Some((time, span))),
        None => Err(entry.wrong(span, "expected a time of at most a day: \"200ms\" or \"1.5s\"")),
    }
}

fn then(entry: &Entry<'_>) -> Result<Then, RulesError> {
    let Some((name, span)) = entry.text("then")? else { return Ok(Then::Keep) };
    Then::named(name).ok_or_else(|| entry.wrong(span, "expected keep, close, half-close or reset"))
}
