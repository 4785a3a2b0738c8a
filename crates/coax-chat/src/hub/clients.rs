//! Everyone who is connected, by number and by nick.
//!
//! Nicks are kept in order, so that lists of users come out the same on every machine, and no
//! choice of nicks makes a look-up slow. Capabilities stand in a row of their own: they are all
//! that telling many clients needs to know of each.
//!
//! Nothing here knows channels.

use std::collections::BTreeMap;

use coax_irc::{CapSet, Casemapping};

use super::client::{Client, ClientId, Name, Origin};
use super::face::face;
use super::patience::neighbourhood;
use super::time::Time;

/// The rule by which two names are one.
pub(crate) const CASEMAPPING: Casemapping = Casemapping::Rfc7613;

/// A name as a key.
pub(crate) fn fold(name: &str) -> Box<str> {
    CASEMAPPING.fold_text(name).into_boxed_str()
}

/// Whether two names are one.
pub(crate) fn same(one: &str, other: &str) -> bool {
    CASEMAPPING.same(one.as_bytes(), other.as_bytes())
}

/// All clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    slots: Vec<Option<Box<Client>>>,
    caps: Vec<CapSet>,
    nicks: BTreeMap<Box<str>, ClientId>,
    /// The users whose nick does not look as its key is written, by what it looks like.
    faces: BTreeMap<Box<str>, Vec<ClientId>>,
    /// How many come from each place: an address, or a network of IPv6.
    addresses: BTreeMap<Box<str>, u32>,
    /// How many are signed in to each account.
    accounts: BTreeMap<Box<str>, u32>,
    connected: usize,
    registered: usize,
    /// The most that were registered at once.
    most: usize,
    /// When each client was last reached in a walk over several channels.
    marks: Vec<u32>,
    walk: u32,
}

impl Clients {
    pub(crate) fn arrive(&mut self, who: ClientId, origin: Origin, now: Time) {
        let index = who.index();
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
            self.caps.resize(index + 1, CapSet::NONE);
            self.marks.resize(index + 1, 0);
        }
        self.caps[index] = CapSet::NONE;
        *self.addresses.entry(neighbourhood(&origin.address)).or_default() += 1;
        self.slots[index] = Some(Box::new(Client::new(origin, now)));
        self.connected += 1;
    }

    /// A client that has not registered is somebody from elsewhere.
    pub(crate) fn brought(&mut self, who: ClientId, origin: Origin) {
        let before = self.get(who).origin.address.clone();
        one_less(&mut self.addresses, &neighbourhood(&before));
        *self.addresses.entry(neighbourhood(&origin.address)).or_default() += 1;
        let client = self.get_mut(who);
        client.name = Name::new(client.name.nick(), client.name.user(), &origin.host);
        let way = client.origin.way;
        *client.origin = Origin { way, ..origin };
    }

    /// Forgets a client and its nick. It must have left its channels.
    pub(crate) fn remove(&mut self, who: ClientId) -> Option<Box<Client>> {
        let client = self.slots.get_mut(who.index())?.take()?;
        let key = fold(client.nick());
        if self.nicks.get(&key) == Some(&who) {
            self.nicks.remove(&key);
        }
        self.forget_face(client.nick(), who);
        self.connected -= 1;
        one_less(&mut self.addresses, &neighbourhood(&client.origin.address));
        if let Some(account) = &client.account {
            one_less(&mut self.accounts, account);
        }
        self.registered -= usize::from(client.is_registered());
        Some(client)
    }

    fn note_face(&mut self, nick: &str, who: ClientId) {
        let face = face(nick);
        if face != fold(nick) {
            self.faces.entry(face).or_default().push(who);
        }
    }

    fn forget_face(&mut self, nick: &str, who: ClientId) {
        let face = face(nick);
        let Some(all) = self.faces.get_mut(&face) else { return };
        all.retain(|it| *it != who);
        if all.is_empty() {
            self.faces.remove(&face);
        }
    }

    /// The users whose nicks look like this.
    pub(crate) fn with_face<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = ClientId> + 'a {
        let odd = self.faces.get(wanted).into_iter().flatten().copied();
        let plain = self.named(wanted).filter(|who| *face(self.get(*who).nick()) == *wanted);
        odd.chain(plain)
    }

    /// How many are connected from where an address is: the first 64 bits of IPv6 are one neighbour.
    pub(crate) fn count_of_address(&self, address: &str) -> u32 {
        self.addresses.get(&neighbourhood(address)).copied().unwrap_or_default()
    }

    /// How many are signed in to an account.
    pub(crate) fn count_of_account(&self, account: &str) -> u32 {
        self.accounts.get(account).copied().unwrap_or_default()
    }

    /// Signs a client in to an account, or out.
    pub(crate) fn set_account(&mut self, who: ClientId, account: Option<std::sync::Arc<str>>) {
        if let Some(account) = &account {
            *self.accounts.entry((&**account).into()).or_default() += 1;
        }
        let before = std::mem::replace(&mut self.get_mut(who).account, account);
        if let Some(account) = before {
            one_less(&mut self.accounts, &account);
        }
    }

    pub(crate) fn find(&self, who: ClientId) -> Option<&Client> {
        self.slots.get(who.index())?.as_deref()
    }

    pub(crate) fn find_mut(&mut self, who: ClientId) -> Option<&mut Client> {
        self.slots.get_mut(who.index())?.as_deref_mut()
    }

    /// Who is known to be there.
    pub(crate) fn get(&self, who: ClientId) -> &Client {
        self.find(who).expect("whoever has a turn or a nick or is in a channel is there")
    }

    /// Who is known to be there.
    pub(crate) fn get_mut(&mut self, who: ClientId) -> &mut Client {
        self.find_mut(who).expect("whoever has a turn or a nick or is in a channel is there")
    }

    pub(crate) fn caps(&self, who: ClientId) -> CapSet {
        self.caps[who.index()]
    }

    pub(crate) fn set_caps(&mut self, who: ClientId, caps: CapSet) {
        self.caps[who.index()] = caps;
    }

    /// Whoever has the nick, registered or about to be.
    pub(crate) fn holder(&self, nick: &str) -> Option<ClientId> {
        self.nicks.get(&fold(nick)).copied()
    }

    /// The registered user of that nick.
    pub(crate) fn named(&self, nick: &str) -> Option<ClientId> {
        self.holder(nick).filter(|who| self.get(*who).is_registered())
    }

    /// Gives a client a nick that nobody else has.
    pub(crate) fn rename(&mut self, who: ClientId, nick: &str) {
        let old = fold(self.get(who).nick());
        if self.nicks.get(&old) == Some(&who) {
            self.nicks.remove(&old);
        }
        self.nicks.insert(fold(nick), who);
        if self.get(who).is_registered() {
            let old = self.get(who).name.clone();
            self.forget_face(old.nick(), who);
            self.note_face(nick, who);
        }
        self.get_mut(who).rename(nick);
    }

    /// Takes the nick of a client that has not registered.
    pub(crate) fn give_up_nick(&mut self, who: ClientId) {
        let key = fold(self.get(who).nick());
        self.nicks.remove(&key);
        self.get_mut(who).rename("*");
    }

    pub(crate) fn registered(&mut self, who: ClientId) {
        self.get_mut(who).registration = None;
        let name = self.get(who).name.clone();
        self.note_face(name.nick(), who);
        self.registered += 1;
        self.most = self.most.max(self.registered);
    }

    pub(crate) fn connected(&self) -> usize {
        self.connected
    }

    pub(crate) fn registered_count(&self) -> usize {
        self.registered
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Everyone connected, in the order of their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = ClientId> + '_ {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        taken.map(|(index, _)| ClientId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Every registered user, in the order of their nicks.
    pub(crate) fn users(&self) -> impl Iterator<Item = (ClientId, &Client)> + '_ {
        let all = self.nicks.values().map(|who| (*who, self.get(*who)));
        all.filter(|(_, client)| client.is_registered())
    }

    /// Begins a walk in which every client is reached once.
    pub(crate) fn begin_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 {
            self.marks.fill(0);
            self.walk = 1;
        }
    }

    /// Whether the walk had not come by yet.
    pub(crate) fn reach(&mut self, who: ClientId) -> bool {
        std::mem::replace(&mut self.marks[who.index()], self.walk) != self.walk
    }
}

fn one_less(counts: &mut BTreeMap<Box<str>, u32>, key: &str) {
    let Some(count) = counts.get_mut(key) else { return };
    *count -= 1;
    if *count == 0 {
        counts.remove(key);
    }
}
