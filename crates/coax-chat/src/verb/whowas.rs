//! `WHOWAS <nick> [<count> [<server>]]`
//!
//! Who had a nick, the latest first.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Turn, same};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(nick) = words.get(0) else {
        return turn.reply(n::ERR_NONICKNAMEGIVEN, &["No nickname given"]);
    };
    let count = words.get(1).and_then(|count| count.parse::<usize>().ok());
    let most = count.filter(|count| *count > 0).unwrap_or(usize::MAX);
    let server = turn.hub.settings.server_name.clone();
    let found = turn.hub.past.iter().rev().filter(|past| same(past.name.nick(), nick));
    let found = found.take(most).map(|past| {
        let at = past.left.to_string();
        (past.name.clone(), past.realname.clone(), past.address.clone(), past.account.clone(), at)
    });
    let found = found.collect::<Vec<_>>();
    if found.is_empty() {
        let nick = super::clipped(nick, 64);
        turn.reply(n::ERR_WASNOSUCHNICK, &[nick, "There was no such nickname"]);
    }
    for (name, realname, address, account, at) in &found {
        let nick = name.nick();
        turn.reply(n::RPL_WHOWASUSER, &[nick, name.user(), name.host(), "*", realname]);
        if let Some(account) = account {
            turn.reply(n::RPL_WHOISACCOUNT, &[nick, account, "was logged in as"]);
        }
        if turn.me().is_operator() {
            turn.reply(n::RPL_WHOISACTUALLY, &[nick, address, "was actually using host"]);
        }
        turn.reply(n::RPL_WHOISSERVER, &[nick, &server, at]);
    }
    turn.reply(n::RPL_ENDOFWHOWAS, &[super::clipped(nick, 64), "End of WHOWAS"]);
}
