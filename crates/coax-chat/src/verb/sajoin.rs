//! `SAJOIN <nick> <channel>`, by operators.
//!
//! Puts somebody into a channel, whatever keeps them out, and tells them who did it.

use coax_irc::{check_channel, numeric as n};

use super::{Words, join};
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let (nick, name) = (words[0], words[1]);
    let Some(who) = turn.hub.clients.named(nick) else {
        return turn.reply(n::ERR_NOSUCHNICK, &[super::clipped(nick, 64), "No such nick"]);
    };
    if check_channel(name.as_bytes(), turn.hub.settings.channel_length).is_err() {
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[super::clipped(name, 64), "No such channel"]);
    }
    let by = turn.my_nick();
    let mut theirs = turn.hub.turn(turn.now, who, turn.out);
    join::put(&mut theirs, name);
    let (server, nick) = (theirs.hub.settings.server_name.clone(), theirs.my_nick());
    let text = format!("{by}, an operator of the server, has put you into {name}");
    theirs.say_as(who, &server, "NOTICE", &[&nick, &text]);
    turn.say_as(turn.who, &server, "NOTICE", &[&by, &format!("{nick} is in {name}")]);
}
