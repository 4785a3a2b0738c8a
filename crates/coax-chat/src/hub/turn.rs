//! One client's turn: its command is run, and everything it brings about is written down.
//!
//! A command that must wait for an answer holds its client: the next command of that client comes
//! after the answer, and a label lasts as long (see [`super::label`]).
//!
//! Nothing here knows any command.

use std::sync::Arc;

use coax_irc::{CapSet, Capability as Cap};

use super::client::{Client, ClientId};
use super::effects::{Effect, Effects};
use super::input::{Answer, Question, Ticket};
use super::time::Time;
use super::{Channel, ChannelId, Flags, Hub, Rank, Stamp};

/// What happens when an answer is there.
pub(crate) type Then = Box<dyn FnOnce(&mut Turn<'_>, Answer)>;

/// A question that is on its way.
pub(crate) struct Awaited {
    who: ClientId,
    then: Then,
}

impl Awaited {
    pub(super) fn is_of(&self, who: ClientId) -> bool {
        self.who == who
    }
}

impl std::fmt::Debug for Awaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Awaited").field("who", &self.who).finish_non_exhaustive()
    }
}

/// Whose turn it is, and all that its command may touch.
#[derive(Debug)]
pub(crate) struct Turn<'h> {
    pub(crate) hub: &'h mut Hub,
    pub(crate) out: &'h mut Effects,
    pub(crate) now: Time,
    pub(crate) who: ClientId,
}

impl Turn<'_> {
    pub(crate) fn me(&self) -> &Client {
        self.hub.clients.get(self.who)
    }

    pub(crate) fn me_mut(&mut self) -> &mut Client {
        self.hub.clients.get_mut(self.who)
    }

    /// `nick!user@host` of whoever has the turn.
    pub(crate) fn my_mask(&self) -> Arc<str> {
        self.me().name.mask().clone()
    }

    pub(crate) fn my_nick(&self) -> String {
        self.me().nick().to_owned()
    }

    pub(crate) fn my_caps(&self) -> CapSet {
        self.hub.clients.caps(self.who)
    }

    pub(crate) fn i_have(&self, cap: Cap) -> bool {
        self.my_caps().has(cap)
    }

    pub(crate) fn client(&self, who: ClientId) -> &Client {
        self.hub.clients.get(who)
    }

    pub(crate) fn channel(&self, id: ChannelId) -> &Channel {
        self.hub.channels.get(id)
    }

    /// The channel of that name, unless it is a secret from whoever has the turn: then it is answered
    /// as if there were none.
    pub(crate) fn channel_named(&self, name: &str) -> Option<ChannelId> {
        let id = self.hub.channels.named(name)?;
        let knows = self.my_rank(id).is_some()
            || self.me().is_operator()
            || self.is_invited(id)
            || self.access(id) != Rank::default();
        (knows || !self.channel(id).flags.has(Flags::SECRET)).then_some(id)
    }

    pub(crate) fn rank_in(&self, id: ChannelId, who: ClientId) -> Option<Rank> {
        self.hub.channels.rank(&self.hub.clients, id, who)
    }

    pub(crate) fn my_rank(&self, id: ChannelId) -> Option<Rank> {
        self.rank_in(id, self.who)
    }

    /// A number nothing else has.
    pub(crate) fn serial(&mut self) -> u64 {
        self.hub.serial += 1;
        self.hub.serial
    }

    /// A message's own name: unique, and later ones sort behind earlier ones.
    pub(crate) fn new_msgid(&mut self) -> String {
        let serial = self.serial();
        let boot = u64::from(self.hub.settings.boot);
        let mut id = String::with_capacity(22);
        base32(self.now.0, 9, &mut id);
        base32(serial, 6, &mut id);
        base32(boot, 7, &mut id);
        id
    }

    /// What stands before a message of whoever has the turn.
    pub(crate) fn stamp<'a>(&self, account: Option<&'a str>) -> Stamp<'a> {
        let bot = self.me().modes.has(super::UserModes::BOT);
        Stamp { time: self.now, account, bot, ..Stamp::default() }
    }

    /// Asks, and holds the client until `then` has run with the answer. If the client leaves before,
    /// `then` does not run.
    pub(crate) fn ask(
        &mut self,
        question: Question,
        then: impl FnOnce(&mut Turn<'_>, Answer) + 'static,
    ) {
        self.begin_to_ask(question, then);
    }

    /// The same, and what the question is called.
    pub(super) fn begin_to_ask(
        &mut self,
        question: Question,
        then: impl FnOnce(&mut Turn<'_>, Answer) + 'static,
    ) -> Ticket {
        let ticket = Ticket(self.serial());
        let awaited = Awaited { who: self.who, then: Box::new(then) };
        self.hub.awaited.insert(ticket, awaited);
        self.me_mut().held = true;
        self.out.push(Effect::Hold { client: self.who });
        self.out.push(Effect::Ask { ticket, question });
        ticket
    }
}

impl Hub {
    pub(super) fn answer(
        &mut self,
        now: Time,
        ticket: Ticket,
        answer: Answer,
        effects: &mut Effects,
    ) {
        self.settle(now, ticket, &answer, effects);
        let Some(awaited) = self.awaited.remove(&ticket) else { return };
        // Whoever asked may have gone, and the number may be somebody else's by now: those who go
        // take their questions along.
        let waits = self.awaited.values().any(|other| other.is_of(awaited.who));
        let Some(client) = self.clients.find_mut(awaited.who) else { return };
        client.held = waits;
        let labelled = client.labelled.take();
        let mut turn = self.turn(now, awaited.who, effects);
        match labelled {
            Some(it) => turn.go_on_labelled(*it, |turn| (awaited.then)(turn, answer)),
            None => (awaited.then)(&mut turn, answer),
        }
        if self.clients.find(awaited.who).is_some_and(|client| !client.held) {
            effects.push(Effect::Release { client: awaited.who });
        }
    }
}

/// The lowest `digits` digits of `number`, the highest first, in an alphabet that sorts.
fn base32(number: u64, digits: u32, out: &mut String) {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    for digit in (0..digits).rev() {
        out.push(char::from(ALPHABET[(number >> (5 * digit) & 31) as usize]));
    }
}
