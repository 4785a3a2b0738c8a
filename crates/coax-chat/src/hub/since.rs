//! From where on a history belongs to whoever asks for it.
//!
//! A channel that nobody registered lives from the first who comes to the last who goes, and what was
//! said under its name before belongs to others; so does the private talk of an account's name before
//! there was this account. The default channel is everybody's, at any time.
//!
//! Nothing here reads a history.

use coax_store::{Anchor, Kept, Slice};

use super::channel::ChannelId;
use super::clients::fold;
use super::turn::Turn;

/// The first moment, and the first message within it.
#[derive(Clone, Debug)]
pub(crate) struct Since {
    time: i64,
    /// Later messages have later names, so it decides between two of one millisecond.
    msgid: Box<str>,
    /// Where it began by a clock that was ahead: what was said since this server started belongs to
    /// it as well, until now.
    resumed: Option<(i64, i64)>,
}

impl Since {
    fn ever() -> Since {
        Since { time: i64::MIN, msgid: Box::default(), resumed: None }
    }

    /// The last moment that does not count; none if all do.
    pub(crate) fn before(&self) -> Option<i64> {
        self.earliest().checked_sub(1)
    }

    /// Whether something was said at this time or later.
    pub(crate) fn is_before(&self, time: i64) -> bool {
        self.earliest() <= time
    }

    fn earliest(&self) -> i64 {
        self.resumed.map_or(self.time, |(from, _)| from.min(self.time))
    }

    /// Whether it belongs to whoever asks.
    pub(crate) fn covers(&self, kept: &Kept) -> bool {
        let entry = &kept.entry;
        let resumed = self.resumed.is_some_and(|(from, to)| (from..=to).contains(&entry.time));
        resumed || (entry.time, &*entry.msgid) >= (self.time, &*self.msgid)
    }

    /// The same part of a history, where it counts from a time no earlier than this.
    pub(crate) fn narrowed(&self, slice: Slice) -> Slice {
        let before = self.before().unwrap_or(i64::MIN);
        if slice == Slice::Latest {
            return Slice::LatestAfter(Anchor::Time(before));
        }
        anchored(slice, |anchor| match anchor {
            Anchor::Time(time) => Anchor::Time(time.max(before)),
            other => other,
        })
    }

    /// What of a page belongs to whoever asks. None when the page counts onward from a message that
    /// does not.
    pub(crate) fn cut(&self, slice: &Slice, mut rows: Vec<Kept>) -> Option<Vec<Kept>> {
        let before = rows.len();
        rows.retain(|row| self.covers(row));
        let named = |anchor: &Anchor| matches!(anchor, Anchor::Msgid(_));
        let onward = match slice {
            Slice::After(anchor) => named(anchor),
            Slice::Between(one, other) => named(one) || named(other),
            _ => false,
        };
        (!onward || rows.len() == before).then_some(rows)
    }
}

/// The same slice, its anchors changed.
pub(crate) fn anchored(slice: Slice, at: impl Fn(Anchor) -> Anchor) -> Slice {
    match slice {
        Slice::Latest => Slice::Latest,
        Slice::LatestAfter(it) => Slice::LatestAfter(at(it)),
        Slice::Before(it) => Slice::Before(at(it)),
        Slice::After(it) => Slice::After(at(it)),
        Slice::Around(it) => Slice::Around(at(it)),
        Slice::Between(one, other) => Slice::Between(at(one), at(other)),
    }
}

impl Turn<'_> {
    /// Since when a channel's history is its members'.
    pub(crate) fn since_channel(&self, id: ChannelId) -> Since {
        let channel = self.channel(id);
        match fold(&channel.name) == fold(&self.hub.settings.default_channel) {
            true => Since::ever(),
            false => self.since(channel.created.millis(), channel.first.clone()),
        }
    }

    /// Since when private talk under one's name is one's own: since there is the account, or since
    /// one is here.
    pub(crate) fn since_person(&self) -> Since {
        let account = self.me().account.as_deref().and_then(|name| self.hub.accounts.find(name));
        let time = account.map_or(self.me().since.millis(), |account| account.created);
        self.since(time, Box::default())
    }

    fn since(&self, time: i64, msgid: Box<str>) -> Since {
        let (started, now) = (self.hub.started.millis(), self.now.millis());
        Since { time, msgid, resumed: (time > now).then_some((started, now)) }
    }
}
