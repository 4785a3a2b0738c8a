//! `MODE <channel> [<changes> [<argument>…]]` · `MODE <nick> [<changes>]`
//!
//! Without changes the modes are told; a list mode without its argument tells the list.

mod channel;
mod user;

use coax_irc::ModeTable;

use super::Words;
use crate::hub::Turn;
use coax_irc::numeric as n;

/// The modes of channels.
pub(crate) const CHANNEL: ModeTable<'static> = ModeTable {
    lists: "Ibe",
    always: "k",
    when_set: "l",
    flags: "CMRimnst",
    ranks: coax_irc::Rank::ALL,
};

pub(super) use channel::overrule;
pub(crate) use channel::tell as tell_set;
pub(crate) use user::tell;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if words[0].starts_with('#') {
        return match turn.channel_named(words[0]) {
            Some(id) => channel::run(turn, id, &words[1..]),
            None => {
                let name = super::user::clipped(words[0], 64);
                turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
            }
        };
    }
    match turn.hub.clients.named(words[0]) {
        Some(who) if who == turn.who => user::run(turn, words.get(1)),
        Some(_) => turn.reply(n::ERR_USERSDONTMATCH, &["Modes of others are theirs to change"]),
        None => {
            let nick = super::user::clipped(words[0], 64);
            turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
        }
    }
}
