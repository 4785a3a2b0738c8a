//! What a client can say: one file for each command.
//!
//! The table is asked once for each line: is there such a command, does it have enough words, may
//! somebody who has not registered use it. The functions behind it need not ask again.
//!
//! Nothing here knows what a command does.

mod admin;
mod authenticate;
mod away;
mod cap;
mod chanserv;
mod chathistory;
mod chghost;
mod help;
mod hostserv;
mod info;
mod invite;
mod ison;
mod join;
mod kick;
mod kill;
mod kline;
mod links;
mod list;
mod lusers;
mod message;
mod mode;
mod monitor;
mod motd;
mod names;
mod nick;
mod nickserv;
mod oper;
mod part;
mod pass;
mod ping;
mod quit;
mod redact;
mod register;
mod rehash;
mod rename;
mod sajoin;
mod samode;
mod search;
mod setname;
mod stats;
mod time;
mod topic;
mod user;
mod userhost;
mod version;
mod wallops;
mod webirc;
mod who;
mod whois;
mod whowas;

use std::ops::Deref;

use coax_irc::{Capability as Cap, INLINE_PARAMS, Message, Tags, glob, numeric as n};

use crate::hub::{Turn, same};

pub(crate) use authenticate::mechanisms;
pub(crate) use lusers::lusers;
pub(crate) use motd::motd;
pub(crate) use user::clipped;
pub(crate) use version::isupport;

/// The words of a command, and the tags before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub(crate) tags: Tags<'a>,
    /// The command in capitals, as the table has it.
    pub(crate) verb: &'static str,
    words: [&'a str; INLINE_PARAMS],
    count: usize,
}

impl<'a> Words<'a> {
    /// The word at `index`, from 0; none when it is empty or missing.
    pub(crate) fn get(&self, index: usize) -> Option<&'a str> {
        self.get_any(index).filter(|word| !word.is_empty())
    }

    /// The word at `index`, which may be empty.
    pub(crate) fn get_any(&self, index: usize) -> Option<&'a str> {
        self.words[..self.count].get(index).copied()
    }
}

impl<'a> Deref for Words<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        &self.words[..self.count]
    }
}

/// Who may use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Anybody, at any time.
    Anyone,
    /// Those who have registered.
    Users,
    /// Operators.
    Operators,
}

/// A command.
#[derive(Debug)]
struct Verb {
    name: &'static str,
    /// How many words it needs.
    least: usize,
    who: Who,
    run: fn(&mut Turn<'_>, &Words<'_>),
}

const fn verb(
    name: &'static str,
    least: usize,
    who: Who,
    run: fn(&mut Turn<'_>, &Words<'_>),
) -> Verb {
    Verb { name, least, who, run }
}

/// Every command, in the order of the alphabet.
const VERBS: &[Verb] = &[
    verb("ADMIN", 0, Who::Users, admin::run),
    verb("AUTHENTICATE", 1, Who::Anyone, authenticate::run),
    verb("AWAY", 0, Who::Anyone, away::run),
    verb("CAP", 1, Who::Anyone, cap::run),
    verb("CHANSERV", 0, Who::Users, chanserv::run),
    verb("CHATHISTORY", 4, Who::Users, chathistory::run),
    verb("CHGHOST", 2, Who::Operators, chghost::run),
    verb("CS", 0, Who::Users, chanserv::run),
    verb("DIE", 0, Who::Operators, rehash::die),
    verb("ERROR", 0, Who::Anyone, quit::ignore),
    verb("HELP", 0, Who::Users, help::run),
    verb("HELPOP", 0, Who::Users, help::run),
    verb("HOSTSERV", 0, Who::Users, hostserv::run),
    verb("HS", 0, Who::Users, hostserv::run),
    verb("INFO", 0, Who::Users, info::run),
    verb("INVITE", 0, Who::Users, invite::run),
    verb("ISON", 1, Who::Users, ison::run),
    verb("JOIN", 1, Who::Users, join::run),
    verb("KICK", 2, Who::Users, kick::run),
    verb("KILL", 1, Who::Operators, kill::run),
    verb("KLINE", 1, Who::Operators, kline::run),
    verb("LINKS", 0, Who::Users, links::run),
    verb("LIST", 0, Who::Users, list::run),
    verb("LUSERS", 0, Who::Users, lusers::run),
    verb("MODE", 1, Who::Users, mode::run),
    verb("MONITOR", 1, Who::Users, monitor::run),
    verb("MOTD", 0, Who::Users, motd::run),
    verb("NAMES", 0, Who::Users, names::run),
    verb("NICK", 0, Who::Anyone, nick::run),
    verb("NICKSERV", 0, Who::Users, nickserv::run),
    verb("NOTICE", 0, Who::Users, message::notice),
    verb("NS", 0, Who::Users, nickserv::run),
    verb("OPER", 2, Who::Users, oper::run),
    verb("PART", 1, Who::Users, part::run),
    verb("PASS", 1, Who::Anyone, pass::run),
    verb("PING", 0, Who::Anyone, ping::ping),
    verb("PONG", 0, Who::Anyone, ping::pong),
    verb("PRIVMSG", 0, Who::Users, message::privmsg),
    verb("QUIT", 0, Who::Anyone, quit::run),
    verb("REDACT", 2, Who::Users, redact::run),
    verb("REGISTER", 3, Who::Anyone, register::run),
    verb("REHASH", 0, Who::Operators, rehash::run),
    verb("RENAME", 2, Who::Users, rename::run),
    verb("SAJOIN", 2, Who::Operators, sajoin::run),
    verb("SAMODE", 2, Who::Operators, samode::run),
    verb("SEARCH", 1, Who::Users, search::run),
    verb("SETNAME", 1, Who::Users, setname::run),
    verb("STATS", 0, Who::Users, stats::run),
    verb("TAGMSG", 1, Who::Users, message::tagmsg),
    verb("TIME", 0, Who::Users, time::run),
    verb("TOPIC", 1, Who::Users, topic::run),
    verb("UNKLINE", 1, Who::Operators, kline::undo),
    verb("USER", 4, Who::Anyone, user::run),
    verb("USERHOST", 1, Who::Users, userhost::run),
    verb("VERIFY", 2, Who::Anyone, register::verify),
    verb("VERSION", 0, Who::Users, version::run),
    verb("WALLOPS", 1, Who::Operators, wallops::run),
    verb("WEBIRC", 4, Who::Anyone, webirc::run),
    verb("WHO", 0, Who::Users, who::run),
    verb("WHOIS", 0, Who::Users, whois::run),
    verb("WHOWAS", 0, Who::Users, whowas::run),
];

fn find(command: &[u8]) -> Option<&'static Verb> {
    let mut upper = [0; 16];
    let upper = upper.get_mut(..command.len())?;
    upper.copy_from_slice(command);
    upper.make_ascii_uppercase();
    let found = VERBS.binary_search_by(|verb| verb.name.as_bytes().cmp(upper));
    found.ok().map(|at| &VERBS[at])
}

/// Runs the command of a line.
pub(crate) fn dispatch(turn: &mut Turn<'_>, message: &Message<'_>) {
    let label = message.tags.find(b"label").and_then(|tag| tag.raw);
    let label = label.filter(|label| !label.is_empty() && label.len() <= 64);
    let label = label.and_then(|label| std::str::from_utf8(label).ok());
    match label.filter(|_| turn.i_have(Cap::LabeledResponse)) {
        Some(label) => turn.labelled(label, |turn| checked(turn, message)),
        None => checked(turn, message),
    }
}

fn checked(turn: &mut Turn<'_>, message: &Message<'_>) {
    let command = String::from_utf8_lossy(message.command);
    let Some(verb) = find(message.command) else {
        let known = turn.me().is_registered();
        return match known {
            true => turn.reply(n::ERR_UNKNOWNCOMMAND, &[&command, "Unknown command"]),
            false => turn.reply(n::ERR_NOTREGISTERED, &["You have not registered"]),
        };
    };
    let Some(words) = words(verb.name, message) else {
        let why = "This server takes UTF-8 alone, and the line is something else";
        return turn.fail(verb.name, "INVALID_UTF8", &[], why);
    };
    let me = turn.me();
    if verb.who != Who::Anyone && !me.is_registered() {
        return turn.reply(n::ERR_NOTREGISTERED, &["You have not registered"]);
    }
    if verb.who == Who::Operators && !me.is_operator() {
        return turn.reply(n::ERR_NOPRIVILEGES, &["Only operators may do that"]);
    }
    if words.len() < verb.least {
        return turn.reply(n::ERR_NEEDMOREPARAMS, &[verb.name, "Not enough parameters"]);
    }
    (verb.run)(turn, &words);
}

/// None when the line is not UTF-8.
fn words<'a>(verb: &'static str, message: &Message<'a>) -> Option<Words<'a>> {
    std::str::from_utf8(message.tags.raw()).ok()?;
    let mut words = Words { tags: message.tags, verb, words: [""; INLINE_PARAMS], count: 0 };
    for (slot, param) in words.words.iter_mut().zip(message.params.first()) {
        *slot = std::str::from_utf8(param).ok()?;
        words.count += 1;
    }
    Some(words)
}

/// Whom the words of one of the server's services are from.
fn service(turn: &Turn<'_>, name: &str) -> String {
    format!("{name}!{name}@{}", turn.hub.settings.services_name)
}

/// Whether a command is meant for this server; if not, that is said.
fn is_here(turn: &mut Turn<'_>, server: Option<&str>) -> bool {
    let Some(asked) = server else { return true };
    let name = turn.hub.settings.server_name.to_ascii_lowercase();
    let mine = glob(asked.to_ascii_lowercase().as_bytes(), name.as_bytes())
        || same(asked, turn.me().nick());
    if !mine {
        turn.reply(n::ERR_NOSUCHSERVER, &[clipped(asked, 64), "No such server"]);
    }
    mine
}

#[cfg(test)]
mod tests {
    use super::VERBS;

    #[test]
    fn the_table_is_in_order_so_that_it_can_be_searched() {
        assert!(VERBS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
