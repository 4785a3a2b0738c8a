//! Whom the operators keep out of the whole server, and whom they mute on it.
//!
//! Who is kept out is looked at when somebody registers, with all that is known of them. A muted
//! person stays, reads, and says nothing that others would read; operators of the server are never
//! muted. Both are kept on disk.
//!
//! Nothing here reads a command.

use coax_store::Put;

use super::client::ClientId;
use super::clients::fold;
use super::input::Keep;
use super::note::Cause;
use super::pattern::Pattern;
use super::time::Time;
use super::turn::Turn;

/// What a ban of the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BanKind {
    /// It puts out and keeps out.
    Kline,
    /// It mutes.
    Shun,
}

impl BanKind {
    /// Both.
    pub const ALL: [BanKind; 2] = [BanKind::Kline, BanKind::Shun];

    /// As logs call it.
    pub fn name(self) -> &'static str {
        match self {
            BanKind::Kline => "kline",
            BanKind::Shun => "shun",
        }
    }

    /// The shelf where those of this kind are kept.
    pub(crate) fn shelf(self) -> &'static str {
        match self {
            BanKind::Kline => "kept-out",
            BanKind::Shun => "muted",
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct ServerBan {
    pub(crate) kind: BanKind,
    pub(crate) pattern: Pattern,
    pub(crate) why: Box<str>,
    pub(crate) by: Box<str>,
    /// None is for good.
    pub(crate) until: Option<Time>,
}

impl ServerBan {
    /// As it was kept: until, by and why, line by line.
    pub(crate) fn read(kind: BanKind, mask: &str, value: &[u8]) -> Option<ServerBan> {
        let mut lines = std::str::from_utf8(value).ok()?.splitn(3, '\n');
        let until = lines.next()?.parse().ok().map(Time);
        let (by, why) = (lines.next()?.into(), lines.next()?.into());
        Some(ServerBan { kind, pattern: Pattern::read(mask)?, why, by, until })
    }

    /// As it is kept.
    pub(super) fn write(&self) -> Vec<u8> {
        let until = self.until.map(|until| until.0.to_string()).unwrap_or_default();
        format!("{until}\n{}\n{}", self.by, self.why).into_bytes()
    }
}

impl Turn<'_> {
    /// The ban that a client meets, if there is one.
    fn server_ban(&self, kind: BanKind, who: ClientId) -> Option<&ServerBan> {
        let client = self.client(who);
        let now = self.hub.certain(self.now);
        let holds = |it: &&ServerBan| it.kind == kind && it.until.is_none_or(|it| it > now);
        self.hub.server_bans.iter().filter(holds).find(|it| it.pattern.is_about(client))
    }

    /// Why a client is kept out, if it is.
    pub(crate) fn why_kept_out(&self, who: ClientId) -> Option<String> {
        let found = self.server_ban(BanKind::Kline, who)?;
        Some(format!("You are kept out of this server: {}", found.why))
    }

    /// Why a client is muted, if it is.
    pub(crate) fn why_muted(&self, who: ClientId) -> Option<String> {
        let client = self.client(who);
        if client.is_operator() || !client.is_registered() {
            return None;
        }
        let found = self.server_ban(BanKind::Shun, who)?;
        let until = found.until.map(|until| format!(" until {until}")).unwrap_or_default();
        Some(format!("You are muted on this server{until}: {}", found.why))
    }

    /// Everyone who is muted.
    pub(crate) fn muted(&self) -> Vec<ClientId> {
        let users = self.hub.clients.users().map(|(who, _)| who);
        users.filter(|who| self.why_muted(*who).is_some()).collect()
    }

    /// Puts out everyone who is kept out, but for whoever has the turn; how many.
    pub(crate) fn put_out(&mut self) -> usize {
        let users = self.hub.clients.users().map(|(who, _)| who);
        let users = users.filter(|who| *who != self.who).collect::<Vec<_>>();
        let found = users.into_iter().filter_map(|who| Some((who, self.why_kept_out(who)?)));
        let found = found.collect::<Vec<_>>();
        for (who, why) in &found {
            self.hub.turn(self.now, *who, self.out).close(Cause::KeptOut, why);
        }
        found.len()
    }

    /// Puts out whoever has the turn, if they are kept out as they are known now, or tells them that
    /// they are muted. Nothing may be said in this turn after it.
    pub(crate) fn meet_server_bans(&mut self) {
        if self.me().is_registered()
            && let Some(why) = self.why_kept_out(self.who)
        {
            return self.close(Cause::KeptOut, &why);
        }
        self.tell_if_muted(self.who);
    }

    /// Tells a client that it is muted, if it is.
    pub(crate) fn tell_if_muted(&mut self, who: ClientId) {
        if let Some(why) = self.why_muted(who) {
            self.server_notice(who, &format!("{why}. You can read; nobody reads what you say"));
        }
    }

    /// A notice of the server.
    pub(crate) fn server_notice(&mut self, who: ClientId, text: &str) {
        let server = self.hub.settings.server_name.clone();
        let nick = self.client(who).nick().to_owned();
        self.say_as(who, &server, "NOTICE", &[&nick, text]);
    }

    /// Forgets the bans whose term is over.
    pub(crate) fn forget_served(&mut self) {
        let now = self.hub.certain(self.now);
        let served = |it: &ServerBan| it.until.is_some_and(|until| until <= now);
        let gone = self.hub.server_bans.extract_if(.., |it| served(it)).collect::<Vec<_>>();
        gone.iter().for_each(|it| self.keep_at_last(to_keep(it.kind, it.pattern.text(), None)));
    }
}

/// What is kept of a mask from now on; without `it`, nothing.
pub(crate) fn to_keep(kind: BanKind, mask: &str, it: Option<&ServerBan>) -> Keep {
    let (shelf, key) = (kind.shelf().to_owned(), fold(mask).into());
    Keep::Shelf(Put { shelf, key, value: it.map(ServerBan::write) })
}
