//! A search as an expression of the index.
//!
//! Every word is quoted, so whatever a person typed is a string to be cut into words, and nothing
//! else. Only the star at the end of a word gets outside of the quotes.
//!
//! Nothing here asks the index.

use super::Search;
use crate::error::StoreError;

/// Letters before a star. With fewer, half of all words would have to be looked at.
const STEM: usize = 3;

/// The expression, if there is something to look for.
pub(super) fn of(search: &Search, within: &[i64]) -> Result<String, StoreError> {
    let words = search.words.split_whitespace().map(quoted).collect::<Result<Vec<_>, _>>()?;
    let mut parts = Vec::new();
    if !words.is_empty() {
        parts.push(format!("text : ({})", words.join(" ")));
    }
    if !within.is_empty() {
        let any: Vec<_> = within.iter().map(|id| format!("t{id}")).collect();
        parts.push(format!("scope : ({})", any.join(" OR ")));
    }
    if let Some(nick) = &search.nick {
        parts.push(format!("scope : n{}", hex(&nick.to_ascii_lowercase())));
    }
    if let Some(account) = &search.account {
        parts.push(format!("scope : a{}", hex(account)));
    }
    match parts.is_empty() {
        true => Err(StoreError::invalid("a search needs a word")),
        false => Ok(parts.join(" AND ")),
    }
}

fn quoted(word: &str) -> Result<String, StoreError> {
    let stem = word.trim_end_matches('*');
    let star = if stem.len() < word.len() { "*" } else { "" };
    // What the star belongs to is the last word of what the index makes of it.
    let letters = stem.chars().rev().take_while(|it| it.is_alphanumeric()).count();
    if !star.is_empty() && letters < STEM && !stem.is_empty() {
        let line = format!("'{word}' is too short: a star needs {STEM} letters before it");
        return Err(StoreError::invalid(line));
    }
    // A NUL would end the expression. A star alone is no word.
    let star = if stem.is_empty() { "" } else { star };
    Ok(format!("\"{}\"{star}", stem.replace('"', "\"\"").replace('\0', " ")))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::search::Search;

    fn words(words: &str) -> Result<String, String> {
        let search = Search { words: words.to_owned(), ..Search::default() };
        of(&search, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_never_syntax() {
        for (typed, expected) in [
            ("a b", r#"text : ("a" "b")"#),
            ("a OR NOT", r#"text : ("a" "OR" "NOT")"#),
            (r#"a" OR "b"#, r#"text : ("a""" "OR" """b")"#),
            ("pre* **", r#"text : ("pre"* "")"#),
            ("text:x ^a {b} (c)", r#"text : ("text:x" "^a" "{b}" "(c)")"#),
        ] {
            assert_eq!(words(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn a_star_after_too_little_is_refused() {
        for typed in ["a*", "ab**", "a-b*", "über ü*"] {
            assert!(words(typed).unwrap_err().ends_with("3 letters before it"), "{typed}");
        }
        assert_eq!(words("übe*").as_deref(), Ok("text : (\"übe\"*)"));
    }

    #[test]
    fn nothing_to_look_for_is_no_search() {
        assert_eq!(words(" \t ").unwrap_err(), "a search needs a word");
        let by = Search { nick: Some("Ada".to_owned()), ..Search::default() };
        assert_eq!(of(&by, &[3, 4]).as_deref(), Ok("scope : (t3 OR t4) AND scope : n616461"));
    }
}
