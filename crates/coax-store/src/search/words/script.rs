//! How the characters of a text are put together to words.
//!
//! The ranges are the blocks of the Unicode Character Database whose scripts are written without
//! spaces between words, or, like Hangul and Tibetan, with endings and compounds that have none.
//!
//! Nothing here folds.

use unicode_normalization::char::is_combining_mark;

/// What a character is for the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Between words.
    Gap,
    /// Of a script with spaces between its words.
    Spaced,
    /// Of a script without.
    Unspaced,
    /// A word of its own.
    Symbol,
}

/// What a folded character is.
pub(super) fn class(character: char) -> Class {
    if character.is_ascii() {
        return if character.is_ascii_alphanumeric() { Class::Spaced } else { Class::Gap };
    }
    if is_symbol(character) {
        return Class::Symbol;
    }
    match character.is_alphanumeric() || is_combining_mark(character) {
        false => Class::Gap,
        true if is_unspaced(character) => Class::Unspaced,
        true => Class::Spaced,
    }
}

fn is_unspaced(character: char) -> bool {
    matches!(
        character,
        // Thai, Lao, Tibetan, Myanmar
        '\u{0e00}'..='\u{109f}'
            // Hangul
            | '\u{1100}'..='\u{11ff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            // Khmer, Tai, Balinese, Javanese
            | '\u{1780}'..='\u{17ff}'
            | '\u{1950}'..='\u{19ff}'
            | '\u{1a20}'..='\u{1aaf}'
            | '\u{1b00}'..='\u{1b7f}'
            | '\u{a980}'..='\u{a9ff}'
            | '\u{aa60}'..='\u{aadf}'
            // Han, kana, Bopomofo, Yi
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{a4cf}'
            | '\u{f900}'..='\u{faff}'
            | '\u{16fe0}'..='\u{18dff}'
            | '\u{1aff0}'..='\u{1b2ff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

fn is_symbol(character: char) -> bool {
    matches!(
        character,
        '\u{231a}'..='\u{23ff}'
            | '\u{25a0}'..='\u{27bf}'
            | '\u{2b05}'..='\u{2b55}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

/// One of the two that make a flag.
pub(super) fn is_flag_letter(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}
