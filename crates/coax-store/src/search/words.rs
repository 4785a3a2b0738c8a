//! A text as the words of the index.
//!
//! A script with spaces gives its words: in small letters, compatibility forms and accents folded. A
//! script without spaces gives one word for each character: the character and the one after it, and
//! at the end of such a run the last one alone. So a part of a run is a phrase of pairs, and is found
//! as fast as a word. An emoji is a word.
//!
//! What is made of a text is in the files: another rule here needs a migration that indexes again.

mod fold;
mod script;

use std::ops::Range;

use fold::Letter;
use script::Class;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// As the index has it: letters and digits, and all beyond ASCII. Without spaces.
    pub(crate) text: String,
    /// Where it is in the text.
    pub(crate) bytes: Range<usize>,
    /// Where its first character ends, if it is a pair of a script without spaces.
    pub(crate) first_end: Option<usize>,
}

impl Word {
    /// Whether its letters are those of a script with spaces, which can be begun and not ended.
    pub(crate) fn is_spaced(&self) -> bool {
        self.text.chars().next().is_some_and(|it| script::class(it) == Class::Spaced)
    }
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    each(&fold::letters(text), |letters, pair| {
        let (first, last) = (letters[0], letters[letters.len() - 1]);
        found.push(Word {
            text: letters.iter().map(|it| it.character).collect(),
            bytes: first.start()..last.end(),
            first_end: pair.then_some(first.end()),
        });
    });
    found
}

/// The words of a text with spaces between them, and the different characters of scripts without
/// spaces.
pub(crate) fn indexed(text: &str) -> (String, String) {
    let letters = fold::letters(text);
    let mut words = String::with_capacity(text.len() + text.len() / 2);
    let mut singles = Vec::new();
    each(&letters, |letters, pair| {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(letters.iter().map(|it| it.character));
        if pair {
            singles.push(letters[0].character);
        }
    });
    singles.sort_unstable();
    singles.dedup();
    let spaced = singles.into_iter().flat_map(|it| [it, ' ']).collect();
    (words, spaced)
}

/// Calls with the letters of each word, and whether it is a character of a script without spaces.
fn each(letters: &[Letter], mut word: impl FnMut(&[Letter], bool)) {
    let mut rest = letters;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|it| it.class == first.class).count();
        let (run, after) = rest.split_at(same);
        rest = after;
        match first.class {
            Class::Gap => {}
            Class::Spaced => word(run, false),
            Class::Symbol => symbols(run, |symbol| word(symbol, false)),
            Class::Unspaced => {
                (0..run.len()).for_each(|at| word(&run[at..run.len().min(at + 2)], true));
            }
        }
    }
}

/// Each symbol alone; two letters of a flag together.
fn symbols(mut run: &[Letter], mut symbol: impl FnMut(&[Letter])) {
    while !run.is_empty() {
        let flag =
            run.iter().take(2).filter(|it| script::is_flag_letter(it.character)).count() == 2;
        let (one, after) = run.split_at(if flag { 2 } else { 1 });
        symbol(one);
        run = after;
    }
}

#[cfg(test)]
mod tests {
    use super::{indexed, words};
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        indexed(text).0
    }

    #[test]
    fn words_of_scripts_with_spaces_are_folded() {
        for (text, expected) in [
            ("Der Käse, der KÄSE!", "der kase der kase"),
            ("Straße STRASSE ẞ", "strasse strasse ss"),
            ("x-y_z don't", "x y z don t"),
            ("Łódź Øre Ærø œuvre", "lodz ore aero oeuvre"),
            ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
            ("Ещё ёлка мой мои їжа", "еще елка мой мои їжа"),
            ("ΟΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("ＡＢＣ１２ ﬁne ①", "abc12 fine 1"),
            ("שָׁלוֹם مَرْحَبًا أحمد", "שלום مرحبا احمد"),
            ("हिन्दी", "हिन्दी"),
            ("co\u{ad}operate a\u{200d}b", "cooperate ab"),
            ("cafe\u{301} café", "cafe cafe"),
            ("\u{3}04,01red\u{3} \u{2}b\u{2}old \u{4}ff0000hex \u{3}12 34", "red bold hex 34"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_pairs() {
        for (text, expected, singles) in [
            ("上海东边。", "上海 海东 东边 边", "上 东 海 边 "),
            ("我用iPhone", "我用 用 iphone", "我 用 "),
            ("会議は3時", "会議 議は は 3 時", "は 会 時 議 "),
            ("회의 \u{1112}\u{116c}", "회의 의 회", "의 회 "),
            ("ｶﾞｽ", "ガス ス", "ガ ス "),
            ("か\u{3099}", "が", "が "),
        ] {
            assert_eq!(indexed(text), (expected.to_owned(), singles.to_owned()), "{text}");
        }
        assert_eq!(shown("ภาษา"), "ภา าษ ษา า");
        assert_eq!(shown("བོད་སྐད"), "བོ ོད ད སྐ ྐད ད");
    }

    #[test]
    fn an_emoji_is_a_word_whatever_its_colour() {
        for (text, expected) in [
            ("🎉🎉 ok🎉", "🎉 🎉 ok 🎉"),
            ("👍🏽 ❤️ ❤", "👍 ❤ ❤"),
            ("👨‍👩‍👧", "👨 👩 👧"),
            ("🇫🇷🇩🇪", "🇫🇷 🇩🇪"),
            ("1️⃣ →", "1"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_knows_where_it_is() {
        let found = words("Im Käse 上海");
        let places = found.iter().map(|it| it.bytes.clone()).collect::<Vec<_>>();
        assert_eq!(places, [0..2, 3..8, 9..15, 12..15]);
        assert_eq!(found[2].first_end, Some(12));
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same_words(text in "\\PC{0,40}") {
            let found = words(&text);
            let spaced = found.iter().map(|it| it.text.clone()).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(&spaced, &indexed(&text).0);
            for word in found {
                prop_assert!(text.get(word.bytes).is_some());
                prop_assert!(!word.text.is_empty());
                prop_assert!(word.text.chars().all(|it| !it.is_ascii() || it.is_ascii_alphanumeric()));
            }
        }

        #[test]
        fn folding_twice_changes_nothing_more(text in "\\PC{0,40}") {
            let once = words(&text);
            for word in once.iter().filter(|it| it.first_end.is_none()) {
                let again = words(&word.text);
                prop_assert_eq!(again.len(), 1, "{:?}", word);
                prop_assert_eq!(&again[0].text, &word.text);
            }
        }
    }
}
