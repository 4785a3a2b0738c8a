//! What a conversation consists of: messages and events, each with its place.
//!
//! Everything is given by the caller, time and id included: the same entries make the same history
//! on every machine.
//!
//! Nothing here knows what the texts mean.

use coax_irc::Casemapping;

/// The key of a name: what an older version kept under other keys is given these, and nicks are looked
/// for by them. It is the rule of the whole program.
pub(crate) fn name_key(name: &str) -> String {
    Casemapping::Rfc7613.fold_text(name)
}

/// Where something was said. Names are keys: casefolded by the caller, compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Everybody in this channel hears it.
    Channel(String),
    /// These two hear it; the order does not matter.
    Private(String, String),
}

impl Target {
    /// A channel by its key.
    pub fn channel(key: impl Into<String>) -> Target {
        Target::Channel(key.into())
    }

    /// The talk of two by their keys.
    pub fn private(one: impl Into<String>, other: impl Into<String>) -> Target {
        Target::Private(one.into(), other.into())
    }

    /// As it is stored: the second is empty for a channel.
    pub(crate) fn columns(&self) -> (&str, &str) {
        match self {
            Target::Channel(key) => (key, ""),
            Target::Private(one, other) if one <= other => (one, other),
            Target::Private(one, other) => (other, one),
        }
    }

    pub(crate) fn from_columns(first: String, second: String) -> Target {
        match second.is_empty() {
            true => Target::Channel(first),
            false => Target::Private(first, second),
        }
    }

    /// An empty name names nobody.
    pub(crate) fn is_named(&self) -> bool {
        match self {
            Target::Channel(key) => !key.is_empty(),
            Target::Private(one, other) => !one.is_empty() && !other.is_empty(),
        }
    }
}

/// What happened. The numbers are in the file for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Somebody said something.
    Message = 0,
    /// A program said something.
    Notice = 1,
    /// Tags without a text.
    Tags = 2,
    /// Somebody came.
    Join = 3,
    /// Somebody left the channel.
    Part = 4,
    /// Somebody left the server.
    Quit = 5,
    /// Somebody is called otherwise.
    Nick = 6,
    /// The channel has another topic.
    Topic = 7,
    /// The modes changed.
    Mode = 8,
    /// Somebody was made to leave.
    Kick = 9,
}

impl Kind {
    const ALL: [Kind; 10] = [
        Kind::Message,
        Kind::Notice,
        Kind::Tags,
        Kind::Join,
        Kind::Part,
        Kind::Quit,
        Kind::Nick,
        Kind::Topic,
        Kind::Mode,
        Kind::Kick,
    ];

    /// Whether it is talk: always replayed, and found by search. The rest are events.
    pub fn is_talk(self) -> bool {
        matches!(self, Kind::Message | Kind::Notice)
    }

    pub(crate) fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// One message or event, to be kept. Sending it to the store gives its [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it was said.
    pub target: Target,
    /// Milliseconds since 1970, UTC.
    pub time: i64,
    /// Unique in the whole store.
    pub msgid: String,
    /// What happened.
    pub kind: Kind,
    /// `nick!user@host` as it was then.
    pub sender: String,
    /// The key of the sender's account, if there was one.
    pub account: Option<String>,
    /// What was said; the reason or topic of an event.
    pub text: String,
    /// Whatever else is needed to tell it again. The store does not look inside.
    pub tags: Vec<u8>,
}

impl Entry {
    /// The most bytes that one entry may have in all its parts.
    pub const MOST_BYTES: usize = 256 * 1024;

    pub(crate) fn size(&self) -> usize {
        let (first, second) = self.target.columns();
        let account = self.account.as_ref().map_or(0, String::len);
        let names = first.len() + second.len() + self.msgid.len() + self.sender.len() + account;
        names + self.text.len() + self.tags.len()
    }
}

/// Where an entry stands. Entries of one conversation are ordered by it, and no two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The order in which the store got them. A clock that was set back does not change it.
    pub sequence: i64,
    /// Milliseconds since 1970, UTC.
    pub time: i64,
}

/// An entry that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The order in which the store got it.
    pub sequence: i64,
    /// As it was given. A redacted one has neither text nor tags.
    pub entry: Entry,
    /// What [`Redact`](crate::Redact) left in its place.
    pub redacted: Option<Vec<u8>>,
}

impl Kept {
    /// Where it stands in its conversation.
    pub fn place(&self) -> Place {
        Place { time: self.entry.time, sequence: self.sequence }
    }
}
