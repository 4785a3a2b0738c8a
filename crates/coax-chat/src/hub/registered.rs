//! Channels that stay when everybody has left.
//!
//! A registered channel is kept on disk whole, each time something about it changes. Who has access
//! gets their rank when they come in.
//!
//! Nothing here decides who may register one.

use std::sync::Arc;

use coax_store::{Access, Mask, Name, RemoveChannel, SaveChannel};

use super::Hub;
use super::channel::{Channel, ChannelId, Flags, ListEntry, MaskList, Rank, Topic};
use super::channels::Channels;
use super::clients::fold;
use super::input::Keep;
use super::pattern::Pattern;
use super::time::Time;
use super::turn::Turn;

/// The three lists with their letters.
const LISTS: [(MaskList, &str); 3] =
    [(MaskList::Ban, "b"), (MaskList::Exception, "e"), (MaskList::Invite, "I")];

impl Turn<'_> {
    /// Keeps a channel as it is now, if it is registered. Whoever has the turn reads it if the disk
    /// does not take it.
    pub(crate) fn save_channel(&mut self, id: ChannelId, verb: &'static str) {
        self.hub.channels.touch(id);
        let channel = self.channel(id);
        if channel.founder.is_some() {
            let (saved, name) = (SaveChannel(stored(channel)), channel.name.clone());
            self.keep_or_tell(Keep::Channel(saved), verb, &name);
        }
    }

    /// What an account may do in a registered channel.
    pub(crate) fn access(&self, id: ChannelId) -> Rank {
        let channel = self.channel(id);
        let Some(account) = &self.me().account else { return Rank::default() };
        let key = fold(account);
        if channel.founder.as_ref().is_some_and(|founder| fold(founder) == key) {
            return Rank::FOUNDER;
        }
        channel.access.get(&key).copied().unwrap_or_default()
    }
}

impl Hub {
    /// Takes an account that the disk has forgotten out of every registered channel; those it owned
    /// are nobody's. The disk did the same.
    pub(super) fn disown_channels(&mut self, key: &str) {
        let registered = self.channels.all().filter(|(_, channel)| channel.founder.is_some());
        for id in registered.map(|(id, _)| id).collect::<Vec<_>>() {
            let channel = self.channels.get_mut(id);
            channel.access.remove(key);
            if channel.founder.as_ref().is_some_and(|founder| *fold(founder) == *key) {
                channel.founder = None;
                channel.access.clear();
                self.channels.touch(id);
                self.channels.forget_if_empty(id);
            }
        }
    }
}

impl Channels {
    /// What is to be kept of a channel as it is now.
    pub(crate) fn to_keep(&self, id: ChannelId) -> Keep {
        let channel = self.get(id);
        match channel.founder {
            Some(_) => Keep::Channel(SaveChannel(stored(channel))),
            None => Keep::NoChannel(RemoveChannel { key: fold(&channel.name).into() }),
        }
    }

    /// A channel as it was kept.
    pub(crate) fn restore(&mut self, kept: coax_store::Channel) {
        let id = self.create(&kept.name.shown, Flags::default(), time(kept.registered), "");
        let channel = self.get_mut(id);
        channel.founder = Some(kept.founder.unwrap_or_default().into());
        channel.topic = kept.topic.map(|topic| Topic {
            text: topic.text.into(),
            by: topic.by.into(),
            at: time(topic.time),
        });
        let mut words = kept.modes.split(' ');
        let letters = words.next().unwrap_or_default();
        for letter in letters.chars() {
            match (letter, Flags::of_letter(letter)) {
                (_, Some(flag)) => channel.flags.set(flag, true),
                ('k', _) => channel.key = words.next().map(Box::from),
                ('l', _) => channel.limit = words.next().and_then(|limit| limit.parse().ok()),
                _ => {}
            }
        }
        for access in kept.access {
            let rank = access.level.chars().next().and_then(Rank::of_letter);
            channel.access.insert(access.account.into(), rank.unwrap_or_default());
        }
        for mask in kept.masks {
            let list = LISTS.iter().find(|(_, letter)| *letter == mask.list);
            if let (Some((list, _)), Some(pattern)) = (list, Pattern::read(&mask.mask)) {
                let entry = ListEntry { pattern, by: mask.by.into(), at: time(mask.time) };
                channel.list_mut(*list).push(entry);
            }
        }
    }
}

/// A channel as it is kept.
pub(super) fn stored(channel: &Channel) -> coax_store::Channel {
    let level = |rank: Rank| {
        let letter = Rank::ALL.iter().find(|(.., it)| rank.has(*it)).map(|(letter, ..)| *letter);
        letter.map(String::from).unwrap_or_default()
    };
    let access = channel
        .access
        .iter()
        .map(|(account, rank)| Access { account: account.to_string(), level: level(*rank) });
    let masks = LISTS.iter().flat_map(|(list, letter)| {
        channel.list(*list).iter().map(|entry| Mask {
            list: (*letter).to_owned(),
            mask: entry.pattern.text().to_owned(),
            by: entry.by.to_string(),
            time: entry.at.millis(),
        })
    });
    coax_store::Channel {
        name: Name::new(&*fold(&channel.name), &*channel.name),
        founder: channel.founder.as_ref().map(|founder: &Arc<str>| fold(founder).into()),
        registered: channel.created.millis(),
        topic: channel.topic.as_ref().map(|topic| coax_store::Topic {
            text: topic.text.to_string(),
            by: topic.by.to_string(),
            time: topic.at.millis(),
        }),
        modes: channel.modes(true).join(" ").trim_start_matches('+').to_owned(),
        settings: "{}".to_owned(),
        access: access.collect(),
        masks: masks.collect(),
    }
}

fn time(millis: i64) -> Time {
    Time(u64::try_from(millis).unwrap_or_default())
}
