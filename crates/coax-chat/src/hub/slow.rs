//! Slow mode: with `+W 30`, each person says something in the channel every 30 seconds at most.
//!
//! A person is an account, or a connection without one. Whoever comes by a new connection waits for
//! what was said from the same address by one that has left, so coming again is no way around it.
//! Others of that address, who were there already, do not wait. Those of this machine are told apart
//! by their nicks: many may come through it.
//!
//! Nothing here knows who need not wait at all.

use std::net::IpAddr;

use super::channel::ChannelId;
use super::client::ClientId;
use super::clients::fold;
use super::patience::neighbourhood;
use super::time::Time;
use super::turn::Turn;

/// Most seconds there can be between two messages: a day.
pub(crate) const LONGEST: u32 = 86_400;

/// The slow mode of a channel.
#[derive(Debug, Default)]
pub(crate) struct Slow {
    /// Between two messages of a person; none is no slow mode.
    pub(crate) seconds: Option<u32>,
    said: Vec<Said>,
}

/// Somebody's latest message.
#[derive(Debug)]
struct Said {
    by: Speaker,
    at: Time,
}

#[derive(Debug)]
struct Speaker {
    client: ClientId,
    /// When the client came: another client may have its number later.
    since: Time,
    account: Option<Box<str>>,
    place: Box<str>,
}

impl Turn<'_> {
    /// For how many seconds whoever has the turn has to wait before they say something; 0 is not at
    /// all.
    pub(crate) fn has_to_wait(&self, id: ChannelId) -> u64 {
        let slow = &self.channel(id).slow;
        let Some(seconds) = slow.seconds else { return 0 };
        let me = self.speaker();
        let mine = slow.said.iter().filter(|said| self.is_by(said, &me));
        let next = mine.map(|said| said.at.later(u64::from(seconds) * 1000)).max();
        next.map_or(0, |next| next.since(self.now).div_ceil(1000))
    }

    /// Whoever has the turn says something in the channel now.
    pub(crate) fn says_in(&mut self, id: ChannelId) {
        let (by, at) = (self.speaker(), self.now);
        let slow = &mut self.hub.channels.get_mut(id).slow;
        let Some(seconds) = slow.seconds else { return };
        let over = |said: &Said| at.since(said.at) >= u64::from(seconds) * 1000;
        slow.said.retain(|said| !over(said) && !by.is(&said.by));
        slow.said.push(Said { by, at });
    }

    fn speaker(&self) -> Speaker {
        let me = self.me();
        let address = &me.origin.address;
        let is_this_machine = address.parse::<IpAddr>().map_or(true, |ip| ip.is_loopback());
        let place = match is_this_machine {
            true => format!("{address} {}", fold(me.nick())).into(),
            false => neighbourhood(address),
        };
        let account = me.account.as_deref().map(fold);
        Speaker { client: self.who, since: me.since, account, place }
    }

    fn is_by(&self, said: &Said, me: &Speaker) -> bool {
        let has_left = || {
            let there = self.hub.clients.find(said.by.client);
            there.is_none_or(|it| it.since != said.by.since)
        };
        let is_another_account = said.by.account.is_some() && me.account.is_some();
        let came_after = said.by.place == me.place && me.since >= said.at;
        me.is(&said.by) || (came_after && !is_another_account && has_left())
    }
}

impl Speaker {
    /// Whether it is the same connection or the same account.
    fn is(&self, other: &Speaker) -> bool {
        (self.client == other.client && self.since == other.since)
            || (self.account.is_some() && self.account == other.account)
    }
}
