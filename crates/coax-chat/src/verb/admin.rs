//! `ADMIN [<server>]`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if super::is_here(turn, words.get(0)) {
        let server = turn.hub.settings.server_name.clone();
        turn.reply(n::ERR_NOADMININFO, &[&server, "No administrative info available"]);
    }
}
