//! Telling many at once.
//!
//! The walk over the members compares nothing but numbers and copies nothing but a pointer: a
//! channel of a thousand is told in microseconds.
//!
//! Nothing here knows what is told.

use coax_irc::{CapSet, Capability as Cap, Message};

use super::channel::{ChannelId, Rank};
use super::client::ClientId;
use super::relay::Relay;
use super::turn::Turn;
use super::{Hub, Stamp};

/// Who of a channel is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    /// Every member.
    All,
    /// Every member but whoever has the turn.
    Others,
    /// Members of this rank and above, but whoever has the turn.
    OthersFrom(Rank),
}

impl Hub {
    /// About how many this client would tell something with this line, or be told of: enough to
    /// know talk to many from talk to few.
    pub fn reach(&self, who: ClientId, line: &[u8]) -> usize {
        let Some(client) = self.clients.find(who) else { return 0 };
        let Ok(message) = Message::parse(line) else { return 0 };
        let members = |id| self.channels.get(id).members.len();
        let of_all_mine = [b"QUIT".as_slice(), b"NICK", b"AWAY", b"SETNAME"];
        if of_all_mine.iter().any(|verb| message.command.eq_ignore_ascii_case(verb)) {
            return client.channels.iter().map(|it| members(it.channel)).sum();
        }
        let first = message.params.iter().next().unwrap_or_default();
        let named = first.split(|byte| *byte == b',').filter_map(|name| {
            let name =
                std::str::from_utf8(name).ok()?.trim_start_matches(['~', '&', '@', '%', '+']);
            self.channels.named(name)
        });
        named.map(members).sum()
    }
}

impl Turn<'_> {
    /// Tells the members of a channel.
    pub(crate) fn tell_channel(&mut self, id: ChannelId, whom: Whom, relay: &mut Relay<'_>) {
        let (spared, least) = match whom {
            Whom::All => (None, Rank::default()),
            Whom::Others => (Some(self.who), Rank::default()),
            Whom::OthersFrom(rank) => (Some(self.who), rank),
        };
        for member in &self.hub.channels.get(id).members {
            if Some(member.client) == spared || !member.rank.at_least(least) {
                continue;
            }
            if let Some(line) = relay.line(self.hub.clients.caps(member.client)) {
                self.out.send(member.client, line.clone());
            }
        }
    }

    /// Tells one client.
    pub(crate) fn tell(&mut self, to: ClientId, relay: &mut Relay<'_>) {
        if let Some(line) = relay.line(self.hub.clients.caps(to)) {
            self.out.send(to, line.clone());
        }
    }

    /// Tells everyone who shares a channel with whoever has the turn, each once; itself only on
    /// request.
    pub(crate) fn tell_peers(&mut self, and_me: bool, relay: &mut Relay<'_>) {
        self.hub.clients.begin_walk();
        self.hub.clients.reach(self.who);
        if and_me {
            self.tell(self.who, relay);
        }
        let mine = self.me().channels.iter().map(|it| it.channel).collect::<Vec<_>>();
        for id in mine {
            for member in &self.hub.channels.get(id).members {
                if !self.hub.clients.reach(member.client) {
                    continue;
                }
                if let Some(line) = relay.line(self.hub.clients.caps(member.client)) {
                    self.out.send(member.client, line.clone());
                }
            }
        }
    }

    /// Tells those who watch this nick with *extended-monitor* and share no channel. Must follow
    /// [`Turn::tell_peers`], whose walk it continues.
    pub(crate) fn tell_watchers(&mut self, relay: &mut Relay<'_>) {
        let key = super::clients::fold(self.me().nick());
        let Some(watchers) = self.hub.watchers.get(&key) else { return };
        for who in watchers {
            let caps = self.hub.clients.caps(*who);
            if !caps.has(Cap::ExtendedMonitor) || !self.hub.clients.reach(*who) {
                continue;
            }
            if let Some(line) = relay.line(caps) {
                self.out.send(*who, line.clone());
            }
        }
    }

    /// Tells peers and watchers what changed about whoever has the turn, if they can read it.
    pub(crate) fn announce(&mut self, needed: Cap, and_me: bool, text: &str) {
        let texts = [(CapSet::of(&[needed]), text)];
        let account = self.me().account.clone();
        let stamp = Stamp { account: account.as_deref(), ..self.stamp(None) };
        let mut relay = Relay::new(stamp, &texts);
        self.tell_peers(and_me, &mut relay);
        self.tell_watchers(&mut relay);
    }
}
