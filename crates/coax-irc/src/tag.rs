//! Message tags: what a line says about itself before it begins.
//!
//! Keys and values are read when asked for. A value is copied only when something in it was
//! escaped. Of two tags with one key the last counts.
//!
//! Nothing here knows what a tag means.

use std::borrow::Cow;

/// The tags of one line, unread. IRCv3 *message-tags*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    /// Tags as they stand in a line, without `@` and the space behind them.
    pub const fn new(raw: &'a [u8]) -> Tags<'a> {
        Tags(raw)
    }

    /// The tags as they stand in the line.
    pub const fn raw(&self) -> &'a [u8] {
        self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Every tag in the order sent, repeated keys included; nameless ones are left out.
    pub fn iter(&self) -> impl Iterator<Item = Tag<'a>> + use<'a> {
        self.0.split(|byte| *byte == b';').map(Tag::read).filter(|tag| !tag.key.is_empty())
    }

    /// The last tag with this key.
    pub fn find(&self, key: &[u8]) -> Option<Tag<'a>> {
        self.iter().filter(|tag| tag.key == key).last()
    }

    /// The value of the last tag with this key, unescaped; empty when it has none.
    pub fn value(&self, key: &[u8]) -> Option<Cow<'a, [u8]>> {
        self.find(key).map(|tag| tag.value())
    }
}

/// One tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The whole key: `+` of a client-only tag and the vendor included.
    pub key: &'a [u8],
    /// The value as sent; none when there was no `=`.
    pub raw: Option<&'a [u8]>,
}

impl<'a> Tag<'a> {
    fn read(item: &'a [u8]) -> Tag<'a> {
        match item.iter().position(|byte| *byte == b'=') {
            Some(at) => Tag { key: &item[..at], raw: Some(&item[at + 1..]) },
            None => Tag { key: item, raw: None },
        }
    }

    /// The value without its escapes. No value and an empty one are the same.
    pub fn value(&self) -> Cow<'a, [u8]> {
        unescape(self.raw.unwrap_or_default())
    }

    /// Whether servers pass it on unread: its key begins with `+`.
    pub fn is_client_only(&self) -> bool {
        self.key.starts_with(b"+")
    }

    /// Whether the key keeps the grammar: `[+][vendor/]name`, letters, digits and hyphens.
    pub fn has_valid_key(&self) -> bool {
        let key = self.key.strip_prefix(b"+").unwrap_or(self.key);
        let (vendor, name) = match key.iter().position(|byte| *byte == b'/') {
            Some(at) => (Some(&key[..at]), &key[at + 1..]),
            None => (None, key),
        };
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let host = |byte: &u8| word(byte) || *byte == b'.';
        let vendor_fits = vendor.is_none_or(|it| !it.is_empty() && it.iter().all(host));
        vendor_fits && !name.is_empty() && name.iter().all(word)
    }
}

/// Undoes the escapes of a tag value. A backslash before any other character, or at the end, is
/// dropped. IRCv3 *message-tags*, "Escaping values".
pub fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', raw) else { return Cow::Borrowed(raw) };
    let mut plain = Vec::with_capacity(raw.len());
    plain.extend_from_slice(&raw[..first]);
    let mut rest = raw[first..].iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'\\' => plain.extend(rest.next().map(|&escaped| meant(escaped))),
            _ => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

fn meant(escaped: u8) -> u8 {
    match escaped {
        b':' => b';',
        b's' => b' ',
        b'r' => b'\r',
        b'n' => b'\n',
        other => other,
    }
}

/// Appends a tag value with its escapes. NUL, which no escape stands for, is left out.
pub fn escape_into(value: &[u8], out: &mut Vec<u8>) {
    for &byte in value {
        match byte {
            b';' => out.extend_from_slice(b"\\:"),
            b' ' => out.extend_from_slice(b"\\s"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0 => {}
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, Tags};
    use std::borrow::Cow;

    #[test]
    fn the_last_of_two_tags_with_one_key_counts() {
        let tags = Tags::new(b"a=1;b;a=2;;=x");
        assert_eq!(tags.value(b"a").as_deref(), Some(&b"2"[..]));
        assert_eq!(tags.value(b"b").as_deref(), Some(&b""[..]));
        assert_eq!(tags.value(b"c"), None);
        assert_eq!(tags.iter().count(), 3);
    }

    #[test]
    fn a_plain_value_is_not_copied() {
        let tags = Tags::new(b"a=b=c;e=\\s");
        assert!(matches!(tags.value(b"a"), Some(Cow::Borrowed(b"b=c"))));
        assert!(matches!(tags.value(b"e"), Some(Cow::Owned(_))));
    }

    #[test]
    fn a_key_keeps_the_grammar() {
        let valid = |key: &str| Tag { key: key.as_bytes(), raw: None }.has_valid_key();
        for key in ["time", "+typing", "+draft/react", "example.com/a-b", "+a.b/c1"] {
            assert!(valid(key), "{key}");
        }
        for key in ["", "+", "a_b", "/a", "a/", "a/b/c", "a b", "++a", "a.b", "é"] {
            assert!(!valid(key), "{key}");
        }
    }
}
