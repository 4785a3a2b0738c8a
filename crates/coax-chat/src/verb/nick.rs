//! `NICK <nick>`
//!
//! Before registration it is half of it; afterwards it changes the nick, and everyone who sees the
//! user is told.

use coax_irc::{CapSet, check_nick};

use super::Words;
use crate::hub::{Relay, Stamp, Turn, same, taken_for_a_service};
use coax_irc::numeric as n;
use coax_store::Kind;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(nick) = words.get(0) else {
        return turn.reply(n::ERR_NONICKNAMEGIVEN, &["No nickname given"]);
    };
    if let Some(service) = taken_for_a_service(nick) {
        let why = format!("That would be taken for {service}, which is a part of the server");
        return turn.reply(n::ERR_ERRONEUSNICKNAME, &[shown(nick), &why]);
    }
    let most = turn.hub.settings.nick_length;
    if let Err(why) = check_nick(nick.as_bytes(), most) {
        let why = format!("That cannot be a nick: {why}");
        return turn.reply(n::ERR_ERRONEUSNICKNAME, &[shown(nick), &why]);
    }
    let holder = turn.hub.clients.holder(nick);
    if holder.is_some_and(|holder| holder != turn.who) {
        return turn.reply(n::ERR_NICKNAMEINUSE, &[nick, "Nickname is already in use"]);
    }
    if turn.me().is_registered() && turn.is_reserved(nick) {
        let why = "Nickname is reserved: sign in to its account first";
        return turn.reply(n::ERR_NICKNAMEINUSE, &[nick, why]);
    }
    if let Some(other) = turn.looks_like(nick).filter(|_| turn.me().is_registered()) {
        let why = format!("Nickname looks like {other}, which is taken");
        return turn.reply(n::ERR_NICKNAMEINUSE, &[nick, &why]);
    }
    match turn.me().is_registered() {
        true => change(turn, nick),
        false => {
            turn.hub.clients.rename(turn.who, nick);
            turn.try_to_welcome();
        }
    }
}

/// Changes the nick of whoever has the turn. Nobody else has it.
pub(crate) fn change(turn: &mut Turn<'_>, nick: &str) {
    let old = turn.my_nick();
    if old == nick {
        return;
    }
    let text = format!(":{} NICK :{nick}", turn.me().name.mask());
    let texts = [(CapSet::NONE, &*text)];
    let account = turn.me().account.clone();
    let msgid = turn.record_everywhere(Kind::Nick, nick);
    let stamp = Stamp { msgid: Some(&msgid), ..turn.stamp(account.as_deref()) };
    turn.tell_peers(true, &mut Relay::new(stamp, &texts));
    if !same(&old, nick) {
        turn.remember();
    }
    turn.hub.clients.rename(turn.who, nick);
    turn.hub.channels.renamed(&turn.hub.clients, turn.who);
    if !same(&old, nick) {
        turn.tell_offline(&old);
        turn.tell_online();
    }
}

/// A nick as it can be told back to whoever wrote it.
fn shown(nick: &str) -> &str {
    super::user::clipped(nick, 64)
}
