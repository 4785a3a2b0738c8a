//! `TIME [<server>]`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if super::is_here(turn, words.get(0)) {
        let server = turn.hub.settings.server_name.clone();
        let now = turn.now.to_string();
        turn.reply(n::RPL_TIME, &[&server, &now]);
    }
}
