//! `INFO [<server>]`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if !super::is_here(turn, words.get(0)) {
        return;
    }
    let started = format!("Up since {}", turn.hub.started);
    for line in
        [super::version::VERSION, "One tool for everything people do with a socket.", &started]
    {
        turn.reply(n::RPL_INFO, &[line]);
    }
    turn.reply(n::RPL_ENDOFINFO, &["End of /INFO list"]);
}
