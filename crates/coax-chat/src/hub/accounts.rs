//! Who is known: every account, its nicks and its certificates.
//!
//! All of it is in memory, read once at the start; a change is made here and kept on disk after. So
//! whether a nick is taken is known at once, and the same on every machine.
//!
//! Nothing here compares a password.

use std::collections::BTreeMap;
use std::sync::Arc;

use coax_irc::{Capability as Cap, numeric as n};
use coax_store::{Account, Name, Password};

use super::clients::fold;
use super::effects::Effect;
use super::face::face;
use super::input::Keep;
use super::note::Note;
use super::server_bans::BanKind;
use super::turn::Turn;

/// What a disk gives back at the start.
#[derive(Debug, Default)]
pub struct Known {
    /// Every account.
    pub accounts: Vec<Account>,
    /// Every registered channel.
    pub channels: Vec<coax_store::Channel>,
    /// Whom the operators keep out and whom they mute, by mask.
    pub server_bans: Vec<(BanKind, String, Vec<u8>)>,
    /// The hosts of accounts, by their keys.
    pub hosts: Vec<(String, Vec<u8>)>,
    /// Where the histories of unregistered channels begin, by their keys.
    pub lives: Vec<(String, Vec<u8>)>,
    /// From where accounts and operators were got right before.
    pub trusted: Vec<(String, Vec<u8>)>,
    /// Which time was certain when an earlier server ended.
    pub clock: Vec<(String, Vec<u8>)>,
    /// The latest time in the history, in milliseconds since 1970.
    pub latest: Option<i64>,
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_key: BTreeMap<Box<str>, Account>,
    /// Whose a nick is, by the folded nick.
    nicks: BTreeMap<Box<str>, Box<str>>,
    /// The folded nicks, by what they look like.
    faces: BTreeMap<Box<str>, Vec<Box<str>>>,
    certificates: BTreeMap<Box<str>, Box<str>>,
}

impl Accounts {
    pub(crate) fn insert(&mut self, account: Account) {
        let key: Box<str> = account.name.key.as_str().into();
        let nicks = account.nicks.iter().map(|nick| nick.key.as_str()).chain([&*key]);
        for nick in nicks.map(Box::from).collect::<Vec<_>>() {
            self.nicks.insert(nick, key.clone());
        }
        for nick in account.nicks.iter().chain([&account.name]) {
            self.note_face(&nick.shown);
        }
        for certificate in &account.fingerprints {
            self.certificates.insert(certificate.as_str().into(), key.clone());
        }
        self.by_key.insert(key, account);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let key = fold(name);
        self.by_key.remove(&key);
        self.nicks.retain(|_, owner| *owner != key);
        let nicks = &self.nicks;
        self.faces.retain(|_, all| {
            all.retain(|nick| nicks.contains_key(nick));
            !all.is_empty()
        });
        self.certificates.retain(|_, owner| *owner != key);
    }

    /// A nick is written in small letters as well as as it is shown.
    fn note_face(&mut self, shown: &str) {
        let key = fold(shown);
        for face in [face(shown), face(&key)] {
            let all = self.faces.entry(face).or_default();
            if !all.contains(&key) {
                all.push(key.clone());
            }
        }
    }

    /// The registered nicks, folded, that look like this.
    pub(crate) fn with_face(&self, face: &str) -> impl Iterator<Item = &str> {
        self.faces.get(face).into_iter().flatten().map(|nick| &**nick)
    }

    /// A registered nick, folded, that another name would be taken for.
    pub(crate) fn taken_for(&self, name: &str) -> Option<&str> {
        let key = fold(name);
        self.faces.get(&face(name))?.iter().find(|nick| **nick != key).map(|nick| &**nick)
    }

    pub(crate) fn count(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Account> {
        self.by_key.get(&fold(name))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.by_key.get_mut(&fold(name))
    }

    /// The account a nick belongs to.
    pub(crate) fn owner(&self, nick: &str) -> Option<&Account> {
        self.by_key.get(self.nicks.get(&fold(nick))?)
    }

    pub(crate) fn of_certificate(&self, certificate: &str) -> Option<&Account> {
        self.by_key.get(self.certificates.get(certificate)?)
    }

    pub(crate) fn add_nick(&mut self, name: &str, nick: &str) {
        let key = fold(name);
        if let Some(account) = self.by_key.get_mut(&key) {
            account.nicks.push(Name::new(&*fold(nick), nick));
            self.nicks.insert(fold(nick), key);
            self.note_face(nick);
        }
    }

    pub(crate) fn add_certificate(&mut self, name: &str, certificate: &str) {
        let key = fold(name);
        if let Some(account) = self.by_key.get_mut(&key) {
            account.fingerprints.push(certificate.to_owned());
            self.certificates.insert(certificate.into(), key);
        }
    }

    pub(crate) fn remove_certificate(&mut self, name: &str, certificate: &str) {
        if let Some(account) = self.by_key.get_mut(&fold(name)) {
            account.fingerprints.retain(|it| it != certificate);
            self.certificates.remove(certificate);
        }
    }
}

/// What those read who may not sign in.
pub(crate) const SUSPENDED: &str = "That account is suspended";

/// Whether an account is suspended, as its settings say.
pub fn is_suspended(account: &Account) -> bool {
    account.settings == settings(true)
}

/// The settings of an account, as they are kept.
pub(crate) fn settings(suspended: bool) -> &'static str {
    if suspended { r#"{"suspended":true}"# } else { "{}" }
}

/// An account of that name, with nothing but a password.
pub(crate) fn new_account(name: &str, password: Password, created: i64) -> Account {
    let name = Name::new(&*fold(name), name);
    let (nicks, settings) = (vec![name.clone()], "{}".to_owned());
    Account { name, password, created, nicks, settings, ..Account::default() }
}

impl Turn<'_> {
    /// Keeps something of which nobody is told that it was kept.
    pub(crate) fn keep(&mut self, keep: Keep) {
        self.out.push(Effect::Keep(Box::new(keep)));
    }

    /// Why nobody, or nobody more, may sign in to an account.
    pub(crate) fn may_sign_in(&self, name: &str) -> Result<(), &'static str> {
        if self.hub.accounts.find(name).is_some_and(is_suspended) {
            return Err(SUSPENDED);
        }
        let most = self.hub.settings.per_account;
        let mine = self.me().account.as_deref() == Some(name);
        match most == 0 || mine || self.hub.clients.count_of_account(name) < most {
            true => Ok(()),
            false => Err("Too many are signed in to that account already"),
        }
    }

    /// Whoever has the turn is this account from now on; everyone who should know is told.
    pub(crate) fn sign_in(&mut self, name: &str) {
        let Some(account) = self.hub.accounts.find(name) else { return };
        let name: Arc<str> = Arc::from(account.name.shown.as_str());
        let changed = self.me().account.as_ref() != Some(&name);
        self.hub.clients.set_account(self.who, Some(name.clone()));
        self.me_mut().sasl_failures = 0;
        let mask = self.my_mask();
        let text = format!("You are now logged in as {name}");
        self.reply(n::RPL_LOGGEDIN, &[&mask, &name, &text]);
        if changed {
            self.announce_account(&name);
            self.show_own_host();
            self.note(Note::SignedIn(self.person()));
        }
    }

    /// Whoever has the turn is nobody in particular from now on.
    pub(crate) fn sign_out(&mut self) {
        let key = self.me().account.as_ref().map(|account| fold(account));
        self.hub.clients.set_account(self.who, None);
        let mask = self.my_mask();
        self.reply(n::RPL_LOGGEDOUT, &[&mask, "You are now logged out"]);
        self.announce_account("*");
        // What is shown was the account's.
        if key.is_some_and(|key| self.hub.hosts.contains_key(&key)) {
            self.show_first_host();
        }
    }

    fn announce_account(&mut self, name: &str) {
        if self.me().is_registered() {
            let line = format!(":{} ACCOUNT {name}", self.me().name.mask());
            self.announce(Cap::AccountNotify, true, &line);
        }
    }

    /// Whether a nick is somebody else's by registration.
    pub(crate) fn is_reserved(&self, nick: &str) -> bool {
        let owner = self.hub.accounts.owner(nick).map(|account| account.name.shown.as_str());
        self.hub.settings.reserve_nicks && owner.is_some() && owner != self.me().account.as_deref()
    }
}
