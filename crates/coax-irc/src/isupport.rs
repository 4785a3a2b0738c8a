//! What a server can do and how much of it: `NICKLEN=30 UTF8ONLY -KNOCK`.
//!
//! A value is any text; what would end the word is written `\x20`. Lines have at most 13 tokens,
//! because a line then had 15 parameters, and some clients count.
//!
//! Nothing here knows what a token promises.

use std::borrow::Cow;
use std::fmt;

use crate::pack;

/// Most tokens on one line. Modern IRC, "RPL_ISUPPORT (005)".
const TOKENS: usize = 13;

/// The tokens a server sends, in the order it says them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isupport {
    words: Vec<Vec<u8>>,
}

impl Isupport {
    /// None yet.
    pub const fn new() -> Isupport {
        Isupport { words: Vec::new() }
    }

    /// Adds a token without value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Isupport {
        self.words.push(name.as_bytes().to_vec());
        self
    }

    /// Adds a token with a value, which may be empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Isupport {
        let mut word = name.as_bytes().to_vec();
        word.push(b'=');
        escape(value.to_string().as_bytes(), &mut word);
        self.words.push(word);
        self
    }

    /// Takes back a token that was sent before.
    #[must_use]
    pub fn without(mut self, name: &str) -> Isupport {
        self.words.push([b"-", name.as_bytes()].concat());
        self
    }

    /// The words of each line, for [`ParamLine::words`](crate::ParamLine::words), in at most `room`
    /// bytes: what 510 leave beside the source, the number, the nick and the text at the end.
    pub fn lines(&self, room: usize) -> Vec<Vec<u8>> {
        pack(&self.words, b' ', room, TOKENS)
    }
}

/// One token, as a client reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsupportToken<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value as sent; none when there was no `=`.
    pub raw: Option<&'a [u8]>,
    /// Whether it is taken back.
    pub negated: bool,
}

impl<'a> IsupportToken<'a> {
    /// Reads one parameter of RPL_ISUPPORT; nothing for one without name, or with a space, as the text
    /// at the end has.
    pub fn read(word: &'a [u8]) -> Option<IsupportToken<'a>> {
        let (negated, word) = match word.strip_prefix(b"-") {
            Some(word) => (true, word),
            None => (false, word),
        };
        let (name, raw) = match memchr::memchr(b'=', word) {
            Some(at) => (&word[..at], Some(&word[at + 1..])),
            None => (word, None),
        };
        let plain = !name.is_empty() && !word.contains(&b' ');
        plain.then_some(IsupportToken { name, raw, negated })
    }

    /// The value without its escapes; empty when there is none.
    pub fn value(&self) -> Cow<'a, [u8]> {
        let raw = self.raw.unwrap_or_default();
        if !raw.contains(&b'\\') {
            return Cow::Borrowed(raw);
        }
        let (mut plain, mut rest) = (Vec::with_capacity(raw.len()), raw);
        while let [first, behind @ ..] = rest {
            match escaped(rest) {
                Some(byte) => {
                    plain.push(byte);
                    rest = &rest[4..];
                }
                None => {
                    plain.push(*first);
                    rest = behind;
                }
            }
        }
        Cow::Owned(plain)
    }
}

fn escape(value: &[u8], out: &mut Vec<u8>) {
    for &byte in value {
        match byte {
            b' ' | b'=' | b'\\' | 0..=31 | 127 => {
                let digit = |it: u8| b"0123456789ABCDEF"[usize::from(it)];
                out.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

fn escaped(rest: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = rest else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Isupport, IsupportToken};

    #[test]
    fn a_value_comes_back_whatever_is_in_it() {
        for value in ["", "30", "My Net = best\\x41", "\r\n\0", "(qaohv)~&@%+", "é"] {
            let lines = Isupport::new().with("NETWORK", value).lines(400);
            assert!(!lines[0].contains(&b' ') && !lines[0].contains(&b'\n'), "{value}");
            let token = IsupportToken::read(&lines[0]).unwrap();
            assert_eq!(token.value(), value.as_bytes());
        }
    }

    #[test]
    fn a_line_has_13_tokens_at_most() {
        let many = (0..30).fold(Isupport::new(), |it, n| it.flag(&format!("T{n}")));
        let counts: Vec<_> =
            many.lines(400).iter().map(|line| line.split(|it| *it == b' ').count()).collect();
        assert_eq!(counts, [13, 13, 4]);
        assert!(many.lines(20).iter().all(|line| line.len() <= 20));
    }

    #[test]
    fn a_token_may_be_taken_back() {
        let lines = Isupport::new().without("KNOCK").lines(400);
        let token = IsupportToken::read(&lines[0]).unwrap();
        assert_eq!((token.name, token.raw, token.negated), (&b"KNOCK"[..], None, true));
    }

    #[test]
    fn the_text_at_the_end_is_no_token() {
        for word in ["are supported by this server", "", "-", "=x"] {
            assert_eq!(IsupportToken::read(word.as_bytes()), None, "{word}");
        }
        assert_eq!(IsupportToken::read(b"A=\\x4\\xzz").unwrap().value(), &b"\\x4\\xzz"[..]);
    }
}
