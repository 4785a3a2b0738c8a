//! What clients say to clients inside a message: `\x01ACTION waves\x01`.
//!
//! The closing `\x01` may be missing, as it is when a long message was cut.
//!
//! Nothing here answers one.

/// The mark at both ends.
const MARK: u8 = 1;

/// The inside of a CTCP message. Modern IRC, "Client-to-Client Protocol".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ctcp<'a> {
    /// The command as sent, in any case of letters.
    pub command: &'a [u8],
    /// What follows the space behind it; empty when nothing does.
    pub params: &'a [u8],
}

impl<'a> Ctcp<'a> {
    /// Reads the text of a PRIVMSG or NOTICE; nothing when it is ordinary.
    pub fn read(text: &'a [u8]) -> Option<Ctcp<'a>> {
        let inside = text.strip_prefix(&[MARK])?;
        let inside = inside.strip_suffix(&[MARK]).unwrap_or(inside);
        let end = memchr::memchr(b' ', inside).unwrap_or(inside.len());
        let command = &inside[..end];
        let params = inside.get(end + 1..).unwrap_or_default();
        (!command.is_empty()).then_some(Ctcp { command, params })
    }

    /// Whether it is `/me`, which is talk like any other: channels that refuse CTCP let it pass.
    pub fn is_action(&self) -> bool {
        self.command.eq_ignore_ascii_case(b"ACTION")
    }

    /// The text of a message with this inside.
    pub fn text(&self) -> Vec<u8> {
        let gap: &[u8] = if self.params.is_empty() { b"" } else { b" " };
        [&[MARK], self.command, gap, self.params, &[MARK]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::Ctcp;

    #[test]
    fn an_action_is_known_even_when_cut() {
        for text in [&b"\x01ACTION waves at all\x01"[..], b"\x01action waves at all"] {
            let ctcp = Ctcp::read(text).unwrap();
            assert!(ctcp.is_action());
            assert_eq!(ctcp.params, b"waves at all");
        }
        assert_eq!(Ctcp::read(b"\x01VERSION\x01").unwrap().params, b"");
    }

    #[test]
    fn ordinary_text_is_none() {
        for text in [&b""[..], b"\x01", b"\x01\x01", b"ACTION\x01", b"\x01 x\x01"] {
            assert_eq!(Ctcp::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_was_read_is_written_back() {
        for text in [&b"\x01ACTION waves\x01"[..], b"\x01VERSION\x01"] {
            assert_eq!(Ctcp::read(text).unwrap().text(), text);
        }
    }
}
