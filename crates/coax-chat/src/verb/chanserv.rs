//! `CHANSERV <command>`, also `CS`, and `PRIVMSG ChanServ :<command>`
//!
//! Channels that stay: `REGISTER <channel>`, `DROP <channel>`, `INFO <channel>`, `ACCESS <channel>
//! ADD <account> <founder|admin|op|halfop|voice>`, `ACCESS <channel> DEL <account>`, `ACCESS
//! <channel> LIST`, `OP <channel> [<nick>]`, `DEOP <channel> [<nick>]`.

use super::Words;
use std::collections::BTreeMap;
use std::sync::Arc;

use coax_store::RemoveChannel;

use crate::hub::{Answer, ChannelId, Keep, Rank, Turn, fold};

/// Whom its words are from.
const NAME: &str = "ChanServ";

const HELP: &[&str] = &[
    "REGISTER <channel>: makes a channel yours, and keeps it",
    "  What is said in one that is nobody's is not shown once everybody has left it",
    "DROP <channel>: gives it up",
    "INFO <channel>: tells whose it is",
    "ACCESS <channel> ADD <account> admin|op|halfop|voice: what others get when they come in",
    "ACCESS <channel> DEL <account>",
    "ACCESS <channel> LIST",
    "OP <channel> [<nick>], DEOP <channel> [<nick>]: makes operators of members, or no longer",
];

/// Names of ranks in ACCESS.
const LEVELS: [(&str, Rank); 4] =
    [("admin", Rank::ADMIN), ("op", Rank::OP), ("halfop", Rank::HALFOP), ("voice", Rank::VOICE)];

/// Accounts with access to one channel.
const MOST: usize = 200;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    command(turn, &words.join(" "));
}

/// What somebody said to ChanServ.
pub(super) fn command(turn: &mut Turn<'_>, text: &str) {
    let words = text.split_whitespace().collect::<Vec<_>>();
    let (verb, rest) = words.split_first().map_or(("HELP", &[][..]), |(verb, rest)| (*verb, rest));
    let Some((name, rest)) = rest.split_first() else {
        return HELP.iter().for_each(|line| say(turn, line));
    };
    let Some(id) = turn.channel_named(name) else {
        return say(turn, "No such channel");
    };
    match &*verb.to_ascii_uppercase() {
        "REGISTER" => register(turn, id),
        "INFO" => info(turn, id),
        "DROP" if owns(turn, id) => unregister(turn, id),
        "ACCESS" if owns(turn, id) => access(turn, id, rest),
        "OP" => set_op(turn, id, rest.first().copied(), true),
        "DEOP" => set_op(turn, id, rest.first().copied(), false),
        "DROP" | "ACCESS" => say(turn, "The channel is not yours"),
        _ => HELP.iter().for_each(|line| say(turn, line)),
    }
}

fn say(turn: &mut Turn<'_>, text: &str) {
    let nick = turn.my_nick();
    let source = super::service(turn, NAME);
    turn.say_as(turn.who, &source, "NOTICE", &[&nick, text]);
}

fn owns(turn: &Turn<'_>, id: ChannelId) -> bool {
    turn.access(id).at_least(Rank::FOUNDER)
}

fn register(turn: &mut Turn<'_>, id: ChannelId) {
    let Some(account) = turn.me().account.clone() else { return say(turn, "Sign in first") };
    if !turn.my_rank(id).is_some_and(|rank| rank.at_least(Rank::OP)) {
        return say(turn, "You are not an operator of that channel");
    }
    if turn.channel(id).founder.is_some() {
        return say(turn, "Channel is already registered");
    }
    let name = turn.channel(id).name.clone();
    turn.hub.channels.get_mut(id).founder = Some(account);
    let keep = turn.hub.channels.to_keep(id);
    change(turn, id, keep, Ownership::default(), move |turn, id| {
        give(turn, id, turn.who, Rank::FOUNDER, true);
        say(turn, &format!("Channel {name} successfully registered"));
    });
}

fn unregister(turn: &mut Turn<'_>, id: ChannelId) {
    let name = turn.channel(id).name.clone();
    let keep = || Keep::NoChannel(RemoveChannel { key: fold(&name).into() });
    let (first, second) = (keep(), keep());
    turn.confirm(first, move |turn, answer| {
        let id = turn.hub.channels.named(&name);
        let Some(id) = id.filter(|_| matches!(answer, Answer::Stored | Answer::Missing)) else {
            return say(turn, NOT_CHANGED);
        };
        let channel = turn.hub.channels.get_mut(id);
        channel.founder = None;
        channel.access.clear();
        turn.hub.channels.touch(id);
        turn.hub.channels.forget_if_empty(id);
        // A mode that changed meanwhile was kept with the owner of before.
        turn.keep_at_last(second);
        say(turn, "The channel is nobody's now");
    });
}

const NOT_CHANGED: &str = "That could not be kept, and nothing was changed: try again later";

/// Whose a channel is.
#[derive(Default)]
struct Ownership {
    founder: Option<Arc<str>>,
    access: BTreeMap<Box<str>, Rank>,
}

impl Ownership {
    fn of(turn: &Turn<'_>, id: ChannelId) -> Ownership {
        let channel = turn.channel(id);
        Ownership { founder: channel.founder.clone(), access: channel.access.clone() }
    }
}

/// A channel has another owner, or other accounts have access to it. If the disk does not take that,
/// it is as it was `before`, and that is said.
fn change(
    turn: &mut Turn<'_>,
    id: ChannelId,
    keep: Keep,
    before: Ownership,
    done: impl FnOnce(&mut Turn<'_>, ChannelId) + 'static,
) {
    turn.hub.channels.touch(id);
    let name = turn.channel(id).name.clone();
    turn.confirm(keep, move |turn, answer| {
        let Some(id) = turn.hub.channels.named(&name) else {
            return say(turn, "The channel is gone by now");
        };
        if matches!(answer, Answer::Stored | Answer::Missing) {
            return done(turn, id);
        }
        let channel = turn.hub.channels.get_mut(id);
        (channel.founder, channel.access) = (before.founder, before.access);
        turn.hub.channels.touch(id);
        turn.hub.channels.forget_if_empty(id);
        say(turn, NOT_CHANGED);
    });
}

fn info(turn: &mut Turn<'_>, id: ChannelId) {
    let channel = turn.channel(id);
    let (name, since) = (channel.name.clone(), channel.created);
    match channel.founder.clone() {
        Some(founder) => say(turn, &format!("{name} belongs to {founder}, since {since}")),
        None => say(turn, &format!("{name} is not registered")),
    }
}

fn access(turn: &mut Turn<'_>, id: ChannelId, words: &[&str]) {
    let before = Ownership::of(turn, id);
    let what = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    match (&*what, &words[1.min(words.len())..]) {
        ("ADD", [account, level, ..]) => {
            let rank = LEVELS.iter().find(|(name, _)| level.eq_ignore_ascii_case(name));
            let known = turn.hub.accounts.find(account).is_some();
            let room = turn.channel(id).access.len() < MOST;
            let Some((_, rank)) = rank.filter(|_| known && room) else {
                return say(turn, "ADD <account> admin|op|halfop|voice, for an account there is");
            };
            turn.hub.channels.get_mut(id).access.insert(fold(account), *rank);
        }
        ("DEL", [account, ..]) => {
            turn.hub.channels.get_mut(id).access.remove(&fold(account));
        }
        _ => {
            let listed = turn.channel(id).access.clone();
            for (account, rank) in listed {
                let level = LEVELS.iter().find(|(_, it)| *it == rank).map_or("", |(name, _)| name);
                say(turn, &format!("{account} {level}"));
            }
            return say(turn, "End of access list");
        }
    }
    let keep = turn.hub.channels.to_keep(id);
    change(turn, id, keep, before, |turn, _| say(turn, "Done"));
}

fn set_op(turn: &mut Turn<'_>, id: ChannelId, nick: Option<&str>, on: bool) {
    if !turn.access(id).at_least(Rank::OP) {
        return say(turn, "You have no such access");
    }
    let who = nick.map_or(Some(turn.who), |nick| turn.hub.clients.named(nick));
    match who.filter(|who| turn.rank_in(id, *who).is_some()) {
        Some(who) => give(turn, id, who, Rank::OP, on),
        None => say(turn, "They are not on that channel"),
    }
}

/// Changes a member's rank, and tells the channel.
fn give(turn: &mut Turn<'_>, id: ChannelId, who: crate::hub::ClientId, rank: Rank, on: bool) {
    let clients = &turn.hub.clients;
    let Some(theirs) = turn.hub.channels.rank_mut(clients, id, who) else { return };
    if theirs.has(rank) == on {
        return;
    }
    theirs.set(rank, on);
    let letter = Rank::ALL.iter().find(|(.., it)| *it == rank).map_or('o', |(letter, ..)| *letter);
    let (sign, nick) = (if on { '+' } else { '-' }, turn.client(who).nick().to_owned());
    let source = super::service(turn, NAME);
    super::mode::tell_set(turn, id, Some(&source), &format!("{sign}{letter} {nick}"));
}
