//! What is confirmed is on disk.
//!
//! A change that somebody is told of is kept first: the store answers, and the answer decides what
//! they read. Accounts change here when the disk has them, whether or not whoever asked is still
//! there. Channels, bans and hosts hold at once, since people see them and they keep others out; one
//! that the disk did not take is said to be lost at the end, and is tried again until it is kept.
//!
//! Nothing here knows what a disk is.

use std::collections::{BTreeMap, BTreeSet};

use coax_store::{Put, Register, RemoveChannel, SaveChannel, SetSettings};

use super::accounts::{SUSPENDED, is_suspended, new_account};
use super::client::ClientId;
use super::clients::fold;
use super::effects::{Effect, Effects};
use super::input::{Answer, Keep, Question, Ticket};
use super::note::Cause;
use super::time::Time;
use super::turn::Turn;
use super::{Hub, host, kept_out};

/// How long after a failure it is tried again, in milliseconds.
const AGAIN: u64 = 5_000;

/// What people read of a change that holds and is not on disk.
pub(crate) const NOT_STORED: &str = "it could not be kept: it is tried again, and lost if the \
                                     server ends before";

/// What is on its way to the disk, and what did not get there.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    on_the_way: BTreeMap<Ticket, Keep>,
    unkept: BTreeSet<Unkept>,
    tried: Time,
}

/// Something that holds and is not on disk. What it is, is looked up when it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unkept {
    Channel(String),
    KeptOut(String),
    Host(String),
}

impl Unkept {
    fn of(keep: &Keep) -> Option<Unkept> {
        match keep {
            Keep::Channel(SaveChannel(channel)) => Some(Unkept::Channel(channel.name.key.clone())),
            Keep::NoChannel(RemoveChannel { key }) => Some(Unkept::Channel(key.clone())),
            Keep::Shelf(put) if put.shelf == kept_out::SHELF => {
                Some(Unkept::KeptOut(put.key.clone()))
            }
            Keep::Shelf(put) if put.shelf == host::SHELF => Some(Unkept::Host(put.key.clone())),
            _ => None,
        }
    }
}

impl Turn<'_> {
    /// Keeps something, and goes on once it is known whether it is on disk: with
    /// [`Answer::Stored`], or with why not. What the hub itself knows of accounts changes before.
    pub(crate) fn confirm(
        &mut self,
        keep: Keep,
        then: impl FnOnce(&mut Turn<'_>, Answer) + 'static,
    ) {
        let ticket = self.begin_to_ask(Question::Keep(Box::new(keep.clone())), then);
        self.hub.keeping.on_the_way.insert(ticket, keep);
    }

    /// Keeps something that holds already. Whoever has the turn is not told how that went, and it
    /// is tried again if the disk does not take it.
    pub(crate) fn keep_at_last(&mut self, keep: Keep) {
        self.hub.keep_at_last(keep, self.out);
    }

    /// The same, and whoever has the turn reads it if the disk does not take it.
    pub(crate) fn keep_or_tell(&mut self, keep: Keep, verb: &'static str, what: &str) {
        let what = what.to_owned();
        self.confirm(keep, move |turn, answer| {
            if matches!(answer, Answer::Failed) {
                turn.fail(verb, "NOT_STORED", &[&what], &format!("It is so now, but {NOT_STORED}"));
            }
        });
    }

    /// Makes an account, whose name must be free, and says what became of it.
    pub(crate) fn create_account(
        &mut self,
        name: &str,
        password: coax_store::Password,
        then: impl FnOnce(&mut Turn<'_>, Answer) + 'static,
    ) {
        let account = new_account(name, password, self.now.millis());
        self.confirm(Keep::Account(Register(account)), then);
    }

    /// Whether an account of a name that looks like this one is about to be.
    pub(crate) fn is_about_to_be(&self, name: &str) -> bool {
        let face = super::face::face(name);
        self.hub.keeping.on_the_way.values().any(|keep| match keep {
            Keep::Account(Register(account)) => super::face::face(&account.name.shown) == face,
            _ => false,
        })
    }
}

impl Hub {
    /// What was to be kept is, or is not.
    pub(super) fn settle(
        &mut self,
        now: Time,
        ticket: Ticket,
        answer: &Answer,
        effects: &mut Effects,
    ) {
        let Some(keep) = self.keeping.on_the_way.remove(&ticket) else { return };
        match answer {
            Answer::Stored => self.is_kept(now, keep, effects),
            Answer::Failed => self.keeping.unkept.extend(Unkept::of(&keep)),
            // There is nothing to be kept any more: its owner is gone.
            _ => {}
        }
    }

    /// A change is on disk: whatever was not in force until then, is now.
    pub(super) fn is_kept(&mut self, now: Time, keep: Keep, effects: &mut Effects) {
        if let Some(it) = Unkept::of(&keep) {
            self.keeping.unkept.remove(&it);
        }
        match keep {
            Keep::Account(Register(account)) => {
                match self.accounts.find_mut(&account.name.key) {
                    Some(known) => known.password = account.password,
                    None => self.accounts.insert(account),
                };
            }
            Keep::Password(it) => {
                if let Some(account) = self.accounts.find_mut(&it.key) {
                    account.password = it.password;
                }
            }
            Keep::Settings(it) => self.set_account_settings(now, it, effects),
            Keep::Nick(it) => self.accounts.add_nick(&it.key, &it.nick.shown),
            Keep::Certificate(it) => self.accounts.add_certificate(&it.key, &it.fingerprint),
            Keep::NoCertificate(it) => self.accounts.remove_certificate(&it.key, &it.fingerprint),
            Keep::NoAccount(it) => self.forget_account(now, &it.key, effects),
            _ => {}
        }
    }

    /// Whoever is signed in to an account that is suspended has to leave.
    fn set_account_settings(&mut self, now: Time, it: SetSettings, effects: &mut Effects) {
        let Some(account) = self.accounts.find_mut(&it.key) else { return };
        account.settings = it.settings;
        if !is_suspended(account) {
            return;
        }
        for who in self.signed_in_to(&it.key) {
            self.turn(now, who, effects).close(Cause::Killed, SUSPENDED);
        }
    }

    fn signed_in_to(&self, key: &str) -> Vec<ClientId> {
        let is_theirs = |who: &ClientId| {
            let account = self.clients.get(*who).account.as_deref();
            account.is_some_and(|account| *fold(account) == *key)
        };
        self.clients.all().filter(is_theirs).collect()
    }

    /// An account is gone: nobody is signed in to it, and its channels are nobody's.
    fn forget_account(&mut self, now: Time, key: &str, effects: &mut Effects) {
        self.disown_channels(key);
        self.accounts.remove(key);
        for who in self.signed_in_to(key) {
            self.turn(now, who, effects).sign_out();
        }
        if self.hosts.remove(key).is_some() {
            let (shelf, key) = (host::SHELF.to_owned(), key.to_owned());
            self.keep_at_last(Keep::Shelf(Put { shelf, key, value: None }), effects);
        }
        if let Some(put) = self.patience.forget_account(key) {
            self.keep_at_last(Keep::Shelf(put), effects);
        }
    }

    pub(super) fn keep_at_last(&mut self, keep: Keep, effects: &mut Effects) {
        self.serial += 1;
        let ticket = Ticket(self.serial);
        effects.push(Effect::Ask { ticket, question: Question::Keep(Box::new(keep.clone())) });
        self.keeping.on_the_way.insert(ticket, keep);
    }

    /// Tries again what the disk did not take.
    pub(super) fn keep_again(&mut self, now: Time, effects: &mut Effects) {
        if self.keeping.unkept.is_empty() || now.since(self.keeping.tried) < AGAIN {
            return;
        }
        self.keeping.tried = now;
        for it in std::mem::take(&mut self.keeping.unkept) {
            let keep = self.as_it_is_now(it);
            self.keep_at_last(keep, effects);
        }
    }

    fn as_it_is_now(&self, it: Unkept) -> Keep {
        let put =
            |shelf: &str, key, value| Keep::Shelf(Put { shelf: shelf.to_owned(), key, value });
        match it {
            Unkept::Channel(key) => {
                let channel = self.channels.named(&key).map(|id| self.channels.to_keep(id));
                channel.unwrap_or(Keep::NoChannel(RemoveChannel { key }))
            }
            Unkept::KeptOut(key) => {
                let kept_out = self.kept_out.iter().find(|it| *fold(it.pattern.text()) == *key);
                put(kept_out::SHELF, key, kept_out.map(kept_out::KeptOut::write))
            }
            Unkept::Host(key) => {
                let host = self.hosts.get(&*key).map(|host| host.as_bytes().to_vec());
                put(host::SHELF, key, host)
            }
        }
    }
}
