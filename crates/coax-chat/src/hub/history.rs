//! What was said, on its way into the history and back.
//!
//! A channel's history belongs to its members. Talk of two belongs to accounts: somebody without one
//! is kept under a name no account has, and cannot read it, so nobody reads the talk of whoever had
//! the nick before.
//!
//! What happened in several channels at once, as QUIT does, has one name on the wire and one for each
//! of them on disk.
//!
//! Nothing here reads a disk.

use coax_irc::{CapSet, Capability as Cap, Ctcp};
use coax_store::{Entry, Kept, Kind, Target};

use super::channel::ChannelId;
use super::client::{Client, ClientId};
use super::clients::fold;
use super::input::Keep;
use super::relay::{Relay, Stamp};
use super::time::Time;
use super::turn::Turn;

/// One thing to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    pub(crate) msgid: &'a str,
    /// As it was written: `#Rust`, `ada`.
    pub(crate) target: &'a str,
    pub(crate) text: &'a str,
    pub(crate) client_tags: &'a str,
    /// The nick of whom a KICK put out; the real name of who came by JOIN.
    pub(crate) whom: &'a str,
    /// Who did it; none is whoever has the turn.
    pub(crate) by: Option<&'a str>,
}

impl Record<'static> {
    /// What events leave empty.
    pub(crate) const EVENT: Record<'static> = Record {
        kind: Kind::Mode,
        msgid: "",
        target: "",
        text: "",
        client_tags: "",
        whom: "",
        by: None,
    };
}

/// Ends the name of what happened in several channels.
const SEVERAL: char = '~';

/// How something told under this name is kept in a channel.
pub(crate) fn kept_name(told: &str, channel: &str) -> String {
    match told.ends_with(SEVERAL) {
        true => format!("{told}{}", fold(channel)),
        false => told.to_owned(),
    }
}

/// How something kept under this name was told.
fn told_name(kept: &str) -> &str {
    kept.find(SEVERAL).map_or(kept, |end| &kept[..=end])
}

/// What the store does not look into, line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra<'a> {
    /// Whether the sender was a bot.
    pub bot: bool,
    /// The sender's own tags, escaped as they came.
    pub client_tags: &'a str,
    /// Whom it was said to, as it was written then: `#Rust`, `ada`.
    pub target: &'a str,
    /// The nick of whom a KICK put out; the real name of who came by JOIN.
    pub whom: &'a str,
}

impl<'a> Extra<'a> {
    /// As it is kept.
    pub fn write(&self) -> Vec<u8> {
        let bot = if self.bot { "B" } else { "" };
        [bot, self.client_tags, self.target, self.whom].join("\n").into_bytes()
    }

    /// Reads the tags of a kept entry; nothing where the server did not write them.
    pub fn read(bytes: &'a [u8]) -> Option<Extra<'a>> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split('\n');
        Some(Extra {
            bot: lines.next()? == "B",
            client_tags: lines.next()?,
            target: lines.next()?,
            whom: lines.next()?,
        })
    }
}

/// The name under which somebody's talk is kept.
pub(crate) fn person(client: &Client) -> Box<str> {
    match &client.account {
        Some(account) => fold(account),
        // No account begins so.
        None => format!("~{}", fold(client.nick())).into(),
    }
}

impl Turn<'_> {
    /// The conversation of a channel.
    pub(crate) fn talk_of_channel(&self, id: ChannelId) -> Target {
        Target::channel(&*fold(&self.channel(id).name))
    }

    /// The conversation of whoever has the turn with somebody.
    pub(crate) fn talk_with(&self, who: ClientId) -> Target {
        Target::private(&*person(self.me()), &*person(self.client(who)))
    }

    /// The entry for something whoever has the turn did.
    pub(crate) fn entry(&self, target: Target, record: &Record<'_>) -> Entry {
        let me = self.me();
        let bot = record.by.is_none() && me.modes.has(super::UserModes::BOT);
        let Record { client_tags, target: written, whom, .. } = *record;
        let account = me.account.as_deref().filter(|_| record.by.is_none());
        Entry {
            target,
            time: self.now.millis(),
            msgid: record.msgid.to_owned(),
            kind: record.kind,
            sender: record.by.unwrap_or(me.name.mask()).to_owned(),
            account: account.map(|account| fold(account).into()),
            text: record.text.to_owned(),
            tags: Extra { bot, client_tags, target: written, whom }.write(),
        }
    }

    /// Keeps something that happened in a channel.
    pub(crate) fn record(&mut self, id: ChannelId, record: &Record<'_>) {
        if self.hub.settings.history {
            let entry = self.entry(self.talk_of_channel(id), record);
            self.keep(Keep::Entry(entry));
        }
    }

    /// Keeps something that happened in all channels of whoever has the turn; its name.
    pub(crate) fn record_everywhere(&mut self, kind: Kind, text: &str) -> String {
        let msgid = format!("{}{SEVERAL}", self.new_msgid());
        for id in self.me().channels.iter().map(|it| it.channel).collect::<Vec<_>>() {
            let target = self.channel(id).name.clone();
            let kept = kept_name(&msgid, &target);
            let (msgid, target) = (&*kept, &*target);
            self.record(id, &Record { kind, msgid, target, text, ..Record::EVENT });
        }
        msgid
    }

    /// Tells whoever has the turn again what was once said, as part of a batch.
    pub(crate) fn replay(&mut self, kept: &Kept, batch: Option<&str>) {
        let entry = &kept.entry;
        let Some(extra) = Extra::read(&entry.tags) else { return };
        let account = entry.account.as_deref().map(|key| self.shown_account(key));
        let stamp = Stamp {
            time: Time(u64::try_from(entry.time).unwrap_or_default()),
            msgid: Some(told_name(&entry.msgid)),
            account: account.as_deref(),
            bot: extra.bot,
            client_tags: extra.client_tags,
            batch,
        };
        let line = line(entry, &extra);
        let extended = format!("{line} {} :{}", account.as_deref().unwrap_or("*"), extra.whom);
        let texts = match entry.kind {
            Kind::Join => &[(CapSet::of(&[Cap::ExtendedJoin]), &*extended), (CapSet::NONE, &*line)],
            _ => &[(CapSet::NONE, &*line)][..],
        };
        self.tell(self.who, &mut Relay::new(stamp, texts));
    }

    /// The same as a line of text, for those who read notices.
    pub(crate) fn as_text(&self, kept: &Kept) -> String {
        let Entry { sender, text, time, tags, .. } = &kept.entry;
        let time = Time(u64::try_from(*time).unwrap_or_default()).to_string();
        let (day, clock) = (&time[..10], &time[11..16]);
        let nick = sender.split('!').next().unwrap_or_default();
        let target = Extra::read(tags).map(|extra| extra.target).unwrap_or_default();
        let said = match Ctcp::read(text.as_bytes()) {
            Some(ctcp) => format!("* {nick} {}", String::from_utf8_lossy(ctcp.params)),
            None => format!("{nick}: {text}"),
        };
        format!("{day} {clock} UTC {target} {said}")
    }

    /// An account as its owner writes it.
    pub(crate) fn shown_account(&self, key: &str) -> String {
        let known = self.hub.accounts.find(key);
        known.map_or_else(|| key.to_owned(), |account| account.name.shown.clone())
    }
}

fn line(entry: &Entry, extra: &Extra<'_>) -> String {
    let Entry { sender, text, .. } = entry;
    let target = extra.target;
    let why = if text.is_empty() { String::new() } else { format!(" :{text}") };
    match entry.kind {
        Kind::Message => format!(":{sender} PRIVMSG {target} :{text}"),
        Kind::Notice => format!(":{sender} NOTICE {target} :{text}"),
        Kind::Tags => format!(":{sender} TAGMSG {target}"),
        Kind::Join => format!(":{sender} JOIN {target}"),
        Kind::Part => format!(":{sender} PART {target}{why}"),
        Kind::Quit => format!(":{sender} QUIT{why}"),
        Kind::Nick => format!(":{sender} NICK :{text}"),
        Kind::Topic => format!(":{sender} TOPIC {target} :{text}"),
        Kind::Mode => format!(":{sender} MODE {target} {text}"),
        Kind::Kick => format!(":{sender} KICK {target} {}{why}", extra.whom),
    }
}
