//! What a rule wants of a request.
//!
//! Text is compared without one line end at its end where that end is only how a person's client
//! sends a line; bytes and lengths are those of the whole request.
//!
//! Nothing here knows what is replied.

use std::fmt;
use std::ops::RangeInclusive;

use regex::bytes::Regex;

/// One request as the rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) whole: &'a [u8],
    /// Without the line end that does not count.
    pub(crate) text: &'a [u8],
}

impl<'a> Request<'a> {
    /// `loose`: one line end is not part of the text.
    pub(crate) fn new(whole: &'a [u8], loose: bool) -> Request<'a> {
        let line = whole.strip_suffix(b"\n").filter(|_| loose);
        let text = line.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Request { whole, text: text.unwrap_or(whole) }
    }
}

/// When a rule applies.
#[derive(Debug)]
pub(crate) enum Matcher {
    /// This text.
    Exact(Box<[u8]>),
    /// Text that starts like this.
    Prefix(Box<[u8]>),
    /// Text in which this is found.
    Regex(Regex),
    /// These bytes.
    Bytes(Box<[u8]>),
    /// So many bytes.
    Length(RangeInclusive<usize>),
    /// No request: a connection begins.
    Connect,
    /// Whatever no other rule takes.
    Default,
}

impl Matcher {
    pub(crate) fn takes(&self, request: Request<'_>) -> bool {
        match self {
            Matcher::Exact(text) => **text == *request.text || **text == *request.whole,
            Matcher::Prefix(start) => request.whole.starts_with(start),
            Matcher::Regex(regex) => regex.is_match(request.text),
            Matcher::Bytes(bytes) => **bytes == *request.whole,
            Matcher::Length(range) => range.contains(&request.whole.len()),
            Matcher::Connect => false,
            Matcher::Default => true,
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Matcher::Exact(text) => write!(f, "exact {}", quoted(text)),
            Matcher::Prefix(text) => write!(f, "prefix {}", quoted(text)),
            Matcher::Regex(regex) => write!(f, "regex {}", quoted(regex.as_str().as_bytes())),
            Matcher::Bytes(bytes) => {
                f.write_str("bytes")?;
                bytes.iter().take(SHOWN).try_for_each(|byte| write!(f, " {byte:02x}"))
            }
            Matcher::Length(range) if range.start() == range.end() => {
                write!(f, "length {}", range.start())
            }
            Matcher::Length(range) if *range.end() == usize::MAX => {
                write!(f, "length {}-", range.start())
            }
            Matcher::Length(range) => write!(f, "length {}-{}", range.start(), range.end()),
            Matcher::Connect => f.write_str("connect"),
            Matcher::Default => f.write_str("default"),
        }
    }
}

/// A name is a reminder, not the whole of it.
const SHOWN: usize = 40;

/// The beginning of `text`, in quotes, on one line.
pub(crate) fn quoted(text: &[u8]) -> String {
    let all = String::from_utf8_lossy(text);
    let mut letters = all.chars();
    let start = letters.by_ref().take(SHOWN).flat_map(char::escape_debug).collect::<String>();
    match letters.next() {
        Some(_) => format!("\"{start}…\""),
        None => format!("\"{start}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::{Matcher, Request};

    #[test]
    fn a_line_end_counts_for_bytes_alone() {
        let typed = Request::new(b"CS101\r\n", true);
        assert!(Matcher::Exact((*b"CS101").into()).takes(typed));
        assert!(Matcher::Exact((*b"CS101\r\n").into()).takes(typed));
        assert!(Matcher::Regex(regex::bytes::Regex::new("^CS101$").unwrap()).takes(typed));
        assert!(!Matcher::Bytes((*b"CS101").into()).takes(typed));
        assert!(Matcher::Length(7..=7).takes(typed));
        assert!(!Matcher::Exact((*b"CS101").into()).takes(Request::new(b"CS101\n", false)));
        assert!(!Matcher::Exact((*b"CS101").into()).takes(Request::new(b"CS101\n\n", true)));
    }

    #[test]
    fn each_says_what_it_is() {
        let long = Matcher::Prefix("é".repeat(50).into_bytes().into());
        assert_eq!(long.to_string(), format!("prefix \"{}…\"", "é".repeat(40)));
        assert_eq!(Matcher::Length(3..=usize::MAX).to_string(), "length 3-");
        assert_eq!(Matcher::Bytes((*b"\x00\xff").into()).to_string(), "bytes 00 ff");
        assert_eq!(Matcher::Exact((*b"a\n\x1b").into()).to_string(), "exact \"a\\n\\u{1b}\"");
    }
}
