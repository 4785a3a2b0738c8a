//! One thing that was said or done, as a line of a log or an event.
//!
//! A person reads what a member of the channel would have read, with the time before it, in the
//! time of this machine. A program gets all that is kept.
//!
//! Nothing here reads the store.

use coax_chat::hub::Extra;
use coax_irc::Ctcp;
use coax_store::{Kept, Kind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::conversation::{names, shown};
use crate::out::{Human, Report};

/// A message or an event of the history. Its `at` is when it was said.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EntryReport {
    /// message, action, notice, tags, join, part, quit, nick, topic, mode or kick
    kind: &'static str,
    /// The channel; absent in the talk of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The two who talk, by account, or ~nick for somebody without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<[String; 2]>,
    nick: String,
    /// nick!user@host
    sender: String,
    /// The account the sender had signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// What was said; of an event the reason, the topic, the modes or the new nick.
    text: String,
    /// Who was made to leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    victim: Option<String>,
    /// The sender's own tags, escaped as in IRC.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<String>,
    /// Whether the sender was a bot.
    bot: bool,
    msgid: String,
    /// The order in which the server kept it, over all conversations.
    sequence: i64,
    /// Who took it back; its text is gone then.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back_by: Option<String>,
    /// The words of the text that were looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<String>,
    #[serde(skip)]
    at: Timestamp,
    /// Where it was said, if the log is of more than one place.
    #[serde(skip)]
    place: String,
}

impl Report for EntryReport {
    const EVENT: &'static str = "entry";

    fn human(&self) -> Human {
        Human::Answer(format!("{} {}{}", clock(self.at), self.place, self.words()))
    }

    fn at(&self) -> Option<Timestamp> {
        Some(self.at)
    }
}

impl EntryReport {
    pub(super) fn new(kept: Kept) -> EntryReport {
        let Kept { sequence, entry, redacted } = kept;
        let extra = Extra::read(&entry.tags);
        let part = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
        let kicked = extra.filter(|_| entry.kind == Kind::Kick);
        let (channel, between) = names(&entry.target);
        let action = Ctcp::read(entry.text.as_bytes()).filter(|ctcp| ctcp.is_action());
        let action = action.map(|ctcp| String::from_utf8_lossy(ctcp.params).into_owned());
        EntryReport {
            kind: if action.is_some() { "action" } else { kind(entry.kind) },
            channel,
            between,
            nick: entry.sender.split('!').next().unwrap_or_default().to_owned(),
            sender: entry.sender,
            account: entry.account,
            text: action.unwrap_or(entry.text),
            victim: kicked.and_then(|extra| part(extra.whom)),
            tags: extra.and_then(|extra| part(extra.client_tags)),
            bot: extra.is_some_and(|extra| extra.bot),
            msgid: entry.msgid,
            sequence,
            taken_back_by: redacted.map(|by| String::from_utf8_lossy(&by).into_owned()),
            found: Vec::new(),
            at: moment(entry.time),
            place: String::new(),
        }
    }

    /// Says where it was said as well.
    pub(super) fn placed(kept: Kept) -> EntryReport {
        let place = format!("{} ", shown(&kept.entry.target));
        EntryReport { place, ..EntryReport::new(kept) }
    }

    /// With the words that were looked for.
    pub(super) fn with_found(self, found: Vec<String>) -> EntryReport {
        EntryReport { found, ..self }
    }

    fn words(&self) -> String {
        let EntryReport { nick, text, .. } = self;
        let why = if text.is_empty() { String::new() } else { format!(" ({text})") };
        match self.kind {
            _ if self.taken_back_by.is_some() => {
                format!("* {nick} said something, and it was taken back")
            }
            "message" => format!("{nick}: {text}"),
            "action" => format!("* {nick} {text}"),
            "notice" => format!("-{nick}- {text}"),
            "tags" => format!("* {nick} sent {}", self.tags.as_deref().unwrap_or_default()),
            "join" => format!("* {nick} joined"),
            "part" => format!("* {nick} left{why}"),
            "quit" => format!("* {nick} is gone{why}"),
            "nick" => format!("* {nick} is now {text}"),
            "topic" if text.is_empty() => format!("* {nick} took the topic away"),
            "topic" => format!("* {nick} set the topic: {text}"),
            "mode" => format!("* {nick} set {text}"),
            _ => {
                let victim = self.victim.as_deref().unwrap_or("somebody");
                format!("* {nick} removed {victim}{why}")
            }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "message",
        Kind::Notice => "notice",
        Kind::Tags => "tags",
        Kind::Join => "join",
        Kind::Part => "part",
        Kind::Quit => "quit",
        Kind::Nick => "nick",
        Kind::Topic => "topic",
        Kind::Mode => "mode",
        Kind::Kick => "kick",
    }
}

/// A time of the store. One that no calendar has is shown as the beginning of all.
pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// As the clock on the wall had it.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::EntryReport;
    use crate::out::{Human, Report, line};
    use coax_store::{Entry, Kept, Kind, Target};

    fn kept(kind: Kind, text: &str, tags: &[u8]) -> Kept {
        let entry = Entry {
            target: Target::channel("#lobby"),
            time: 1_700_000_000_123,
            msgid: "m1".to_owned(),
            kind,
            sender: "ada!u@host".to_owned(),
            account: None,
            text: text.to_owned(),
            tags: tags.to_vec(),
        };
        Kept { sequence: 7, entry, redacted: None }
    }

    fn words(kind: Kind, text: &str) -> String {
        EntryReport::new(kept(kind, text, b"\n\n#Lobby\nbob")).words()
    }

    #[test]
    fn a_log_reads_as_the_channel_did() {
        for (kind, text, expected) in [
            (Kind::Message, "hi", "ada: hi"),
            (Kind::Message, "\u{1}ACTION waves\u{1}", "* ada waves"),
            (Kind::Notice, "done", "-ada- done"),
            (Kind::Join, "", "* ada joined"),
            (Kind::Part, "", "* ada left"),
            (Kind::Part, "bye", "* ada left (bye)"),
            (Kind::Quit, "Ping timeout", "* ada is gone (Ping timeout)"),
            (Kind::Nick, "eve", "* ada is now eve"),
            (Kind::Topic, "tea", "* ada set the topic: tea"),
            (Kind::Topic, "", "* ada took the topic away"),
            (Kind::Mode, "+o bob", "* ada set +o bob"),
            (Kind::Kick, "enough", "* ada removed bob (enough)"),
        ] {
            assert_eq!(words(kind, text), expected);
        }
    }

    #[test]
    fn an_event_is_of_the_time_it_was_said() {
        let report = EntryReport::new(kept(Kind::Message, "hi", b"B\n+a=1\n#Lobby\n"));
        let line = String::from_utf8(line(&report)).unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["at"], "2023-11-14T22:13:20.123Z");
        assert_eq!((&event["kind"], &event["channel"]), (&"message".into(), &"#lobby".into()));
        assert_eq!((&event["bot"], &event["tags"]), (&true.into(), &"+a=1".into()));
        assert!(event.get("victim").is_none() && event.get("found").is_none());
    }

    #[test]
    fn what_was_taken_back_is_not_told() {
        let mut kept = kept(Kind::Message, "", b"");
        kept.redacted = Some(b"bob!u@h".to_vec());
        let Human::Answer(line) = EntryReport::placed(kept).human() else { panic!("an answer") };
        assert!(line.ends_with("#lobby * ada said something, and it was taken back"), "{line}");
    }
}
