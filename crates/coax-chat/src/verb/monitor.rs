//! `MONITOR + <nick>{,<nick>}` · `MONITOR - …` · `MONITOR C` · `MONITOR L` · `MONITOR S`
//!
//! Tells when somebody comes and goes. IRCv3 *monitor*.

use coax_irc::{Numeric, numeric as n, pack};

use super::Words;
use crate::hub::{Turn, fold, same};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    match (&*words[0].to_ascii_uppercase(), words.get(1)) {
        ("+", Some(nicks)) => add(turn, nicks),
        ("-", Some(nicks)) => remove(turn, nicks),
        ("C", _) => clear(turn),
        ("L", _) => list(turn),
        ("S", _) => {
            let nicks = turn.me().watches.iter().map(ToString::to_string).collect();
            tell(turn, nicks);
        }
        _ => turn.reply(n::ERR_NEEDMOREPARAMS, &["MONITOR", "Not enough parameters"]),
    }
}

fn add(turn: &mut Turn<'_>, nicks: &str) {
    let (most, length) = (turn.hub.settings.monitor, turn.hub.settings.nick_length);
    let mut told = Vec::new();
    let mut nicks = nicks.split(',').filter(|nick| could_be(length, nick));
    while let Some(nick) = nicks.next() {
        let watched = turn.me().watches.iter().any(|it| same(it, nick));
        if !watched && turn.me().watches.len() >= most {
            let rest = std::iter::once(nick).chain(nicks).collect::<Vec<_>>().join(",");
            let words = [&*most.to_string(), super::clipped(&rest, 300), "Monitor list is full"];
            tell(turn, told);
            return turn.reply(n::ERR_MONLISTFULL, &words);
        }
        if !watched {
            turn.me_mut().watches.push(nick.into());
            let who = turn.who;
            turn.hub.watchers.entry(fold(nick)).or_default().push(who);
        }
        told.push(nick.to_owned());
    }
    tell(turn, told);
}

/// What can never be a nick is not worth watching.
fn could_be(most: usize, nick: &str) -> bool {
    coax_irc::check_nick(nick.as_bytes(), most).is_ok()
}

fn remove(turn: &mut Turn<'_>, nicks: &str) {
    for nick in nicks.split(',') {
        let watches = &mut turn.me_mut().watches;
        if let Some(found) = watches.iter().position(|it| same(it, nick)) {
            watches.remove(found);
            turn.unwatch(&fold(nick));
        }
    }
}

fn clear(turn: &mut Turn<'_>) {
    for nick in std::mem::take(&mut turn.me_mut().watches) {
        turn.unwatch(&fold(&nick));
    }
}

fn list(turn: &mut Turn<'_>) {
    let nicks = turn.me().watches.iter().map(ToString::to_string).collect::<Vec<_>>();
    reply(turn, n::RPL_MONLIST, &nicks);
    turn.reply(n::RPL_ENDOFMONLIST, &["End of MONITOR list"]);
}

/// Says of each nick whether it is there.
fn tell(turn: &mut Turn<'_>, nicks: Vec<String>) {
    let mut there = Vec::new();
    let mut not_there = Vec::new();
    for nick in nicks {
        match turn.hub.clients.named(&nick) {
            Some(who) => there.push(turn.client(who).name.mask().to_string()),
            None => not_there.push(nick),
        }
    }
    reply(turn, n::RPL_MONONLINE, &there);
    reply(turn, n::RPL_MONOFFLINE, &not_there);
}

fn reply(turn: &mut Turn<'_>, numeric: Numeric, words: &[String]) {
    for line in pack(words, b',', 380, usize::MAX) {
        turn.reply(numeric, &[&String::from_utf8_lossy(&line)]);
    }
}
