//! What is wrong with rules, and exactly where.
//!
//! One line says file, line, column and what was expected; the excerpt shows the line with a caret
//! under the place. A long line is shown around the place only, and nothing in it reaches a
//! terminal as a control character.
//!
//! Nothing here knows what a rule is.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use coax_net::cause_in_words;

/// The line shown is no wider than this, so that the caret stands where it should on a terminal.
const WIDTH: usize = 72;

/// Why rules cannot be used.
#[derive(Debug)]
pub struct RulesError {
    file: String,
    place: Option<Place>,
    message: String,
    machine: bool,
}

/// Where in a text.
#[derive(Debug)]
struct Place {
    line: usize,
    /// In characters, from 1.
    column: usize,
    /// What is shown of the line, and where the caret goes.
    shown: String,
    indent: usize,
    carets: usize,
}

impl RulesError {
    /// `message` about the bytes `span` of `text`.
    pub(crate) fn at(text: &[u8], span: Range<usize>, message: impl Into<String>) -> RulesError {
        RulesError { place: Some(Place::of(text, span)), ..RulesError::of(message) }
    }

    /// `message` about the whole.
    pub(crate) fn of(message: impl Into<String>) -> RulesError {
        RulesError { file: String::new(), place: None, message: message.into(), machine: false }
    }

    /// `message` about the file at `path` as a whole.
    pub fn about(path: &Path, message: impl Into<String>) -> RulesError {
        RulesError::of(message).in_file(path)
    }

    /// The file could not be read.
    pub(crate) fn unreadable(error: &io::Error) -> RulesError {
        let message = format!("cannot be read: {}", cause_in_words(error));
        let machine = error.kind() != io::ErrorKind::NotFound;
        RulesError { machine, ..RulesError::of(message) }
    }

    /// The same, in this file.
    pub(crate) fn in_file(self, path: &Path) -> RulesError {
        // A name with a newline in it must not break the line it is told in.
        let file = path.display().to_string();
        RulesError { file: file.chars().map(visible).collect(), ..self }
    }

    /// Whether the machine refused, and the rules may be right.
    pub fn is_machines(&self) -> bool {
        self.machine
    }

    /// Line and column, from 1, where the place is known.
    pub fn place(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line with a caret under the place: two lines, without a newline at the end.
    pub fn excerpt(&self) -> Option<String> {
        let place = self.place.as_ref()?;
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let (indent, carets) = (" ".repeat(place.indent), "^".repeat(place.carets));
        Some(format!(" {number} | {}\n {margin} | {indent}{carets}", place.shown))
    }
}

impl Place {
    fn of(text: &[u8], span: Range<usize>) -> Place {
        let start = span.start.min(text.len());
        let newline = |part: &[u8], from: usize| {
            part.iter().position(|byte| *byte == b'\n').map(|at| at + from)
        };
        let from = text[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let to = newline(&text[start..], start).unwrap_or(text.len());
        let line = text[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        let letters = |range: Range<usize>| String::from_utf8_lossy(&text[range]).chars().count();
        let bytes = text[from..to].strip_suffix(b"\r").unwrap_or(&text[from..to]);
        // The CR is not shown: a place behind it is the end of what is.
        let start = start.min(from + bytes.len());
        let before = letters(from..start);
        let marked = letters(start..span.end.clamp(start, to)).max(1);
        Place {
            line,
            column: before + 1,
            ..Place::shown(&String::from_utf8_lossy(bytes), before, marked)
        }
    }

    /// As much of `line` as fits, with the place in it.
    fn shown(line: &str, before: usize, marked: usize) -> Place {
        let all = line.chars().count();
        let skipped = if all <= WIDTH { 0 } else { before.saturating_sub(WIDTH / 2).min(all) };
        let mut shown = line.chars().skip(skipped).take(WIDTH).map(visible).collect::<String>();
        let mut indent = before - skipped;
        if skipped > 0 {
            shown.insert(0, '…');
            indent += 1;
        }
        if all > skipped + WIDTH {
            shown.push('…');
        }
        let carets = marked.min(WIDTH.saturating_sub(indent)).max(1);
        Place { line: 0, column: 0, shown, indent, carets }
    }
}

/// Control and bidi characters as one that has a width and no effect.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '·'
        }
        other if other.is_control() => '·',
        other => other,
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(Place { line, column, .. }) => {
                write!(f, "{}:{line}:{column}: {}", self.file, self.message)
            }
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for RulesError {}

#[cfg(test)]
mod tests {
    use super::RulesError;
    use std::path::Path;

    fn told(text: &[u8], span: std::ops::Range<usize>) -> (String, String) {
        let error = RulesError::at(text, span, "odd").in_file(Path::new("r.csv"));
        (error.to_string(), error.excerpt().unwrap())
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(
            told(b"one\nt\xc3\xa9o three\r\n", 9..14),
            ("r.csv:2:5: odd".to_owned(), " 2 | téo three\n   |     ^^^^^".to_owned())
        );
    }

    #[test]
    fn a_place_at_the_end_has_a_caret_too() {
        assert_eq!(told(b"ab\n", 3..3), ("r.csv:2:1: odd".to_owned(), " 2 | \n   | ^".to_owned()));
        assert_eq!(told(b"", 9..99).0, "r.csv:1:1: odd");
        assert_eq!(told(b"a\"b\r", 4..4).1, " 1 | a\"b\n   |    ^");
        assert_eq!(told(b"ab\ncd", 1..5).1, " 1 | ab\n   |  ^");
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let line = "x".repeat(500) + "\x1b!" + &"y".repeat(500);
        let (told, shown) = told(line.as_bytes(), 501..600);
        assert_eq!(told, "r.csv:1:502: odd");
        let lines = shown.lines().collect::<Vec<_>>();
        let caret = lines[1].chars().position(|letter| letter == '^').unwrap();
        assert_eq!(lines[0].chars().nth(caret), Some('!'));
        assert!(lines.iter().all(|line| line.chars().count() < 80), "{shown}");
        assert!(!shown.contains('\x1b'));
    }
}
