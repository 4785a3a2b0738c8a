//! Which names are the same name.
//!
//! IRC compares names without regard to the case of ASCII letters, and under two older rules takes
//! `{}|^` for the small letters of `[]\~`. Everything beyond ASCII stays as it is.
//!
//! Nothing here knows Unicode. Whoever folds by other rules makes a [`Folded`] of the result.

use std::borrow::Borrow;
use std::fmt;

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
}

impl Casemapping {
    /// Its name in RPL_ISUPPORT.
    pub const fn name(self) -> &'static str {
        match self {
            Casemapping::Ascii => "ascii",
            Casemapping::Rfc1459 => "rfc1459",
            Casemapping::Rfc1459Strict => "rfc1459-strict",
        }
    }

    /// The rule of that name. Nothing for names nobody here knows.
    pub fn named(name: &[u8]) -> Option<Casemapping> {
        let all = [Casemapping::Ascii, Casemapping::Rfc1459, Casemapping::Rfc1459Strict];
        all.into_iter().find(|it| it.name().as_bytes() == name)
    }

    /// One byte, folded.
    pub const fn fold_byte(self, byte: u8) -> u8 {
        match (self, byte) {
            (Casemapping::Rfc1459 | Casemapping::Rfc1459Strict, b'[' | b'\\' | b']') => byte + 32,
            (Casemapping::Rfc1459, b'~') => b'^',
            _ => byte.to_ascii_lowercase(),
        }
    }

    /// A name, folded into a key.
    pub fn fold(self, name: &[u8]) -> Folded {
        Folded(name.iter().map(|byte| self.fold_byte(*byte)).collect())
    }

    /// Folds into a buffer that is reused, to look a name up without allocating.
    pub fn fold_into<'b>(self, name: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
        buffer.clear();
        buffer.extend(name.iter().map(|byte| self.fold_byte(*byte)));
        buffer
    }

    /// Whether two names are the same.
    pub fn same(self, one: &[u8], other: &[u8]) -> bool {
        let folded = |(a, b): (&u8, &u8)| self.fold_byte(*a) == self.fold_byte(*b);
        one.len() == other.len() && one.iter().zip(other).all(folded)
    }
}

/// A name after folding: the key of a map. Looked up by plain bytes that are folded too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Box<[u8]>);

impl Folded {
    /// What someone else folded, by whatever rule.
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
    use super::Casemapping::{self, Ascii, Rfc1459, Rfc1459Strict};
    use std::collections::HashMap;

    #[test]
    fn brackets_are_letters_under_the_old_rules() {
        let folded = |rule: Casemapping| rule.fold(b"Ada[]\\~{}|^").as_bytes().to_vec();
        assert_eq!(folded(Ascii), b"ada[]\\~{}|^");
        assert_eq!(folded(Rfc1459), b"ada{}|^{}|^");
        assert_eq!(folded(Rfc1459Strict), b"ada{}|~{}|^");
    }

    #[test]
    fn every_rule_is_found_by_its_name() {
        for rule in [Ascii, Rfc1459, Rfc1459Strict] {
            assert_eq!(Casemapping::named(rule.name().as_bytes()), Some(rule));
        }
        assert_eq!(Casemapping::named(b"rfc7613"), None);
    }

    #[test]
    fn a_key_is_found_by_its_bytes() {
        let names = HashMap::from([(Ascii.fold(b"Ada"), 1)]);
        assert_eq!(names.get(Ascii.fold_into(b"aDA", &mut Vec::new())), Some(&1));
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for rule in [Ascii, Rfc1459, Rfc1459Strict] {
            for byte in 0..=255 {
                let once = rule.fold_byte(byte);
                assert_eq!(rule.fold_byte(once), once);
            }
        }
    }
}
