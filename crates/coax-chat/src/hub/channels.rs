//! Every channel, by number and by name, and who is in which.
//!
//! Membership is written twice, in the channel's row and in the client's list, and only here, so
//! that the two cannot differ. A channel that nobody is in is forgotten unless it is registered.
//!
//! Nothing here decides who may join.

use std::collections::BTreeMap;

use super::channel::{Channel, ChannelId, Flags, Member, Rank};
use super::client::{ClientId, Membership};
use super::clients::{Clients, fold};
use super::time::Time;

/// All channels.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    slots: Vec<Option<Box<Channel>>>,
    free: Vec<u32>,
    names: BTreeMap<Box<str>, ChannelId>,
    /// The names of those that began, ended or changed since somebody asked.
    changed: Vec<Box<str>>,
}

impl Channels {
    pub(crate) fn named(&self, name: &str) -> Option<ChannelId> {
        self.names.get(&fold(name)).copied()
    }

    pub(crate) fn get(&self, id: ChannelId) -> &Channel {
        self.slots[id.0 as usize].as_deref().expect("a channel with a member or a name is there")
    }

    pub(crate) fn get_mut(&mut self, id: ChannelId) -> &mut Channel {
        let slot = self.slots[id.0 as usize].as_deref_mut();
        slot.expect("a channel with a member or a name is there")
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (ChannelId, &Channel)> + '_ {
        self.names.values().map(|id| (*id, self.get(*id)))
    }

    pub(crate) fn count(&self) -> usize {
        self.names.len()
    }

    /// Makes a channel, none of whose messages will have a name before `first`.
    pub(crate) fn create(&mut self, name: &str, flags: Flags, now: Time, first: &str) -> ChannelId {
        let channel = Some(Box::new(Channel::new(name, flags, now, first)));
        let id = match self.free.pop() {
            Some(free) => ChannelId(free),
            None => ChannelId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX)),
        };
        match self.slots.get_mut(id.0 as usize) {
            Some(slot) => *slot = channel,
            None => self.slots.push(channel),
        }
        self.names.insert(fold(name), id);
        self.changed.push(fold(name));
        id
    }

    /// Something about a channel is different now.
    pub(crate) fn touch(&mut self, id: ChannelId) {
        let key = fold(&self.get(id).name);
        self.changed.push(key);
    }

    /// The names of those that began, ended or changed since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<Box<str>> {
        std::mem::take(&mut self.changed)
    }

    /// Gives a channel a name that no other has. Under that name it begins now.
    pub(crate) fn rename(&mut self, id: ChannelId, name: &str, now: Time, first: &str) {
        let channel = self.get_mut(id);
        (channel.created, channel.first) = (now, first.into());
        let old = std::mem::replace(&mut channel.name, std::sync::Arc::from(name));
        self.names.remove(&fold(&old));
        self.names.insert(fold(name), id);
        self.changed.extend([fold(&old), fold(name)]);
    }

    /// Puts a client into a channel it is not in.
    pub(crate) fn enter(
        &mut self,
        clients: &mut Clients,
        id: ChannelId,
        who: ClientId,
        rank: Rank,
    ) {
        let channel = self.get_mut(id);
        let at = u32::try_from(channel.members.len()).unwrap_or(u32::MAX);
        channel.members.push(Member { client: who, rank });
        channel.roster.forget(at);
        let key = fold(&channel.name);
        let client = clients.get_mut(who);
        client.channels.push(Membership { channel: id, at });
        client.invitations.retain(|it| fold(&it.channel) != key);
    }

    /// Takes a client out of a channel; forgets the channel if that was the last one.
    pub(crate) fn leave(&mut self, clients: &mut Clients, id: ChannelId, who: ClientId) {
        let channels = &mut clients.get_mut(who).channels;
        let Some(found) = channels.iter().position(|it| it.channel == id) else { return };
        let at = channels.swap_remove(found).at;
        let channel = self.get_mut(id);
        channel.members.swap_remove(at as usize);
        channel.roster.forget(at);
        channel.roster.forget(channel.members.len() as u32);
        // The last of the row now stands where the one that left stood.
        if let Some(moved) = channel.members.get(at as usize) {
            let theirs = &mut clients.get_mut(moved.client).channels;
            if let Some(place) = theirs.iter_mut().find(|it| it.channel == id) {
                place.at = at;
            }
        }
        self.forget_if_empty(id);
    }

    /// Forgets a channel that nobody is in and that nobody owns.
    pub(crate) fn forget_if_empty(&mut self, id: ChannelId) {
        let channel = self.get(id);
        if channel.members.is_empty() && channel.founder.is_none() {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: ChannelId) {
        if let Some(channel) = self.slots[id.0 as usize].take() {
            self.names.remove(&fold(&channel.name));
            self.changed.push(fold(&channel.name));
            self.free.push(id.0);
        }
    }

    /// A client's rank in a channel; none when it is not in it.
    pub(crate) fn rank(&self, clients: &Clients, id: ChannelId, who: ClientId) -> Option<Rank> {
        let at = clients.get(who).channels.iter().find(|it| it.channel == id)?.at;
        Some(self.get(id).members[at as usize].rank)
    }

    /// The rank of a member, to change it.
    pub(crate) fn rank_mut(
        &mut self,
        clients: &Clients,
        id: ChannelId,
        who: ClientId,
    ) -> Option<&mut Rank> {
        let at = clients.get(who).channels.iter().find(|it| it.channel == id)?.at;
        let channel = self.get_mut(id);
        channel.roster.forget(at);
        Some(&mut channel.members[at as usize].rank)
    }

    /// A client has another name; where it is, NAMES says another one.
    pub(crate) fn renamed(&mut self, clients: &Clients, who: ClientId) {
        for it in &clients.get(who).channels {
            self.get_mut(it.channel).roster.forget(it.at);
        }
    }
}
