//! Lives of channels that outlast the server.
//!
//! An unregistered channel that anybody may enter goes on when the server starts again: where its
//! history begins stands on a shelf for as long as it lives. One that keeps people out ends with the
//! server, since nobody can tell afterwards who was in it. What is not taken up again within a day is
//! over.
//!
//! Nothing here knows who reads a history.

use std::collections::BTreeMap;

use coax_store::Put;

use super::Hub;
use super::channel::{Channel, Flags, MaskList};
use super::clients::fold;
use super::effects::{Effect, Effects};
use super::input::Keep;
use super::time::Time;

/// The shelf where they are kept.
pub(crate) const SHELF: &str = "lives";

/// How long a life waits for somebody after a start, in milliseconds.
const PATIENCE: u64 = 24 * 60 * 60 * 1000;

/// What stands on the shelf: when each life began, and its first message's name.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    kept: BTreeMap<Box<str>, (Time, Box<str>)>,
    /// Whether some are of before the start, and nobody came back to them yet.
    waiting: bool,
}

impl Lives {
    /// Takes in what was kept; what nobody here wrote counts for nothing.
    pub(super) fn recall(&mut self, kept: Vec<(String, Vec<u8>)>) {
        let read = |(key, value): (String, Vec<u8>)| {
            let text = String::from_utf8(value).ok()?;
            let (millis, first) = text.split_once(' ')?;
            Some((key.into(), (Time(millis.parse().ok()?), first.into())))
        };
        self.kept.extend(kept.into_iter().filter_map(read));
        self.waiting = !self.kept.is_empty();
    }

    /// When a channel of this name began, if it is one that goes on.
    pub(crate) fn begun(&self, key: &str) -> Option<(Time, Box<str>)> {
        self.kept.get(key).cloned()
    }
}

impl Hub {
    /// Keeps the lives of the channels that began, ended or changed. Those of a server that ends
    /// stay as they are.
    pub(super) fn keep_lives(&mut self, effects: &mut Effects) {
        for key in self.channels.take_changed() {
            if self.stopping {
                continue;
            }
            let channel = self.channels.named(&key).map(|id| self.channels.get(id));
            let life = channel.filter(|channel| self.outlasts(channel));
            let life = life.map(|channel| (channel.created, channel.first.clone()));
            self.keep_life(key, life, effects);
        }
    }

    /// Drops the lives that nobody came back to.
    pub(super) fn forget_lives(&mut self, now: Time, effects: &mut Effects) {
        if !self.lives.waiting || now.since(self.started) < PATIENCE {
            return;
        }
        self.lives.waiting = false;
        let over = self.lives.kept.keys().filter(|key| self.channels.named(key).is_none());
        for key in over.cloned().collect::<Vec<_>>() {
            self.keep_life(key, None, effects);
        }
    }

    fn outlasts(&self, channel: &Channel) -> bool {
        let closed = [Flags::INVITE_ONLY, Flags::REGISTERED_ONLY];
        let is_open = channel.key.is_none()
            && channel.list(MaskList::Ban).is_empty()
            && !closed.into_iter().any(|flag| channel.flags.has(flag));
        let is_default = fold(&channel.name) == fold(&self.settings.default_channel);
        is_open && !is_default && channel.founder.is_none()
    }

    fn keep_life(&mut self, key: Box<str>, life: Option<(Time, Box<str>)>, effects: &mut Effects) {
        let before = match &life {
            Some(life) => self.lives.kept.insert(key.clone(), life.clone()),
            None => self.lives.kept.remove(&key),
        };
        if before != life {
            let value = life.map(|(begun, first)| format!("{} {first}", begun.0).into_bytes());
            let put = Put { shelf: SHELF.to_owned(), key: key.into(), value };
            effects.push(Effect::Keep(Box::new(Keep::Shelf(put))));
        }
    }
}
