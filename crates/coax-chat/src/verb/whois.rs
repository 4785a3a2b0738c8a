//! `WHOIS [<server>] <nick>`
//!
//! Channels are shown that whoever asks may see; where somebody connects from is shown to
//! operators and to oneself.

use coax_irc::{numeric as n, pack};

use super::Words;
use crate::hub::{ClientId, Flags, Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let (server, nick) = match (words.get(0), words.get(1)) {
        (Some(server), Some(nick)) => (Some(server), nick),
        (Some(nick), None) => (None, nick),
        (None, _) => return turn.reply(n::ERR_NONICKNAMEGIVEN, &["No nickname given"]),
    };
    // The first word may be the nick itself: ask the server that user is on.
    let server = server.filter(|server| turn.hub.clients.named(server).is_none());
    if !super::is_here(turn, server) {
        return;
    }
    let shown = super::clipped(nick, 64);
    match turn.hub.clients.named(nick) {
        Some(who) => show(turn, who),
        None => turn.reply(n::ERR_NOSUCHNICK, &[shown, "No such nick"]),
    }
    turn.reply(n::RPL_ENDOFWHOIS, &[shown, "End of /WHOIS list"]);
}

fn show(turn: &mut Turn<'_>, who: ClientId) {
    let they = turn.client(who);
    let (name, realname) = (they.name.clone(), they.realname.clone());
    let (account, away, modes) = (they.account.clone(), they.away.clone(), they.modes);
    let origin = they.origin.clone();
    let (idle, since) = (turn.now.since(they.spoke) / 1000, they.since.seconds());
    let (nick, server) = (name.nick(), turn.hub.settings.server_name.clone());
    let sees = turn.me().is_operator() || who == turn.who;
    turn.reply(n::RPL_WHOISUSER, &[nick, name.user(), name.host(), "*", &realname]);
    channels(turn, who, nick);
    let about = turn.hub.settings.description.clone();
    turn.reply(n::RPL_WHOISSERVER, &[nick, &server, &about]);
    if modes.has(UserModes::OPERATOR) {
        turn.reply(n::RPL_WHOISOPERATOR, &[nick, "is an IRC operator"]);
    }
    if let Some(account) = &account {
        turn.reply(n::RPL_WHOISACCOUNT, &[nick, account, "is logged in as"]);
    }
    if sees {
        let words = [nick, &*origin.address, "is actually using host"];
        turn.reply(n::RPL_WHOISACTUALLY, &words);
        let modes = format!("is using modes {}", modes.letters());
        turn.reply(n::RPL_WHOISMODES, &[nick, &modes]);
    }
    if modes.has(UserModes::BOT) {
        turn.reply(n::RPL_WHOISBOT, &[nick, "is a bot"]);
    }
    if origin.secure {
        turn.reply(n::RPL_WHOISSECURE, &[nick, "is using a secure connection"]);
    }
    if let Some(certificate) = origin.certificate.as_ref().filter(|_| sees) {
        let text = format!("has client certificate fingerprint {certificate}");
        turn.reply(n::RPL_WHOISCERTFP, &[nick, &text]);
    }
    if let Some(away) = &away {
        turn.reply(n::RPL_AWAY, &[nick, away]);
    }
    let (idle, since) = (idle.to_string(), since.to_string());
    turn.reply(n::RPL_WHOISIDLE, &[nick, &idle, &since, "seconds idle, signon time"]);
}

fn channels(turn: &mut Turn<'_>, who: ClientId, nick: &str) {
    let they = turn.client(who);
    let hidden = they.modes.has(UserModes::INVISIBLE);
    let all = turn.i_have(coax_irc::Capability::MultiPrefix);
    let sees_all = who == turn.who || turn.me().is_operator();
    let theirs = they.channels.iter().map(|it| it.channel).filter(|id| {
        let secret = turn.channel(*id).flags.has(Flags::SECRET);
        sees_all || turn.my_rank(*id).is_some() || !(hidden || secret)
    });
    let mut words = theirs
        .map(|id| {
            let rank = turn.rank_in(id, who).unwrap_or_default();
            let prefixes = rank.prefixes(all).collect::<String>();
            format!("{prefixes}{}", turn.channel(id).name)
        })
        .collect::<Vec<_>>();
    words.sort_by(|a, b| {
        a.trim_start_matches(['~', '&', '@', '%', '+'])
            .cmp(b.trim_start_matches(['~', '&', '@', '%', '+']))
    });
    for line in pack(words, b' ', 350, usize::MAX) {
        turn.reply(n::RPL_WHOISCHANNELS, &[nick, &String::from_utf8_lossy(&line)]);
    }
}
