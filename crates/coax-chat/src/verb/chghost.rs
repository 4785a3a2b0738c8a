//! `CHGHOST <nick> [<user>] <host>`, by operators.

use coax_irc::numeric as n;

use super::Words;
use super::user::is_user;
use crate::hub::{Turn, is_host};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let (nick, user, host) = match words[..] {
        [nick, user, host, ..] => (nick, Some(user), host),
        _ => (words[0], None, words[1]),
    };
    let Some(who) = turn.hub.clients.named(nick) else {
        let nick = super::clipped(nick, 64);
        return turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
    };
    let user = user.unwrap_or(turn.client(who).name.user()).to_owned();
    if !is_user(&user) || user.is_empty() || user.len() > turn.hub.settings.user_length {
        return say(turn, "That is no user name: letters, digits and -_.~ make one");
    }
    if !is_host(host) {
        return say(turn, "That is no host: letters, digits and -._:/ make one, at most 63");
    }
    turn.hub.turn(turn.now, who, turn.out).change_host(&user, host);
    let mask = turn.client(who).name.mask().clone();
    say(turn, &format!("That is {mask} now"));
}

fn say(turn: &mut Turn<'_>, text: &str) {
    let nick = turn.my_nick();
    turn.say(turn.who, "NOTICE", &[&nick, text]);
}
