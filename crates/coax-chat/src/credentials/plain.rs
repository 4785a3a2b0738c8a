//! PLAIN: the password itself, in the open but for TLS around it.
//!
//! Nothing here checks it.

use std::fmt;

/// What a client says with PLAIN. RFC 4616.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a> {
    /// The account it signs in to, as written.
    pub account: &'a str,
    /// Whom it wants to be afterwards, if it says so.
    pub act_as: Option<&'a str>,
    /// The password as typed; see [`prepared`](super::prepared()).
    pub password: &'a [u8],
}

impl<'a> Plain<'a> {
    /// Reads `act_as NUL account NUL password`; nothing when a part that must be is missing.
    pub fn read(message: &'a [u8]) -> Option<Plain<'a>> {
        let mut parts = message.split(|byte| *byte == 0);
        let act_as = std::str::from_utf8(parts.next()?).ok()?;
        let account = std::str::from_utf8(parts.next()?).ok()?;
        let password = parts.next()?;
        let whole = parts.next().is_none() && !account.is_empty() && !password.is_empty();
        let act_as = Some(act_as).filter(|it| !it.is_empty());
        whole.then_some(Plain { account, act_as, password })
    }
}

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("account", &self.account).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn three_parts_are_read() {
        let plain = Plain::read(b"\0ada\0p\xffw").unwrap();
        assert_eq!((plain.account, plain.act_as, plain.password), ("ada", None, &b"p\xffw"[..]));
        assert_eq!(Plain::read(b"bob\0ada\0pw").unwrap().act_as, Some("bob"));
        assert!(!format!("{plain:?}").contains("pw"));
    }

    #[test]
    fn anything_else_is_nothing() {
        for message in
            [&b""[..], b"ada", b"\0ada", b"\0ada\0", b"\0\0pw", b"\0ada\0p\0w", b"\0\xff\0pw"]
        {
            assert_eq!(Plain::read(message), None, "{}", message.escape_ascii());
        }
    }
}
