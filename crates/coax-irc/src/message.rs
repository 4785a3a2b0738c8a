//! One line, read.
//!
//! `['@' tags ' '] [':' source ' '] command {' ' param} [' :' last]`. Runs of spaces count as one,
//! and spaces at either end do not count: clients send both. NUL, CR and LF are refused, because what is
//! passed on must be one line again. Nothing is copied, and nothing is allocated.
//!
//! Nothing here knows which commands there are, or that text should be UTF-8.

use std::fmt;

use crate::{Source, Tags};

/// How many parameters a message holds ready; those beyond are read again when asked for.
/// RFC 1459 §2.3 allows 15, Modern IRC any number.
pub const INLINE_PARAMS: usize = 15;

/// A line in its parts. Modern IRC, "Message Format".
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The tags, none for most lines.
    pub tags: Tags<'a>,
    source: Option<&'a [u8]>,
    /// The command as sent: a word or three digits, in any case.
    pub command: &'a [u8],
    /// The parameters, the last one without its colon.
    pub params: Params<'a>,
}

impl<'a> Message<'a> {
    /// Reads a line without its CR LF, of any length.
    pub fn parse(line: &'a [u8]) -> Result<Message<'a>, ParseError> {
        if let Some(at) = memchr::memchr3(0, b'\r', b'\n', line) {
            return Err(ParseError::Forbidden { byte: line[at], at });
        }
        let mut rest = trim_start(line);
        if rest.is_empty() {
            return Err(ParseError::Empty);
        }
        let tags = Tags::new(prefixed(&mut rest, b'@').unwrap_or_default());
        let source = prefixed(&mut rest, b':');
        let command = word(&mut rest);
        // What begins with a mark, in a place where it is none, could not be written again.
        if matches!(command.first(), None | Some(b'@' | b':')) {
            return Err(ParseError::NoCommand);
        }
        Ok(Message { tags, source, command, params: Params::read(rest) })
    }

    /// Who the line is from. Servers ignore it in what clients send.
    pub fn source(&self) -> Option<Source<'a>> {
        self.source.map(Source::new)
    }

    /// Whether this is the command, in any case of letters.
    pub fn is(&self, command: &str) -> bool {
        self.command.eq_ignore_ascii_case(command.as_bytes())
    }

    /// The number of a reply: three digits.
    pub fn numeric(&self) -> Option<u16> {
        match *self.command {
            [a, b, c] if self.command.iter().all(u8::is_ascii_digit) => {
                Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
            }
            _ => None,
        }
    }
}

/// Why a line is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It is empty, or has nothing but spaces. To be ignored in silence.
    Empty,
    /// It ends before a command.
    NoCommand,
    /// It holds NUL, CR or LF.
    Forbidden {
        /// Which of them.
        byte: u8,
        /// Where, counted from 0.
        at: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::Empty => f.write_str("the line is empty"),
            ParseError::NoCommand => f.write_str("the line has no command"),
            ParseError::Forbidden { byte, at } => {
                write!(f, "byte {at} of the line is 0x{byte:02x}, which no line may hold")
            }
        }
    }
}

impl std::error::Error for ParseError {}

/// The parameters of a message.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    inline: [&'a [u8]; INLINE_PARAMS],
    held: u8,
    /// What stands behind the last one held.
    rest: &'a [u8],
}

impl<'a> Params<'a> {
    fn read(mut rest: &'a [u8]) -> Params<'a> {
        let mut inline = [&[][..]; INLINE_PARAMS];
        let mut held = 0;
        for slot in &mut inline {
            let Some(param) = next_param(&mut rest) else { break };
            *slot = param;
            held += 1;
        }
        Params { inline, held, rest }
    }

    /// The parameter at `index`, from 0.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        match index.checked_sub(INLINE_PARAMS) {
            None => self.first().get(index).copied(),
            Some(beyond) => self.beyond().nth(beyond),
        }
    }

    /// The first [`INLINE_PARAMS`] parameters: all of them but in the oddest of lines.
    pub fn first(&self) -> &[&'a [u8]] {
        &self.inline[..usize::from(self.held)]
    }

    /// Every parameter.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.first().iter().copied().chain(self.beyond())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.held) + self.beyond().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    fn beyond(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.rest;
        std::iter::from_fn(move || next_param(&mut rest))
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|param| param.escape_ascii().to_string())).finish()
    }
}

fn next_param<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    match rest.split_first() {
        None => None,
        Some((b':', last)) => {
            *rest = &[];
            Some(last)
        }
        Some(_) => Some(word(rest)),
    }
}

/// The word behind `mark`, when the line goes on with one.
fn prefixed<'a>(rest: &mut &'a [u8], mark: u8) -> Option<&'a [u8]> {
    let (first, behind) = rest.split_first()?;
    if *first != mark {
        return None;
    }
    *rest = behind;
    Some(word(rest))
}

/// Takes a word and the spaces behind it.
fn word<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    // Words are short: a plain loop beats a vector search here.
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    *rest = trim_start(behind);
    word
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let spaces = bytes.iter().take_while(|byte| **byte == b' ').count();
    &bytes[spaces..]
}

#[cfg(test)]
mod tests {
    use super::{Message, ParseError};

    #[test]
    fn what_is_no_message_says_why() {
        let why = |line: &[u8]| Message::parse(line).map(|_| ()).unwrap_err();
        assert_eq!(why(b""), ParseError::Empty);
        assert_eq!(why(b"   "), ParseError::Empty);
        assert_eq!(why(b"@a=b"), ParseError::NoCommand);
        assert_eq!(why(b"@a=b :ada "), ParseError::NoCommand);
        assert_eq!(why(b":ada"), ParseError::NoCommand);
        assert_eq!(why(b":ada :bob PING"), ParseError::NoCommand);
        assert_eq!(why(b": @a PING"), ParseError::NoCommand);
        assert_eq!(why(b"PING a\rb"), ParseError::Forbidden { byte: 13, at: 6 });
        assert_eq!(why(b"\0").to_string(), "byte 0 of the line is 0x00, which no line may hold");
    }

    #[test]
    fn spaces_at_either_end_and_in_runs_do_not_count() {
        let message = Message::parse(b"  MODE   #c  +o   ada   ").unwrap();
        assert_eq!(message.command, b"MODE");
        assert_eq!(message.params.first(), [&b"#c"[..], b"+o", b"ada"]);
    }

    #[test]
    fn params_beyond_those_held_ready_are_found() {
        let line =
            format!("X {} :the last", (0..40).map(|n| n.to_string() + " ").collect::<String>());
        let message = Message::parse(line.as_bytes()).unwrap();
        assert_eq!(message.params.len(), 41);
        assert_eq!(message.params.get(14), Some(&b"14"[..]));
        assert_eq!(message.params.get(15), Some(&b"15"[..]));
        assert_eq!(message.params.get(40), Some(&b"the last"[..]));
        assert_eq!(message.params.get(41), None);
        assert_eq!(message.params.iter().count(), 41);
    }

    #[test]
    fn a_reply_has_a_number() {
        let number = |line: &'static str| Message::parse(line.as_bytes()).unwrap().numeric();
        assert_eq!(number(":s 005 ada X"), Some(5));
        assert_eq!(number("0050 ada"), None);
        assert_eq!(number("00a"), None);
    }
}
