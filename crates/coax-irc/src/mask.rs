//! Masks: who a ban, an exception or a WHO is about.
//!
//! `*` stands for anything, `?` for one character, `\*`, `\?` and `\\` for themselves; any other
//! backslash is a letter of a nick. A match takes at most mask × text steps, whatever a stranger wrote
//! into either. A mask is compared with a source folded by the same rule.
//!
//! Nothing here knows accounts or channels: an extended ban is taken apart, not judged.

use std::fmt;

use crate::Casemapping;

/// A mask, whole and ready to compare. Modern IRC, "Wildcard Expressions".
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mask {
    /// As a list shows it.
    text: Box<[u8]>,
    /// Folded, every literal wildcard with a backslash.
    pattern: Box<[u8]>,
}

impl Mask {
    /// A mask of `nick!user@host`. Missing parts become `*`: `ada` is `ada!*@*`, `u@h` is `*!u@h`, and
    /// a word with a dot or a colon is a host.
    pub fn of_source(written: &[u8], casemapping: Casemapping) -> Mask {
        Mask::of_text(&completed(written), casemapping)
    }

    /// A mask of any text: a channel's name, a server's.
    pub fn of_text(written: &[u8], casemapping: Casemapping) -> Mask {
        Mask { text: written.into(), pattern: pattern(written, casemapping).into() }
    }

    /// The mask as it is shown, completed, in the letters it was written in.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether two masks compare the same: what a list must not hold twice.
    pub fn same(&self, other: &Mask) -> bool {
        self.pattern == other.pattern
    }

    /// Whether it is about this text, which is folded by the rule the mask was made with.
    pub fn matches(&self, folded: &[u8]) -> bool {
        glob(&self.pattern, folded)
    }

    /// Whether no wildcard is in it: it is about one text alone.
    pub fn is_literal(&self) -> bool {
        Pieces(&self.pattern).all(|piece| matches!(piece, Piece::One(_)))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.text.escape_ascii())
    }
}

fn completed(written: &[u8]) -> Vec<u8> {
    let (rest, host) = halves(written, memchr::memrchr(b'@', written));
    let (nick, user) = match (halves(rest, memchr::memchr(b'!', rest)), host) {
        ((nick, Some(user)), _) => (nick, user),
        ((user, None), Some(_)) => (&b""[..], user),
        ((nick, None), None) => (nick, &b""[..]),
    };
    let alone = host.is_none() && rest.len() == nick.len();
    let (nick, host) = match alone && nick.iter().any(|byte| matches!(byte, b'.' | b':')) {
        true => (&b""[..], nick),
        false => (nick, host.unwrap_or_default()),
    };
    let part = |part| if <[u8]>::is_empty(part) { b"*" } else { part };
    [part(nick), b"!", part(user), b"@", part(host)].concat()
}

fn halves(text: &[u8], at: Option<usize>) -> (&[u8], Option<&[u8]>) {
    match at {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// Folds what is literal and nothing else: under the old rules a backslash is a capital letter.
fn pattern(written: &[u8], casemapping: Casemapping) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(written.len());
    // Letters are folded together: two may be one.
    let mut literal = Vec::new();
    for piece in Pieces(written) {
        if let Piece::One(character) = piece {
            literal.extend_from_slice(character);
            continue;
        }
        escape(&mut literal, casemapping, &mut pattern);
        match piece {
            Piece::Any if pattern.ends_with(b"*") && !pattern.ends_with(b"\\*") => {}
            Piece::Any => pattern.push(b'*'),
            _ => pattern.push(b'?'),
        }
    }
    escape(&mut literal, casemapping, &mut pattern);
    pattern
}

fn escape(literal: &mut Vec<u8>, casemapping: Casemapping, pattern: &mut Vec<u8>) {
    for byte in casemapping.fold(literal).as_bytes() {
        if matches!(byte, b'*' | b'?' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    literal.clear();
}

/// Whether a pattern matches a text, letter by letter.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pieces, mut rest) = (Pieces(pattern), text);
    // Where to go on when what follows the last `*` does not match: behind it, one character later.
    // An earlier `*` need not be tried again, since the later one can take as much.
    let mut again: Option<(Pieces<'_>, &[u8])> = None;
    loop {
        let mut ahead = Pieces(pieces.0);
        match ahead.next() {
            None if rest.is_empty() => return true,
            Some(Piece::Any) => {
                again = Some((Pieces(ahead.0), rest));
                pieces = ahead;
                continue;
            }
            Some(Piece::AnyOne) if !rest.is_empty() => {
                (pieces, rest) = (ahead, &rest[character(rest).len()..]);
                continue;
            }
            Some(Piece::One(wanted)) if !rest.is_empty() && character(rest) == wanted => {
                (pieces, rest) = (ahead, &rest[wanted.len()..]);
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = &mut again else { return false };
        if from.is_empty() {
            return false;
        }
        *from = &from[character(from).len()..];
        (pieces, rest) = (Pieces(behind.0), from);
    }
}

enum Piece<'a> {
    Any,
    AnyOne,
    One(&'a [u8]),
}

struct Pieces<'a>(&'a [u8]);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let (piece, length) = match self.0 {
            [] => return None,
            [b'*', ..] => (Piece::Any, 1),
            [b'?', ..] => (Piece::AnyOne, 1),
            [b'\\', b'*' | b'?' | b'\\', ..] => (Piece::One(&self.0[1..2]), 2),
            rest => (Piece::One(character(rest)), character(rest).len()),
        };
        self.0 = &self.0[length..];
        Some(piece)
    }
}

/// The first character of a text that is not empty: of UTF-8, or a byte.
fn character(text: &[u8]) -> &[u8] {
    let length = match text[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = text.get(..length).filter(|it| it[1..].iter().all(|byte| byte & 0xc0 == 0x80));
    whole.unwrap_or(&text[..1])
}

/// How a server writes extended bans. RPL_ISUPPORT `EXTBAN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtbanSyntax<'n> {
    /// What stands before the name: `$`, `~`, or nothing.
    pub prefix: Option<u8>,
    /// The names there are: letters, or whole words.
    pub names: &'n [&'n str],
}

/// A ban by something else than a mask: `$a:ada`, `~account:ada`, `m:*!*@*`. IRCv3 *account-extban*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extban<'n, 'a> {
    /// Which one, as in [`ExtbanSyntax::names`].
    pub name: &'n str,
    /// Whether everyone else is meant: a `!` or a `~` stood before the name.
    pub negated: bool,
    /// What stands behind the colon.
    pub argument: Option<&'a [u8]>,
}

impl<'n> ExtbanSyntax<'n> {
    /// Takes an extended ban apart. Nothing for an ordinary mask.
    pub fn read<'a>(&self, written: &'a [u8]) -> Option<Extban<'n, 'a>> {
        let rest = match self.prefix {
            Some(prefix) => written.strip_prefix(&[prefix])?,
            None => written,
        };
        let negated = matches!(rest.first(), Some(b'!' | b'~'));
        let rest = &rest[usize::from(negated)..];
        let (name, argument) = halves(rest, memchr::memchr(b':', rest));
        let name = self.names.iter().find(|it| it.as_bytes() == name)?;
        // Without prefix or colon it is a nick of one letter.
        let meant = self.prefix.is_some() || argument.is_some();
        meant.then_some(Extban { name, negated, argument })
    }
}

#[cfg(test)]
mod tests {
    use super::{Extban, ExtbanSyntax, Mask, glob};
    use crate::Casemapping::{Ascii, Rfc1459, Rfc7613};

    fn whole(written: &str) -> String {
        String::from_utf8_lossy(Mask::of_source(written.as_bytes(), Ascii).text()).into_owned()
    }

    #[test]
    fn missing_parts_are_anything() {
        for (written, meant) in [
            ("Ada", "Ada!*@*"),
            ("ada!u", "ada!u@*"),
            ("u@h", "*!u@h"),
            ("ada!u@h", "ada!u@h"),
            ("@h", "*!*@h"),
            ("!@", "*!*@*"),
            ("", "*!*@*"),
            ("*", "*!*@*"),
            ("10.0.0.*", "*!*@10.0.0.*"),
            ("fe80::1", "*!*@fe80::1"),
            ("a.b!u", "a.b!u@*"),
            ("a@b@c", "*!a@b@c"),
        ] {
            assert_eq!(whole(written), meant, "{written}");
        }
    }

    #[test]
    fn a_mask_knows_no_case() {
        let mask = Mask::of_source(b"A[d]a", Rfc1459);
        assert!(mask.matches(Rfc1459.fold(b"a{D}A!u@h").as_bytes()));
        let mask = Mask::of_source("U\u{308}n*L!*@*".as_bytes(), Rfc7613);
        assert!(mask.matches(Rfc7613.fold("ünaL!u@h".as_bytes()).as_bytes()));
        assert!(!Mask::of_source(b"A[d]a", Ascii).matches(b"a{d}a!u@h"));
    }

    #[test]
    fn a_backslash_is_a_letter_of_a_nick_unless_it_escapes() {
        let matches = |mask: &str, text: &str| {
            Mask::of_text(mask.as_bytes(), Rfc1459)
                .matches(Rfc1459.fold(text.as_bytes()).as_bytes())
        };
        assert!(matches("a\\b", "A\\B"));
        assert!(matches("a\\*", "a*"));
        assert!(!matches("a\\*", "ab"));
        assert!(matches("a\\\\*", "a|nything"));
        assert!(matches("a\\", "a\\"));
        assert!(matches("\\**", "*a"));
        assert!(!matches("\\**", "a"));
    }

    #[test]
    fn a_question_mark_is_one_character() {
        assert!(glob("?".as_bytes(), "é".as_bytes()));
        assert!(glob("a?c".as_bytes(), "a🙂c".as_bytes()));
        assert!(!glob("??".as_bytes(), "é".as_bytes()));
        assert!(glob(b"??", b"\xff\xc3"));
    }

    #[test]
    fn what_a_stranger_wrote_takes_no_longer_than_mask_times_text() {
        let (mask, text) = ("*a".repeat(250), "a".repeat(4000) + "b");
        assert!(!glob(mask.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn a_mask_without_wildcards_is_literal() {
        assert!(Mask::of_text(b"a\\*b", Ascii).is_literal());
        assert!(!Mask::of_text(b"a*b", Ascii).is_literal());
        assert!(Mask::of_text(b"A**b", Ascii).same(&Mask::of_text(b"a*B", Ascii)));
    }

    #[test]
    fn an_extended_ban_is_taken_apart() {
        let dollar = ExtbanSyntax { prefix: Some(b'$'), names: &["a", "account"] };
        let ban = |name, negated, argument| Some(Extban { name, negated, argument });
        assert_eq!(dollar.read(b"$a:ada"), ban("a", false, Some(&b"ada"[..])));
        assert_eq!(dollar.read(b"$~account:x:y"), ban("account", true, Some(&b"x:y"[..])));
        assert_eq!(dollar.read(b"$a"), ban("a", false, None));
        assert_eq!(dollar.read(b"$z:ada"), None);
        assert_eq!(dollar.read(b"a:ada"), None);
        let bare = ExtbanSyntax { prefix: None, names: &["m"] };
        assert_eq!(bare.read(b"m:*!*@*"), ban("m", false, Some(&b"*!*@*"[..])));
        assert_eq!(bare.read(b"m"), None);
    }
}
