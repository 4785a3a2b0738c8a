//! `NICK <nick>`
//!
//! Before registration it is half of it; afterwards it changes the nick, and everyone who sees the
//! user is told.

use coax_irc::CapSet;

use super::Words;
use crate::hub::{Relay, Stamp, Turn, taken_for_a_service};
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
    if !is_nick(nick, most) {
        let why = format!(
            "A nick is up to {most} of A to Z, 0 to 9, - and {SPECIAL}, no digit or - first"
        );
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

/// What a nick has beside letters, digits and hyphens. RFC 2812 §2.3.1.
const SPECIAL: &str = "[]\\`_^{|}";

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
    if !old.eq_ignore_ascii_case(nick) {
        turn.remember();
    }
    turn.hub.clients.rename(turn.who, nick);
    turn.hub.channels.renamed(&turn.hub.clients, turn.who);
    if !old.eq_ignore_ascii_case(nick) {
        turn.tell_offline(&old);
        turn.tell_online();
    }
}

/// Letters, digits and `[]\`_^{|}-`, not beginning with a digit or a hyphen. RFC 2812 §2.3.1.
///
/// Nothing beyond ASCII: a nick that looks like another one is somebody else's mask.
pub(super) fn is_nick(nick: &str, most: usize) -> bool {
    let special = |byte: u8| SPECIAL.as_bytes().contains(&byte);
    let first = |byte: u8| byte.is_ascii_alphabetic() || special(byte);
    let rest = |byte: u8| first(byte) || byte.is_ascii_digit() || byte == b'-';
    nick.len() <= most && nick.bytes().next().is_some_and(first) && nick.bytes().all(rest)
}

/// A nick as it can be told back to whoever wrote it.
fn shown(nick: &str) -> &str {
    super::user::clipped(nick, 64)
}

#[cfg(test)]
mod tests {
    use super::is_nick;

    #[test]
    fn a_nick_is_a_word_of_ascii() {
        for nick in ["ada", "Ada[away]", "_x_", "`", "a-1", "{|}^"] {
            assert!(is_nick(nick, 32), "{nick}");
        }
        for nick in ["", "1a", "-a", "a b", "a!b", "a@b", "#a", "é", "a.b", "a,b", "a:b"] {
            assert!(!is_nick(nick, 32), "{nick}");
        }
        assert!(is_nick(&"a".repeat(32), 32) && !is_nick(&"a".repeat(33), 32));
    }
}
