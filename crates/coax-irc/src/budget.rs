//! How long a line may be, and which part of one is too long.
//!
//! Tags and the rest have budgets of their own: a client cannot spend its text on tags, and tags
//! that a server adds never shorten the text.
//!
//! Nothing here knows what stands in a line beyond where its tags end.

use std::fmt;

/// The longest line without its tags, CR LF included. RFC 1459 §2.3.
pub(crate) const BODY: usize = 512;

/// Budgets of a line, in bytes. IRCv3 *message-tags*, "Size limit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineBudget {
    /// Most bytes from `@` to the space behind the tags, both included.
    pub tags: usize,
    /// Most bytes of the rest, CR LF included.
    pub body: usize,
}

impl LineBudget {
    /// What a client may send: 4094 bytes of tag data, 512 of the rest.
    pub const CLIENT: LineBudget = LineBudget { tags: 4096, body: BODY };

    /// What a server may send: what a client may, and 4094 bytes of tags that it adds itself.
    pub const SERVER: LineBudget = LineBudget { tags: 8191, body: BODY };

    /// The longest line that fits, CR LF included.
    pub const fn total(&self) -> usize {
        self.tags + self.body
    }

    /// Checks a line without its CR LF.
    pub fn check(&self, line: &[u8]) -> Result<(), TooLong> {
        let tags = tag_section(line);
        if tags > self.tags {
            return Err(TooLong::Tags);
        }
        match line.len().saturating_sub(tags) + 2 > self.body {
            true => Err(TooLong::Body),
            false => Ok(()),
        }
    }
}

/// How many bytes the tags take, with the space behind them: one that is still missing counts.
fn tag_section(line: &[u8]) -> usize {
    match line.first() {
        Some(b'@') => memchr::memchr(b' ', line).unwrap_or(line.len()) + 1,
        _ => 0,
    }
}

/// Which budget a line broke. A server answers 417 `ERR_INPUTTOOLONG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// The tags are too long.
    Tags,
    /// The line is too long without its tags.
    Body,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TooLong::Tags => "the tags of the line are too long",
            TooLong::Body => "the line is too long",
        })
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::{LineBudget, TooLong};

    fn line(tag_data: usize, body: usize) -> Vec<u8> {
        format!("@{} {}", "t".repeat(tag_data), "b".repeat(body)).into_bytes()
    }

    #[test]
    fn a_client_has_4094_bytes_of_tag_data_and_510_of_text() {
        let check = |tags, body| LineBudget::CLIENT.check(&line(tags, body));
        assert_eq!(check(4094, 510), Ok(()));
        assert_eq!(check(4095, 1), Err(TooLong::Tags));
        assert_eq!(check(1, 511), Err(TooLong::Body));
        assert_eq!(check(4095, 511), Err(TooLong::Tags));
    }

    #[test]
    fn a_server_has_twice_the_tags_and_one_semicolon() {
        let check = |tags, body| LineBudget::SERVER.check(&line(tags, body));
        assert_eq!(check(8189, 510), Ok(()));
        assert_eq!(check(8190, 510), Err(TooLong::Tags));
    }

    #[test]
    fn tags_that_never_end_are_too_long_as_tags() {
        let endless = format!("@{}", "t".repeat(4095)).into_bytes();
        assert_eq!(LineBudget::CLIENT.check(&endless), Err(TooLong::Tags));
        assert_eq!(LineBudget::CLIENT.check(&endless[..4095]), Ok(()));
    }
}
