//! `HELP [<subject>]`, also HELPOP.
//!
//! What stands at the head of each command's file is what a client is told of it.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

/// What operators can ask about beside.
const OPERATORS: &[(&str, &[&str])] = &[
    ("CHGHOST", &["CHGHOST <nick> <host>", "Shows another host for somebody."]),
    ("DIE", &["DIE", "Ends the server."]),
    ("KILL", &["KILL <nick> [:<why>]", "Puts somebody out of the server."]),
    (
        "KLINE",
        &[
            "KLINE [<minutes>] <mask> [:<why>]",
            "Puts out and keeps out: KLINE 60 *!*@192.0.2.7, KLINE $a:troll.",
        ],
    ),
    ("REHASH", &["REHASH", "Reads the settings and the certificate again."]),
    (
        "SAJOIN",
        &["SAJOIN <nick> <channel>", "Puts somebody into a channel, whatever keeps them out."],
    ),
    (
        "SAMODE",
        &["SAMODE <channel> <changes>", "Changes modes without a rank: SAMODE #rust +o ada."],
    ),
    (
        "STATS",
        &[
            "STATS <letter>",
            "c, l: who is connected; k: who is kept out; o: who may be operator; p: where it listens; u: up since.",
        ],
    ),
    ("UNKLINE", &["UNKLINE <mask>", "Lets those in again whom KLINE keeps out."]),
    ("WALLOPS", &["WALLOPS :<text>", "Says something to all who have mode +w."]),
];

/// Subject and text, in the order of the alphabet.
const SUBJECTS: &[(&str, &[&str])] = &[
    ("AWAY", &["AWAY [:<why>]", "Says that you are away, or without a reason that you are back."]),
    ("INVITE", &["INVITE <nick> <channel>", "Asks somebody into a channel."]),
    (
        "JOIN",
        &[
            "JOIN <channel>{,<channel>} [<key>{,<key>}]",
            "Enters channels, and makes those that are not there.",
        ],
    ),
    ("KICK", &["KICK <channel> <nick>{,<nick>} [:<why>]", "Puts members out of a channel."]),
    (
        "LIST",
        &[
            "LIST [<channel or mask or condition>{,…}]",
            "Lists channels: LIST >10, LIST *rust*, LIST T<60.",
        ],
    ),
    (
        "MODE",
        &[
            "MODE <channel> [<changes> [<argument>…]]",
            "Tells or changes modes: MODE #rust +o ada, MODE #rust +b troll!*@*.",
        ],
    ),
    (
        "MONITOR",
        &[
            "MONITOR + <nick>{,<nick>}",
            "Tells when somebody comes and goes; - takes away, L lists, C clears, S tells now.",
        ],
    ),
    ("NAMES", &["NAMES <channel>", "Says who is in a channel."]),
    ("NICK", &["NICK <nick>", "Changes your nick."]),
    ("OPER", &["OPER <name> <password>", "Makes you an operator of the server."]),
    ("PART", &["PART <channel>{,<channel>} [:<why>]", "Leaves channels."]),
    ("PRIVMSG", &["PRIVMSG <nick or channel>{,…} :<text>", "Says something."]),
    ("QUIT", &["QUIT [:<why>]", "Leaves."]),
    (
        "SEARCH",
        &[
            "SEARCH <attribute>=<value>{;<attribute>=<value>}",
            "Finds what was said: SEARCH text=two\\swords;in=#rust;from=ada;limit=10.",
        ],
    ),
    ("TOPIC", &["TOPIC <channel> [:<topic>]", "Tells, changes or clears the topic."]),
    ("WHO", &["WHO <channel or mask>", "Tells about users, a line each."]),
    ("WHOIS", &["WHOIS <nick>", "Tells what is known of a user."]),
    ("WHOWAS", &["WHOWAS <nick> [<count>]", "Tells who had a nick."]),
];

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(subject) = words.get(0) else { return index(turn) };
    let found = subjects(turn).find(|(name, _)| name.eq_ignore_ascii_case(subject));
    let Some((name, [first, rest @ ..])) = found else {
        let subject = super::clipped(subject, 64);
        return turn.reply(n::ERR_HELPNOTFOUND, &[subject, "No help available on this topic"]);
    };
    turn.reply(n::RPL_HELPSTART, &[name, first]);
    for line in rest {
        turn.reply(n::RPL_HELPTXT, &[name, line]);
    }
    turn.reply(n::RPL_ENDOFHELP, &[name, "End of /HELP"]);
}

fn subjects(
    turn: &Turn<'_>,
) -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    let operators = if turn.me().is_operator() { OPERATORS } else { &[] };
    SUBJECTS.iter().chain(operators)
}

fn index(turn: &mut Turn<'_>) {
    let names = |subjects: &[(&str, &[&str])]| {
        subjects.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    };
    turn.reply(n::RPL_HELPSTART, &["*", "HELP <subject> tells more about one of these:"]);
    turn.reply(n::RPL_HELPTXT, &["*", &names(SUBJECTS)]);
    if turn.me().is_operator() {
        turn.reply(n::RPL_HELPTXT, &["*", &format!("As an operator: {}", names(OPERATORS))]);
    }
    turn.reply(n::RPL_ENDOFHELP, &["*", "End of /HELP"]);
}
