//! A search as an expression of the index.
//!
//! What a person types is cut into words as the texts were, so nothing of it is syntax. Only the star
//! at the end of a word is.
//!
//! Nothing here asks the index.

use super::Search;
use super::index::{account_word, conversation_word, nick_word};
use super::words::{Word, words};
use crate::error::StoreError;

/// Letters before a star. With fewer, half of all words would have to be looked at.
const STEM: usize = 3;

/// What was typed without a space: words that stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phrase {
    /// These; with a star, the last is only a beginning.
    Words { words: Vec<String>, star: bool },
    /// One character of a script without spaces.
    Single(char),
}

/// The phrases of a search. Signs alone make none.
pub(super) fn phrases(typed: &str) -> Result<Vec<Phrase>, StoreError> {
    let phrases = typed.split_whitespace().map(phrase).collect::<Result<Vec<_>, _>>()?;
    Ok(phrases.into_iter().flatten().collect())
}

fn phrase(typed: &str) -> Result<Option<Phrase>, StoreError> {
    let stem = typed.trim_end_matches('*');
    let mut found = words(stem);
    let Some(last) = found.pop() else { return Ok(None) };
    let star = stem.len() < typed.len();
    let single = last.first_end.is_some();
    if !single {
        if star && last.is_spaced() && last.text.chars().count() < STEM {
            let line = format!("'{typed}' is too short: a star needs {STEM} letters before it");
            return Err(StoreError::invalid(line));
        }
        let star = star && last.is_spaced();
        return Ok(Some(Phrase::Words { words: texts(found, Some(last)), star }));
    }
    // The last character may have another one after it: the pair before it says all, or, without
    // one, it is what a pair begins with.
    let paired = found.last().is_some_and(|before| before.bytes.end == last.bytes.end);
    Ok(Some(match last.text.chars().next() {
        _ if paired => Phrase::Words { words: texts(found, None), star: false },
        Some(character) if found.is_empty() => Phrase::Single(character),
        _ => Phrase::Words { words: texts(found, Some(last)), star: true },
    }))
}

fn texts(found: Vec<Word>, last: Option<Word>) -> Vec<String> {
    found.into_iter().chain(last).map(|it| it.text).collect()
}

/// The expression, if there is something to look for.
pub(super) fn of(
    search: &Search,
    phrases: &[Phrase],
    within: &[i64],
) -> Result<String, StoreError> {
    let mut parts: Vec<_> = phrases.iter().map(Phrase::expression).collect();
    if !within.is_empty() {
        let any: Vec<_> = within.iter().map(|id| conversation_word(*id)).collect();
        parts.push(format!("scope : ({})", any.join(" OR ")));
    }
    if let Some(nick) = &search.nick {
        parts.push(format!("scope : {}", nick_word(nick)));
    }
    if let Some(account) = &search.account {
        parts.push(format!("scope : {}", account_word(account)));
    }
    match parts.is_empty() {
        true => Err(StoreError::invalid("a search needs a word")),
        false => Ok(parts.join(" AND ")),
    }
}

impl Phrase {
    /// Words have neither quotes nor spaces in them.
    fn expression(&self) -> String {
        match self {
            Phrase::Single(character) => format!("singles : \"{character}\""),
            Phrase::Words { words, star } => {
                format!("words : \"{}\"{}", words.join(" "), if *star { "*" } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{of, phrases};
    use crate::search::Search;

    fn words(words: &str) -> Result<String, String> {
        phrases(words)
            .and_then(|it| of(&Search::default(), &it, &[]))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_never_syntax() {
        for (typed, expected) in [
            ("a b", r#"words : "a" AND words : "b""#),
            ("a OR", r#"words : "a" AND words : "or""#),
            (r#"a" OR"b"#, r#"words : "a" AND words : "or b""#),
            ("pre* **", r#"words : "pre"*"#),
            ("text:x ^a (c)", r#"words : "text x" AND words : "a" AND words : "c""#),
        ] {
            assert_eq!(words(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn parts_of_scripts_without_spaces_are_pairs() {
        for (typed, expected) in [
            ("上海", r#"words : "上海""#),
            ("上海东*", r#"words : "上海 海东""#),
            ("海", r#"singles : "海""#),
            ("用iPhone", r#"words : "用 iphone""#),
            ("iPhone用", r#"words : "iphone 用"*"#),
            ("上海,东边", r#"words : "上海 海 东边""#),
            ("🎉*", r#"words : "🎉""#),
        ] {
            assert_eq!(words(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn a_star_after_too_little_is_refused() {
        for typed in ["a*", "ab**", "a-b*", "über ü*"] {
            assert!(words(typed).unwrap_err().ends_with("3 letters before it"), "{typed}");
        }
        assert_eq!(words("übe*").as_deref(), Ok("words : \"ube\"*"));
    }

    #[test]
    fn nothing_to_look_for_is_no_search() {
        assert_eq!(words(" \t ").unwrap_err(), "a search needs a word");
        let by = Search { nick: Some("Ada".to_owned()), ..Search::default() };
        assert_eq!(of(&by, &[], &[3, 4]).as_deref(), Ok("scope : (t3 OR t4) AND scope : n616461"));
    }
}
