//! `PING <word>` · `PONG <word>`
//!
//! The answer to PING comes after everything that the commands before it brought about.

use super::Words;
use crate::hub::Turn;
use coax_irc::numeric as n;

pub(super) fn ping(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(word) = words.get(0) else {
        return match words.is_empty() {
            true => turn.reply(n::ERR_NEEDMOREPARAMS, &["PING", "Not enough parameters"]),
            false => turn.reply(n::ERR_NOORIGIN, &["No origin specified"]),
        };
    };
    let server = turn.hub.settings.server_name.clone();
    turn.say(turn.who, "PONG", &[&server, word]);
}

/// Whoever answers is there: any line says that.
pub(super) fn pong(_: &mut Turn<'_>, _: &Words<'_>) {}
