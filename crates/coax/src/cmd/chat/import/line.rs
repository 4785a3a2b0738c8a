//! A line of an export, as it is read again.
//!
//! Whoever wrote it is not known, and what is in it is told to every member who asks for the history:
//! nothing may be in it that would end a line of IRC or a word of one.

use coax_chat::hub::Extra;
use coax_irc::Casemapping;
use coax_store::{Entry, Kept, Kind, Target};
use jiff::Timestamp;
use serde::Deserialize;

/// Most bytes of a text, a topic included.
const TEXT: usize = 4096;
/// Most bytes of all tags of a sender. IRCv3 *message-tags*.
const TAGS: usize = 4094;
/// Most bytes of a name of any kind.
const NAME: usize = 400;

/// What an export says of an entry.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    event: String,
    at: String,
    kind: String,
    pub(super) channel: Option<String>,
    sender: String,
    account: Option<String>,
    text: String,
    victim: Option<String>,
    tags: Option<String>,
    bot: bool,
    msgid: String,
    taken_back_by: Option<String>,
}

impl Line {
    /// Reads a line; else why it is none.
    pub(super) fn read(line: &[u8]) -> Result<Line, String> {
        let line = serde_json::from_slice::<Line>(line);
        line.ok()
            .filter(|line| line.event == "entry")
            .ok_or_else(|| "this is no line that coax chat export prints".to_owned())
    }

    /// The same, if it is of this channel as the first one was.
    pub(super) fn of_channel(self, first: &Option<String>) -> Result<Line, String> {
        match (&self.channel, first) {
            (None, _) => Err("this is the talk of two, and no channel's".to_owned()),
            (here, first) if here == first => Ok(self),
            (Some(here), first) => {
                let first = first.as_deref().unwrap_or_default();
                Err(format!("the file has more than one channel: {first:?} and {here:?}"))
            }
        }
    }

    /// The entry, as it is kept in `channel`.
    pub(super) fn kept(self, channel: &str, now: i64) -> Result<Kept, String> {
        let time = self.at.parse::<Timestamp>().map(Timestamp::as_millisecond).ok();
        let time = time.filter(|time| (0..=now).contains(time));
        let time = time.ok_or_else(|| format!("{:?} is no time, or not yet", self.at))?;
        let (kind, is_action) = match self.kind.as_str() {
            "action" => (Some(Kind::Message), true),
            other => (kind(other), false),
        };
        let kind = kind.ok_or_else(|| format!("{:?} is no kind of entry", self.kind))?;
        self.check()?;
        let (text, extra) = match is_action {
            true => (format!("\x01ACTION {}\x01", self.text), self.extra(channel)),
            false => (self.text.clone(), self.extra(channel)),
        };
        let entry = Entry {
            target: Target::channel(Casemapping::Rfc7613.fold_text(channel)),
            time,
            kind,
            text,
            tags: extra.write(),
            account: self.account.as_ref().map(|it| Casemapping::Rfc7613.fold_text(it)),
            msgid: self.msgid,
            sender: self.sender,
        };
        let redacted = self.taken_back_by.map(String::into_bytes);
        Ok(Kept { sequence: 0, entry, redacted })
    }

    fn extra<'a>(&'a self, channel: &'a str) -> Extra<'a> {
        Extra {
            bot: self.bot,
            client_tags: self.tags.as_deref().unwrap_or_default(),
            target: channel,
            whom: self.victim.as_deref().unwrap_or_default(),
        }
    }

    /// Whether it can be told to members; else why not.
    fn check(&self) -> Result<(), String> {
        let is_one_line = |text: &str| !text.contains(['\r', '\n', '\0']);
        let is_word = |text: &str| is_one_line(text) && !text.contains(' ') && text.len() <= NAME;
        let names = [Some(&self.sender), Some(&self.msgid), self.account.as_ref()];
        let tags = self.tags.as_deref().unwrap_or_default();
        let others = [self.victim.as_deref(), self.taken_back_by.as_deref()];
        let is_safe = is_one_line(&self.text)
            && self.text.len() <= TEXT
            && names.iter().flatten().all(|name| !name.is_empty() && is_word(name))
            && !self.sender.starts_with(':')
            && !self.msgid.contains(';')
            && (tags.is_empty() || (is_one_line(tags) && !tags.contains(' ')))
            && tags.len() <= TAGS
            && others.iter().flatten().all(|it| is_one_line(it) && it.len() <= NAME);
        is_safe.then_some(()).ok_or_else(|| "it cannot be told in a line of IRC".to_owned())
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "message" => Kind::Message,
        "notice" => Kind::Notice,
        "tags" => Kind::Tags,
        "join" => Kind::Join,
        "part" => Kind::Part,
        "quit" => Kind::Quit,
        "nick" => Kind::Nick,
        "topic" => Kind::Topic,
        "mode" => Kind::Mode,
        "kick" => Kind::Kick,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use coax_store::Kept;
    use proptest::{prop_assert, proptest};

    use super::Line;

    const GOOD: &str = r##"{"event":"entry","at":"2023-11-14T22:13:20.123Z","kind":"message","channel":"#a","nick":"ada","sender":"ada!u@h","text":"hi","bot":false,"msgid":"m1","sequence":1}"##;

    const NOW: i64 = 1_800_000_000_000;

    fn kept(line: &[u8]) -> Result<Kept, String> {
        Line::read(line)?.of_channel(&Some("#a".to_owned()))?.kept("#b", NOW)
    }

    fn read(line: &str) -> Result<(), String> {
        kept(line.as_bytes()).map(drop)
    }

    proptest! {
        /// Whoever edits a file can put anything into it.
        #[test]
        fn what_is_taken_can_be_told_in_a_line(
            at in 0..GOOD.len(),
            length in 0..20_usize,
            other in "\\PC{0,9}|\\\\[rn0\"]|[ :;,+=@-]|[0-9]{1,20}",
        ) {
            let mut line = GOOD.as_bytes().to_vec();
            line.splice(at..(at + length).min(GOOD.len()), other.bytes());
            if let Ok(Kept { entry, .. }) = kept(&line) {
                let told = [&entry.text, &entry.sender, &entry.msgid];
                prop_assert!(told.iter().all(|it| !it.contains(['\r', '\n', '\0'])));
                prop_assert!(entry.time <= NOW && !entry.sender.contains(' '));
            }
        }
    }

    #[test]
    fn what_was_not_exported_is_refused() {
        assert_eq!(read(GOOD), Ok(()));
        for (part, other) in [
            ("entry", "chat-left"),
            ("22:13:20", "99:13:20"),
            ("2023", "2099"),
            ("\"message\"", "\"shout\""),
            ("#a", "#c"),
            (r##""channel":"#a","##, ""),
            ("\"hi\"", r#""hi\r\nQUIT""#),
            ("ada!u@h", "a b"),
            ("ada!u@h", ""),
            ("m1", "a;b"),
            ("{", "["),
            ("false", "false,\"tags\":\"+a=b c\""),
        ] {
            let line = GOOD.replacen(part, other, 1);
            assert!(read(&line).is_err(), "{line}");
        }
        assert!(read("2023-11-14 ada: hi").is_err());
    }
}
