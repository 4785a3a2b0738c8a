//! The words of a netrc file, with their lines.
//!
//! White space parts them, unless it is within double quotes, where a backslash takes away the
//! meaning of what follows it.
//!
//! Nothing here knows what the words mean.

/// A word.
pub(super) struct Word {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) text: String,
}

/// The words that are left.
pub(super) struct Words<'a> {
    rest: &'a str,
    line: usize,
}

type Found = Result<Option<Word>, (usize, String)>;

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Words<'a> {
        Words { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 }
    }

    /// The next word where a keyword is due: `#` begins a comment there, though not a password.
    pub(super) fn keyword(&mut self) -> Found {
        self.skip_space();
        while self.rest.starts_with('#') {
            self.skip_line();
            self.skip_space();
        }
        self.value()
    }

    /// The next word, whatever it is.
    pub(super) fn value(&mut self) -> Found {
        self.skip_space();
        let line = self.line;
        let text = match self.rest.strip_prefix('"') {
            Some(rest) => self.quoted(rest).ok_or((line, "the quote is not closed".to_owned()))?,
            None if self.rest.is_empty() => return Ok(None),
            None => {
                let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
                self.pass(end).to_owned()
            }
        };
        Ok(Some(Word { line, text }))
    }

    /// A macro ends at an empty line.
    pub(super) fn skip_macro(&mut self) {
        self.skip_line();
        while !self.rest.is_empty() && !self.skip_line().trim().is_empty() {}
    }

    fn quoted(&mut self, rest: &str) -> Option<String> {
        let (mut text, mut escaped) = (String::new(), false);
        for (at, letter) in rest.char_indices() {
            match (escaped, letter) {
                (false, '"') => {
                    self.pass(1 + at + 1);
                    return Some(text);
                }
                (false, '\\') => escaped = true,
                (false, '\n') => return None,
                (false, _) => text.push(letter),
                (true, _) => {
                    text.push(match letter {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        other => other,
                    });
                    escaped = false;
                }
            }
        }
        None
    }

    fn skip_space(&mut self) {
        let after = self.rest.trim_start();
        self.pass(self.rest.len() - after.len());
    }

    fn skip_line(&mut self) -> &'a str {
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        self.pass(end)
    }

    /// Goes over the next `count` bytes, and gives them.
    fn pass(&mut self, count: usize) -> &'a str {
        let (passed, rest) = self.rest.split_at(count);
        self.line += passed.matches('\n').count();
        self.rest = rest;
        passed
    }
}
