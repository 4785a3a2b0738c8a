//! Bytes in, lines out.
//!
//! A line ends with LF, and a CR before it belongs to the end. A line that is too long is told once,
//! as soon as it is certain, and skipped to its end; the next one is read as if nothing had been. No
//! more than one line of the budget is ever kept, and nothing between lines.
//!
//! Nothing here reads a socket or looks into a line.

use crate::{LineBudget, TooLong};

/// Cuts a stream into lines, however its bytes arrive.
///
/// ```
/// use coax_irc::{Framer, LineBudget};
/// let mut framer = Framer::new(LineBudget::CLIENT);
/// let mut input = &b"PING 1\r\nPI"[..];
/// assert_eq!(framer.next(&mut input), Some(Ok(&b"PING 1"[..])));
/// assert_eq!(framer.next(&mut input), None);
/// let mut input = &b"NG 2\n"[..];
/// assert_eq!(framer.next(&mut input), Some(Ok(&b"PING 2"[..])));
/// ```
#[derive(Clone, Debug)]
pub struct Framer {
    budget: LineBudget,
    /// The beginning of a line whose end has not come.
    kept: Vec<u8>,
    /// What is kept was handed out as a line.
    spent: bool,
    /// Inside a line that is too long and was told so.
    skipping: bool,
}

impl Framer {
    /// A framer at the beginning of a line. Keeps no memory until half a line arrives.
    pub const fn new(budget: LineBudget) -> Framer {
        Framer { budget, kept: Vec::new(), spent: false, skipping: false }
    }

    /// The next line of `input` without its end, which is taken from `input`; none when all of it is
    /// taken. Empty lines come too.
    pub fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<&'s [u8], TooLong>> {
        self.forget();
        if self.skipping {
            let end = memchr::memchr(b'\n', input);
            *input = &input[end.map_or(input.len(), |end| end + 1)..];
            self.skipping = end.is_none();
        }
        let Some(end) = memchr::memchr(b'\n', input) else {
            return self.keep(std::mem::take(input)).err().map(Err);
        };
        let piece = &input[..end];
        *input = &input[end + 1..];
        if self.kept.is_empty() {
            let line = without_cr(piece);
            return Some(self.budget.check(line).map(|()| line));
        }
        self.append(piece);
        self.spent = true;
        let line = without_cr(&self.kept);
        Some(self.budget.check(line).map(|()| line))
    }

    /// The line that has begun and not ended.
    pub fn pending(&self) -> &[u8] {
        if self.spent { &[] } else { &self.kept }
    }

    fn forget(&mut self) {
        if self.spent {
            // Ten thousand idle clients must not each keep the memory of one cut line.
            self.kept = Vec::new();
            self.spent = false;
        }
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        if self.skipping {
            return Ok(());
        }
        self.append(piece);
        // A CR at the end may be half of the line's end.
        let told = self.budget.check(without_cr(&self.kept));
        self.skipping = told.is_err();
        self.spent = told.is_err();
        told
    }

    /// Bytes beyond the whole budget change nothing: the line is too long for the same reason.
    fn append(&mut self, piece: &[u8]) {
        let room = self.budget.total().saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&piece[..room.min(piece.len())]);
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::Framer;
    use crate::{LineBudget, TooLong};

    fn lines(framer: &mut Framer, mut input: &[u8]) -> Vec<Result<String, TooLong>> {
        let mut lines = Vec::new();
        while let Some(line) = framer.next(&mut input) {
            lines.push(line.map(|line| String::from_utf8_lossy(line).into_owned()));
        }
        lines
    }

    #[test]
    fn lf_ends_a_line_with_or_without_cr() {
        let mut framer = Framer::new(LineBudget::CLIENT);
        let read = lines(&mut framer, b"a\nb\r\n\r\nc\r");
        assert_eq!(read, [Ok("a".into()), Ok("b".into()), Ok("".into())]);
        assert_eq!(framer.pending(), b"c\r");
        assert_eq!(lines(&mut framer, b"\n"), [Ok("c".into())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_at_once_and_once() {
        let mut framer = Framer::new(LineBudget::CLIENT);
        assert_eq!(lines(&mut framer, &[b'x'; 511]), [Err(TooLong::Body)]);
        assert_eq!(lines(&mut framer, &[b'x'; 100_000]), []);
        assert!(framer.kept.capacity() == 0);
        assert_eq!(lines(&mut framer, b"x\nPING 1\n"), [Ok("PING 1".into())]);
    }

    #[test]
    fn the_longest_line_fits_with_its_cr() {
        let mut framer = Framer::new(LineBudget::CLIENT);
        let long = "x".repeat(510);
        assert_eq!(lines(&mut framer, long.as_bytes()), []);
        assert_eq!(lines(&mut framer, b"\r"), []);
        assert_eq!(lines(&mut framer, b"\n"), [Ok(long)]);
    }

    #[test]
    fn nothing_is_kept_between_lines() {
        let mut framer = Framer::new(LineBudget::CLIENT);
        lines(&mut framer, b"half");
        lines(&mut framer, b" a line\n");
        assert_eq!(framer.kept.capacity(), 0);
        assert_eq!(framer.pending(), b"");
    }
}
