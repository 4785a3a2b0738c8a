//! Which names are the same name.
//!
//! IRC compares names without regard to the case of ASCII letters, and under two older rules takes
//! `{}|^` for the small letters of `[]\~`. One rule is about all scripts; under the others everything
//! beyond ASCII stays as it is.
//!
//! Nothing here knows which names may be had.

use std::borrow::Borrow;
use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A rule for folding names. Modern IRC, "CASEMAPPING Parameter".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Casemapping {
    /// `A` to `Z` alone.
    #[default]
    Ascii,
    /// Also `[]\~`, which become `{}|^`. RFC 1459 §2.2, as servers always read it.
    Rfc1459,
    /// Also `[]\`, which become `{}|`, and `~` stays. RFC 1459 §2.2 to the letter.
    Rfc1459Strict,
    /// Letters of all scripts by Unicode's full case folding, composed (NFKC). For the names that RFC
    /// 7613 §3.2 allows it is the rule given there.
    Rfc7613,
}

const ALL: [Casemapping; 4] =
    [Casemapping::Ascii, Casemapping::Rfc1459, Casemapping::Rfc1459Strict, Casemapping::Rfc7613];

impl Casemapping {
    /// Its name in RPL_ISUPPORT.
    pub const fn name(self) -> &'static str {
        match self {
            Casemapping::Ascii => "ascii",
            Casemapping::Rfc1459 => "rfc1459",
            Casemapping::Rfc1459Strict => "rfc1459-strict",
            Casemapping::Rfc7613 => "rfc7613",
        }
    }

    /// The rule of that name. Nothing for names nobody here knows.
    pub fn named(name: &[u8]) -> Option<Casemapping> {
        ALL.into_iter().find(|it| it.name().as_bytes() == name)
    }

    /// One byte of ASCII, folded.
    pub const fn fold_byte(self, byte: u8) -> u8 {
        match (self, byte) {
            (Casemapping::Rfc1459 | Casemapping::Rfc1459Strict, b'[' | b'\\' | b']') => byte + 32,
            (Casemapping::Rfc1459, b'~') => b'^',
            _ => byte.to_ascii_lowercase(),
        }
    }

    /// A name, folded into a key.
    pub fn fold(self, name: &[u8]) -> Folded {
        let mut folded = Vec::with_capacity(name.len());
        self.fold_into(name, &mut folded);
        Folded(folded.into())
    }

    /// Folds into a buffer that is reused, to look a name up without allocating.
    pub fn fold_into<'b>(self, name: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
        buffer.clear();
        match std::str::from_utf8(name) {
            Ok(text) if self == Casemapping::Rfc7613 && !text.is_ascii() => {
                buffer.extend(folded(text).as_bytes());
            }
            _ => buffer.extend(name.iter().map(|byte| self.fold_byte(*byte))),
        }
        buffer
    }

    /// The same for a text.
    pub fn fold_text(self, name: &str) -> String {
        match self {
            Casemapping::Rfc7613 if !name.is_ascii() => folded(name),
            _ => name.chars().map(|it| self.fold_letter(it)).collect(),
        }
    }

    fn fold_letter(self, letter: char) -> char {
        u8::try_from(letter).map_or(letter, |byte| match byte {
            0..=127 => char::from(self.fold_byte(byte)),
            _ => letter,
        })
    }

    /// Whether two names are the same.
    pub fn same(self, one: &[u8], other: &[u8]) -> bool {
        if self == Casemapping::Rfc7613 && !(one.is_ascii() && other.is_ascii()) {
            return self.fold(one) == self.fold(other);
        }
        let folded = |(a, b): (&u8, &u8)| self.fold_byte(*a) == self.fold_byte(*b);
        one.len() == other.len() && one.iter().zip(other).all(folded)
    }
}

/// Unicode §3.13, compatibility caseless matching. A letter is made small, large and small again,
/// which is full case folding: ẞ becomes ß, and that becomes SS.
fn folded(name: &str) -> String {
    let small = |letter: char| {
        letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
    };
    name.nfkd().flat_map(small).nfkc().collect()
}

/// A name after folding: the key of a map. Looked up by plain bytes that are folded too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Box<[u8]>);

impl Folded {
    /// What was folded elsewhere, by whatever rule.
    pub fn from_folded(folded: impl Into<Box<[u8]>>) -> Folded {
        Folded(folded.into())
    }

    /// The folded name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Folded {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folded({})", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use super::Casemapping::{self, Ascii, Rfc1459, Rfc7613};
    use std::collections::HashMap;

    #[test]
    fn brackets_are_letters_under_the_old_rules() {
        let folded = |rule: Casemapping| rule.fold(b"Ada[]\\~{}|^").as_bytes().to_vec();
        assert_eq!(folded(Ascii), b"ada[]\\~{}|^");
        assert_eq!(folded(Rfc1459), b"ada{}|^{}|^");
        assert_eq!(folded(Casemapping::Rfc1459Strict), b"ada{}|~{}|^");
    }

    #[test]
    fn letters_of_all_scripts_are_one_under_the_new_rule() {
        for (one, other) in [
            ("#Ünal", "#ünal"),
            ("#U\u{308}nal", "#ünal"),
            ("#STRASSE", "#straße"),
            ("ẞ", "ss"),
            ("ΟΔΟΣ", "οδος"),
            ("ПРИВЕТ[", "привет["),
            ("ＡＤＡ", "ada"),
            ("한", "\u{1112}\u{1161}\u{11ab}"),
            ("Ada", "aDA"),
        ] {
            assert!(Rfc7613.same(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert_eq!(Rfc7613.fold_text(one), Rfc7613.fold_text(other));
        }
        for (one, other) in [("#ünal", "#unal"), ("a[", "a{"), ("й", "и"), ("カ", "か")] {
            assert!(!Rfc7613.same(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
        assert!(!Ascii.same("Ü".as_bytes(), "ü".as_bytes()));
        assert_eq!(Rfc7613.fold(b"A\xff").as_bytes(), b"a\xff");
        assert_eq!(Rfc1459.fold_text("Ü[A"), "Ü{a");
    }

    #[test]
    fn every_rule_is_found_by_its_name() {
        for rule in ALL {
            assert_eq!(Casemapping::named(rule.name().as_bytes()), Some(rule));
        }
        assert_eq!(Casemapping::named(b"rfc3454"), None);
    }

    #[test]
    fn a_key_is_found_by_its_bytes() {
        let names = HashMap::from([(Ascii.fold(b"Ada"), 1)]);
        assert_eq!(names.get(Ascii.fold_into(b"aDA", &mut Vec::new())), Some(&1));
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for rule in ALL {
            for byte in 0..=255 {
                let once = rule.fold_byte(byte);
                assert_eq!(rule.fold_byte(once), once);
            }
        }
        for letter in '\u{80}'..=char::MAX {
            let once = Rfc7613.fold_text(letter.encode_utf8(&mut [0; 4]));
            assert_eq!(Rfc7613.fold_text(&once), once, "{letter:?}");
        }
    }
}
