//! The characters of a text, folded, each with its place.
//!
//! NFKC, small letters by full case folding, without what readers take for decoration: accents of
//! alphabets, vowel points, soft hyphens, colours of a line. What makes another letter stays: й, ї, ў,
//! voiced kana, the vowels of Indic and Thai.
//!
//! Nothing here knows what a word is.

use std::iter::Peekable;
use std::str::CharIndices;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::script::{Class, class};

/// A folded character, and the bytes of the text that it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub(super) character: char,
    pub(super) class: Class,
    // Texts are far shorter than 4 GiB, and there are many letters.
    start: u32,
    end: u32,
}

impl Letter {
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }
}

/// All letters of a text, with gaps between them.
pub(super) fn letters(text: &str) -> Vec<Letter> {
    let mut found = Vec::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        if is_ignored(first) {
            skip_colour(first, &mut chars);
            continue;
        }
        let mut end = start + first.len_utf8();
        if first.is_ascii() && chars.peek().is_none_or(|(_, next)| next.is_ascii()) {
            push(&mut found, first.to_ascii_lowercase(), start, end);
            continue;
        }
        while let Some((at, next)) = chars.next_if(|(_, next)| goes_on(*next)) {
            end = at + next.len_utf8();
        }
        fold(&text[start..end], |folded| push(&mut found, folded, start, end));
    }
    found
}

fn push(found: &mut Vec<Letter>, character: char, start: usize, end: usize) {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let class = class(character);
    found.push(Letter { character, class, start: place(start), end: place(end) });
}

/// Whether a character is written into the one before it.
fn goes_on(character: char) -> bool {
    is_combining_mark(character)
        // The second and third part of a Hangul syllable, and the voicing of halfwidth kana.
        || matches!(character, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{ff9e}' | '\u{ff9f}')
}

/// What is not seen, or changes only the looks of what is: Unicode `Default_Ignorable_Code_Point`,
/// skin tones, the Arabic stretch, the formatting of a chat line.
fn is_ignored(character: char) -> bool {
    matches!(
        character,
        '\u{2}' | '\u{3}' | '\u{4}' | '\u{f}' | '\u{11}' | '\u{16}' | '\u{1d}'..='\u{1f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{640}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Skips the number of a colour: `3,12` after one mark, `ff0000` after the other.
fn skip_colour(mark: char, chars: &mut Peekable<CharIndices<'_>>) {
    let (most, is_digit): (usize, fn(&char) -> bool) = match mark {
        '\u{3}' => (2, char::is_ascii_digit),
        '\u{4}' => (6, char::is_ascii_hexdigit),
        _ => return,
    };
    let number = |chars: &mut Peekable<CharIndices<'_>>| {
        (0..most).take_while(|_| chars.next_if(|(_, it)| is_digit(it)).is_some()).count()
    };
    if number(chars) == 0 {
        return;
    }
    let mut ahead = chars.clone();
    if ahead.next().is_some_and(|(_, it)| it == ',') && number(&mut ahead) > 0 {
        *chars = ahead;
    }
}

fn fold(cluster: &str, letter: impl FnMut(char)) {
    let mut base = '\0';
    let plain = cluster.nfkd().filter(|it| {
        if is_ignored(*it) || is_decoration(base, *it) {
            return false;
        }
        if !is_combining_mark(*it) {
            base = *it;
        }
        true
    });
    plain.flat_map(small).nfc().for_each(letter);
}

/// Full case folding. To and fro, since ẞ becomes ß and that becomes SS.
fn small(character: char) -> impl Iterator<Item = char> {
    let folded = character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    folded.flat_map(|it| without_stroke(it).into_iter().flatten())
}

/// Letters with a stroke, and two letters in one, which Unicode does not take apart.
fn without_stroke(character: char) -> [Option<char>; 2] {
    match character {
        'ø' => [Some('o'), None],
        'ł' => [Some('l'), None],
        'đ' => [Some('d'), None],
        'ħ' => [Some('h'), None],
        'æ' => [Some('a'), Some('e')],
        'œ' => [Some('o'), Some('e')],
        other => [Some(other), None],
    }
}

/// Whether a mark says nothing that a search should ask for.
fn is_decoration(base: char, mark: char) -> bool {
    match mark {
        '\u{306}' => !matches!(base, 'и' | 'И' | 'у' | 'У'),
        '\u{308}' => !matches!(base, 'і' | 'І'),
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => true,
        // Hebrew points, Arabic vowels and the signs upon letters
        '\u{591}'..='\u{5bd}'
        | '\u{5bf}'
        | '\u{5c1}'
        | '\u{5c2}'
        | '\u{5c4}'
        | '\u{5c5}'
        | '\u{5c7}' => true,
        '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' => true,
        _ => false,
    }
}
