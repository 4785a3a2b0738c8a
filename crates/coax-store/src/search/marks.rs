//! Where the words are in a text that was found.
//!
//! The index marks them in a copy of the text. The marks are characters that no text should have;
//! where one has them nevertheless, nothing is marked rather than the wrong bytes.
//!
//! Nothing here cuts texts into words.

use std::ops::Range;

/// Before a word: two characters that Unicode keeps free for inside use.
pub(super) const OPEN: &str = "\u{fdd0}\u{fdd2}";
/// After a word.
pub(super) const CLOSE: &str = "\u{fdd1}\u{fdd2}";

/// The bytes of `text` that are between marks in `marked`.
pub(super) fn within(text: &str, marked: &str) -> Vec<Range<usize>> {
    if text.contains(OPEN) || text.contains(CLOSE) {
        return Vec::new();
    }
    let mut marks = Vec::new();
    let (mut plain, mut rest) = (0, marked);
    while let Some((before, inside)) = rest.split_once(OPEN) {
        let Some((word, after)) = inside.split_once(CLOSE) else { return Vec::new() };
        let start = plain + before.len();
        plain = start + word.len();
        marks.push(start..plain);
        rest = after;
    }
    match plain + rest.len() == text.len() {
        true => marks,
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, OPEN, within};

    #[test]
    fn marks_become_bytes() {
        let marked = format!("ein {OPEN}Käse{CLOSE} und {OPEN}Brot{CLOSE}.");
        assert_eq!(within("ein Käse und Brot.", &marked), [4..9, 14..18]);
        assert_eq!(within("nichts", "nichts"), []);
    }

    #[test]
    fn a_text_with_marks_of_its_own_gets_none() {
        let text = format!("{OPEN}a");
        assert_eq!(within(&text, &format!("{OPEN}{OPEN}a{CLOSE}")), []);
    }
}
