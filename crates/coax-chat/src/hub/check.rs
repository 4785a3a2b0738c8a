//! What is always true of a hub, for tests to ask.
//!
//! Nothing here changes anything.

use super::clients::fold;
use super::face::face;
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
        for who in self.clients.all() {
            let Some(account) = &self.clients.get(who).account else { continue };
            let all = self.clients.all().map(|who| &self.clients.get(who).account);
            let count = all.filter(|it| it.as_ref() == Some(account)).count();
            let counted = self.clients.count_of_account(account) as usize;
            assert_eq!(count, counted, "sessions of an account are counted wrongly");
        }
        let registered = self.clients.users().count();
        assert_eq!(registered, self.clients.registered_count(), "users are counted wrongly");
        assert_eq!(self.clients.all().count(), self.clients.connected(), "clients likewise");
    }

    /// Whether there is a channel of that name.
    pub fn has_channel(&self, name: &str) -> bool {
        self.channels.named(name).is_some()
    }

    /// Whether a client is an operator of the server.
    pub fn is_operator(&self, who: ClientId) -> bool {
        self.clients.find(who).is_some_and(super::Client::is_operator)
    }

    /// The account a client is signed in to.
    pub fn account(&self, who: ClientId) -> Option<&str> {
        self.clients.find(who)?.account.as_deref()
    }

    /// Whether a client is in the channel of that name.
    pub fn is_member(&self, who: ClientId, channel: &str) -> bool {
        let members = self.channels.named(channel).map(|id| &self.channels.get(id).members);
        members.is_some_and(|members| members.iter().any(|member| member.client == who))
    }

    fn check_client(&self, who: ClientId) {
        let client = self.clients.get(who);
        let seen = self.clients.with_face(&face(client.nick())).filter(|it| *it == who).count();
        assert_eq!(seen, usize::from(client.is_registered()), "a face that is not a user's");
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
        assert!(client.labelled.is_none() || waits, "a label that waits for nothing");
        for watched in &client.watches {
            let watchers = self.watchers.get(&fold(watched));
            assert!(watchers.is_some_and(|it| it.contains(&who)), "a watch that tells nobody");
        }
    }
}
