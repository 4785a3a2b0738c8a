//! `ISON <nick>{ <nick>}`

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let asked = words.iter().flat_map(|word| word.split(' '));
    let there = asked.filter_map(|nick| turn.hub.clients.named(nick));
    let there = there.map(|who| turn.client(who).nick()).collect::<Vec<_>>().join(" ");
    turn.reply(n::RPL_ISON, &[&there]);
}
