//! `USERHOST <nick>{ <nick>}`, up to five.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let asked = words.iter().flat_map(|word| word.split(' ')).take(5);
    let there = asked.filter_map(|nick| turn.hub.clients.named(nick));
    let shown = there.map(|who| {
        let they = turn.client(who);
        let star = if they.is_operator() { "*" } else { "" };
        let sign = if they.away.is_some() { '-' } else { '+' };
        format!("{}{star}={sign}{}@{}", they.nick(), they.name.user(), they.name.host())
    });
    let shown = shown.collect::<Vec<_>>().join(" ");
    turn.reply(n::RPL_USERHOST, &[&shown]);
}
