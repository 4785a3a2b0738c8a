//! `STATS [<letter> [<server>]]`
//!
//! `u`: how long the server is up. For operators: `c` and `l`, who is connected; `k`, who is kept out;
//! `o`, who may become one; `p`, where the server listens. There is one server, so all connections are
//! of users.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(letter) = words.get(0).and_then(|word| word.chars().next()) else {
        return turn.reply(n::ERR_NEEDMOREPARAMS, &["STATS", "Not enough parameters"]);
    };
    if !super::is_here(turn, words.get(1)) {
        return;
    }
    match letter {
        'u' => {
            let up = turn.now.since(turn.hub.started) / 1000;
            let (days, hours, minutes, seconds) =
                (up / 86_400, up / 3600 % 24, up / 60 % 60, up % 60);
            let text = format!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}");
            turn.reply(n::RPL_STATSUPTIME, &[&text]);
        }
        'o' if turn.me().is_operator() => {
            for operator in turn.hub.settings.operators.clone() {
                turn.reply(n::RPL_STATSOLINE, &["O", "*", "*", &operator.name]);
            }
        }
        'k' if turn.me().is_operator() => {
            for it in turn.hub.kept_out.clone() {
                let until =
                    it.until.map_or_else(|| "for good".to_owned(), |at| format!("until {at}"));
                let text = format!("{until}, by {}: {}", it.by, it.why);
                turn.reply(n::RPL_STATSKLINE, &["K", it.pattern.text(), &text]);
            }
        }
        'c' | 'l' if turn.me().is_operator() => connections(turn),
        'p' if turn.me().is_operator() => {
            for endpoint in turn.hub.settings.listen.clone() {
                turn.reply(n::RPL_STATSDEBUG, &["P", &format!("listens at {endpoint}")]);
            }
        }
        'c' | 'k' | 'l' | 'o' | 'p' => {
            return turn.reply(n::ERR_NOPRIVILEGES, &["Only operators may see that"]);
        }
        _ => {}
    }
    let mut shown = [0; 4];
    turn.reply(n::RPL_ENDOFSTATS, &[letter.encode_utf8(&mut shown), "End of /STATS report"]);
}

/// A line for each connection: who, where from, how, for how long.
fn connections(turn: &mut Turn<'_>) {
    for who in turn.hub.clients.all().collect::<Vec<_>>() {
        let they = turn.client(who);
        let (origin, age) = (&they.origin, turn.now.since(they.since) / 1000);
        let tls = if origin.secure { ", TLS" } else { "" };
        let account = they.account.as_ref().map(|it| format!(", as {it}")).unwrap_or_default();
        let silent = turn.now.since(they.heard) / 1000;
        let text = format!(
            "{} [{}] {}{tls}{account}: connected {age} s, silent {silent} s",
            they.nick(),
            origin.address,
            origin.way.name()
        );
        turn.reply(n::RPL_STATSDEBUG, &["L", &text]);
    }
}
