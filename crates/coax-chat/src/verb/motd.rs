//! `MOTD [<server>]`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if super::is_here(turn, words.get(0)) {
        motd(turn);
    }
}

pub(crate) fn motd(turn: &mut Turn<'_>) {
    let lines = turn.hub.settings.motd.clone();
    if lines.is_empty() {
        return turn.reply(n::ERR_NOMOTD, &["There is no message of the day"]);
    }
    let text = format!("- {} Message of the day -", turn.hub.settings.server_name);
    turn.reply(n::RPL_MOTDSTART, &[&text]);
    for line in &lines {
        turn.reply(n::RPL_MOTD, &[&format!("- {line}")]);
    }
    turn.reply(n::RPL_ENDOFMOTD, &["End of /MOTD command"]);
}
