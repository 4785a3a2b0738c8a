//! Where the words are in a text that was found.
//!
//! The text is cut into words again, and the phrases are looked for among them.
//!
//! Nothing here asks the index.

use std::ops::Range;

use super::expression::Phrase;
use super::words::{Word, words};

/// The bytes of `text` that are what was looked for, in order, no two of them overlapping.
pub(super) fn within(text: &str, phrases: &[Phrase]) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found: Vec<_> = phrases.iter().flat_map(|phrase| phrase.places(&words)).collect();
    found.sort_unstable_by_key(|it| (it.start, it.end));
    let mut marks = Vec::<Range<usize>>::with_capacity(found.len());
    for next in found {
        match marks.last_mut() {
            Some(last) if next.start < last.end => last.end = last.end.max(next.end),
            _ => marks.push(next),
        }
    }
    marks
}

impl Phrase {
    fn places(&self, text: &[Word]) -> Vec<Range<usize>> {
        match self {
            Phrase::Single(single) => {
                let is_it = |it: &&Word| it.first_end.is_some() && it.text.starts_with(*single);
                text.iter().filter(is_it).map(|it| it.bytes.start..it.beginning_ends()).collect()
            }
            Phrase::Words { words, star } => {
                let windows = text.windows(words.len().max(1));
                windows.filter_map(|window| place(window, words, *star)).collect()
            }
        }
    }
}

fn place(window: &[Word], words: &[String], star: bool) -> Option<Range<usize>> {
    let (last, before) = window.split_last()?;
    let (wanted, wanted_before) = words.split_last()?;
    let same = before.iter().zip(wanted_before).all(|(it, wanted)| it.text == *wanted);
    let end = match star {
        true if last.text.starts_with(&**wanted) => last.beginning_ends(),
        false if last.text == *wanted => last.bytes.end,
        _ => return None,
    };
    same.then_some(window.first()?.bytes.start..end)
}

impl Word {
    /// Of a pair, the first character; of a word, all of it.
    fn beginning_ends(&self) -> usize {
        self.first_end.unwrap_or(self.bytes.end)
    }
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::search::expression::phrases;

    fn marked<'t>(text: &'t str, typed: &str) -> Vec<&'t str> {
        let marks = within(text, &phrases(typed).unwrap());
        marks.into_iter().map(|it| text.get(it).unwrap()).collect()
    }

    #[test]
    fn the_words_as_they_were_written() {
        for (text, typed, expected) in [
            ("ein Käse und Brot.", "brot KASE", &["Käse", "Brot"][..]),
            ("Straßen, Straße", "strasse", &["Straße"]),
            ("Straßen, Straße", "stras*", &["Straßen", "Straße"]),
            ("a-b a b", "a-b", &["a-b", "a b"]),
            ("我家在上海东边。", "上海", &["上海"]),
            ("海海海", "海海", &["海海海"]),
            ("上海 海", "海", &["海", "海"]),
            ("我用iPhone用", "iphone用", &["iPhone用"]),
            ("ok 👍🏽!", "👍", &["👍"]),
            ("nichts", "etwas", &[]),
        ] {
            assert_eq!(marked(text, typed), expected, "{typed} in {text}");
        }
    }
}
