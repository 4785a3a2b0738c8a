//! One line, written.
//!
//! A line goes behind what a reusable buffer already holds, part by part, in the only order there
//! is: tags, source, command, parameters, the last one. No part can end the line or begin another:
//! a byte that may not stand where it is put is replaced. What is over 512 bytes is cut between
//! characters.
//!
//! Nothing here knows what the words mean.

use crate::budget::{BODY, LineBudget};
use crate::numeric::Numeric;
use crate::tag::escape_into;

/// A line being written: its tags may come, then its source or its command.
///
/// ```
/// use coax_irc::Line;
/// let mut out = Vec::new();
/// Line::new(&mut out).tag("id", b"7").source(b"ada!a@h").command("PRIVMSG").param(b"#c").last(b"hi");
/// assert_eq!(out, b"@id=7 :ada!a@h PRIVMSG #c hi\r\n");
/// ```
#[derive(Debug)]
#[must_use = "a line ends with `last`, `text` or `end`"]
pub struct Line<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Line<'a> {
    /// Begins a line behind what `out` holds.
    pub fn new(out: &'a mut Vec<u8>) -> Line<'a> {
        let start = out.len();
        Line { out, start }
    }

    /// Adds a tag; an empty value is written as none. One that finds no room is left out.
    pub fn tag(self, key: &str, value: &[u8]) -> Line<'a> {
        self.tag_with(key.as_bytes(), |out| {
            if !value.is_empty() {
                out.push(b'=');
                escape_into(value, out);
            }
        })
    }

    /// Adds tags that are already escaped, as [`Tags::raw`](crate::Tags::raw) and
    /// [`Tag::raw`](crate::Tag::raw) give them.
    pub fn raw_tag(self, key: &[u8], value: Option<&[u8]>) -> Line<'a> {
        self.tag_with(key, |out| {
            if let Some(value) = value {
                out.push(b'=');
                out.extend(
                    value
                        .iter()
                        .copied()
                        .filter(|byte| !matches!(byte, 0 | b'\r' | b'\n' | b' ' | b';')),
                );
            }
        })
    }

    fn tag_with(self, key: &[u8], value: impl FnOnce(&mut Vec<u8>)) -> Line<'a> {
        let before = self.out.len();
        self.out.push(if before == self.start { b'@' } else { b';' });
        self.out.extend(key.iter().map(|byte| match byte {
            0 | b'\r' | b'\n' | b' ' | b';' | b'=' => b'-',
            byte => *byte,
        }));
        value(self.out);
        if self.out.len() - self.start + 1 > LineBudget::SERVER.tags {
            self.out.truncate(before);
        }
        self
    }

    /// Ends the line with one that was written before, from its source to its CR LF: a message for many
    /// is written once and gets the tags of each.
    pub fn body(mut self, written: &[u8]) {
        self.end_tags();
        self.out.extend_from_slice(written);
    }

    /// Says who the line is from, without the colon.
    pub fn source(mut self, source: &[u8]) -> SourcedLine<'a> {
        let body = self.end_tags();
        self.out.push(b':');
        push_word(self.out, source);
        self.out.push(b' ');
        SourcedLine { out: self.out, body }
    }

    /// Goes on with the command, for a line without source.
    pub fn command(mut self, command: &str) -> ParamLine<'a> {
        let body = self.end_tags();
        SourcedLine { out: self.out, body }.command(command)
    }

    /// Where the line goes on without its tags.
    fn end_tags(&mut self) -> usize {
        if self.out.len() > self.start {
            self.out.push(b' ');
        }
        self.out.len()
    }
}

/// A line being written, whose source stands.
#[derive(Debug)]
#[must_use = "a line ends with `last`, `text` or `end`"]
pub struct SourcedLine<'a> {
    out: &'a mut Vec<u8>,
    /// Where the line begins without its tags.
    body: usize,
}

impl<'a> SourcedLine<'a> {
    /// Goes on with the command.
    pub fn command(self, command: &str) -> ParamLine<'a> {
        let from = self.out.len();
        push_word(self.out, command.as_bytes());
        if self.out[from] == b'@' {
            // At the beginning of a line it would be tags.
            self.out[from] = b'_';
        }
        ParamLine { out: self.out, body: self.body }
    }

    /// Goes on with the number of a reply.
    pub fn numeric(self, numeric: Numeric) -> ParamLine<'a> {
        self.out.extend_from_slice(&numeric.digits());
        ParamLine { out: self.out, body: self.body }
    }
}

/// A line being written, whose command stands: its parameters may come, then the last one.
#[derive(Debug)]
#[must_use = "a line ends with `last`, `text` or `end`"]
pub struct ParamLine<'a> {
    out: &'a mut Vec<u8>,
    body: usize,
}

/// Whether a line was written whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// All of it.
    Whole,
    /// What was over 512 bytes is missing.
    Cut,
}

impl ParamLine<'_> {
    /// Adds a parameter that others may follow. Such a one is a word: spaces in it become `_`, so
    /// does a colon it begins with, and an empty one becomes `*`.
    pub fn param(self, param: &[u8]) -> Self {
        self.out.push(b' ');
        push_word(self.out, param);
        self
    }

    /// Adds several parameters, given with spaces between them.
    pub fn words(self, words: &[u8]) -> Self {
        let words = words.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        words.fold(self, ParamLine::param)
    }

    /// Adds the last parameter, with a colon where it needs one, and ends the line.
    pub fn last(self, param: &[u8]) -> Fit {
        let plain = !param.is_empty() && param[0] != b':' && !param.contains(&b' ');
        self.out.extend_from_slice(if plain { b" " } else { b" :" });
        self.finish_with(param)
    }

    /// Adds the last parameter with a colon, as people's text has it always, and ends the line.
    pub fn text(self, text: &[u8]) -> Fit {
        self.out.extend_from_slice(b" :");
        self.finish_with(text)
    }

    /// Ends the line after the parameters it has.
    pub fn end(self) -> Fit {
        self.finish_with(b"")
    }

    fn finish_with(self, text: &[u8]) -> Fit {
        let from = self.out.len();
        self.out.extend_from_slice(text);
        let mut at = from;
        // Text is long and clean: look for what is not with the widest step there is.
        while let Some(found) = memchr::memchr3(0, b'\r', b'\n', &self.out[at..]) {
            at += found;
            self.out[at] = b' ';
        }
        let whole = cut(&self.out[self.body..], BODY - 2).len();
        let fit = if self.body + whole == self.out.len() { Fit::Whole } else { Fit::Cut };
        self.out.truncate(self.body + whole);
        self.out.extend_from_slice(b"\r\n");
        fit
    }
}

/// Appends what must be one word, and cannot be told from one when read again.
fn push_word(out: &mut Vec<u8>, word: &[u8]) {
    let from = out.len();
    out.extend_from_slice(word);
    for byte in &mut out[from..] {
        if matches!(byte, 0 | b'\r' | b'\n' | b' ') {
            *byte = b'_';
        }
    }
    match out.get_mut(from) {
        None => out.push(b'*'),
        Some(first) if *first == b':' => *first = b'_',
        Some(_) => {}
    }
}

/// At most `most` bytes of `text`, cut between two characters if it is UTF-8.
pub fn cut(text: &[u8], most: usize) -> &[u8] {
    if text.len() <= most {
        return text;
    }
    // A character has four bytes at most; what is longer is no UTF-8 and cut where it is.
    let inside = |at: &usize| text[*at] & 0b1100_0000 == 0b1000_0000;
    let border = (most.saturating_sub(3)..=most).rev().find(|at| !inside(at));
    &text[..border.unwrap_or(most)]
}

#[cfg(test)]
mod tests {
    use super::{Fit, Line, cut};
    use crate::numeric::RPL_WELCOME;

    fn written(write: impl FnOnce(Line<'_>)) -> String {
        let mut out = Vec::new();
        write(Line::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_part_can_begin_another_line() {
        let evil = b"x\r\nQUIT :\0";
        let line = written(|line| {
            line.tag("a", evil).source(evil).command("A\r\nB").param(evil).text(evil);
        });
        assert_eq!(line, "@a=x\\r\\nQUIT\\s: :x__QUIT_:_ A__B x__QUIT_:_ :x  QUIT : \r\n");
    }

    #[test]
    fn a_colon_stands_where_it_is_needed() {
        let last = |text: &'static str| {
            written(|line| {
                line.command("A").last(text.as_bytes());
            })
        };
        assert_eq!(last("x"), "A x\r\n");
        assert_eq!(last("x y"), "A :x y\r\n");
        assert_eq!(last(":)"), "A ::)\r\n");
        assert_eq!(last(""), "A :\r\n");
    }

    #[test]
    fn a_word_stays_one_word() {
        let line = written(|line| {
            line.source(b"s").numeric(RPL_WELCOME).param(b"").param(b":x").param(b"a b").end();
        });
        assert_eq!(line, ":s 001 * _x a_b\r\n");
        let line = written(|line| {
            line.command("MODE").param(b"#c").words(b"+ov a  b").end();
        });
        assert_eq!(line, "MODE #c +ov a b\r\n");
    }

    #[test]
    fn a_line_written_once_gets_the_tags_of_each() {
        let body = b":ada A b\r\n";
        assert_eq!(written(|line| line.body(body)), ":ada A b\r\n");
        assert_eq!(
            written(|line| line.tag("t", b"1").raw_tag(b"u", None).body(body)),
            "@t=1;u :ada A b\r\n"
        );
    }

    #[test]
    fn a_tag_without_room_is_left_out_whole() {
        let line = written(|line| {
            line.tag("a", &[b'x'; 8000]).tag("b", &[b'y'; 300]).tag("c", b"z").command("A").end();
        });
        assert!(line.ends_with("x;c=z A\r\n"), "{}", &line[7990..]);
    }

    #[test]
    fn what_is_over_512_bytes_is_cut_between_characters() {
        let mut out = Vec::new();
        let text = "é".repeat(300);
        let fit = Line::new(&mut out)
            .tag("t", b"1")
            .command("PRIVMSG")
            .param(b"#c")
            .text(text.as_bytes());
        assert_eq!(fit, Fit::Cut);
        assert_eq!(out.len(), "@t=1 ".len() + 512);
        assert_eq!(cut("aé".as_bytes(), 2), b"a");
        assert_eq!(cut(&[0x80; 9], 5), [0x80; 5]);
    }
}
