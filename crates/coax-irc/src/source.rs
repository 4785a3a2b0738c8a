//! Who a line is from: `nick!user@host`, or a server's name.
//!
//! The parts are cut where Modern IRC says, and nothing is refused: a client must show whatever
//! host its server made up.
//!
//! Nothing here knows whether such a user exists.

/// Who sent a line. Modern IRC, "Source".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// As it stands in the line, without the colon.
    pub raw: &'a [u8],
    /// The nick, or the whole name of a server.
    pub nick: &'a [u8],
    /// What stands between `!` and `@`.
    pub user: Option<&'a [u8]>,
    /// What stands behind `@`.
    pub host: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// Cuts a source into its parts: the host behind the last `@`, the user behind the first `!`.
    pub fn new(raw: &'a [u8]) -> Source<'a> {
        let (rest, host) = match memchr::memrchr(b'@', raw) {
            Some(at) => (&raw[..at], Some(&raw[at + 1..])),
            None => (raw, None),
        };
        let (nick, user) = match memchr::memchr(b'!', rest) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        Source { raw, nick, user, host }
    }
}
