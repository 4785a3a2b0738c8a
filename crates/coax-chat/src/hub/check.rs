//! What is always true of a hub, for tests to ask.
//!
//! Nothing here changes anything.

use super::clients::fold;
use super::{ClientId, Hub};

impl Hub {
    /// Looks at everything twice, from both sides.
    ///
    /// # Panics
    ///
    /// When something is not as it must be: never, or there is a mistake in this crate.
    pub fn check(&self) {
        for who in self.clients.all() {
            self.check_client(who);
        }
        for (id, channel) in self.channels.all() {
            assert!(channel.founder.is_some() || !channel.members.is_empty(), "an empty channel");
            assert_eq!(self.channels.named(&channel.name), Some(id), "a channel by another name");
            for (at, member) in channel.members.iter().enumerate() {
                let theirs = &self.clients.get(member.client).channels;
                let place = theirs.iter().find(|it| it.channel == id);
                let place = place.map(|it| it.at as usize);
                assert_eq!(place, Some(at), "a member who does not know it");
                assert!(self.clients.get(member.client).is_registered(), "a member unregistered");
            }
            assert!(channel.roster.is_true(&channel.members, &self.clients), "names of the past");
        }
        for (nick, watchers) in &self.watchers {
            for who in watchers {
                let theirs = &self.clients.get(*who).watches;
                assert!(theirs.iter().any(|it| fold(it) == *nick), "a watch nobody knows of");
            }
        }
        let registered = self.clients.users().count();
        assert_eq!(registered, self.clients.registered_count(), "users are counted wrongly");
        assert_eq!(self.clients.all().count(), self.clients.connected(), "clients likewise");
    }

    /// Whether a client is in the channel of that name.
    pub fn is_member(&self, who: ClientId, channel: &str) -> bool {
        let members = self.channels.named(channel).map(|id| &self.channels.get(id).members);
        members.is_some_and(|members| members.iter().any(|member| member.client == who))
    }

    fn check_client(&self, who: ClientId) {
        let client = self.clients.get(who);
        for membership in &client.channels {
            let members = &self.channels.get(membership.channel).members;
            let there = members.get(membership.at as usize).map(|member| member.client);
            assert_eq!(there, Some(who), "a channel that does not know its member");
        }
        if client.nick() != "*" {
            assert_eq!(self.clients.holder(client.nick()), Some(who), "a nick of two");
        }
        let waits = self.awaited.values().any(|awaited| awaited.is_of(who));
        assert_eq!(client.held, waits, "a client that waits for nothing, or does not wait");
        for watched in &client.watches {
            let watchers = self.watchers.get(&fold(watched));
            assert!(watchers.is_some_and(|it| it.contains(&who)), "a watch that tells nobody");
        }
    }
}
