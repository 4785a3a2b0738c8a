//! Users and hosts that change: what others see behind a nick.
//!
//! Whoever knows *chghost* is told so; to the others the user leaves and comes back, as that
//! specification has it. An account may have a host of its own, kept on disk, which whoever signs in to
//! it shows from then on. Bans hold whatever is shown (see [`super::pattern`]).
//!
//! Nothing here decides who may change one.

use coax_irc::{CapSet, Capability as Cap, numeric as n};
use coax_store::Put;

use super::channel::ChannelId;
use super::client::{ClientId, Name};
use super::clients::fold;
use super::input::Keep;
use super::relay::{Relay, Stamp};
use super::turn::Turn;

/// The shelf where the hosts of accounts are kept.
pub(crate) const SHELF: &str = "hosts";

/// The longest host. It is as much as the longest mask leaves room for on any line.
const LONGEST: usize = 63;

/// Whether a host can be shown: letters, digits and what stands in names, addresses and cloaks.
pub(crate) fn is_host(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    (1..=LONGEST).contains(&host.len()) && !host.starts_with(':') && host.bytes().all(fits)
}

impl Turn<'_> {
    /// Whoever has the turn has this user and host from now on; everyone who should know is told.
    pub(crate) fn change_host(&mut self, user: &str, host: &str) {
        let before = self.me().name.clone();
        if before.user() == user && before.host() == host {
            return;
        }
        self.me_mut().name = Name::new(before.nick(), user, host);
        self.hub.channels.renamed(&self.hub.clients, self.who);
        if !self.me().is_registered() {
            return;
        }
        let line = format!(":{} CHGHOST {user} {host}", before.mask());
        let quit = format!(":{} QUIT :Changing host", before.mask());
        let account = self.me().account.clone();
        let stamp = self.stamp(account.as_deref());
        let knows = CapSet::of(&[Cap::Chghost]);
        let both = [(knows, &*line), (CapSet::NONE, &*quit)];
        self.tell_peers(self.i_have(Cap::Chghost), &mut Relay::new(stamp, &both));
        self.tell_watchers(&mut Relay::new(stamp, &both[..1]));
        for id in self.me().channels.iter().map(|it| it.channel).collect::<Vec<_>>() {
            self.come_back(id, stamp);
        }
        self.reply(n::RPL_VISIBLEHOST, &[host, "is now your displayed host"]);
    }

    /// For those in a channel who saw whoever has the turn leave.
    fn come_back(&mut self, id: ChannelId, stamp: Stamp<'_>) {
        let me = self.me();
        let name = self.channel(id).name.clone();
        let [extended, plain] = me.join_lines(&name);
        let join = [(CapSet::of(&[Cap::ExtendedJoin]), &*extended), (CapSet::NONE, &*plain)];
        let away = me.away.as_ref().map(|why| format!(":{} AWAY :{why}", me.name.mask()));
        let away = away.as_deref().map(|line| [(CapSet::of(&[Cap::AwayNotify]), line)]);
        let granted = self.my_rank(id).unwrap_or_default().granted(me.nick());
        let server = &self.hub.settings.server_name;
        let mode = granted.map(|words| format!(":{server} MODE {name} {words}"));
        let mode = mode.as_deref().map(|line| [(CapSet::NONE, line)]);
        let mut relays = vec![Relay::new(stamp, &join)];
        let of_server = Stamp { account: None, bot: false, ..stamp };
        relays.extend(mode.iter().map(|texts| Relay::new(of_server, texts)));
        relays.extend(away.iter().map(|texts| Relay::new(stamp, texts)));
        let members = self.channel(id).members.iter().map(|member| member.client);
        let saw =
            |who: &ClientId| *who != self.who && !self.hub.clients.caps(*who).has(Cap::Chghost);
        for who in members.filter(saw).collect::<Vec<_>>() {
            for relay in &mut relays {
                self.tell(who, relay);
            }
        }
    }

    /// Shows the host of one's account, if it has one.
    pub(crate) fn show_own_host(&mut self) {
        let key = self.me().account.as_deref().map(fold);
        let host = key.and_then(|key| self.hub.hosts.get(&key)).cloned();
        if let Some(host) = host {
            let user = self.me().name.user().to_owned();
            self.change_host(&user, &host);
        }
    }

    /// Shows where one comes from, as at first.
    pub(crate) fn show_first_host(&mut self) {
        let (user, host) = (self.me().name.user().to_owned(), self.me().origin.host.clone());
        self.change_host(&user, &host);
    }

    /// Gives an account a host of its own, or takes it away; all who are signed in to it change.
    /// What is to be kept of that, if it is a change.
    #[must_use]
    pub(crate) fn set_host_of(&mut self, account: &str, host: Option<&str>) -> Option<Keep> {
        let key = fold(account);
        let before = match host {
            Some(host) => self.hub.hosts.insert(key.clone(), host.into()),
            None => self.hub.hosts.remove(&key),
        };
        if before.as_deref() == host {
            return None;
        }
        let value = host.map(|host| host.as_bytes().to_vec());
        let (shelf, shelved) = (SHELF.to_owned(), key.to_string());
        let is_theirs = |client: &super::Client| client.account.as_deref().map(fold);
        for who in self.hub.clients.all().collect::<Vec<_>>() {
            if is_theirs(self.client(who)).as_ref() != Some(&key) {
                continue;
            }
            let mut theirs = self.hub.turn(self.now, who, self.out);
            match host {
                Some(_) => theirs.show_own_host(),
                None => theirs.show_first_host(),
            }
        }
        Some(Keep::Shelf(Put { shelf, key: shelved, value }))
    }
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_what_a_mask_can_hold() {
        for host in ["a", "user/ada", "ada.example.org", "2001:db8::1", "a_b-c"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", ":1", "a b", "a@b", "a!b", "é", "a\u{202e}", "a*", "a?"] {
            assert!(!is_host(host), "{host}");
        }
        assert!(is_host(&"a".repeat(63)) && !is_host(&"a".repeat(64)));
    }
}
