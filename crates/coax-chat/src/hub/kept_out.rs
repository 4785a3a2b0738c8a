//! Whom the operators keep out of the whole server.
//!
//! It is looked at when somebody registers, with all that is known of them, and kept on disk.
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

/// The shelf they are kept on.
pub(crate) const SHELF: &str = "kept-out";

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct KeptOut {
    pub(crate) pattern: Pattern,
    pub(crate) why: Box<str>,
    pub(crate) by: Box<str>,
    /// None is for good.
    pub(crate) until: Option<Time>,
}

impl KeptOut {
    /// As it was kept: until, by and why, line by line.
    pub(crate) fn read(mask: &str, value: &[u8]) -> Option<KeptOut> {
        let mut lines = std::str::from_utf8(value).ok()?.splitn(3, '\n');
        let until = lines.next()?.parse().ok().map(Time);
        let (by, why) = (lines.next()?.into(), lines.next()?.into());
        Some(KeptOut { pattern: Pattern::read(mask)?, why, by, until })
    }

    /// As it is kept.
    pub(super) fn write(&self) -> Vec<u8> {
        let until = self.until.map(|until| until.0.to_string()).unwrap_or_default();
        format!("{until}\n{}\n{}", self.by, self.why).into_bytes()
    }
}

impl Turn<'_> {
    /// Why a client is kept out, if it is.
    pub(crate) fn why_kept_out(&self, who: ClientId) -> Option<String> {
        let client = self.client(who);
        let now = self.hub.certain(self.now);
        let mut holding = self.hub.kept_out.iter().filter(|it| it.until.is_none_or(|it| it > now));
        let found = holding.find(|it| it.pattern.is_about(client))?;
        Some(format!("You are kept out of this server: {}", found.why))
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

    /// Puts out whoever has the turn, if they are kept out as they are known now. Nothing may be said
    /// in this turn after it.
    pub(crate) fn leave_if_kept_out(&mut self) {
        if self.me().is_registered()
            && let Some(why) = self.why_kept_out(self.who)
        {
            self.close(Cause::KeptOut, &why);
        }
    }

    /// Forgets those who may come back by now.
    pub(crate) fn forget_served(&mut self) {
        let now = self.hub.certain(self.now);
        let served = |it: &KeptOut| it.until.is_some_and(|until| until <= now);
        let gone = self.hub.kept_out.extract_if(.., |it| served(it)).collect::<Vec<_>>();
        gone.iter().for_each(|it| self.keep_at_last(to_keep(it.pattern.text(), None)));
    }
}

/// What is kept of a mask from now on; without `it`, nothing.
pub(crate) fn to_keep(mask: &str, it: Option<&KeptOut>) -> Keep {
    let (shelf, key) = (SHELF.to_owned(), fold(mask).into());
    Keep::Shelf(Put { shelf, key, value: it.map(KeptOut::write) })
}
