//! `HOSTSERV <command>`, also `HS`, and `PRIVMSG HostServ :<command>`
//!
//! A host that an account shows instead of where its owner comes from: operators give one by `SET
//! <account> <host>` and take it away by `DEL <account>`; `LIST` tells all. `ON` and `OFF` show and hide
//! one's own; signing in shows it.

use super::Words;
use crate::hub::{Answer, NOT_STORED, Turn, fold, is_host};

/// Whom its words are from.
const NAME: &str = "HostServ";

const HELP: &[&str] = &[
    "ON, OFF: shows your account's host, or where you come from",
    "SET <account> <host>, by operators: gives an account a host",
    "DEL <account>, by operators: takes it away",
    "LIST, by operators: tells who has one",
];

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    command(turn, &words.join(" "));
}

/// What somebody said to HostServ.
pub(super) fn command(turn: &mut Turn<'_>, text: &str) {
    let words = text.split_whitespace().collect::<Vec<_>>();
    let (verb, rest) = words.split_first().map_or(("HELP", &[][..]), |(verb, rest)| (*verb, rest));
    match (&*verb.to_ascii_uppercase(), rest) {
        ("ON", _) => on(turn),
        ("OFF", _) => {
            turn.show_first_host();
            say(turn, "Your account's host is hidden until you sign in again or say ON");
        }
        ("SET" | "DEL" | "LIST", _) if !turn.me().is_operator() => {
            say(turn, "Only operators may do that");
        }
        ("SET", [account, host, ..]) => set(turn, account, Some(host)),
        ("DEL", [account, ..]) => set(turn, account, None),
        ("LIST", _) => list(turn),
        _ => HELP.iter().for_each(|line| say(turn, line)),
    }
}

fn say(turn: &mut Turn<'_>, text: &str) {
    let (nick, source) = (turn.my_nick(), super::service(turn, NAME));
    turn.say_as(turn.who, &source, "NOTICE", &[&nick, text]);
}

fn on(turn: &mut Turn<'_>) {
    let key = turn.me().account.as_deref().map(fold);
    match key.filter(|key| turn.hub.hosts.contains_key(key)) {
        Some(_) => {
            turn.show_own_host();
            let host = turn.me().name.host().to_owned();
            say(turn, &format!("You show {host}"));
        }
        None => say(turn, "You are not signed in, or your account has no host"),
    }
}

fn set(turn: &mut Turn<'_>, account: &str, host: Option<&str>) {
    let known = turn.hub.accounts.find(account).map(|account| account.name.shown.clone());
    let Some(name) = known else { return say(turn, "No such account") };
    if host.is_some_and(|host| !is_host(host)) {
        return say(turn, "That is no host: letters, digits and -._:/ make one, at most 63");
    }
    let done = match host {
        Some(host) => format!("{name} shows {host}"),
        None => format!("{name} has no host of its own"),
    };
    match turn.set_host_of(&name, host) {
        Some(keep) => turn.confirm(keep, move |turn, answer| match answer {
            Answer::Failed => say(turn, &format!("{done}; {NOT_STORED}")),
            _ => say(turn, &done),
        }),
        None => say(turn, &done),
    }
}

fn list(turn: &mut Turn<'_>) {
    for (account, host) in turn.hub.hosts.clone() {
        say(turn, &format!("{account} {host}"));
    }
    say(turn, "End of hosts");
}
