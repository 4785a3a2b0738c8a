//! One password, however it was typed.
//!
//! What looks the same is the same: SASLprep takes away what cannot be seen and joins what can be
//! written in two ways. A password it has no place for, a newer emoji in most cases, stands for itself,
//! byte by byte, since clients that cannot prepare it send just that.
//!
//! Nothing here knows whether a password is any good.

use std::borrow::Cow;

/// The longest password in bytes: preparing a longer one is work that a stranger gives away.
pub const PASSWORD_LIMIT: usize = 512;

/// A password as it is hashed. RFC 4013; empty when nothing of it is left.
pub fn prepared(password: &[u8]) -> Cow<'_, [u8]> {
    let text = std::str::from_utf8(password).ok().filter(|it| it.len() <= PASSWORD_LIMIT);
    match text.map(stringprep::saslprep) {
        Some(Ok(Cow::Owned(prepared))) => Cow::Owned(prepared.into_bytes()),
        Some(Ok(Cow::Borrowed(prepared))) => Cow::Borrowed(prepared.as_bytes()),
        Some(Err(_)) | None => Cow::Borrowed(password),
    }
}

#[cfg(test)]
mod tests {
    use super::prepared;

    #[test]
    fn what_looks_the_same_is_the_same() {
        // RFC 4013 §3, the examples that are allowed.
        for (typed, meant) in [
            ("I\u{ad}X", "IX"),
            ("user", "user"),
            ("USER", "USER"),
            ("\u{aa}", "a"),
            ("\u{2168}", "IX"),
            ("e\u{301}", "é"),
            ("a\u{a0}b", "a b"),
            ("\u{ad}", ""),
        ] {
            assert_eq!(prepared(typed.as_bytes()), meant.as_bytes(), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_prepared_stands_for_itself() {
        for typed in ["\u{7}", "\u{627}\u{31}", "🫠"] {
            assert_eq!(prepared(typed.as_bytes()), typed.as_bytes(), "{typed:?}");
        }
        assert_eq!(prepared(b"\xff"), &b"\xff"[..]);
    }
}
