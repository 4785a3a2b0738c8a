//! `KILL <nick> [:<why>]`, by operators.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Cause, Turn};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(victim) = turn.hub.clients.named(words[0]) else {
        let nick = super::clipped(words[0], 64);
        return turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
    };
    let why = super::clipped(words.get(1).unwrap_or("No reason"), 300);
    let (mask, nick) = (turn.my_mask(), turn.client(victim).nick().to_owned());
    turn.say_as(victim, &mask, "KILL", &[&nick, why]);
    let told = format!("Killed ({} ({why}))", turn.me().nick());
    turn.hub.turn(turn.now, victim, turn.out).close(Cause::Killed, &told);
}
