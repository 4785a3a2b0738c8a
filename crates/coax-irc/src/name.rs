//! Which names may be had: of users, of channels, of hosts.
//!
//! Names are UTF-8. What the protocol uses for itself, what nobody can see, and what turns the
//! direction of writing around cannot be in one. A nick is stricter: it is who somebody is, so it is
//! letters and digits of one script. A reason says which character and where it stands in the rule, so
//! that a person can choose another name.
//!
//! Nothing here knows which names are taken.

use std::fmt;

use unicode_normalization::is_nfc;
use unicode_security::confusable_detection::skeleton as unicode_skeleton;
use unicode_security::restriction_level::{RestrictionLevel, RestrictionLevelDetection};

/// Why a name cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is not UTF-8.
    NotUtf8,
    /// It is over the length given, in bytes.
    TooLong(usize),
    /// It begins with what no such name begins with; a channel's has no `#`.
    Begins(char),
    /// It holds what no such name holds.
    Holds(char),
    /// It has letters of scripts that are not written together.
    Mixed,
    /// It has accents apart from their letters (not NFC), where both in one are usual.
    Apart,
}

/// What a nick has beside letters, digits and hyphens. RFC 2812 §2.3.1.
const SPECIAL: &str = "[]\\`_^{|}";

/// Checks a nick or the name of an account, of at most `most` bytes. 432 `ERR_ERRONEUSNICKNAME`.
///
/// In ASCII it is what RFC 2812 §2.3.1 allows. Beyond, it is letters and digits of one script, or of
/// several that are written together, as Han and kana are: UTS #39 §5.2, "Highly Restrictive". It is
/// composed (NFC), so that it can be written in one way alone.
pub fn check_nick(nick: &[u8], most: usize) -> Result<&str, NameError> {
    let nick = text(nick, most)?;
    let is_letter = |it: char| it.is_alphanumeric() || (!it.is_ascii() && is_allowed(it));
    refuse(nick, |it| !is_letter(it) && it != '-' && !SPECIAL.contains(it))?;
    match nick.chars().next() {
        Some(first) if first.is_numeric() || first == '-' => return Err(NameError::Begins(first)),
        Some(first) if !first.is_alphabetic() && !SPECIAL.contains(first) => {
            return Err(NameError::Begins(first));
        }
        _ => {}
    }
    if nick.is_ascii() {
        return Ok(nick);
    }
    if let Some(odd) = nick.chars().find(|it| !it.is_ascii() && !is_allowed(*it)) {
        return Err(NameError::Holds(odd));
    }
    let letters = nick.chars().filter(|it| it.is_alphanumeric() || !it.is_ascii());
    let letters = letters.collect::<String>();
    match letters.check_restriction_level(RestrictionLevel::HighlyRestrictive) {
        true if is_nfc(nick) => Ok(nick),
        true => Err(NameError::Apart),
        false => Err(NameError::Mixed),
    }
}

/// Whether Unicode recommends a character for names. UTS #39 §3.1.
fn is_allowed(character: char) -> bool {
    character.encode_utf8(&mut [0; 4]).check_restriction_level(RestrictionLevel::SingleScript)
}

/// What a name beyond ASCII looks like: two that are taken for each other have one skeleton. UTS #39
/// §4; `m` stays, which is `rn` there, since many honest names have either.
pub fn skeleton(name: &str) -> String {
    unicode_skeleton(name).collect::<String>().replace("rn", "m")
}

/// Checks a channel of at most `most` bytes that begins with `#`. Modern IRC, "Channels"; 403
/// `ERR_NOSUCHCHANNEL`, 476 `ERR_BADCHANMASK`.
///
/// `*` and `?` are refused too, since LIST and bans read them as masks.
pub fn check_channel(channel: &[u8], most: usize) -> Result<&str, NameError> {
    let channel = text(channel, most)?;
    match channel.chars().next() {
        Some('#') => {}
        first => return Err(first.map_or(NameError::Empty, NameError::Begins)),
    }
    match channel.len() {
        1 => Err(NameError::Empty),
        _ => refuse(channel, |it| " ,*?:".contains(it)).map(|()| channel),
    }
}

/// Checks a user name of at most `most` bytes: what stands between `!` and `@`. Modern IRC, "USER
/// message"; 468 `ERR_INVALIDUSERNAME`.
pub fn check_user(user: &[u8], most: usize) -> Result<&str, NameError> {
    let user = text(user, most)?;
    refuse(user, |it| " !@*?,:".contains(it))?;
    Ok(user)
}

/// Whether a name is fit for a server or a client's host: labels of letters, digits and inner hyphens,
/// and at least one dot. RFC 1123 §2.1, RFC 2812 §2.3.1.
pub fn is_hostname(name: &[u8]) -> bool {
    let labels = name.strip_suffix(b".").unwrap_or(name).split(|byte| *byte == b'.');
    let fits = |label: &[u8]| {
        let edges = [label.first(), label.last()];
        label.len() <= 63
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && edges.iter().all(|edge| edge.is_some_and(|byte| *byte != b'-'))
    };
    name.len() <= 253 && name.contains(&b'.') && labels.into_iter().all(fits)
}

fn text(name: &[u8], most: usize) -> Result<&str, NameError> {
    match name {
        [] => Err(NameError::Empty),
        _ if name.len() > most => Err(NameError::TooLong(most)),
        _ => std::str::from_utf8(name).map_err(|_| NameError::NotUtf8),
    }
}

fn refuse(name: &str, also: impl Fn(char) -> bool) -> Result<(), NameError> {
    match name.chars().find(|it| is_unseen(*it) || also(*it)) {
        Some(found) => Err(NameError::Holds(found)),
        None => Ok(()),
    }
}

/// Characters that cannot be seen, or that change how others are: controls, every kind of space, what
/// joins or turns text, fillers, private and unassigned use of the tag and variation planes. Unicode
/// `White_Space`, `Bidi_Control` and `Default_Ignorable_Code_Point`.
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("it is empty"),
            NameError::NotUtf8 => f.write_str("it is not UTF-8"),
            NameError::TooLong(most) => write!(f, "it is longer than {most} bytes"),
            NameError::Begins(it) => write!(f, "it begins with {}", Shown(*it)),
            NameError::Holds(it) => write!(f, "it holds {}", Shown(*it)),
            NameError::Mixed => f.write_str("it mixes scripts"),
            NameError::Apart => f.write_str("its accents are apart from their letters"),
        }
    }
}

impl std::error::Error for NameError {}

/// A character for people: what cannot be seen is named by its number.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => f.write_str("a space"),
            it if is_unseen(it) => write!(f, "U+{:04X}", u32::from(it)),
            it => write!(f, "'{it}'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NameError, check_channel, check_nick, check_user};

    #[test]
    fn nicks_of_all_languages_can_be_had() {
        for nick in [
            "ada",
            "Ada_L[1]",
            "a\\b`c^{|}",
            "_x_",
            "a-1",
            "žofie",
            "Ünal",
            "日本",
            "さくらadaサクラ桜",
            "иван_2",
            "Ελένη",
            "민수",
            "สมชาย",
            "हिन्दी",
            "علي",
            "דנה",
        ] {
            assert_eq!(check_nick(nick.as_bytes(), 32), Ok(nick));
        }
    }

    #[test]
    fn what_no_nick_is_says_why() {
        use NameError::{Apart, Begins, Empty, Holds, Mixed, NotUtf8, TooLong};
        for (nick, why) in [
            (&b""[..], Empty),
            (b"\xff", NotUtf8),
            (b"aaaaaaaaa", TooLong(8)),
            (b"*", Holds('*')),
            (b"a b", Holds(' ')),
            (b"a,b", Holds(',')),
            (b"a!b", Holds('!')),
            (b"a@b", Holds('@')),
            (b"a.b", Holds('.')),
            (b"#a", Holds('#')),
            (b":a", Holds(':')),
            (b"@a", Holds('@')),
            (b"+a", Holds('+')),
            (b"~a", Holds('~')),
            (b"$a", Holds('$')),
            (b"-a", Begins('-')),
            (b"1a", Begins('1')),
            ("a😀".as_bytes(), Holds('😀')),
            ("ａｄ".as_bytes(), Holds('ａ')),
            ("\u{301}a".as_bytes(), Begins('\u{301}')),
            // Cyrillic а
            ("\u{430}da".as_bytes(), Mixed),
            ("U\u{308}".as_bytes(), Apart),
            (b"a\x02", Holds('\u{2}')),
            ("a\u{202e}".as_bytes(), Holds('\u{202e}')),
            ("a\u{200d}".as_bytes(), Holds('\u{200d}')),
            ("a\u{3000}".as_bytes(), Holds('\u{3000}')),
        ] {
            assert_eq!(check_nick(nick, 8), Err(why), "{}", nick.escape_ascii());
        }
    }

    #[test]
    fn a_channel_begins_with_a_hash_and_goes_on() {
        for channel in ["#c", "##", "#c++", "#日本", "#a.b!c@d"] {
            assert_eq!(check_channel(channel.as_bytes(), 32), Ok(channel));
        }
        for (channel, why) in [
            ("c", NameError::Begins('c')),
            ("&c", NameError::Begins('&')),
            ("#", NameError::Empty),
            ("", NameError::Empty),
            ("#a b", NameError::Holds(' ')),
            ("#a,b", NameError::Holds(',')),
            ("#a\u{7}", NameError::Holds('\u{7}')),
            ("#*", NameError::Holds('*')),
        ] {
            assert_eq!(check_channel(channel.as_bytes(), 32), Err(why), "{channel:?}");
        }
    }

    #[test]
    fn a_reason_is_a_sentence_with_its_character() {
        assert_eq!(check_user(b"a@b", 9).unwrap_err().to_string(), "it holds '@'");
        assert_eq!(check_user(b"a b", 9).unwrap_err().to_string(), "it holds a space");
        let turned = check_nick("a\u{202e}b".as_bytes(), 9).unwrap_err();
        assert_eq!(turned.to_string(), "it holds U+202E");
        assert_eq!(NameError::TooLong(9).to_string(), "it is longer than 9 bytes");
    }
}
