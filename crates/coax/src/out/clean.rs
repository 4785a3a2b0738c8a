//! Text from a stranger, made safe for a terminal.
//!
//! Control characters can move the cursor, rename the window or answer for the user; bidi
//! controls can show text in another order than it is. Both become visible escapes. A pipe gets
//! the bytes untouched, so this is called for terminals only.
//!
//! Nothing here knows whether there is a terminal.

use std::borrow::Cow;

/// `text` with control and bidi characters (other than newline and tab) as `\u{…}` escapes.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_dangerous(character) {
            true => safe.extend(character.escape_unicode()),
            false => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// The same for a line of JSON, which stays JSON: what is dangerous can only be inside of a text.
pub(crate) fn clean_json(line: String) -> String {
    // JSON has no C0 controls, so a line of ASCII has at most DEL.
    let is_plain = line.bytes().all(|byte| byte < 0x7f);
    if is_plain || !line.chars().any(is_dangerous) {
        return line;
    }
    let mut safe = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        match is_dangerous(character) {
            // None of them needs two of these escapes.
            true => safe.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => safe.push(character),
        }
    }
    safe
}

/// C0 and C1 controls, and the bidi controls of UAX #9 §2.
fn is_dangerous(character: char) -> bool {
    let bidi = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidi || (character.is_control() && character != '\n' && character != '\t')
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_json};

    #[test]
    fn plain_text_is_not_touched() {
        assert_eq!(clean("naïve — 日本語\t\n"), "naïve — 日本語\t\n");
    }

    #[test]
    fn escapes_and_bidi_controls_are_shown_not_obeyed() {
        assert_eq!(clean("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(clean("a\u{202e}b\u{9b}c\r"), "a\\u{202e}b\\u{9b}c\\u{d}");
    }
    #[test]
    fn json_stays_the_same_json() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{2069}\u{61c}é\n";
        let line = format!("{}\n", serde_json::json!({ "text": text }));
        let safe = clean_json(line);
        assert!(!safe.contains(['\u{7f}', '\u{9b}', '\u{202e}', '\u{2069}', '\u{61c}']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap()["text"], text);
        assert_eq!(clean_json("{\"é\":1}\n".to_owned()), "{\"é\":1}\n");
    }
}
