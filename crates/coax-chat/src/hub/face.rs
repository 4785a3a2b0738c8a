//! Names that look alike.
//!
//! Within ASCII few letters can be taken for each other: `0` and `O`, and `1`, `I`, `l` and `|`. Two
//! names that differ in nothing else have one face. These are the pairs of Unicode's table (UTS #39 §4)
//! within ASCII, without `rn` for `m`, which many honest names have. Of a name beyond ASCII the whole
//! table is asked, and what comes out is looked at as if it were ASCII: Cyrillic `аре` is `ape`.
//!
//! Nothing here decides who keeps a name.

use coax_irc::skeleton;

use super::client::ClientId;
use super::clients::fold;
use super::turn::Turn;

/// What a name looks like.
pub(crate) fn face(name: &str) -> Box<str> {
    let seen = |letter: char| match letter {
        '0' => 'o',
        '1' | 'I' | '|' => 'l',
        other => other.to_ascii_lowercase(),
    };
    match name.is_ascii() {
        true => name.chars().map(seen).collect(),
        false => fold(&skeleton(name)).chars().map(seen).collect(),
    }
}

impl Turn<'_> {
    /// The nick of somebody else that `nick` would be taken for: of somebody who is here, or of an
    /// account. What belongs to one's own account is one's own, whatever it looks like.
    pub(crate) fn looks_like(&self, nick: &str) -> Option<String> {
        let mine = self.me().account.as_deref().map(fold);
        let owner = |nick: &str| self.hub.accounts.owner(nick).map(|it| it.name.key.as_str());
        if mine.is_some() && owner(nick) == mine.as_deref() {
            return None;
        }
        let (key, face) = (fold(nick), face(nick));
        let other = |who: &ClientId| *who != self.who && fold(self.client(*who).nick()) != key;
        if let Some(who) = self.hub.clients.with_face(&face).find(other) {
            return Some(self.client(who).nick().to_owned());
        }
        let mut kept = self.hub.accounts.with_face(&face).filter(|it| **it != *key);
        let kept = kept.find(|it| owner(it) != mine.as_deref())?;
        self.hub.settings.reserve_nicks.then(|| kept.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::face;

    #[test]
    fn names_that_look_alike_have_one_face() {
        for (one, other) in [
            ("Bill", "BiI1"),
            ("bob", "B0b"),
            ("lI|1", "IIII"),
            ("O0", "oo"),
            ("Ape", "аре"),
            ("BOB", "ВОВ"),
        ] {
            assert_eq!(face(one), face(other), "{one} {other}");
        }
        for (one, other) in
            [("ali", "all"), ("corn", "com"), ("ada", "ada_"), ("web1", "web2"), ("иван", "нван")]
        {
            assert_ne!(face(one), face(other), "{one} {other}");
        }
    }
}
