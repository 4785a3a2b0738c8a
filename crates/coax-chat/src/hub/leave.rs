//! How a client leaves: of its own will, thrown out, or because its connection is gone.
//!
//! Everyone who could see it is told once, and nothing of it stays: no membership, no invitation,
//! no watch, no question that is still out.
//!
//! Nothing here closes a socket.

use coax_irc::{CapSet, Numeric, numeric as n};
use coax_store::Kind;

use super::clients::fold;
use super::effects::Effect;
use super::note::{Cause, Note};
use super::relay::Relay;
use super::turn::Turn;
use super::{Past, Stamp};

/// How many who left are remembered for WHOWAS.
const PAST: usize = 1000;

impl Turn<'_> {
    /// Tells others that whoever has the turn left, and ends its connection with ERROR.
    pub(crate) fn close(&mut self, cause: Cause, why: &str) {
        self.farewell(why);
        self.forget(cause, why);
    }

    /// ERROR and the end of the connection.
    pub(super) fn farewell(&mut self, why: &str) {
        let text = format!("Closing link: ({}) {why}", self.me().origin.host);
        // A label does not outlive its sender: what was gathered goes out as it is.
        let mut lines = self.me_mut().labelled.take().map(|it| it.lines).unwrap_or_default();
        if self.out.gathers(self.who) {
            lines.extend(self.out.gathered());
        }
        for line in lines {
            self.out.send(self.who, line);
        }
        self.bare(self.who, "ERROR", &text);
        self.out.push(Effect::Close { client: self.who });
    }

    /// Tells others that whoever has the turn left, and removes every trace.
    pub(super) fn forget(&mut self, cause: Cause, why: &str) {
        let registered = self.me().is_registered();
        let (who, after) = (self.person(), self.now.since(self.me().since));
        self.note(Note::Left { who, registered, cause, why: why.to_owned(), after });
        // At the end everyone goes: nobody is left who would have to know of it.
        if registered && !self.hub.stopping {
            self.tell_quit(why);
        }
        let mine = self.me().channels.iter().map(|it| it.channel).collect::<Vec<_>>();
        for id in mine {
            self.hub.channels.leave(&mut self.hub.clients, id, self.who);
        }
        self.forget_watches();
        let who = self.who;
        self.hub.awaited.retain(|_, awaited| !awaited.is_of(who));
        if self.me().is_registered() {
            self.remember();
        }
        let Some(client) = self.hub.clients.remove(self.who) else { return };
        if client.is_registered() {
            self.tell_offline(client.nick());
        }
    }

    fn tell_quit(&mut self, why: &str) {
        let text = format!(":{} QUIT :{why}", self.me().name.mask());
        let texts = [(CapSet::NONE, &*text)];
        let account = self.me().account.clone();
        let msgid = self.record_everywhere(Kind::Quit, why);
        let stamp = Stamp { msgid: Some(&msgid), ..self.stamp(account.as_deref()) };
        self.tell_peers(false, &mut Relay::new(stamp, &texts));
    }

    /// Keeps what WHOWAS tells of whoever has the turn.
    pub(crate) fn remember(&mut self) {
        if self.hub.past.len() == PAST {
            self.hub.past.pop_front();
        }
        let client = self.me();
        let past = Past {
            name: client.name.clone(),
            realname: client.realname.clone(),
            address: client.origin.address.clone().into(),
            account: client.account.clone(),
            left: self.now,
        };
        self.hub.past.push_back(past);
    }

    fn forget_watches(&mut self) {
        for nick in std::mem::take(&mut self.me_mut().watches) {
            self.unwatch(&fold(&nick));
        }
    }

    /// Takes whoever has the turn from those who watch a nick.
    pub(crate) fn unwatch(&mut self, key: &str) {
        let Some(watchers) = self.hub.watchers.get_mut(key) else { return };
        watchers.retain(|who| *who != self.who);
        if watchers.is_empty() {
            self.hub.watchers.remove(key);
        }
    }

    /// Tells watchers that a nick is there.
    pub(crate) fn tell_online(&mut self) {
        let mask = self.my_mask();
        self.tell_watched(n::RPL_MONONLINE, self.me().nick().to_owned().as_str(), &mask);
    }

    /// Tells watchers that a nick is not there any more.
    pub(crate) fn tell_offline(&mut self, nick: &str) {
        self.tell_watched(n::RPL_MONOFFLINE, nick, nick);
    }

    fn tell_watched(&mut self, numeric: Numeric, nick: &str, shown: &str) {
        let Some(watchers) = self.hub.watchers.get(&fold(nick)) else { return };
        for who in watchers.clone() {
            self.reply_to(who, numeric, &[shown]);
        }
    }
}
